"""Decisions that look at the past alone, by the settings that a run was tuned to."""
