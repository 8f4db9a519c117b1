"""A server on this machine for one person, until it is interrupted."""

from __future__ import annotations

import contextvars
import threading
import webbrowser
from contextlib import suppress

import uvicorn

from actscribe.errors import ActScribeError, in_one_line
from actscribe.local_page.listening import Listening, configured
from actscribe.review.app import create
from actscribe.review.session import Session
from actscribe.run_folder.run import Run
from actscribe.tables import print_sentence


def serve(session: Session, listening: Listening, address: str | None) -> None:
    """Serve a session until the process is interrupted; what was answered is on disk.

    Args:
        session: of one study and annotator.
        listening: where.
        address: to open in the browser; None: open nothing.
    """
    suggester = session.suggester
    if suggester is not None:
        threading.Thread(target=_look_into, args=(session,), name="verdict", daemon=True).start()
        suggester.ask(item for item in session.items.values() if not session.is_blind(item))
    if address is not None:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        with suppress(KeyboardInterrupt):  # how it is meant to end
            # In an empty context: requests that decode start children of their own, not share the command's.
            contextvars.Context().run(
                uvicorn.Server(configured(create(session), listening)).run, sockets=[listening.socket]
            )
    finally:
        if suggester is not None:
            suggester.close()
        for sentence in session.take_back():
            print_sentence(sentence)


def _look_into(session: Session) -> None:
    if session.suggester is not None:
        session.suggester.verdict = verdict_of(session.suggester.run)


def verdict_of(run: Run) -> str:
    """Say how a run stands, or why that cannot be told."""
    from actscribe.runs.quality_notes import quality_notes  # takes a second to import, and nobody waits for it

    try:
        return " ".join((*quality_notes(run), *not_suggested(run)))
    except (ActScribeError, OSError, KeyError, ValueError) as error:
        return f"The quality of this run is not known: {in_one_line(error)}"


def not_suggested(run: Run) -> list[str]:
    """Say how short a bout is that a run never suggests, however high its scores; nothing where it suggests all."""
    settings = run.operating_point.timeline
    shortest = {name: settings.of(name).min_duration for name in run.labels.names}
    named = [f"{name} under {limit:g} s" for name, limit in shortest.items() if limit > 0]
    return [f"Not suggested, as the run's operating point leaves out what is so short: {', '.join(named)}."] * bool(
        named
    )
