"""actscribe watch."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.counts import counted

if TYPE_CHECKING:
    from actscribe.live.session import Shown
    from actscribe.live.sources.choose import Chosen
    from actscribe.live.watch import Watched
    from actscribe.run_folder.run import Run


def watch(
    source: Annotated[str, typer.Argument(help="A camera's number, an rtsp:// or http:// address, or a video file.")],
    run: Annotated[Path, typer.Option(help="Run folder made by `actscribe train`.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; default beside a file, else the current folder.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the files; default: after the source. An existing name is continued.")
    ] = "",
    format: Annotated[
        str, typer.Option(help="Formats of the timeline at the end, comma-separated: elan, boris, csv, …")
    ] = "json",
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON lines for other programs, and nothing else.")
    ] = False,
    lasting: Annotated[float | None, typer.Option(help="Stop after this many seconds of the recording.", min=0)] = None,
    speed: Annotated[
        float, typer.Option(help="Speed at which a file is played: 1 is its own pace.", min=0.01, max=1000)
    ] = 1.0,
    growing: Annotated[
        bool, typer.Option("--growing", help="The file is still being written; read on as it grows.")
    ] = False,
    give_up: Annotated[
        float | None,
        typer.Option(help="Seconds after which a lost source, or a file that no longer grows, has ended.", min=0),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep the video of a stream or camera in this .mkv; otherwise no video is kept.")
    ] = None,
    rules: Annotated[
        bool | None, typer.Option("--rules/--no-rules", help="Apply the label set's rules; default as the run has it.")
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Show it in the browser as well, on this machine alone.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the page; default: any free one.", min=0, max=65535)] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the page's address, open nothing.")] = False,
) -> None:
    """Write the timeline while it happens: of a camera, a stream, or a file as it plays or grows."""
    from actscribe.annotations import FORMATS
    from actscribe.annotations.formats import find_format
    from actscribe.errors import ActScribeError
    from actscribe.names import safe_name
    from actscribe.run_folder.run import Run

    opened = Run.open(run)
    formats = [one.strip() for one in format.split(",") if one.strip()]
    if not formats:
        raise ActScribeError("No format to write was named.", f"Known: {', '.join(FORMATS)}.")
    for one in formats:
        find_format(one)

    from actscribe.live.watch import check_run

    check_run(opened)

    from actscribe.live.record import Remuxed
    from actscribe.live.sources.choose import choose

    chosen = choose(source, speed, growing, give_up, None if record is None else Remuxed(record))
    _check_options(chosen.passes, growing, speed, record, give_up)
    if not page and (port or no_browser):
        raise ActScribeError("--port and --no-browser are of the page.", "Add --page, or leave them out.")
    folder = out or (Path(source).parent if not chosen.passes else Path())
    stem = folder / (safe_name(name) if name else chosen.name)
    with ExitStack() as around:
        shown = _page(around, chosen.source.media, opened, port, not no_browser, json) if page else None
        _watch(chosen, opened, stem, formats, json, lasting, rules, shown)


def _page(around: ExitStack, media: str, run: Run, port: int, browser: bool, json: bool) -> Shown:
    """Serve the page as long as `around` is open, say where, and return it."""
    from actscribe.packages import require

    for module in ("starlette", "uvicorn"):
        require(module, "actscribe watch --page")
    from actscribe.live.page.board import Board
    from actscribe.live.page.serve import access_of, served
    from actscribe.local_page.listening import LOOPBACK, listen

    listening = listen(LOOPBACK, port)
    around.enter_context(listening.socket)
    board, access = Board(media, run.labels.names), access_of(listening)
    around.enter_context(served(board, listening, access, browser))
    print(f"Open in your browser: {access.address}", flush=True, file=sys.stderr if json else sys.stdout)
    return board


def _check_options(passes: bool, growing: bool, speed: float, record: Path | None, give_up: float | None) -> None:
    from actscribe.errors import ActScribeError

    if passes and (growing or speed != 1):
        raise ActScribeError("--growing and --speed are for files; a stream comes at its own pace.", "Leave them out.")
    if growing and speed != 1:
        raise ActScribeError("--speed is for a file that is played; one that grows comes at its own pace.")
    if give_up is not None and not (passes or growing):
        raise ActScribeError(
            "--give-up is for a camera, a stream or a file that grows; one that is played ends by itself.",
            "Leave it out, or add --growing.",
        )
    if record is not None and not passes:
        raise ActScribeError(
            "--record keeps the video of a stream or camera; a file is there already.", "Leave it out."
        )


def _watch(
    chosen: Chosen,
    run: Run,
    stem: Path,
    formats: Sequence[str],
    json: bool,
    lasting: float | None,
    rules: bool | None,
    page: Shown | None,
) -> None:
    from actscribe.live.screen import JsonLines, Lanes, Lines, Together
    from actscribe.live.watch import watch as watch_source

    with ExitStack() as around:
        around.callback(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was seen is written
        shown: Shown = JsonLines() if json else Lines()
        if not json and sys.stdout.isatty():
            shown = around.enter_context(Lanes(chosen.source.media, run.labels.names))
        if page is not None:
            shown = Together(shown, page)
        done = watch_source(chosen, run, stem, shown, formats, rules, lasting)
    if not json:
        tell(done)


def tell(done: Watched) -> None:
    """Print how a session ended, and what was written."""
    from actscribe.tables import print_sentence

    if done.ended is not None:
        print_sentence(f"{counted(done.ended.scored, 'window was', 'windows were')} scored; {done.ended.why}.")
    if not done.files:
        print_sentence(f"No timeline was written: a window is {done.window_s:g} s long, and nothing of that was seen.")
        return
    for note in done.notes:
        print_sentence(note)
    for path in (done.kept, *done.files):
        print(path)
