"""The steps that fill a run folder: training, measuring, annotating, merging; what is refused and what is reused."""
