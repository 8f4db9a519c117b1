"""Exports of ActScribe opened in the real programs that they are made for; one file per program."""
