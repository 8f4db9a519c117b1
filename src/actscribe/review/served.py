"""The session that a server serves."""

from __future__ import annotations

from pathlib import Path

from actscribe.review.choose_run import choose_run
from actscribe.review.folder import ReviewFolder
from actscribe.review.security import Access
from actscribe.review.serve import Listening
from actscribe.review.session import Session
from actscribe.review.start import checked_name, read_study
from actscribe.review.suggester import Suggester


def start(
    study: Path, run: Path | None, annotator: str | None, independent: bool, plant: float, host: str, at: Listening
) -> tuple[Session, list[str]]:
    """Return the session of a study, and sentences on what is shown.

    Args:
        study: file or folder.
        run: whose predictions are suggested; None: see `choose_run`.
        annotator: who works; None: the name of the login.
        independent, plant: as in `Session`.
        host: as the address has it.
        at: where it will be served.

    Raises:
        ActScribeError: as `read_study`, the run is none, or the name of the annotator is none.
    """
    who = checked_name(annotator)
    loaded, data, words = read_study(study)
    chosen = choose_run(loaded, run)
    suggester = Suggester(chosen.run, ReviewFolder.of(loaded.folder).prepared) if chosen.run else None
    access = Access(host, at.port, at.certificate is not None)
    session = Session(loaded, data, who, access, suggester, independent, plant)
    return session, [*words, *session.words, f"Annotator: {who}.", chosen.why]
