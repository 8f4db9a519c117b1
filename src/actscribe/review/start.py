"""From what was typed to a session that can be served."""

from __future__ import annotations

import getpass
import unicodedata
from pathlib import Path

from actscribe.data.loading import load_data
from actscribe.errors import ActScribeError
from actscribe.review.choose_run import choose_run
from actscribe.review.folder import ReviewFolder
from actscribe.review.security import Access
from actscribe.review.serve import Listening
from actscribe.review.session import Session
from actscribe.review.suggester import Suggester
from actscribe.settings.study import load_study

#: Characters of an annotator's name.
LONGEST_NAME = 64


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
        ActScribeError: as `load_study` and `load_data`, the run is none, or the name of the annotator is none.
    """
    who = checked_name(annotator if annotator is not None else _login())
    loaded = load_study(study)
    chosen = choose_run(loaded, run)
    data = load_data(loaded)
    folder = ReviewFolder.of(loaded.folder)
    suggester = Suggester(chosen.run, folder.prepared) if chosen.run else None
    access = Access(host, at.port, at.certificate is not None)
    session = Session(loaded, data, who, access, suggester, independent, plant)
    return session, [f"Annotator: {who}.", chosen.why]


def checked_name(name: str) -> str:
    """Return the name of an annotator without spaces around it.

    Raises:
        ActScribeError: it is empty, too long, or holds control characters.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(name) <= LONGEST_NAME or any(unicodedata.category(one) in ("Cc", "Cs", "Cf") for one in name):
        raise ActScribeError(
            f"An annotator's name has 1 to {LONGEST_NAME} characters that can be seen.", "Give initials: --annotator AB"
        )
    return name


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a table of users
        return "annotator"
