"""Lines for people, broken between words at the width of their terminal; elsewhere they stay as they are."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TextIO

#: What is copied stays whole: texts in quotes, and a command from a colon to the end of its sentence or line.
_WHOLE = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)|(?<=: )actscribe .*?(?=\. [A-Z]|$)", re.MULTILINE)
#: Stands for a space at which no line is broken.
_KEPT = "\0"


def wrapped(text: str, stream: TextIO) -> str:
    """Return a text as it is written to a stream: at a terminal's width, with paths and commands whole."""
    return "\n".join(map(filled, text.split("\n"))) if stream.isatty() else text


def filled(line: str) -> str:
    """Return a line broken at the terminal's width, or at 80 where there is none, with paths and commands whole."""
    if line[:1].isspace() or not line:  # a traceback's
        return line
    kept = _WHOLE.sub(lambda match: match[0].replace(" ", _KEPT), line)
    width = shutil.get_terminal_size().columns
    return textwrap.fill(kept, width, break_long_words=False, break_on_hyphens=False).replace(_KEPT, " ")
