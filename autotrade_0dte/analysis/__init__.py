"""What a run looks like afterwards: its tables, figures of merit, report and terminal summary."""
