"""The commands of an emergency and of its rehearsal: stress, kill, rearm, drill."""
