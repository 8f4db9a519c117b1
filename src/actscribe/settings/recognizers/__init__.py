"""One file for each kind of recognizer: the classes of its settings, and what the registry is to know of it."""
