"""The files of the page of review, without a browser: their size, whom they ask, what the tutorial says of them."""

from __future__ import annotations

import re
from pathlib import Path

import actscribe.local_page
import actscribe.review
from actscribe.review.commands import COMMANDS

STATIC = Path(actscribe.review.__file__).parent / "static"
SHARED = Path(actscribe.local_page.__file__).parent / "static"
TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorials" / "review.md"
#: Bytes of all files together: 150 KB of 1,024.
MOST = 150 * 1024
#: The name of SVG, which nothing is fetched from.
SVG = "http://www.w3.org/2000/svg"


def _texts() -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8") for path in (*sorted(STATIC.iterdir()), *sorted(SHARED.iterdir()))
    }


def test_the_page_is_small_and_asks_nobody_else() -> None:
    texts = _texts()
    assert sum(len(text.encode()) for text in texts.values()) < MOST
    for name, text in texts.items():
        assert "//" not in text.replace(SVG, "").replace("// ", ""), name


def test_nothing_is_written_as_markup() -> None:
    texts = _texts()
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    for name, text in texts.items():
        assert not re.search(markup, text), name
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", texts["index.html"])


def test_the_page_does_every_command_that_the_server_names() -> None:
    assert re.findall(r'^\t"?([a-z-]+)"?: ', _texts()["commands.js"], re.MULTILINE) == list(COMMANDS)


def test_the_tutorial_names_every_action_that_a_key_can_be_given() -> None:
    listed = TUTORIAL.read_text(encoding="utf-8").partition("The actions are: ")[2]
    assert re.findall(r"`([a-z-]+)`", listed) == list(COMMANDS)
