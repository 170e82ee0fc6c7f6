"""Pure functions from what Tiger sends (SDK objects, tables, push frames) to plain views."""
