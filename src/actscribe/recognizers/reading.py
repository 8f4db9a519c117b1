"""Which labels a written answer names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actscribe.labels import Label, LabelSet

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CLAUSE = re.compile(r"[,;.:!?\n•|()\[\]]+|\s[-–—*]\s|\b(?:and|but)\b", re.IGNORECASE)
_NEGATIONS = frozenset(
    {"no", "not", "without", "never", "none", "neither", "nor", "isn't", "doesn't", "don't", "aren't"}
)
_REFUSALS = frozenset({"no", "absent", "false"})
_VERBS = frozenset({"is", "are", "does", "do"})
_ENDINGS = ("ing", "ed", "es", "s", "e")
_NOTHING = frozenset({"none", "nothing", "no"})
#: A negation this many words before a label, in the same clause, denies it (ours).
REACH = 4
#: Share of the words of a label's phrase that a caption must hold to mention it (ours).
MENTIONED = 0.6
_SMALL = frozenset({"a", "an", "the", "this", "that", "it", "is", "are", "being", "and", "or", "as", "up", "down"}) | {
    *("of", "in", "on", "at", "to", "into", "onto", "from", "for", "with", "by")
}


def named_labels(text: str, labels: LabelSet) -> frozenset[str] | None:
    """Return the names of the labels that an answer lists, none if it says so; None where it says neither.

    A label is named by its name, an alias or its phrase, as whole words, whatever the case, punctuation or bullets. The
    longest spelling wins where two begin alike. "No suction", "without ...", "suction: no" deny a label.

    Args:
        text: as the model wrote it.
        labels: that may be named.
    """
    spelled = _spellings(labels)
    named: set[str] = set()
    denied = nothing = False
    words = list(_words(text))
    position = 0
    while position < len(words):
        match = next((s for s in spelled if _at(words, position, s[0])), None)
        if match is None:
            nothing |= words[position][0] in _NOTHING
            position += 1
            continue
        spelling, label = match
        if _denied(words, position, position + len(spelling)):
            denied = True
        else:
            named.add(label)
        position += len(spelling)
    return frozenset(named) if named or denied or nothing else None


def mentions(caption: str, label: Label) -> bool:
    """Tell whether a caption mentions a label by its words: rough, for comparing captions with answers (ours).

    It does when it holds the label's name, or at least `MENTIONED` of the words of its phrase that carry meaning;
    words count as equal whatever their ending.
    """
    mentioned = {_stem(word) for word, _ in _words(caption)}
    for spelling in (label.name, label.described()):
        wanted = {_stem(word) for word, _ in _words(spelling) if word not in _SMALL}
        if wanted and len(wanted & mentioned) >= (1.0 if spelling == label.name else MENTIONED) * len(wanted):
            return True
    return False


def _words(text: str) -> Iterator[tuple[str, int]]:
    """Yield (word, number of its clause), case folded, underscores as spaces."""
    clause = 0
    end = 0
    folded = text.casefold().replace("_", " ").replace("’", "'")
    breaks = [match.start() for match in _CLAUSE.finditer(folded)]
    for match in _WORD.finditer(folded):
        clause += sum(end <= at < match.start() for at in breaks)
        yield match.group(), clause
        end = match.start()


def _spellings(labels: LabelSet) -> list[tuple[tuple[str, ...], str]]:
    """Return (words, label's name), the longest first."""
    by_words = {
        tuple(word for word, _ in _words(spelling)): label.name
        for label in labels.labels
        for spelling in (*label.aliases, label.described(), label.name)
    }
    return sorted(((words, name) for words, name in by_words.items() if words), key=lambda pair: -len(pair[0]))


def _at(words: list[tuple[str, int]], position: int, spelling: tuple[str, ...]) -> bool:
    return tuple(word for word, _ in words[position : position + len(spelling)]) == spelling


def _denied(words: list[tuple[str, int]], start: int, end: int) -> bool:
    clause = words[start][1]
    before = {word for word, c in words[max(0, start - REACH) : start] if c == clause}
    after = words[end : end + 3]
    alone = bool(after) and after[0][0] in _REFUSALS and (len(after) == 1 or after[1][1] != after[0][1])
    verb = len(after) > 1 and after[0][0] in _VERBS and after[1][0] in ("not", "absent")
    return bool(_NEGATIONS & before) or alone or verb


def _stem(word: str) -> str:
    """Return a word without its ending: "rubs" and "rubbing" are alike. Enough for comparing, no linguistics."""
    word = word.removesuffix("'s")
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    word = word.removesuffix(ending)
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
