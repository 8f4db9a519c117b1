"""A first study from the files that are there: which video each annotation belongs to, labels, groups."""
