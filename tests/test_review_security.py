"""Who is answered: nobody but the browser that was let in, for our own page, and nothing but the study's own media."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest
from review_server import PORT, Client, client, ids, opened, put, session
from small_studies import LEFT

OWN = f"http://127.0.0.1:{PORT}"
#: What is changed in mutated requests.
HEADERS = ("range", "if-range", "cookie", "origin", "content-length", "if-none-match")
ENDINGS = ("/..", "/%2e%2e/secret.txt", "?token=", "?camera=99", "?from=nan", "\x00", "?points=-1")
#: Files that a server must never show: what they hold is in no answer.
SECRET = b"root:x:0:0"


@pytest.fixture(scope="module")
def browser(short_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Client:
    import shutil

    folder = shutil.copytree(short_study, tmp_path_factory.mktemp("secure") / "study")
    (folder / "secret.txt").write_bytes(SECRET)
    made = client(folder)
    opened(made, ids(made)["train"])
    return made


def test_without_the_token_nothing_of_the_study_is_said(browser: Client) -> None:
    stranger = Client(browser.session)
    for path in ("/api/study", f"/media/{ids(browser)['train']}/0"):
        answer = stranger.get(path)
        assert answer.status == 403
        assert answer.json["hint"]
    assert stranger.post(f"/api/recordings/{ids(browser)['train']}/open", {}).status == 403
    wrong = stranger.get("/?token=" + "x" * 43)
    assert wrong.status == 403
    assert "set-cookie" not in wrong.headers


def test_the_token_gives_a_cookie_that_no_script_and_no_other_site_uses(browser: Client) -> None:
    answer = Client(browser.session).get(f"/?token={browser.session.access.token}")
    assert answer.status == 303
    assert answer.headers["location"] == "/"
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(answer.headers["set-cookie"].split("; "))
    assert browser.session.access.token not in answer.headers["set-cookie"]


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", "", "localhost"])
def test_another_name_that_points_here_is_refused(browser: Client, host: str) -> None:
    assert browser.get("/api/study", host=host).status == 403
    assert browser.get("/", host=host).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
    ids=str,
)
def test_requests_of_other_pages_are_refused(browser: Client, headers: dict[str, str]) -> None:
    id = ids(browser)["train"]
    assert browser.post(f"/api/recordings/{id}/open", {}, **headers).status == 403
    assert browser.get("/api/study", **headers).status == 403
    assert browser.get(f"/media/{id}/0", **headers).status == 403


def test_our_own_page_is_answered_and_so_is_a_link_to_it_in_another_page(browser: Client) -> None:
    assert browser.get("/api/study", origin=OWN, sec_fetch_site="same-origin").status == 200
    linked = browser.get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate", cookie="")
    assert linked.status != 403


def test_every_answer_keeps_the_browser_careful(browser: Client) -> None:
    for path in ("/", "/api/study", "/nowhere", f"/media/{ids(browser)['train']}/0", "/static/none.js"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(browser: Client, method: str) -> None:
    assert browser.ask(method, "/api/study").status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../../../etc/passwd",
        "/static/..%2f..%2fetc/passwd",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/.env",
        "/static/../app.py",
        "/static/\x00.js",
        f"/static/{'a' * 300}.js",
        f"/static/{'a/' * 3000}b.js",
        "/media/../../secret.txt",
        "/media/{id}/../../secret.txt",
        "/media/{id}/-1",
        "/media/{id}/9",
        "/media/{id}/٣",
        "/media/secret/0",
        "/media/{id}/0/",
        "/review/journal.sqlite",
        "/study.yaml",
    ],
)
def test_no_path_leads_out(browser: Client, path: str) -> None:
    answer = browser.get(path.replace("{id}", ids(browser)["train"]))
    assert answer.status == 404
    assert SECRET not in answer.body


def test_too_large_a_body_is_refused_whether_it_says_so_or_not(browser: Client) -> None:
    id = ids(browser)["train"]
    large = b'{"revision":1,"why":"' + b"x" * (17 << 20) + b'","ops":[]}'
    assert browser.post(f"/api/recordings/{id}/actions", large).status == 413
    assert browser.post(f"/api/recordings/{id}/actions", b"{}", content_length=str(1 << 40)).status == 413


@pytest.mark.parametrize(
    ("asked", "status", "length", "where"),
    [
        ("bytes=0-9", 206, 10, "bytes 0-9/{size}"),
        ("bytes=5-", 206, -5, "bytes 5-{last}/{size}"),
        ("bytes=-7", 206, 7, "bytes {seventh}-{last}/{size}"),
        ("bytes=0-999999999999", 206, 0, "bytes 0-{last}/{size}"),
        ("bytes=-999999999999", 206, 0, "bytes 0-{last}/{size}"),
        ("bytes=999999999-", 416, None, "bytes */{size}"),
        ("bytes=-0", 416, None, "bytes */{size}"),
        ("bytes=9-5", 200, 0, None),
        ("bytes=", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("bytes=a-b", 200, 0, None),
        ("lines=0-3", 200, 0, None),
        ("bytes=0-1,3-4", 200, 0, None),
        ("bytes=" + ",".join("0-1" for _ in range(5000)), 200, 0, None),
        ("bytes=0-" + "9" * 5000, 200, 0, None),
        ("bytes=٠-٩".encode().decode("latin-1"), 200, 0, None),
    ],
)
def test_ranges(browser: Client, asked: str, status: int, length: int | None, where: str | None) -> None:
    path = f"/media/{ids(browser)['train']}/0"
    whole = browser.get(path).body
    size = len(whole)
    answer = browser.get(path, range=asked)
    assert answer.status == status
    expected = where and where.format(size=size, last=size - 1, seventh=size - 7)
    assert answer.headers.get("content-range") == expected
    if length is not None:
        wanted = length if length > 0 else size + length
        assert len(answer.body) == wanted
        start = int(expected.split()[1].partition("-")[0]) if expected else 0
        assert answer.body == whole[start : start + wanted]


def test_a_head_request_has_no_body_and_a_known_version_is_not_sent_again(browser: Client) -> None:
    path = f"/media/{ids(browser)['train']}/0"
    whole = browser.get(path)
    head = browser.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    assert browser.get(path, if_none_match=whole.headers["etag"]).status == 304
    assert browser.get(path, range="bytes=0-3", if_range='"another"').status == 200


@pytest.mark.parametrize(("seed", "requests"), [(1, 1500), pytest.param(2, 10_000, marks=pytest.mark.slow)])
def test_mutated_requests_find_no_fault_and_no_other_file(browser: Client, seed: int, requests: int) -> None:
    rng = random.Random(seed)
    id = ids(browser)["train"]
    statuses: set[int] = set()
    for _ in range(requests):
        method, path, body, headers = _mutated(rng, id)
        answer = browser.ask(method, path, body, headers)
        statuses.add(answer.status)
        assert answer.status in (200, 206, 303, 304, 400, 403, 404, 405, 409, 413, 416), (method, path, body, headers)
        assert SECRET not in answer.body
    assert {200, 400, 403, 404} <= statuses


def _mutated(rng: random.Random, id: str) -> tuple[str, str, bytes, dict[str, str]]:
    import json

    act = {"revision": 2, "why": "w", "ops": [put(LEFT, 0, 1), {"op": "mark", "start": 0, "end": 1}]}
    paths = [
        "/",
        "/api/study",
        *(
            f"/api/recordings/{id}/{what}"
            for what in ("open", "actions", "undo", "redo", "cameras", "inexact", "suggestions")
        ),
        f"/api/recordings/{id}/frames?camera=0",
        f"/api/recordings/{id}/curves?from=0&to=3&points=5",
        f"/media/{id}/0",
        "/static/index.html",
        "/static/app.js",
    ]
    path, body = rng.choice(paths), json.dumps(rng.choice([act, {}, {"revision": 2}, {"insist": True}])).encode()
    headers = {"range": f"bytes={rng.randrange(99)}-{rng.randrange(999)}"} if rng.random() < 0.3 else {}
    for _ in range(rng.randrange(3)):
        what = rng.randrange(5)
        if what == 0:
            path = _changed(rng, path)
        elif what == 1:
            body = _changed(rng, body.decode("latin-1")).encode("latin-1", "replace")
        elif what == 2:
            body = rng.choice([b"", b"[" * 5000, b"null", b"\xff\xfe", b'{"why":"\\ud800"}', b"1e999", b"{}" * 99])
        elif what == 3:
            headers[rng.choice(["range", "if-range", "cookie", "origin", "content-length", "if-none-match"])] = (
                _changed(rng, "bytes=0-9, 5")
            )
        else:
            path += rng.choice(
                ["/..", "/%2e%2e/secret.txt", "?token=", "?camera=99", "?from=nan", "\x00", "?points=-1"]
            )
    return rng.choice(["GET", "POST", "POST", "HEAD"]), "/" + path.lstrip("/"), body, headers


def _changed(rng: random.Random, text: str) -> str:
    offset = rng.randrange(len(text) + 1)
    new = rng.choice([rng.choice(string.printable), "..", "/", "%00", "-", "9" * 30, "é", '"', "{"])
    return text[:offset] + new + text[offset + rng.randrange(3) :]


def test_sessions_have_secrets_of_their_own(short_study: Path) -> None:
    first, second = session(short_study).access, session(short_study).access
    assert len({first.token, first.cookie, second.token, second.cookie}) == 4


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site", "sec-fetch-mode", "content-length"])
@pytest.mark.parametrize("own_first", [True, False])
def test_a_request_that_says_twice_where_it_is_from_is_refused(browser: Client, name: str, own_first: bool) -> None:
    own = {
        "host": f"127.0.0.1:{PORT}",
        "origin": OWN,
        "sec-fetch-site": "same-origin",
        "sec-fetch-mode": "cors",
        "content-length": "2",
    }[name]
    both = [own, {"host": "evil.example", "content-length": "3"}.get(name, "cross-site")]
    for path in ("/", "/api/study", f"/media/{ids(browser)['train']}/0"):
        answer = browser.ask(
            "GET", path, headers={name: ""}, more=[(name, one) for one in both[:: 1 if own_first else -1]]
        )
        assert answer.status == 400
        assert name in answer.json["error"]
