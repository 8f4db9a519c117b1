"""A review server of a made-up study at an address of its own, which can be ended and begun again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import uvicorn
from chromium import Tab
from playwright.sync_api import Page
from short_studies import a_run
from small_studies import write_manifest, write_study

from actscribe import load_study
from actscribe.data.loading import load_data
from actscribe.files import write_text
from actscribe.journal import Journal, Sheet, Suggestion
from actscribe.local_page.access import Access
from actscribe.local_page.listening import LOOPBACK, listen
from actscribe.review.app import create
from actscribe.review.folder import ReviewFolder
from actscribe.review.session import Session
from actscribe.review.suggester import Suggester
from actscribe.review.suggestions import Doubt, Suggested, SuggestionFiles
from actscribe.run_folder.run import Run
from actscribe.timeline.score_file import write_scores
from actscribe.timeline.scores import TimeScores

TOKEN, COOKIE = "token", "cookie"
#: Spans that the made-up run suggests of the first label, seconds; the second is doubtful.
SUGGESTED = ((0.4, 1.2), (2.0, 3.0))
READY_S = 20.0


def write_review_study(folder: Path, videos: Sequence[tuple[Path, str]], labels: Sequence[str]) -> Path:
    """Write a study of videos and their splits in which nothing is annotated."""
    rows = [
        {"video": path.name, "annotations": "", "group": f"p{index}", "split": split}
        for index, (path, split) in enumerate(videos)
    ]
    write_manifest(folder, rows)
    write_study(folder, labels={"name": "lamps", "labels": list(labels)})
    return folder


def suggest(folder: Path) -> Run:
    """Write a run and what it suggests for every recording: `SUGGESTED` of the first label."""
    run = a_run(folder, folder / "runs" / "timesformer")
    prepared = ReviewFolder.of(folder).prepared
    digest = Suggester(run, prepared).digest
    for recording in load_data(load_study(folder)).recordings:
        kept = SuggestionFiles(prepared, digest, recording.content)
        prepared.mkdir(parents=True, exist_ok=True)
        steps = max(int(recording.duration * 10), 1)
        times = (np.arange(steps) + 0.5) * recording.duration / steps
        scores = np.full((steps, len(run.labels.names)), 0.2)
        for start, end in SUGGESTED:
            scores[(times > start) & (times < end), 0] = 0.8
        step = recording.duration / steps
        write_scores(
            kept.scores,
            TimeScores(times, scores, step, np.ones(steps, bool), recording.duration),
            run.labels.names,
        )
        label = run.labels.names[0]
        suggestions = tuple(
            Suggestion(label=label, start=one, end=end, run=digest, score=0.8) for one, end in SUGGESTED
        )
        doubts = (Doubt(label=label, start=SUGGESTED[1][0], end=SUGGESTED[1][1], why="60% sure"),)
        write_text(kept.timeline, Suggested(run=digest, suggestions=suggestions, doubts=doubts).model_dump_json())
    return run


@dataclass
class Site:
    """One study, served.

    Args:
        folder: of the study.
        annotator: who works there.
        run: whose suggestions are shown, or None.
        program: whose keys the page has; empty: its own.
        cookie: what the browser gets; a server of the command has its own.
    """

    folder: Path
    annotator: str = "AB"
    run: Run | None = None
    program: str = ""
    cookie: str = COOKIE
    port: int = 0
    session: Session = field(init=False)
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def begin(self) -> Site:
        """Serve, at the same address as before if it was served before."""
        listening = listen(LOOPBACK, self.port)
        self.port = listening.port
        study = load_study(self.folder)
        suggester = Suggester(self.run, ReviewFolder.of(self.folder).prepared, background=False) if self.run else None
        access = Access(LOOPBACK, self.port, token=TOKEN, cookie=self.cookie)
        self.session = Session(study, load_data(study), self.annotator, access, suggester, program=self.program)
        config = uvicorn.Config(create(self.session), log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening.socket]}, daemon=True)
        self._thread.start()
        while not self._server.started:  # until then a connection is refused
            time.sleep(0.01)
        return self

    def end(self) -> None:
        """Stop serving."""
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join(10)

    @property
    def address(self) -> str:
        return self.session.access.address

    def id(self, name: str) -> str:
        """Return the id of a recording by the name of its video."""
        return next(one for one, item in self.session.items.items() if item.recording.video.name == name)

    def sheet(self, name: str) -> Sheet:
        """Return what is on disk of a recording."""
        return Journal.of(self.folder).sheet(self.session.items[self.id(name)].content, self.annotator)


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """Serve a site for a while."""
    site.begin()
    try:
        yield site
    finally:
        site.end()


def enter(tab: Tab, site: Site, width: int, dark: bool = False) -> Page:
    """Open the list of recordings."""
    page = tab.visit(site.address, width, dark=dark)
    page.set_default_timeout(READY_S * 1000)
    page.wait_for_selector("#rows tr")
    return page


def until(page: Page, expression: str) -> None:
    """Wait until an expression holds in the page, whose policy forbids Playwright's own way of waiting for one.

    Raises:
        TimeoutError: it did not within `READY_S`.
    """
    end = time.monotonic() + READY_S
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(f"{expression}; {page.inner_text('#live')}; {page.inner_text('#saved')}")
        page.wait_for_timeout(20)


def ready(page: Page) -> None:
    """Wait until the recording that was asked for can be stepped through."""
    until(page, "review.work?.player.frames.count > 0")
    until(page, "review.work.player.settled.then(() => true)")


def saved(page: Page) -> None:
    """Wait until nothing is on its way to the server."""
    until(page, "review.queue.length === 0 && document.getElementById('saved').dataset.state === 'saved'")
