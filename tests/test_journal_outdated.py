"""What is asked again of many answers: each state of an annotator is looked at once, however many answers there are."""

from __future__ import annotations

import pytest
from journals import LABELS, VIDEO, began, bout, did

from actscribe.journal import AGREED, Entry, Mark, Op, Put, annotated
from actscribe.journal import outdated as module
from actscribe.labels import LabelSet

LABEL_SET = LabelSet.model_validate({"name": "moves", "labels": list(LABELS)})
MANY = 40


def test_the_work_grows_with_the_changes_between_answers_and_not_with_the_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries: list[Entry] = []

    def write(who: str, *ops: Op) -> None:
        kind, body = ("did", did(*ops)) if ops else ("began", began())
        entries.append(Entry(len(entries) + 1, "", who, VIDEO, kind, body.model_dump_json(), ""))

    sits = [Put(bout=bout(f"b{index}", "sit", index / 4, index / 4 + 0.2)) for index in range(MANY)]
    for who in ("AB", "CD", AGREED):
        write(who)
        write(who, *sits, *([] if who == AGREED else [Mark(start=0, end=20)]))
    for index in range(MANY):
        write(AGREED, Mark(start=index / 4, end=index / 4 + 0.2, labels=("sit",)))
    write(AGREED, Mark(start=0.1, end=0.2, labels=("sit",)))
    for index in range(MANY):
        write("AB", Put(bout=bout(f"b{index}", "sit", index / 4, index / 4 + 0.1)))
    looked: list[object] = []
    monkeypatch.setattr(module, "annotated", lambda *asked: looked.append(asked) or annotated(*asked))
    again = module.outdated(entries, LABEL_SET, {})
    assert again["AB"]["sit"] == tuple((index / 4 + 0.1, index / 4 + 0.2) for index in range(MANY))
    assert len(looked) <= 4  # the answers, AB then and now
