"""The timeline while it happens: a camera, a stream or a file on its way to bars that are shown at once."""
