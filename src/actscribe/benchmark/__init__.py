"""Benchmark sets of actions: drawing shots, training and scoring with and without VgHIF, tables, one folder."""
