"""From scores of overlapping windows to intervals: smoothing, segments, rules, indicators."""
