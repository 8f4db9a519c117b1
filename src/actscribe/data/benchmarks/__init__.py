"""Benchmark sets of trimmed videos, read from the official files on the user's disk; few-shot splits of them."""
