"""ActScribe writes the activity timeline of a video with recognizers that run on your own machine."""

__version__ = "0.1.0"
