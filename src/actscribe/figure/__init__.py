"""Figures for papers, drawn by matplotlib (extra `plot`)."""
