"""The files of a page, and those that all pages have in common."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from starlette.responses import Response

from actscribe.local_page.answers import refusal

#: Ending of a file of a page -> what it is served as; files of other endings are not served.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_SHARED = "actscribe.local_page"


def static_file(package: str, name: str) -> Response:
    """Return a file of a page, or one that all have, and nothing else: names are plain, without a step up.

    Args:
        package: in whose folder `static` the page lies.
        name: as the address has it.
    """
    path = PurePosixPath(name)
    plain = all(part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in path.parts)
    if plain and not any(part.startswith(".") for part in path.parts) and path.suffix in _TYPES:
        for home in (package, _SHARED):
            file = resources.files(home).joinpath("static", *path.parts)
            if _is_there(file):
                headers = {"cache-control": "no-cache"}
                return Response(file.read_bytes(), media_type=_TYPES[path.suffix], headers=headers)
    return refusal(404, "There is no such file.")


def _is_there(file: Traversable) -> bool:
    try:
        return file.is_file()
    except OSError:  # no file system has a name as long
        return False
