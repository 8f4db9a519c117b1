"""The report of a comparison: one page, its figures, tables and sentences, and what the terminal says."""
