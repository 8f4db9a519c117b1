"""What a server can do, and what a run does with it, in one line."""

from __future__ import annotations

from actscribe.models.server.abilities import Abilities, Manner
from actscribe.models.server.exchange import shown

_MEDIA = {
    "none": "text alone",
    "images": "each clip as pictures with their times",
    "video": "each clip as a video with its times",
}


def describe(asked: Abilities, manner: Manner, address: str, thinks: bool, room: int) -> str:
    """Return it without a full stop.

    Args:
        asked: what the server says of itself.
        manner: how it is asked.
        address: where it is.
        thinks: whether it thought before it answered when it was asked for the first time.
        room: tokens for that.
    """
    server = f"{asked.server} {asked.version}".strip()
    parts = [f"{server} at {address} runs {shown(asked.model)}, which gets {_MEDIA[manner.media]}"]
    thinking = f"it thinks first, which is read past (up to {room:,} tokens)"
    parts.append(thinking if thinks else "it does not think first")
    if manner.probabilities:
        parts.append(f"yes and no {'restricted to these words and ' if manner.restricted else ''}with probabilities")
    else:
        restricted = "restricted to these words, " if manner.restricted else ""
        parts.append(f"yes and no {restricted}as written: the server returns no probabilities")
    if asked.context:
        parts.append(f"up to {asked.context:,} tokens a prompt")
    return "; ".join(parts)
