"""The command: what it refuses before anything is served, and a run that computes suggestions in the background."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from review_server import Client, client, ids, opened
from short_studies import a_run, actscribe, refused
from small_studies import LEFT, lamp_study
from tiny_models import tiny_timesformer

from actscribe import load_study, train
from actscribe.compute import Compute, asking
from actscribe.packages import COMMANDS
from actscribe.review.choose_run import choose_run
from actscribe.review.folder import ReviewFolder
from actscribe.review.serve import verdict_of
from actscribe.review.suggester import Suggester
from actscribe.run_folder.existing_run import train_command
from actscribe.run_folder.run import Run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--host", "lab.example"], "--tls-cert"),
        (["--host", "0.0.0.0", "--tls-cert", "study.yaml", "--tls-key", "study.yaml"], "every address"),
        (["--tls-cert", "study.yaml"], "--tls-key is missing"),
        (["--verify", "--prepare"], "two commands"),
        (["--verify"], "nothing was reviewed"),
        (["--export", "csv"], "Nothing was reviewed"),
        (["--annotator", " "], "1 to 64 characters"),
        (["--annotator", "annotations"], "what the study's own annotations are called"),
        (["--annotator", "Annotations_2"], "what the study's own annotations are called"),
        (["--annotator", "Agreed"], "--annotator agreed"),
        (["--annotator", "ＡＧＲＥＥＤ"], "--annotator agreed"),
        (["--annotator", "A\u2028B"], "1 to 64 characters"),
        (["--run", "nowhere"], "no run here"),
    ],
    ids=str,
)
def test_what_cannot_be_served_is_refused_with_a_way_out(
    study: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: str
) -> None:
    monkeypatch.chdir(study)
    assert expected in " ".join(refused("review", study, "--no-browser", *words).split())
    assert not (study / "review").exists()


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_without_its_packages_it_says_what_to_type(study: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    from actscribe import packages

    monkeypatch.setattr(packages, "missing", lambda modules: [one for one in modules if one == module])
    assert f"Type: {COMMANDS[module]}" in refused("review", study)


def test_the_newest_run_of_the_studys_first_recognizer_is_chosen_and_an_unfinished_one_never(study: Path) -> None:
    loaded = load_study(study)
    assert "no run is complete" in choose_run(loaded, None).why
    a_run(study, study / "runs" / "open", "training")
    assert choose_run(loaded, None).run is None
    for name, recognizer in (("one", "probe"), ("two", "timesformer")):
        a_run(study, study / "runs" / name, recognizer=recognizer)
    first = next(iter(loaded.recognizers))
    run = choose_run(loaded, None).run
    assert run is not None
    assert run.info.name == first
    named = choose_run(loaded, study / "runs" / "two").run
    assert named is not None
    assert named.info.name == "timesformer"


def test_the_command_that_trains_again_leaves_the_run_that_is_there(study: Path) -> None:
    loaded = load_study(study)
    assert train_command(study, loaded) == ["train", study]
    first = next(iter(loaded.recognizers))
    a_run(study, study / "runs" / first, recognizer=first)
    assert train_command(study, loaded) == ["train", study, "--out", study / "runs" / f"{first}-2"]


def test_the_command_that_trains_leaves_a_folder_of_somebodys_files(study: Path) -> None:
    loaded = load_study(study)
    first = next(iter(loaded.recognizers))
    usual = study / "runs" / first
    usual.mkdir(parents=True)
    assert train_command(study, loaded) == ["train", study]
    (usual / "notes.txt").write_text("mine", encoding="utf-8")
    assert train_command(study, loaded) == ["train", study, "--out", study / "runs" / f"{first}-2"]


def test_a_run_of_which_files_are_missing_is_told_in_a_sentence(study: Path) -> None:
    run = a_run(study, study / "runs" / "one")  # complete by its record, and without operating-point.json
    sentence = verdict_of(run)
    assert sentence.startswith("The quality of this run is not known: ")
    assert "operating-point.json" in sentence


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a run of a tiny model."""
    folder = tmp_path_factory.mktemp("reviewed")
    settings = {"model": "tiny", "batch_size": 4, "epochs": 2, "precision": "float32"}
    tiny_timesformer(folder / "tiny")
    lamp_study(folder, 6, 6.0, recognizers={"timesformer": settings}, empty_labels="allow")
    train(folder, "timesformer", folder / "runs" / "timesformer")
    return folder


def listed(browser: Client) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in browser.get("/api/study").json["recordings"]}


def test_suggestions_come_from_a_process_of_their_own_and_are_those_that_annotate_gives(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actscribe import annotate

    # A file called like a module, where the command was typed, is not run.
    (tmp_path / "numpy.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    browser = client(trained, run=trained / "runs" / "timesformer")
    suggester = browser.session.suggester
    assert suggester is not None
    suggester.background = True
    try:
        id = ids(browser)["train"]
        recording = opened(browser, id)
        assert listed(browser)[id]["suggesting"] in ("computing", "ready")  # "ready" where it took no time
        until = time.monotonic() + 120
        while recording["suggesting"] == "computing" and time.monotonic() < until:
            time.sleep(0.2)
            recording = browser.get(f"/api/recordings/{id}/suggestions").json
        assert recording["suggesting"] == "ready"
        item = browser.session.item(id)
        expected = annotate(item.recording.video, trained / "runs" / "timesformer").intervals
        assert [(one["label"], one["start"], one["end"]) for one in recording["suggestions"]] == [
            (one.label, one.start, one.end) for one in expected
        ]
        curves = browser.get(f"/api/recordings/{id}/curves?points=10").json
        assert set(curves["labels"]) >= {LEFT}
        test = ids(browser)["test"]
        assert opened(browser, test)["suggesting"] == "none"
        rows = listed(browser)
        assert (rows[id]["suggesting"], rows[test]["suggesting"], rows[test]["doubt"]) == ("ready", "none", None)
        assert 0 <= rows[id]["doubt"] <= 1
    finally:
        suggester.close()
    assert not suggester.files_of(browser.session.item(test)).timeline.exists()


def test_suggestions_are_computed_where_the_command_was_told(trained: Path) -> None:
    """Seen by a device that is none, at which the process ends."""
    prepared = ReviewFolder.of(trained).prepared / "elsewhere"
    with asking(Compute(device="gpu")):
        suggester = Suggester(Run.open(trained / "runs" / "timesformer"), prepared)
    item = next(iter(client(trained).session.items.values()))
    assert suggester.of(item) is None
    until = time.monotonic() + 120
    while suggester.state(item) == "computing" and time.monotonic() < until:
        time.sleep(0.05)
    assert "ended" in suggester.state(item)


def test_a_process_that_dies_is_said_and_nothing_waits_for_it(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = ReviewFolder.of(trained).prepared / "other"
    suggester = Suggester(Run.open(trained / "runs" / "timesformer"), prepared)
    item = next(iter(client(trained).session.items.values()))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert suggester.of(item) is None
    until = time.monotonic() + 30
    while suggester.state(item) == "computing" and time.monotonic() < until:
        time.sleep(0.05)
    assert "ended" in suggester.state(item)


def test_prepare_computes_all_but_the_test_split(trained: Path) -> None:
    output = actscribe("review", trained, "--prepare")
    assert "Suggestions: of the newest run of timesformer" in " ".join(output.split())
    browser = client(trained, run=trained / "runs" / "timesformer")
    ready = {
        item.split: browser.session.suggester.files_of(item).timeline.is_file()
        for item in browser.session.items.values()
    }
    assert ready == {"train": True, "validation": True, "test": False}
