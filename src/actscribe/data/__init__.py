"""Recordings, clips and their targets, splits, and the frames that belong to a clip."""
