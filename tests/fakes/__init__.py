"""Servers of models in this process, one for each dialect, written from its documentation."""
