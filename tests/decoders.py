"""Decoders that stay for the next test: to start one takes half a second of the processor, and hundreds of tests do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from actscribe.video import contained
from actscribe.video.contained import Child, Keeper

#: Decoders that are kept, at most.
MOST = 3


class Staying:
    """Our own decoders, begun by this process in the folder in which the tests were; paths may be relative to it."""

    def __init__(self) -> None:
        self.on = True
        self._own = (contained.own_program(), contained.SILENCE_S, os.getpid(), os.getcwd())  # noqa: PTH109
        self._idle: list[Child] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Give each block of `contained` the decoders of the one before."""
        begin, close = Keeper.__init__, Keeper.close

        def begin_with_idle(keeper: Keeper, program: Sequence[str], silence_s: float) -> None:
            begin(keeper, program, silence_s)
            if self._serves(keeper):
                keeper._idle, self._idle = self._idle, keeper._idle

        def close_but_keep(keeper: Keeper) -> None:
            while self._serves(keeper) and keeper._idle and len(self._idle) < MOST:
                self._idle.append(keeper._idle.pop())
            close(keeper)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Keeper, "__init__", begin_with_idle)
            patch.setattr(Keeper, "close", close_but_keep)
            yield
        self.end()

    def end(self) -> None:
        """End those that are kept."""
        while self._idle:
            self._idle.pop().end()

    def _serves(self, keeper: Keeper) -> bool:
        try:
            folder = os.getcwd()  # noqa: PTH109
        except OSError:  # a test has removed it
            return False
        return self.on and self._own == (keeper._program, keeper._silence_s, os.getpid(), folder)
