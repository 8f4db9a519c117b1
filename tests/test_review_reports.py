"""Reports of runs beside the recordings: their moments lead to the page, and who annotates blind is asked first."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

import archive_pages
import pytest
from comparisons import made_up
from review_server import Client, client, ids, opened, session, suggesting_run

from actscribe import load_study
from actscribe.compare.result import assemble
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.journal import Journal
from actscribe.report.comparison.page import write_comparison_report
from actscribe.review.report_listing import reports
from actscribe.review.served import address
from actscribe.stored_path import StoredPath

LINK = '<td><a data-moment="{id}@1.500">0:01.5</a> &lt;a data-moment=&quot;x</td>'


@pytest.fixture
def browser(study: Path) -> Client:
    """A browser of a study whose run has a report of validation and one of test."""
    run = suggesting_run(study)
    made = client(study, run=run)
    for split in ("validation", "test"):
        (run / f"report-{split}.html").write_text(LINK.format(id=ids(made)[split]), encoding="utf-8")
    return made


def test_moments_of_a_report_are_links_to_the_page(browser: Client) -> None:
    answer = browser.get("/reports/timesformer/validation")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    id = ids(browser)["validation"]
    assert f'<td><a href="/#{id}@1.500">0:01.5</a> &lt;a data-moment=&quot;x</td>' == answer.body.decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script" not in policy


def test_a_report_of_test_recordings_is_opened_by_who_insists_and_that_is_written_down(
    browser: Client, study: Path
) -> None:
    listed = [(one["title"], one["blind"]) for one in browser.get("/api/study").json["reports"]]
    assert listed == [("timesformer on test", True), ("timesformer on validation", False)]
    assert browser.get("/reports/timesformer/test").status == 400
    assert opened(browser, ids(browser)["test"])["blind"]
    assert browser.post("/api/report", {"name": "timesformer", "about": "test"}).status == 200
    assert browser.get("/reports/timesformer/test").status == 200
    assert not opened(browser, ids(browser)["test"])["blind"]
    looked = [one for one in Journal.of(study).entries() if one.kind == "looked" and '"insisted":true' in one.body]
    assert {one.recording for one in looked} == {browser.session.item(ids(browser)["test"]).content}
    other = client(study, annotator="CD", run=study / "runs" / "timesformer")
    assert other.get("/reports/timesformer/test").status == 400


def test_a_report_of_before_the_study_was_split_anew_is_blind_where_it_shows_todays_test_recordings(
    browser: Client, study: Path
) -> None:
    path = study / "runs" / "timesformer" / "report-train.html"
    path.write_text(LINK.format(id=ids(browser)["test"]), encoding="utf-8")
    listed = {one["title"]: one["blind"] for one in browser.get("/api/study").json["reports"]}
    assert listed["timesformer on train"] is True
    assert browser.get("/reports/timesformer/train").status == 400
    assert browser.post("/api/report", {"name": "timesformer", "about": "train"}).status == 200
    assert browser.get("/reports/timesformer/train").status == 200


def test_a_moment_of_a_recording_that_the_study_has_not_is_no_link(browser: Client, study: Path) -> None:
    path = study / "runs" / "timesformer" / "report-validation.html"
    path.write_text(LINK.format(id="0" * 16), encoding="utf-8")
    assert browser.get("/reports/timesformer/validation").body == path.read_bytes()


def test_a_comparison_of_the_study_is_listed_with_links_and_opened_by_who_insists(
    browser: Client, study: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for folder, of in ((study / "comparison", load_study(study).folder), (study / "other", elsewhere)):
        folder.mkdir()
        (folder / "provenance.json").write_text(json.dumps({"folder": StoredPath.of(of, folder).model_dump()}))
        (folder / "report.html").write_text(LINK.format(id=ids(browser)["test"]), encoding="utf-8")
    listed = {one["title"]: one["blind"] for one in browser.get("/api/study").json["reports"]}
    assert listed["comparison"] is True
    assert not [title for title in listed if "other" in title]
    assert browser.get("/reports/comparison/comparison").status == 400
    assert browser.post("/api/report", {"name": "comparison", "about": "comparison"}).status == 200
    answer = browser.get("/reports/comparison/comparison")
    assert f'<a href="/#{ids(browser)["test"]}@1.500">' in answer.body.decode()
    assert "script" not in answer.headers["content-security-policy"]
    looked = [one for one in Journal.of(study).entries() if one.kind == "looked"]
    assert [content_hash(study / "comparison" / "report.html") in one.body for one in looked] == [True]


def test_what_a_comparison_writes_is_known_as_one_of_its_study(study: Path) -> None:
    made = made_up(study / "comparison")
    write_comparison_report(assemble(study / "comparison", made))
    made.model_copy(update={"study": load_study(study)}).write(study / "comparison")
    assert [(one.name, one.about) for one in reports(session(study))] == [("comparison", "comparison")]


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "beside"])
def test_an_archive_of_a_run_of_the_study_links_to_the_recordings_that_the_study_has(
    browser: Client, study: Path, inside: bool
) -> None:
    item = browser.session.item(ids(browser)["validation"])
    folder = archive_pages.of_run(
        study if inside else study.parent, study / "runs" / "timesformer", [item.content, "0" * 32]
    )
    listed = {one["title"]: one["blind"] for one in browser.get("/api/study").json["reports"]}
    assert listed["archive night"] is False
    answer = browser.get("/reports/night/archive")
    html = answer.body.decode()
    assert f'<table id="rows" data-review="{" ".join(sorted(browser.session.items))}">' in html
    assert f'<a href="/#{item.id}@0.000">ward 5/video 00005.mp4</a>' in html
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert answer.headers["content-security-policy"].endswith(f"frame-ancestors 'none'; script-src 'sha256-{digest}'")
    assert 'data-review=""' in (folder / "report.html").read_text(encoding="utf-8")


def test_an_archive_with_a_test_recording_is_opened_by_who_insists_and_others_stay_blind(
    browser: Client, study: Path
) -> None:
    items = {split: browser.session.item(id) for split, id in ids(browser).items()}
    archive_pages.of_run(study, study / "runs" / "timesformer", [items["test"].content, items["train"].content])
    assert browser.get("/reports/night/archive").status == 400
    assert browser.post("/api/report", {"name": "night", "about": "archive"}).status == 200
    assert browser.get("/reports/night/archive").status == 200
    assert not opened(browser, items["test"].id)["blind"]


def test_an_archive_of_another_studys_run_is_not_listed(browser: Client, study: Path) -> None:
    archive_pages.of_run(study, study.parent / "another" / "runs" / "timesformer", ["0" * 32])
    assert not [one for one in browser.get("/api/study").json["reports"] if one["about"] == "archive"]
    assert browser.get("/reports/night/archive").status == 404


def test_looking_at_a_report_of_other_splits_writes_nothing(browser: Client, study: Path) -> None:
    browser.post("/api/report", {"name": "timesformer", "about": "validation"})
    browser.get("/reports/timesformer/validation")
    assert Journal.of(study).entries() == []


def test_nothing_but_reports_of_the_study_is_read(browser: Client, study: Path) -> None:
    (study / "runs" / "timesformer" / "report-secret.html").write_text("secret")
    (study / "report-test.html").write_text("secret")
    for path in (
        "/reports/timesformer/secret",
        "/reports/../test",
        "/reports/%2e%2e/test",
        "/reports/timesformer/train",
        "/reports/timesformer/validation/..",
        "/reports/none/validation",
    ):
        answer = browser.get(path)
        assert answer.status == 404, path
        assert b"secret" not in answer.body
    assert Client(browser.session).get("/reports/timesformer/validation").status == 403
    assert browser.get("/reports/timesformer/validation", sec_fetch_site="cross-site").status == 403


def test_a_run_that_was_deleted_is_a_sentence(browser: Client, study: Path) -> None:
    shutil.rmtree(study / "runs" / "timesformer")
    assert browser.get("/reports/timesformer/validation").status == 404
    assert browser.get("/api/study").json["reports"] == []


def test_review_begins_with_a_moment(study: Path) -> None:
    one = session(study)
    item = next(iter(one.items.values()))
    name = item.recording.name
    for wanted, seconds in ((name, 0.0), (item.id, 0.0), (f"{name}@1.25", 1.25), (f"{name}@0:02.5", 2.5)):
        assert address(one, wanted) == f"{one.access.address}#{item.id}@{seconds:.3f}"
    assert address(one, None) == one.access.address


@pytest.mark.parametrize(
    ("wanted", "expected", "hint"),
    [
        ("{name}x", "no recording '{name}x'", "Did you mean '{name}'?"),
        ("zzzz@1", "no recording 'zzzz'", "Its recordings: "),
        ("@1", "no recording ''", "Its recordings: "),
        ("{name}@soon", "'soon' is not a time", "1:23.5"),
        ("{name}@", "'' is not a time", "1:23.5"),
        ("{name}@99", "lasts from 0 to 3.00 s", "within"),
        ("{name}@-1", "lasts from 0 to 3.00 s", "within"),
        ("{name}@nan", "", ""),
    ],
)
def test_a_moment_that_is_not_there_is_refused(study: Path, wanted: str, expected: str, hint: str) -> None:
    one = session(study)
    name = next(iter(one.items.values())).recording.name
    with pytest.raises(ActScribeError) as caught:
        address(one, wanted.format(name=name))
    assert expected.format(name=name) in caught.value.message
    assert hint.format(name=name) in caught.value.hint
