"""Why a short bout is not suggested is said beside the run that suggests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from actscribe.review.serve import not_suggested
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings


def run_leaving_out(shortest: float) -> Any:
    points = {"Lamp": LabelOperatingPoint(min_duration=shortest)}
    timeline = TimelineSettings(operating_points=points)
    labels = SimpleNamespace(names=("Lamp", "Door"))
    return SimpleNamespace(operating_point=SimpleNamespace(timeline=timeline), labels=labels)


def test_how_short_a_bout_is_that_is_never_suggested_is_said() -> None:
    (sentence,) = not_suggested(run_leaving_out(0.5))
    assert sentence.endswith(": Lamp under 0.5 s.")
    assert not_suggested(run_leaving_out(0.0)) == []
