"""Clip metrics, event metrics, baselines and intervals of confidence."""
