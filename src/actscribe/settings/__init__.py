"""The study file and every recognizer's settings, light to import, and the registry that knows recognizers."""
