"""A page for one browser on this machine: where it listens, who may ask, and what its pages have in common."""
