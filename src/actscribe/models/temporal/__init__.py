"""Networks over the features of a whole recording: dilated convolutions or windowed attention, in stages."""
