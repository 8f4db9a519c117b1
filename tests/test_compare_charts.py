"""Names in the charts of a comparison: none lies on another one, or on a point."""

from __future__ import annotations

import re
from itertools import pairwise

from actscribe.report.comparison.charts import Series, lines


def test_names_do_not_lie_on_the_points_of_others() -> None:
    """A point just right of another one, at the same height, where that one's name would be."""
    places = ((0.40, 0.5), (0.45, 0.5), (0.80, 0.9))
    series = [Series(f"name {i}", "one", [x], [y]) for i, (x, y) in enumerate(places)]
    drawn = str(lines(series, {0.0: "0", 1.0: "1"}, "x", "y", "title"))
    dots = [tuple(map(float, dot)) for dot in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    names = [tuple(map(float, name)) for name in re.findall(r'<text x="([\d.]+)" y="([\d.]+)" class="tinted', drawn)]
    assert (len(dots), len(names)) == (3, 3)
    for x, y in names:
        assert not any(x - 4 < dot_x < x + 42 and abs(dot_y - (y - 4)) < 7 for dot_x, dot_y in dots)


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    series = [Series(f"name {index}", "one", [0.0, 1.0], [0.5, 0.5 + index / 1000]) for index in range(8)]
    drawn = str(lines(series, {0.0: "0", 1.0: "1"}, "x", "y", "title"))
    heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)" class="tinted', drawn))
    assert len(heights) == 8
    assert min(b - a for a, b in pairwise(heights)) >= 13.9
    assert heights[-1] < 300
