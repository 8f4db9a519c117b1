"""Reports of runs beside the recordings: their moments lead to the page, and who annotates blind is asked first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from review_server import Client, client, ids, opened, session, suggesting_run

from actscribe.errors import ActScribeError
from actscribe.journal import Journal
from actscribe.review.served import address

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
    listed = {one["split"]: one["blind"] for one in browser.get("/api/study").json["reports"]}
    assert listed == {"test": True, "validation": False}
    assert browser.get("/reports/timesformer/test").status == 400
    assert opened(browser, ids(browser)["test"])["blind"]
    assert browser.post("/api/report", {"run": "timesformer", "split": "test"}).status == 200
    assert browser.get("/reports/timesformer/test").status == 200
    assert not opened(browser, ids(browser)["test"])["blind"]
    looked = [one for one in Journal.of(study).entries() if one.kind == "looked" and '"insisted":true' in one.body]
    assert {one.recording for one in looked} == {browser.session.item(ids(browser)["test"]).content}
    other = client(study, annotator="CD", run=study / "runs" / "timesformer")
    assert other.get("/reports/timesformer/test").status == 400


def test_looking_at_a_report_of_other_splits_writes_nothing(browser: Client, study: Path) -> None:
    browser.post("/api/report", {"run": "timesformer", "split": "validation"})
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
    ("wanted", "said", "hint"),
    [
        ("{name}x", "no recording '{name}x'", "Did you mean '{name}'?"),
        ("zzzz@1", "no recording 'zzzz'", "Its recordings: "),
        ("@1", "no recording ''", "Its recordings: "),
        ("{name}@soon", "'soon' is no time", "1:23.5"),
        ("{name}@", "'' is no time", "1:23.5"),
        ("{name}@99", "lasts from 0 to 3.00 s", "within"),
        ("{name}@-1", "lasts from 0 to 3.00 s", "within"),
        ("{name}@nan", "", ""),
    ],
)
def test_a_moment_that_is_not_there_is_refused(study: Path, wanted: str, said: str, hint: str) -> None:
    one = session(study)
    name = next(iter(one.items.values())).recording.name
    with pytest.raises(ActScribeError) as caught:
        address(one, wanted.format(name=name))
    assert said.format(name=name) in caught.value.message
    assert hint.format(name=name) in caught.value.hint
