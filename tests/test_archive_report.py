"""The report of an archive: what its tables count, and that no name of a file becomes part of the page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import archive_pages
import pandas as pd
import pytest
from html_page import Page

from actscribe.archive import table as tables
from actscribe.archive.report import page_of
from actscribe.report.archive_page import archive_page, ids_in


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return archive_pages.written(tmp_path_factory.mktemp("page") / "report.html", 67).read_text(encoding="utf-8")


def test_the_page_is_whole_loads_nothing_and_runs_its_own_script_alone(html: str) -> None:
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    (policy,) = [one["content"] for name, one, _ in page.elements if one.get("http-equiv")]
    script, data = re.search(r"<script>(.*?)</script>", html, re.DOTALL), re.search(r'id="data">(.*?)</script>', html)
    assert script is not None
    assert data is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert not any(name in ("link", "iframe", "img", "object") for name, _, _ in page.elements)
    assert len(json.loads(data[1])["rows"]) == 64 * 3 + 3


def test_words_of_tables_that_are_not_there_are_not_explained(html: str) -> None:
    words = re.search(r'<h2 id="words">.*', html, re.DOTALL)
    assert words is not None
    assert "Median first" in words[0]
    assert "Undecided" not in words[0]  # of indicators, which these labels do not have


def test_videos_to_look_at_are_those_of_the_table_below_and_the_page_says_where_the_rest_of_them_is() -> None:
    archive = archive_pages.content(500)
    shown, rows = tables.unlike(archive), tables.rows(archive)
    all_of_them = set(rows[rows.look.isin(["unlike", "unsure", "unlike, unsure"])].video)
    assert set(shown.video) < all_of_them
    page = Page(archive_page(page_of(archive, "Archive night", [], "again", rows)))
    (caption,) = (one for one in page.tables if one.startswith("Unlike or unsure"))
    assert "All are marked in the column 'look at'" in caption
    assert len(page.tables[caption]) == 1 + tables.MOST_ROWS


def test_no_name_becomes_part_of_the_page() -> None:
    archive = archive_pages.content(3)
    evil = "</script><script>alert(1)</script><b>.mp4"
    videos = tuple(replace(one, name=evil) if index == 0 else one for index, one in enumerate(archive.videos))
    archive = replace(archive, videos=videos)
    html = archive_page(page_of(archive, evil, [evil], evil, tables.rows(archive)))
    page = Page(html)
    assert [name for name, _, _ in page.elements].count("script") == 2
    assert "b" not in {name for name, _, _ in page.elements}
    data = re.search(r'id="data">(.*?)</script>', html)
    assert data is not None
    assert json.loads(data[1])["names"][0] == evil


def test_where_review_does_not_serve_it_nothing_is_a_link_and_names_stay_text() -> None:
    archive = archive_pages.content(30)
    (first, *rest) = archive.videos
    evil = '<a href="x">"ids":["'
    archive = replace(archive, videos=(replace(first, name=evil), *rest))
    html = archive_page(page_of(archive, "Archive night", [], "again", tables.rows(archive)))
    page = Page(html)
    moments = {one["data-moment"] for name, one, _ in page.elements if "data-moment" in one}
    ids = {record.content[:16] for record in archive.done.values()}
    assert moments
    assert {one.partition("@")[0] for one in moments} <= ids
    assert not [one for name, one, _ in page.elements if name == "a" and not one.get("href", "#").startswith("#")]
    assert ids_in(html.encode()) == ids
    assert ids_in(b"<p>an older page</p>") is None


def test_rows_are_those_of_the_records() -> None:
    archive = archive_pages.content(67)
    table = tables.rows(archive)
    assert len(table) == 64 * 3 + 3
    for key, record in list(archive.done.items())[:5]:
        own = table[table["video"] == record.name].set_index("label")
        for name, one in record.labels.items():
            assert own.loc[name, "bouts"] == one.bouts
            assert own.loc[name, "total_s"] == pytest.approx(one.total_s, abs=1e-6)
            assert math.isnan(own.loc[name, "first_s"]) == math.isnan(one.first_s)
        assert key in {video.key for video in archive.videos}
    assert set(table.loc[table["state"] == "failed", "look"]) == {"failed"}
    unlike = {f"video {index:05}.mp4" for index in range(67) if index % 13 == 5 and index % 29 != 7}
    flagged = table[table["look"].str.contains("unlike")]
    assert {Path(name).name for name in flagged["video"]} == unlike
    copies = table[table["copy_of"] != ""].dropna(subset="copy_of")
    assert {Path(name).name for name in copies["video"]} == {"video 00009.mp4", "video 00040.mp4"}


def test_what_happened_is_summed_over_videos() -> None:
    archive = archive_pages.content(67)
    table = tables.labels(archive).set_index("label")
    rows = tables.rows(archive).query("state == 'done'")
    for name, own in rows.groupby("label"):
        assert table.loc[name, "total_s"] == pytest.approx(own["total_s"].sum(), abs=1e-3)
        assert table.loc[name, "bouts"] == own["bouts"].sum()
        assert table.loc[name, "videos"] == (own["bouts"] > 0).sum()
        assert table.loc[name, "median_first_s"] == pytest.approx(own["first_s"].median(), abs=1e-5)
    durations = rows.drop_duplicates("video")["duration_s"].sum()
    assert table["fraction"].to_list() == pytest.approx((table["total_s"] / durations).to_list())


def test_failures_are_grouped_and_the_slowest_stand_first() -> None:
    archive = archive_pages.content(300)
    failures = tables.failures(archive)
    assert failures["videos"].sum() == len(archive.failed)
    assert failures["videos"].is_monotonic_decreasing
    assert set(failures["reason"]) == set(archive_pages.REASONS)
    slowest = tables.slowest(archive)
    assert slowest["seconds"].iloc[0] == max(one.seconds for one in archive.done.values())
    assert slowest["seconds"].is_monotonic_decreasing
    look = tables.unlike(archive)
    assert look["distance"].is_monotonic_decreasing


def test_every_failure_has_its_reason_in_the_tables_and_the_page_stays_short() -> None:
    archive = archive_pages.content(3000)
    odd = {
        key: replace(one, reason=f"it ends after {number} bytes.") if number % 3 else one
        for number, (key, one) in enumerate(archive.failed.items())
    }
    archive = replace(archive, failed=odd)
    rows = tables.rows(archive).query("state == 'failed'")
    assert rows["reason"].tolist() == [odd[video.key].reason for video in archive.videos if video.key in odd]
    failures = tables.failures(archive)
    assert len(failures) == tables.MOST_REASONS + 1
    assert failures["videos"].sum() == len(odd)
    assert set(failures["reason"].head(2)) == set(archive_pages.REASONS)
    others = len({one.reason for one in odd.values()}) - tables.MOST_REASONS
    assert failures["reason"].iloc[-1] == f"{others} other reasons, see archive.csv"


def test_sentences_count() -> None:
    archive = archive_pages.content(67)
    first, second = tables.sentences(archive)
    assert first.startswith("64 of 67 videos have a timeline")
    assert "3 failed" in first
    looked = int(tables.rows(archive).query("look != ''").drop_duplicates("video").shape[0])
    assert f"A person should look at {looked} (" in second
    alone = replace(archive, reference=None)
    assert "is not known" in tables.sentences(alone)[1]
    page = Page(archive_page(page_of(alone, "x", [], "x", tables.rows(alone)))).text
    assert page.count("the run has too few recordings to compare with") == len(archive_pages.NAMES)
    assert "the line" not in page  # there is none
    assert tables.sentences(archive_pages.content(1))[0].startswith("1 of 1 video has a timeline")
    assert tables.sentences(archive_pages.content(1100))[0].startswith("1\u202f062 of 1\u202f100 videos have")
    empty = replace(archive, done={}, failed={}, first={})
    assert tables.sentences(empty)[0].startswith("0 of 67 videos have a timeline, 0.0 s of video. 67 are not done")
    assert isinstance(tables.rows(empty), pd.DataFrame)
    assert Page(archive_page(page_of(empty, "x", [], "x", tables.rows(empty))))
