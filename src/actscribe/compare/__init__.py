"""Comparisons: every recognizer of a study on the same clips, with statistics, tables and one report."""
