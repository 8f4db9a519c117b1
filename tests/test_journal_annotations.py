"""From annotations to a sheet and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from journals import LABELS, VIDEO, began, bout, did

from actscribe.annotations import Annotations, Interval
from actscribe.journal import Began, Bout, Entry, Mark, Op, Put, Sheet, Suggestion, annotations_of, begin

edges = st.integers(0, 20)


def sheet_of(start: Began, *ops: Op) -> Sheet:
    made = [Entry(1, "", "AB", VIDEO, "began", start.model_dump_json(), "")]
    if ops:
        made.append(Entry(2, "", "AB", VIDEO, "did", did(*ops).model_dump_json(), ""))
    return Sheet.of(made)


def test_a_file_comes_back_as_it_was() -> None:
    written = Annotations(
        (Interval("sit", 1, 4), Interval("walk", 2, 3, "Ada"), Interval("sit", 6, 6)),
        (Interval("walk", 0, 1), Interval("", 15, 20)),
    )
    start = begin("visit", 20.0, LABELS, written, "visit.eaf", "d" * 32)
    assert (start.source, start.digest) == ("visit.eaf", "d" * 32)
    assert start.reviewed == {"sit": ((0, 15),), "walk": ((1, 15),)}
    annotations = annotations_of(sheet_of(start))
    assert (annotations.intervals, annotations.gaps) == (written.intervals, written.gaps)
    assert (annotations.duration, annotations.labels) == (20.0, LABELS)


def test_from_nothing_everything_is_a_gap() -> None:
    annotations = annotations_of(sheet_of(begin("visit", 20.0, LABELS)))
    assert (annotations.intervals, annotations.gaps) == ((), (Interval("", 0, 20),))


def test_reviewed_spans_bouts_outside_and_what_was_planted() -> None:
    false = Suggestion(label="sit", start=8, end=9, run="r", planted=True)
    true = Suggestion(label="walk", start=8, end=9, run="r")
    ops = (
        Put(bout=bout("a", "sit", 1, 3)),
        Put(bout=bout("b", "sit", 3, 4)),
        Put(bout=bout("outside", "walk", 16, 20.4)),
        Put(bout=Bout(id="false", label="sit", start=8, end=9, origin=false, planted=((8, 9),))),
        Put(bout=Bout(id="true", label="walk", start=8, end=9, origin=true)),
        Mark(start=0, end=10),
        Mark(start=10, end=12, labels=("walk",)),
    )
    annotations = annotations_of(sheet_of(began(), *ops))
    assert annotations.intervals == (Interval("sit", 1, 4), Interval("walk", 8, 9), Interval("walk", 16, 20))
    assert annotations.gaps == (Interval("sit", 8, 9), Interval("sit", 10, 12), Interval("", 12, 20))


def test_other_names_now() -> None:
    ops = (
        Put(bout=bout("a", "sit", 1, 3)),
        Put(bout=bout("b", "walk", 2, 4)),
        Mark(start=0, end=10, labels=("sit",)),
        Mark(start=5, end=20, labels=("walk",)),
    )
    sheet = sheet_of(began(), *ops)
    both = annotations_of(sheet, ("move",), {"sit": "move", "walk": "move"})
    assert (both.intervals, both.gaps) == ((Interval("move", 1, 4),), (Interval("", 0, 5), Interval("", 10, 20)))
    one = annotations_of(sheet, ("rest", "run"), {"sit": "rest"})
    assert one.intervals == (Interval("rest", 1, 3),)
    assert one.gaps == (Interval("run", 0, 10), Interval("", 10, 20))
    assert annotations_of(sheet, ("sit",)).labels == ("sit",)


@given(st.lists(st.tuples(st.sampled_from(LABELS), edges, edges), max_size=6))
def test_gaps_against_a_grid(marks: list[tuple[str, int, int]]) -> None:
    marks = [(label, *sorted(span)) for label, *span in marks]
    annotations = annotations_of(sheet_of(began(), *(Mark(start=a, end=b, labels=(label,)) for label, a, b in marks)))
    for label in LABELS:
        reviewed = {second for name, a, b in marks if name == label for second in range(a, b)}
        gaps = [gap for gap in annotations.gaps if gap.label in ("", label)]
        assert {s for gap in gaps for s in range(int(gap.start), int(gap.end))} == set(range(20)) - reviewed
    alike = [gap for gap in annotations.gaps if not gap.label]
    own = [(gap.start, gap.end) for gap in annotations.gaps if gap.label]
    assert not any(one.start < end and start < one.end for one in alike for start, end in own)


def test_a_beginning_is_json() -> None:
    start = begin("visit", 20.0, LABELS, Annotations((Interval("sit", 0.1, 0.3),)), "visit.eaf", "d")
    assert Began.model_validate_json(json.dumps(start.model_dump(mode="json"))) == start
