"""Pages from this package's templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def render(template: str, content: Mapping[str, Any]) -> str:
    """Return a page of this package's templates; every text in `content` is escaped."""
    environment = Environment(
        loader=PackageLoader("actscribe.report", "."),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content)
