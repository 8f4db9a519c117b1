"""Recognizers: whatever turns clips into scores. One file each; the registry is a plain dict."""
