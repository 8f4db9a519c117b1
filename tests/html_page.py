"""Reading an HTML page back strictly, for tests of what the project writes."""

from __future__ import annotations

from html.parser import HTMLParser

#: Elements without an end tag.
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """A parsed page; fails on an element that is not closed in its place.

    Attributes:
        elements: (name, attributes, path of the open elements' names) in order.
        ids: as often as they occur.
        texts: (text, path) of everything outside the style sheet.
        tables: caption -> rows of cells, heads first; of several with one caption the first.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.ids: list[str] = []
        self.texts: list[tuple[str, tuple[str, ...]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._rows: list[list[str]] = []
        self._caption = ""
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}: {names}"
        values = {name: value or "" for name, value in attrs}
        self.elements.append((tag, values, tuple(self._open)))
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> without a start"
        assert self._open[-1] == tag, f"</{tag}> inside {self._open}"
        self._open.pop()
        if tag == "table":
            self.tables.setdefault(self._caption, self._rows)

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        if data.strip():
            self.texts.append((data.strip(), tuple(self._open)))
        if "table" in self._open:
            if "caption" in self._open:
                self._caption += data
            elif {"td", "th"} & set(self._open):
                self._rows[-1][-1] += data

    @property
    def text(self) -> str:
        """All visible text, and what is shown when hovered."""
        return "\n".join(text for text, _ in self.texts)
