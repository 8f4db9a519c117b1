"""The session that a server serves."""

from __future__ import annotations

from pathlib import Path

from actscribe.annotations.text import parse_seconds
from actscribe.errors import ActScribeError, closest
from actscribe.local_page.access import Access
from actscribe.local_page.listening import Listening
from actscribe.review.choose_run import choose_run
from actscribe.review.folder import ReviewFolder
from actscribe.review.keys import key_map
from actscribe.review.session import Session
from actscribe.review.start import called_nearly, checked_name, read_study
from actscribe.review.suggester import Suggester

#: Recordings that a refusal names.
_SHOWN = 8


def start(
    study: Path,
    run: Path | None,
    annotator: str | None,
    independent: bool,
    plant: float,
    program: str,
    host: str,
    at: Listening,
) -> tuple[Session, list[str]]:
    """Return the session of a study, and sentences on what is shown.

    Args:
        study: file or folder.
        run: whose predictions are suggested; None: see `choose_run`.
        annotator: who works; None: the name of the login.
        independent, plant, program: as in `Session`.
        host: as the address has it.
        at: where it will be served.

    Raises:
        ActScribeError: as `read_study` and `key_map`, the run is none, or the name of the annotator is none.
    """
    who = checked_name(annotator)
    loaded, data, words = read_study(study)
    keys = key_map(ReviewFolder.of(loaded.folder).keys, data.labels.names, program)  # refused now, not on the page
    chosen = choose_run(loaded, run)
    suggester = Suggester(chosen.run, ReviewFolder.of(loaded.folder).prepared) if chosen.run else None
    access = Access(f"[{host}]" if ":" in host else host, at.port, at.certificate is not None)
    session = Session(loaded, data, who, access, suggester, independent, plant, program)
    near = called_nearly(who, session.journal.annotators())
    return session, [*words, *keys.sentences(), *session.words, f"Annotator: {who}.", *near, chosen.why]


def address(session: Session, wanted: str | None) -> str:
    """Return the address that a browser opens first.

    Args:
        session: from `start`.
        wanted: RECORDING or RECORDING@TIME to begin with, by its name or id, the time in seconds or as h:mm:ss.s; None:
            the list of recordings.

    Raises:
        ActScribeError: the study has no such recording, or it does not last so long.
    """
    if wanted is None:
        return session.access.address
    by_name = {item.recording.name: item for item in session.items.values()} | session.items
    is_whole = wanted in by_name or "@" not in wanted
    name, _, time = (wanted, "", "0") if is_whole else wanted.rpartition("@")
    if name not in by_name:
        names = sorted(item.recording.name for item in session.items.values())
        close = closest(name, names)
        more = " …" if len(names) > _SHOWN else "."
        raise ActScribeError(
            f"--open {wanted}: the study has no recording '{name}'.",
            f"Did you mean '{close}'?" if close else f"Its recordings: {', '.join(names[:_SHOWN])}{more}",
        )
    item = by_name[name]
    try:
        seconds = parse_seconds(time)
    except ValueError:
        raise ActScribeError(f"--open {wanted}: '{time}' is not a time.", "Write it as 83.5 or 1:23.5.") from None
    if not 0 <= seconds <= item.recording.duration:
        raise ActScribeError(
            f"--open {wanted}: {name} lasts from 0 to {item.recording.duration:.2f} s.", "Name a time within."
        )
    return f"{session.access.address}#{item.id}@{seconds:.3f}"
