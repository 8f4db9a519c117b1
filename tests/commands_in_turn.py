"""`python commands_in_turn.py [--die STEP] JSON`: commands of actscribe in turn, in this process of several.

Loading torch takes longer than a tiny training, so all trainings share two processes.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from killed_command import Die

from actscribe.cli import app, terminal
from actscribe.training import fit as fit_module


def main() -> None:
    terminal.prepare()
    if (
        sys.argv[1] == "--die" and os.environ["RANK"] == "0"
    ):  # the other one does not wait for a checkpoint to be written
        callbacks = fit_module._callbacks
        step = int(sys.argv[2])
        fit_module._callbacks = lambda work: [*callbacks(work), Die(signal.SIGKILL, step)]
    for arguments in json.loads(sys.argv[-1]):
        code = app(arguments, standalone_mode=False)
        if code:
            sys.exit(code)


if __name__ == "__main__":
    main()
