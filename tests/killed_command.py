"""`python killed_command.py SIGNAL STEP ARGUMENTS...`: actscribe, sent SIGNAL after a training step."""

from __future__ import annotations

import os
import signal
import sys

from transformers import TrainerCallback

from actscribe import cli
from actscribe.training import fit as fit_module


class Die(TrainerCallback):
    """Sends this process a signal once the optimiser has taken so many steps."""

    def __init__(self, number: int, step: int) -> None:
        self.number, self.step = number, step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            os.kill(os.getpid(), self.number)


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job that a shell put in the background ignores it
    number, step = signal.Signals[sys.argv[1]], int(sys.argv[2])
    callbacks = fit_module._callbacks
    fit_module._callbacks = lambda work: [*callbacks(work), Die(number, step)]
    sys.argv[1:] = sys.argv[3:]
    cli.main()


if __name__ == "__main__":
    main()
