"""The terminal that a command writes to: of any encoding, perhaps a pipe that closes or a full disk, and ours alone.

Other libraries warn of their own affairs, and of each other's, in words that tell a user nothing to do; what matters of
we say it ourselves. Tests make their warnings errors instead (pyproject.toml), so that our calls stay up to date.
"""

from __future__ import annotations

import codecs
import logging
import os
import sys
import unicodedata
import warnings
from contextlib import suppress

from actscribe.cli.repeated_warnings import FewAlike
from actscribe.files import FULL
from actscribe.wrapping import wrapped

#: Exit codes: what the shell shows of a program that a closed pipe stopped (128 + SIGPIPE), and as for bad input.
PIPE_CLOSED, NOT_WRITTEN = 141, 2
#: What libraries look at before they write to the terminal; a user's own value stays.
QUIET = {
    "TRANSFORMERS_VERBOSITY": "critical",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "HF_HUB_VERBOSITY": "critical",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TORCH_LOGS": "-all",
    "TOKENIZERS_PARALLELISM": "false",
}
#: The bars of others; where a download is long, they are wanted.
BARS = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
#: What stands for characters that an encoding lacks and whose plain letter Unicode does not tell.
PLAIN = {"–": "-", "—": "-", "…": "...", "→": "->", "×": "x", "≤": "<=", "≥": ">=", "µ": "u", "·": ".", "•": "*"} | {
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”„", '"'),
}


def prepare() -> None:
    """Make the standard streams take any text, and keep other libraries from writing to them."""
    _open_all()
    codecs.register_error("actscribe", plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="actscribe")
    for name, value in {**QUIET, **BARS}.items():
        os.environ.setdefault(name, value)
    _silence()


def allow_bars() -> None:
    """Let libraries that are imported from now on draw their progress, as a long download needs."""
    for name in BARS:
        os.environ.pop(name, None)


def finish(code: int) -> int:
    """Write out what the streams still hold, and return the exit code: `code`, or that of output that was lost."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            _discard(stream)
            code = code or lost(error)
    return code


def reader_gone() -> bool:
    """Tell whether nobody reads our output any more; what could not be written is still held, and is tried again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            return True
        except (OSError, ValueError):
            continue
    return False


def lost(error: OSError) -> int:
    """Say why output could not be written, unless its reader has gone, and return the exit code."""
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED
    why = "the disk is full" if error.errno in FULL else error.strerror or str(error)
    tell(f"Error: what the command has to say cannot be written: {why}.")
    return NOT_WRITTEN


def tell(*lines: str) -> None:
    """Print lines on standard error, as far as anybody reads it."""
    with suppress(OSError, ValueError):
        for line in lines:
            print(wrapped(line, sys.stderr), file=sys.stderr, flush=True)


def _open_all() -> None:
    """Open what a shell closed (`>&-`): the next file that is opened would take its place and get our output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def plain(error: UnicodeError) -> tuple[str, int]:
    """Spell characters that an encoding lacks with those it has, for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wanted = error.object[error.start : error.end]
    return "".join(_letter(letter) for letter in wanted), error.end


def _letter(letter: str) -> str:
    parts = [part for part in unicodedata.normalize("NFKD", letter) if part.isascii() and part.isprintable()]
    return PLAIN.get(letter) or "".join(parts) or "?"


def _silence() -> None:
    """Send warnings and logs of all libraries nowhere, ours to standard error; `python -W` still shows warnings."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
        logging.captureWarnings(True)
    logging.raiseExceptions = False
    logging.getLogger().addHandler(logging.NullHandler())
    if logging.lastResort is not None:
        ours = logging.getLogger("actscribe")
        for handler in [one for one in ours.handlers if isinstance(one, FewAlike)]:  # of a command before
            ours.removeHandler(handler)
        ours.addHandler(FewAlike(logging.lastResort))


def _discard(stream: object) -> None:
    """Point a stream that cannot be written to nowhere, so that Python's own last flush finds no fault."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
        os.close(nowhere)
