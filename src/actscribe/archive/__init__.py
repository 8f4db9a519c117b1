"""Timelines of many videos: tasks and their records, workers, shards, a Ray cluster, tables and report."""
