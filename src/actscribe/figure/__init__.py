"""Timelines as figures for print."""
