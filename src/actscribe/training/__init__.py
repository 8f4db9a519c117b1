"""Losses, freezing schedules, and the glue to the Hugging Face Trainer."""
