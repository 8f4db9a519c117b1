"""Folders of what was made: a run, a comparison; what they hold, how they are read, whether they are whole."""
