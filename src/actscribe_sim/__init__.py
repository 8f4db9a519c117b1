"""Simulated recordings with exact annotations, from a seed, and the demo that is made of them (extra `demo`).

It uses `actscribe`, which does not know it: its commands reach the command line as those of any other package do.
"""
