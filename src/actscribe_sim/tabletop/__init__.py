"""Simulated tabletop actions: trimmed clips of 38 classes, with captions and questions."""
