"""A review server of a small study, asked without a network: requests go straight to the application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from short_studies import a_run

from actscribe import load_study
from actscribe.data.loading import load_data
from actscribe.files import write_text
from actscribe.journal import Suggestion
from actscribe.local_page.access import Access
from actscribe.review.app import create
from actscribe.review.folder import ReviewFolder
from actscribe.review.session import Session
from actscribe.review.suggester import Suggester
from actscribe.review.suggestions import Suggested, SuggestionFiles
from actscribe.timeline.score_file import write_scores
from actscribe.timeline.scores import TimeScores

PORT = 8123
#: What the made-up run says of the left lamp, second by second; of the right one it says 0.2.
LEFT_SCORES = (0.9, 0.9, 0.4)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """A browser without a window: keeps the cookie that it is given.

    Args:
        session: of the server.
        cookie: to send; empty: none yet.
    """

    session: Session
    cookie: str = ""
    app: Any = field(init=False)

    def __post_init__(self) -> None:
        self.app = create(self.session)

    def let_in(self) -> Client:
        answer = self.get(f"/?token={self.session.access.token}")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.ask("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        more: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Send one request; a header of the value "" is left out, and those of `more` come behind, once or again."""
        sent = {"host": f"127.0.0.1:{PORT}", "cookie": self.cookie}
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in [*sent.items(), *more] if value]
        return asyncio.run(self._ask(method, path, body, raw))

    async def _ask(self, method: str, path: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> Answer:
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": plain,
            "raw_path": plain.encode("utf-8", "surrogatepass"),
            "query_string": query.encode("utf-8", "surrogatepass"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", PORT),
        }
        got: dict[str, Any] = {"status": 0, "headers": {}, "body": b""}

        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else await asyncio.Event().wait()  # nobody hangs up

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                got["status"] = message["status"]
                got["headers"] = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            elif message["type"] == "http.response.body":
                got["body"] += message.get("body", b"")

        await self.app(scope, receive, send)
        return Answer(**got)


def session(folder: Path, annotator: str = "AB", run: Path | None = None, **settings: Any) -> Session:
    """Return a session of the study in `folder`; nothing is computed in the background."""
    study = load_study(folder)
    from actscribe.run_folder.run import Run

    prepared = ReviewFolder.of(folder).prepared
    suggester = None if run is None else Suggester(Run.open(run), prepared, background=False)
    return Session(study, load_data(study), annotator, Access("127.0.0.1", PORT), suggester, **settings)


def client(folder: Path, annotator: str = "AB", run: Path | None = None, **settings: Any) -> Client:
    """Return a browser that was let in."""
    return Client(session(folder, annotator, run, **settings)).let_in()


def suggesting_run(folder: Path, until: float = 2.0) -> Path:
    """Write a run that suggests the left lamp from 0 s for every recording of the short study; return its folder."""
    run = a_run(folder, folder / "runs" / "timesformer")
    digest = Suggester(run, ReviewFolder.of(folder).prepared).digest
    for recording in load_data(load_study(folder)).recordings:
        kept = SuggestionFiles(ReviewFolder.of(folder).prepared, digest, recording.content)
        edges = np.arange(31) / 10
        scores = np.column_stack([np.repeat(LEFT_SCORES, 10), np.full(30, 0.2)])
        middles = (edges[:-1] + edges[1:]) / 2
        write_scores_of(kept, TimeScores(middles, scores, 0.1, np.ones(30, bool), 3.0), run.labels.names)
        suggestions = (Suggestion(label=run.labels.names[0], start=0.0, end=until, run=digest, score=0.9),)
        write_text(kept.timeline, Suggested(run=digest, suggestions=suggestions, doubts=()).model_dump_json())
    return run.folder


def write_scores_of(kept: SuggestionFiles, scores: TimeScores, labels: tuple[str, ...]) -> None:
    write_scores(kept.scores, scores, labels)


def ids(browser: Client) -> dict[str, str]:
    """Return the ids of recordings by their splits."""
    return {one["split"]: one["id"] for one in browser.get("/api/study").json["recordings"]}


def opened(browser: Client, id: str, **asked: Any) -> Any:
    """Return what opening a recording answers."""
    answer = browser.post(f"/api/recordings/{id}/open", asked)
    assert answer.status == 200, answer.body
    return answer.json


def put(label: str, start: float, end: float, id: str = "n1", **more: Any) -> dict[str, Any]:
    """Return the operation that writes a bout."""
    return {"op": "put", "bout": {"id": id, "label": label, "start": start, "end": end, **more}}
