"""What `real_size.py` times: one model a function, each made here, and two ways from a video file to its scores."""
