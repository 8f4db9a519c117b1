"""A sheet: what operations do, and the laws of undoing them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import LABELS, VIDEO, began, bout, did

from actscribe.errors import ActScribeError
from actscribe.journal import Action, Began, Drop, Entry, Mark, Op, Put, Sheet, Suggestion, Verdict, annotated
from actscribe.labels import LabelSet

SUGGESTED = [
    Suggestion(label=label, start=1, end=2, run="r", planted=planted) for label in LABELS for planted in (0, 1)
]
seconds = st.integers(0, 20)


def entry(kind: str, body: Began | Action | None, seq: int) -> Entry:
    return Entry(seq, "2026-01-01T00:00:00.000+00:00", "AB", VIDEO, kind, body.model_dump_json() if body else "", "")


def state(sheet: Sheet) -> tuple[object, ...]:
    return dict(sheet.bouts), dict(sheet.reviewed), dict(sheet.verdicts)


@st.composite
def operations(draw: st.DrawFn) -> Op:
    kind = draw(st.sampled_from(["put", "drop", "mark", "verdict"]))
    start, end = sorted((draw(seconds), draw(seconds)))
    name = draw(st.sampled_from(["a", "b", "c"]))
    if kind == "put":
        return Put(bout=bout(name, draw(st.sampled_from(LABELS)), start, end))
    if kind == "drop":
        return Drop(id=name)
    if kind == "mark":
        labels = draw(st.sampled_from([(), ("sit",), ("sit", "walk")]))
        return Mark(start=start, end=end, labels=labels, reviewed=draw(st.booleans()))
    return Verdict(suggestion=draw(st.sampled_from(SUGGESTED)), accepted=draw(st.sampled_from([True, False, None])))


@given(
    st.lists(st.one_of(st.sampled_from(["undo", "redo"]), st.lists(operations(), min_size=1, max_size=4)), max_size=12)
)
def test_undo_and_redo_against_a_stack_of_states(steps: list[str | list[Op]]) -> None:
    entries = [entry("began", began(), 1)]
    live = Sheet.of(entries)
    states, at = [state(live)], 0
    for step in steps:
        seq = len(entries) + 1
        if step == "undo":
            if at == 0:
                assert live.can_undo == ""
                continue
            made, at = entry("undid", None, seq), at - 1
        elif step == "redo":
            if at + 1 == len(states):
                assert live.can_redo == ""
                continue
            made, at = entry("redid", None, seq), at + 1
        else:
            action = did(*step)
            try:
                live.check(action)
            except ActScribeError:
                continue
            made, at = entry("did", action, seq), at + 1
            states = states[:at]
        live.follow(made)
        entries.append(made)
        states[at:] = states[at:] if step in ("undo", "redo") else [state(live)]
        assert state(live) == states[at]
        assert state(Sheet.of(entries)) == state(live)


def test_an_action_by_hand() -> None:
    sheet = Sheet.of([entry("began", began(), 1)])
    sheet.follow(entry("did", did(Put(bout=bout("a", "sit", 1, 5)), Mark(start=0, end=10, labels=("sit",))), 2))
    sheet.follow(entry("did", did(Drop(id="a"), Put(bout=bout("b", "sit", 1, 3)), why="split"), 3))
    assert list(sheet.bouts) == ["b"]
    assert sheet.reviewed == {"sit": ((0, 10),), "walk": ()}
    assert (sheet.can_undo, sheet.can_redo, sheet.revision) == ("split", "", 3)
    sheet.follow(entry("undid", None, 4))
    assert sheet.bouts == {"a": bout("a", "sit", 1, 5)}
    assert (sheet.can_undo, sheet.can_redo, sheet.revision) == ("edit", "split", 4)
    sheet.follow(entry("did", did(Mark(start=2, end=4, labels=("sit",), reviewed=False)), 5))
    assert sheet.reviewed["sit"] == ((0, 2), (4, 10))
    assert sheet.can_redo == ""


def test_a_label_that_the_study_got_since() -> None:
    sheet = Sheet.of([entry("began", began(), 1)])
    new = did(Mark(start=0, end=5)).naming(("sit", "walk", "run"))
    with pytest.raises(ActScribeError, match="'run' is not a label of this study"):
        sheet.check(new)
    sheet.check(new, ("sit", "walk", "run"))
    sheet.follow(entry("did", new, 2))
    assert sheet.reviewed["run"] == ((0, 5),)
    assert sheet.labels == ("sit", "walk", "run")
    sheet.follow(entry("undid", None, 3))
    assert sheet.reviewed == {"sit": (), "walk": ()}


def test_a_label_stays_known_when_its_last_bout_goes() -> None:
    """Where two labels are one by now, time that one of them was never looked for must not become reviewed by that."""
    one = LabelSet.model_validate({"name": "moves", "labels": [{"name": "sit", "aliases": ["kneel"]}, "walk"]})
    sheet = Sheet.of([entry("began", began(), 1), entry("did", did(Mark(start=0, end=5)), 2)])
    assert [(gap.start, gap.end) for gap in annotated(sheet, one).gaps] == [(5.0, 20.0)]
    for steps in (
        [entry("did", did(Put(bout=bout("a", "kneel", 1, 2))), 3), entry("did", did(Drop(id="a")), 4)],
        [entry("did", did(Put(bout=bout("a", "kneel", 1, 2))), 5), entry("undid", None, 6)],
    ):
        for step in steps:
            sheet.follow(step)
            gaps = [(gap.label, gap.start, gap.end) for gap in annotated(sheet, one).gaps]
            assert gaps == [("sit", 0.0, 5.0), ("", 5.0, 20.0)]


def test_what_cannot_be_applied() -> None:
    sheet = Sheet.of([entry("began", began(), 1)])
    for action, message in (
        (did(Drop(id="a")), "'a' no longer exists"),
        (did(Put(bout=bout("a", "sit", 1, 2)), Drop(id="a"), Drop(id="a")), "'a' no longer exists"),
        (did(Put(bout=bout("a", "fly", 1, 2))), "'fly' is not a label"),
        (did(Put(bout=bout("a", "sit", 1, 21.5))), "ends at 21.500 s, after the recording, which lasts 20.000 s"),
        (did(Put(bout=bout("a", "sit", 20.2, 20.6))), "ends at 20.600 s, after the recording"),
        (did(Mark(start=0, end=1e308)), "after the recording, which lasts 20.000 s"),
        (did(Mark(start=30, end=30, reviewed=False)), "what was reviewed ends at 30.000 s"),
        (
            did(Verdict(suggestion=Suggestion(label="fly", start=0, end=1, run="r"), accepted=True)),
            "'fly' is not a label",
        ),
    ):
        with pytest.raises(ActScribeError, match=message):
            sheet.check(action)
    with pytest.raises(ActScribeError, match="nothing to undo"):
        sheet.follow(entry("undid", None, 2))
    with pytest.raises(ActScribeError, match="nothing to redo"):
        sheet.follow(entry("redid", None, 2))
    with pytest.raises(ActScribeError, match="never started"):
        Sheet.of([entry("did", did(Drop(id="a")), 1)])
