"""Clip metrics, event metrics, baselines and confidence intervals."""
