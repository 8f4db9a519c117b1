"""Runs: folders with everything one training or evaluation produced, and the steps that fill them."""
