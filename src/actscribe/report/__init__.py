"""Self-contained HTML reports of runs, comparisons and benchmarks, their tables and figures."""
