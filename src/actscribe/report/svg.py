"""Inline SVG: elements whose text and attributes are always escaped. Colours are classes of the style sheet."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from markupsafe import Markup, escape


def tag(name: str, *content: str, **attributes: object) -> Markup:
    """Return one element.

    Args:
        name: of the element.
        content: text, escaped, and elements (Markup), as they are.
        attributes: `class_` stands for class and `stroke_width` for stroke-width; None leaves one out; numbers are
            written with at most two decimals.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{join(content)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Return elements and escaped texts behind each other."""
    return Markup("").join(parts)


def drawing(width: float, height: float, title: str, *content: str, class_: str = "", natural: bool = False) -> Markup:
    """Return a picture as wide as its place, or never wider than `width` pixels (`natural`).

    `title` is what a screen reader says.
    """
    return tag(
        "svg",
        *content,
        viewBox=f"0 0 {plain(width)} {plain(height)}",
        class_=class_ or None,
        style=f"--natural:{plain(width)}px" if natural else None,
        role="img",
        aria_label=title,
    )


def text(x: float, y: float, words: str, class_: str = "", anchor: str | None = None) -> Markup:
    """Return a line of text whose baseline begins (or is centred, or ends) at (x, y)."""
    return tag("text", words, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return tag("path", d=f"M{plain(x1)} {plain(y1)}L{plain(x2)} {plain(y2)}", class_=class_)


def boxes(spans: Iterable[tuple[float, float]], y: float, height: float) -> str:
    """Return the path data of boxes from x to x of each span; a hundred boxes are one short path."""
    tall = plain(height)
    return "".join(f"M{plain(a)} {plain(y)}h{plain(b - a)}v{tall}h{plain(a - b)}z" for a, b in spans)


def name_lines(x: float, y: float, name: str, width: int = 22, class_: str = "name") -> Markup:
    """Return a name on one line or two, centred on `y`, cut after `width` characters a line, whole when hovered."""
    lines = textwrap.wrap(name, width) or [""]
    if len(lines) > 2:
        lines = [lines[0], textwrap.shorten(" ".join(lines[1:]), width, placeholder=" …")]
    first = y + 4 - 6.5 * (len(lines) - 1)
    drawn = [text(x, first + 13 * index, words, class_, "end") for index, words in enumerate(lines)]
    return tag("g", tag("title", name), *drawn)


def shade(share: float) -> float:
    """Return the opacity of a box for a share in [0, 1]; text in it stays legible in ink (contrast above 4.5)."""
    return 0.06 + 0.62 * share


def plain(value: float) -> str:
    """Return a number with at most two decimals and no needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def _value(value: object) -> str:
    return plain(value) if isinstance(value, float | int) else str(value)
