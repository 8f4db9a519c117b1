"""Several recognizers on the same recordings: how good each is, and whether they differ."""
