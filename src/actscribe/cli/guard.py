"""What a user sees when something goes wrong: one message, a way out, and the right exit code."""

from __future__ import annotations

import functools
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from actscribe import processes
from actscribe.cli.terminal import PIPE_CLOSED, reader_gone, tell
from actscribe.errors import TRACEBACK, ActScribeError
from actscribe.files import disk_is_full

P = ParamSpec("P")
R = TypeVar("R")
BAD_INPUT, INTERRUPTED = 2, 130
#: Seconds in which a launcher notices that one process has ended, and ends the others.
GRACE_S = 5.0
#: What Gloo's errors say of a process that is gone.
LOST_PEER = ("gloo", "Connection closed by peer", "Connection reset by peer")


#: By which option a command is asked for one video of a file.
NAMES_VIDEO = {"convert": "--video", "plot": "--video", "agreement": "--observation"}


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Return `command` with user errors printed without a traceback (exit code 2) and Ctrl-C answered (130).

    Videos are decoded by another process, so that one which crashes FFmpeg is such an error, too.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from actscribe.video.contained import contained

        try:
            _check_alone(command.__name__)
            with contained():
                return command(*args, **kwargs)
        except ActScribeError as error:
            _let_the_first_speak()
            who = "" if processes.is_first() else f" (process {processes.rank() + 1} of {processes.count()})"
            hint = _hint(error, command.__name__)
            tell(*_steps(error), f"Error{who}: {error.message}", *([hint] if hint else []))
            raise typer.Exit(BAD_INPUT) from None
        except BrokenPipeError:
            if not reader_gone():  # another pipe than that of our output: a defect
                raise
            raise typer.Exit(PIPE_CLOSED) from None
        except Exception as error:
            raise typer.Exit(_explain(error, command.__name__)) from None
        except KeyboardInterrupt:
            if processes.is_first():
                tell(f"\nInterrupted. What was done so far is kept.{_way_on(command.__name__)}")
            raise typer.Exit(INTERRUPTED) from None

    return run


def _hint(error: ActScribeError, command: str) -> str:
    """Return the way out of an error; where a file holds several videos, by the command's own option."""
    from actscribe.annotations.entry import NotOneVideo
    from actscribe.annotations.video_name import is_there

    if not isinstance(error, NotOneVideo) or command not in NAMES_VIDEO:
        return error.hint
    is_file = error.video is not None and is_there(Path(error.video))
    return error.hint_of("--observation" if is_file and command == "convert" else NAMES_VIDEO[command])


def _steps(error: ActScribeError) -> list[str]:
    """Return the lines on where an error came from, if the user asked for them."""
    return traceback.format_exception(error) if os.environ.get(TRACEBACK) else []


def _check_alone(name: str) -> None:
    """Refuse several processes of a command that one process does."""
    if processes.count() > 1 and name != "train":
        raise ActScribeError(
            f"actscribe {name} runs as one process, and {processes.count()} were started.",
            "Leave out the launcher; only 'actscribe train' shares its work.",
        )


def _let_the_first_speak() -> None:
    """Wait, unless this is the first process: if that one fails too, it says why, and the launcher ends this one."""
    if not processes.is_first():
        time.sleep(GRACE_S)


def _another_ended(error: Exception) -> bool:
    """Tell whether an error means no more than that another process of this training is gone."""
    if processes.count() == 1 or not isinstance(error, RuntimeError):
        return False
    return type(error).__name__.startswith("Dist") or any(word in str(error) for word in LOST_PEER)


def _explain(error: Exception, name: str) -> int:
    """Print what a full disk or a missing file means to the user and return the exit code; raise what is a defect."""
    if disk_is_full(error):
        tell(f"Error: the disk is full. Free some space.{_way_on(name)}")
    elif isinstance(error, OSError) and error.filename is not None:
        tell(f"Error: {error.filename}: {error.strerror}.")
    elif type(error).__name__ == "OutOfMemoryError":  # PyTorch's, which need not have been imported
        tell(
            "Error: the memory of the GPU is full.",
            "Score fewer clips at once (--batch-size 1), train with more gradient_accumulation_steps, or compute on the"
            f" processor (--device cpu).{_way_on(name)}",
        )
    elif _another_ended(error):
        time.sleep(GRACE_S)  # the launcher ends this process meanwhile, and the other one has said why
        tell(f"Error: another process of this training has ended.{_way_on(name)}")
    else:
        raise error
    return BAD_INPUT


def _way_on(name: str) -> str:
    go_on = "Go on with the same command and --resume."
    again = {
        "train": go_on,
        "compare": go_on,
        "benchmark": go_on,
        "annotate": "Run the same command again, with --overwrite only if it listed files; no video is scored twice.",
    }
    return f" {again.get(name, 'Run the same command again.')}"
