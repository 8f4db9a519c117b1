"""A review server that really listens, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from actscribe.local_page.access import Access
from actscribe.local_page.listening import listen
from actscribe.review.app import create
from actscribe.review.session import Session
from actscribe.review.start import read_study


@contextmanager
def listening(folder: Path, annotator: str = "AB", **settings: Any) -> Iterator[Session]:
    """Serve the study in `folder` on a free port, and yield its session."""
    at = listen("127.0.0.1", 0)
    study, data, _ = read_study(folder)
    session = Session(study, data, annotator, Access("127.0.0.1", at.port), **settings)
    server = uvicorn.Server(uvicorn.Config(create(session), log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at.socket]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield session
    finally:
        server.should_exit = True
        thread.join()
        at.socket.close()
