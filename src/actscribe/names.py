"""Names that are file names on every system: of recordings, and of what is written for them."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

#: Bytes of a name in UTF-8, so that an ending still fits into the 255 that file systems allow; and with a number.
LONGEST, LONGEST_NUMBERED = 180, 200
#: What Windows does not allow in names, and marks that turn the direction of writing, so that a name shows as another.
_FORBIDDEN = re.compile('[<>:"/\\\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
#: What Windows takes for a device, whatever follows the first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.IGNORECASE)


def safe_name(text: str, longest: int = LONGEST) -> str:
    """Return `text` as a file name (without ending) that is the same and allowed on every system.

    Separators, control characters and what Windows forbids become "-"; dots, dashes and spaces at the ends go; names of
    Windows devices get a "_"; letters are in Unicode's NFC; what is too long is cut, with a digest of the whole. What
    is such a name already stays as it is.
    """
    whole = unicodedata.normalize("NFC", text)
    name = "".join("-" if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") else one for one in whole)
    name = _trimmed(_FORBIDDEN.sub("-", name))
    device = _DEVICES.match(name)
    if device:
        name = f"{device[1]}_{name[len(device[1]) :].lstrip(' ')}"
    if len(name.encode()) > longest:
        digest = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
        kept = name.encode()[: longest - len(digest) - 1].decode("utf-8", "ignore")
        name = f"{_trimmed(kept)}-{digest}"
    return name or "unnamed"


def printable(name: str) -> str:
    """Return the name or path of a file as UTF-8 can write it; bytes that are none are spelled \\x.."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def spelled(text: str) -> str:
    """Return a name, or a sentence with names in it, on one line that no terminal obeys: as `printable`, and control
    characters are spelled, too.
    """
    controls = ("Cc", "Zl", "Zp")
    return "".join(
        one.encode("unicode_escape").decode() if unicodedata.category(one) in controls else one
        for one in printable(text)
    )


def is_safe_name(name: str) -> bool:
    """Tell whether a name is one that `safe_name` or `unique_names` gives."""
    return bool(name) and safe_name(name, LONGEST_NUMBERED) == name


def same_name(name: str) -> str:
    """Return what two names share that some file system takes for one: upper case and ways to write accents aside."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def unique_names(parts: Sequence[Sequence[str]]) -> list[str]:
    """Return a safe name for each path, no two of which any file system takes for one.

    Args:
        parts: of each path, the folders from the outermost on, then the stem. A name is the stem where that is alone in
            its kind; else as many folders come before it as tell it apart, and at last a number.
    """
    depths = [1] * len(parts)
    while True:
        names = [safe_name("-".join(own[-depth:])) for own, depth in zip(parts, depths, strict=True)]
        indices = defaultdict(list)
        for index, name in enumerate(names):
            indices[same_name(name)].append(index)
        shared = [index for group in indices.values() if len(group) > 1 for index in group]
        growing = [index for index in shared if depths[index] < len(parts[index])]
        if not growing:
            return _numbered(names)
        for index in growing:
            depths[index] += 1


def _numbered(names: Sequence[str]) -> list[str]:
    counts = Counter(map(same_name, names))
    taken = {name for name, count in counts.items() if count == 1}
    numbered = []
    for name in names:
        chosen, number = name, 1
        while counts[same_name(name)] > 1 and same_name(chosen) in taken:
            number += 1
            chosen = f"{name}-{number}"
        taken.add(same_name(chosen))
        numbered.append(chosen)
    return numbered


def _trimmed(name: str) -> str:
    return re.sub(r"^[\s.\-]+|[\s.]+$", "", name)
