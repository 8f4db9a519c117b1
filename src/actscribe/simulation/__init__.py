"""Simulated recordings with exact annotations, from a seed."""
