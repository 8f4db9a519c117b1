"""The first question to a model: whether a way of asking is taken, shows before anything depends on it."""

from __future__ import annotations

import numpy as np

from actscribe.models.server.abilities import Manner
from actscribe.models.server.connection import ServerError
from actscribe.models.server.encoded_clip import EncodedClip
from actscribe.models.server.question import Reply
from actscribe.models.server.reading import answer_tokens, yes_no

TRIAL_TEXT = "Is this a test? Answer yes or no."
#: Statuses of a server that does not take a field, or a medium; some say so as if they had failed.
REFUSED = (400, 415, 422, 500, 501)
FRAMES, SIDE = 8, 128


def trial_clip() -> EncodedClip:
    """Return a clip of two seconds with a bright square that moves: nothing of a user's."""
    frames = np.full((FRAMES, SIDE, SIDE, 3), 64, np.uint8)
    for index, frame in enumerate(frames):
        frame[32:64, 8 * index : 8 * index + 32] = 200
    return EncodedClip(frames, np.arange(FRAMES) / 4 + 0.125, FRAMES / 4)


def refuses(error: ServerError) -> bool:
    """Tell whether a server does not take what it was sent; else it is in trouble."""
    return error.status in REFUSED


def is_as_asked(manner: Manner, reply: Reply) -> bool:
    """Tell whether an answer to a yes/no question shows what was asked for: its probabilities, one of the words."""
    if manner.probabilities and not any(token.others for token in answer_tokens(reply)):
        return False
    return not manner.restricted or yes_no(reply).probability is not None
