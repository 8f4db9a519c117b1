"""Real programs that serve streams, beside the small one that tests write themselves."""
