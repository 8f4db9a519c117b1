"""Reading video by presentation timestamp: probing, sampling, one-pass reading, the frame cache."""
