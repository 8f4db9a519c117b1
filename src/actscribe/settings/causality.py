"""Which recognizers look at the past alone because a setting asks for it, and who differs in nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from actscribe.settings.study import Chosen, Study


def looks_back_alone(chosen: Chosen) -> bool:
    """Tell whether a setting asks that a score depend on the past alone."""
    asked, own = chosen.spec.past_alone, chosen.settings.model_dump()
    return bool(asked) and all(own[key] == value for key, value in asked.items())


def looks_around(study: Study, name: str, among: Iterable[str]) -> str:
    """Return who looks at what comes, too, and differs in nothing else from one that looks at the past alone.

    Args:
        study: that has them all.
        name: of a recognizer.
        among: whose names are looked at.

    Returns:
        the first such name; empty where there is none, or where `name` itself looks at what comes.
    """
    alone = study.chosen(name)
    if not looks_back_alone(alone):
        return ""
    others = (study.chosen(other) for other in among if study.recognizer_of(other) == alone.recognizer)
    turned = {**alone.settings.model_dump(), **dict.fromkeys(alone.spec.past_alone)}
    return next(
        (
            other.name
            for other in others
            if not looks_back_alone(other)
            and {**other.settings.model_dump(), **dict.fromkeys(alone.spec.past_alone)} == turned
        ),
        "",
    )
