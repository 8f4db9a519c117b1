"""Intervals, and one file per annotation format, each with read and write."""
