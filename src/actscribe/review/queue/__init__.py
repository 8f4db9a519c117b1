"""What to look at next: spans of unreviewed time, ranked, within a budget of a person's time."""
