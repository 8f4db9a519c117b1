"""Long, seeded attempts to break ActScribe. No tests: each has a seed, a count, an oracle and a table as its result."""
