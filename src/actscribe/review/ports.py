"""The port at which an annotator's pages were served last: a page that is still open finds the next server there.

Only the port is kept. Token and cookie are new with each server, so that nobody gets in by what lies in the study's
folder; an open page goes on once its browser opened the new address. Each annotator has a port of their own, and where
a page finds another annotator's or another study's server, that one refuses it (see `Session.name`).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.local_page.listening import Listening, listen
from actscribe.review.folder import ReviewFolder
from actscribe.review.start import checked_name
from actscribe.settings.study import load_study

_PORTS = TypeAdapter(dict[str, int])
_HIGHEST = 65535


def listen_again(
    study: Path, annotator: str | None, host: str, port: int, certificate: Path | None, key: Path | None
) -> tuple[Listening, list[str]]:
    """Bind the port of an annotator's last server, else any that is free; return sentences where that one is taken.

    Args:
        study: file or folder.
        annotator: who works; None: the name of the login.
        host, certificate, key: as in `listen`.
        port: that one, whatever was last; 0: see above.

    Raises:
        ActScribeError: as `load_study`, `checked_name` and `listen`.
    """
    former = _read(ReviewFolder.of(load_study(study).folder).ports).get(checked_name(annotator), 0)
    if port or not 0 < former <= _HIGHEST:
        return listen(host, port, certificate, key), []
    with suppress(ActScribeError):  # taken; what else is wrong is told below
        return listen(host, former, certificate, key), []
    return listen(host, 0, certificate, key), [
        f"Port {former}, at which these pages were last, is taken: reopen pages that are still open at the new address."
    ]


def keep_port(folder: ReviewFolder, annotator: str, port: int) -> None:
    """Write down at which port an annotator's pages are; where nothing can be written, the next server has another."""
    ports = _read(folder.ports)
    if ports.get(annotator) != port:
        with suppress(ActScribeError):
            write_text(folder.ports, _PORTS.dump_json(ports | {annotator: port}, indent=1).decode() + "\n")


def _read(path: Path) -> dict[str, int]:
    """Return annotator -> port; none where the file is missing, or is not as it was written."""
    try:
        return _PORTS.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
