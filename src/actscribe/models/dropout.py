"""Whether a network drops anything while it trains."""

from __future__ import annotations

from typing import Any


def draws(config: Any) -> bool:
    """Tell whether a configuration of transformers asks for dropout of any kind."""
    return any(
        "drop" in name and isinstance(value, (int, float)) and value > 0 for name, value in config.to_dict().items()
    )
