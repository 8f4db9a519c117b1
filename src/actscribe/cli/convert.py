"""actscribe convert."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscribe.cli.next_command import plot_of, print_next
from actscribe.errors import ActScribeError

if TYPE_CHECKING:
    from actscribe.annotations import FrameClock

#: What a field that a format lacks is called where people read it.
_LOST = {
    "subject": "subjects",
    "score": "scores",
    "media": "the video's name",
    "further media": "the names of the video's further files",
    "duration": "the video's length",
}


def convert(
    source: Annotated[Path, typer.Argument(help="Annotation file; its format is found from its content.")],
    target: Annotated[Path, typer.Argument(help="File to write.")],
    to: Annotated[str | None, typer.Option(help="Format of the target; default from its ending.")] = None,
    labels: Annotated[str | None, typer.Option(help="Label preset or YAML file: aliases become label names.")] = None,
    video: Annotated[
        str | None,
        typer.Option(
            help="Which video's annotations, if the file holds several; formats that count frames need the video file."
        ),
    ] = None,
    observation: Annotated[
        str | None, typer.Option(help="The video's name in the file, if it differs from the video's own.")
    ] = None,
    tiers: Annotated[
        list[str] | None,
        typer.Option(help="Tiers to read, by name: 'act*'; '!notes' leaves some out. May be repeated."),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            help="Frames per second, for formats that count frames, if there is no video and its rate is constant.",
            min=0.001,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Convert between annotation formats."""
    from actscribe import annotations as annotation_files
    from actscribe.annotations.entry import ALONE, match_in_words
    from actscribe.annotations.video_name import is_there
    from actscribe.data.named_video import video_clock
    from actscribe.labels import load_label_set

    label_set = load_label_set(labels) if labels else None
    wanted = to or annotation_files.format_of(target)
    annotation_files.check_target(source, target, video, overwrite)
    counts = annotation_files.find_format(wanted).resolution is None or annotation_files.counts_frames(source)
    named = observation or video
    clock = frame_times(video, fps, counts)
    if clock is None and counts:
        clock = video_clock(source, named)
    film = video if video is not None and is_there(Path(video)) else None
    done = annotation_files.convert(
        source, target, wanted, label_set, named, clock, tuple(tiers or ()), overwrite, film
    )
    way = "" if done.matched == ALONE else f": {match_in_words(done.matched)}"
    print(f"{source} ({done.source_format}) -> {target} ({done.target_format}){way}")
    for label, count in done.counts.items():
        print(f"  {label}: {count}")
    for name, count in done.unknown.items():
        print(f"Unknown to the label set, kept under its own name: '{name}' ({count}x)")
    for name, count in done.ignored.items():
        print(f"Left out on purpose: '{name}' ({count}x)")
    if done.lost:
        print(f"{done.target_format} cannot carry: {', '.join(_LOST.get(name, name) for name in done.lost)}")
    if not annotation_files.counts_frames(target):
        print_next(*plot_of(target))


def frame_times(video: str | None, fps: float | None, counts: bool) -> FrameClock | None:
    """Return the frame times of the video's file where frames are counted; else the given constant rate, if any."""
    from actscribe.annotations import FrameClock
    from actscribe.annotations.video_name import is_there
    from actscribe.video.frame_times import frame_clock

    if not counts or video is None or not is_there(Path(video)):
        return None if fps is None else FrameClock(fps)
    if fps is not None:
        raise ActScribeError(
            f"Both --fps {fps:g} and the video {video} were given, which says itself when its frames are shown.",
            "Leave out --fps.",
        )
    return frame_clock(Path(video))
