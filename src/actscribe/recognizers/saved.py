"""Opening what a recognizer saved: whatever is wrong with the folder is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actscribe.errors import ActScribeError

#: What a saved recognizer notes itself in.
RECOGNIZER_FILE = "recognizer.json"


@contextmanager
def loading_saved(folder: Path) -> Iterator[None]:
    """Turn whatever a saved recognizer stumbles over while it is loaded into an error that names its folder.

    Raises:
        ActScribeError: in place of any other exception of the block.
    """
    try:
        yield
    except ActScribeError:
        raise
    except Exception as error:
        from actscribe.models.loading import error_text  # brings PyTorch, which reading a run does without

        raise ActScribeError(
            f"{folder}: the recognizer cannot be loaded: {error_text(error)}",
            "Copy the run's folder again from where it was made, or train again.",
        ) from error
