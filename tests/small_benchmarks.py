"""Benchmark sets in miniature: the layout and the oddities of the official ones, with a few clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from tiny_dual_encoders import clip_model, write

from actscribe.benchmark.plan import Plan
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClass, BenchmarkClip, Source
from actscribe.video.cache import FrameCache
from actscribe.video.writing import write_video

#: In the order of classInd.txt, which is not the order of sorted names: HammerThrow sorts before Hammering.
UCF = ("ApplyEyeMakeup", "Hammering", "HammerThrow", "HandstandPushups", "JumpingJack", "JumpRope")
HMDB = ("brush_hair", "kick", "kick_ball", "sword", "sword_exercise")
#: Real shapes of HMDB51's file names: brackets, spaces, ampersands, hashes, dots.
ODD = (
    "#122_Cleaning_Up_(Part_1)_{}_f_cm_np1_ba_med_{}",
    "Tom & Jerry [ep. 2]!_{}_u_nm_np2_le_bad_{}",
    "50_FIRST_DATES;_{}_h_nm_np1_fr_goo_{}",
)


def touch(path: Path, content: bytes = b"x") -> Path:
    """Write a file that stands for a video."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """Write a list as on Windows, as the official UCF101 lists are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    return path


def ucf(root: Path, groups: int = 6, test_groups: int = 2, clips: int = 2) -> Source:
    """Write UCF101 in miniature: `clips` clips in each group; the first groups are for test, as in split 1."""
    train, test = [], []
    for index, name in enumerate(UCF):
        spelled = name.replace("Handstand", "HandStand")  # the official files differ from their folder
        for group in range(1, groups + 1):
            for clip in range(1, clips + 1):
                file = f"v_{spelled}_g{group:02d}_c{clip:02d}.avi"
                touch(root / "UCF-101" / name / file)
                listed = f"{name}/{file}"
                test += [listed] if group <= test_groups else []
                train += [f"{listed} {index + 1}"] if group > test_groups else []
    lists = root / "ucfTrainTestlist"
    write_lines(lists / "classInd.txt", [f"{index} {name}" for index, name in enumerate(UCF, 1)])
    write_lines(lists / "trainlist01.txt", train)
    write_lines(lists / "testlist01.txt", test)
    return Source(root / "UCF-101", lists)


def hmdb(root: Path, classes: Iterable[str] = HMDB) -> Source:
    """Write HMDB51 in miniature: in each class sources 0 and 1 train (two clips, one clip), 2 test, one clip unused."""
    for name in classes:
        lines = []
        for index, shape in enumerate(ODD):
            for number in range(2):
                stem = shape.format(name, number)
                code = 0 if (index, number) == (1, 1) else (1, 1, 2)[index]
                touch(root / "videos" / name / f"{stem}.avi")
                lines.append(f"{stem}.avi {code} ")
        write_lines(root / "splits" / f"{name}_test_split1.txt", lines)
    return Source(root / "videos", root / "splits")


def write_list(path: Path, clips: Iterable[BenchmarkClip]) -> Path:
    """Write a split list as the published tools do, lines `class/video.ending id`."""
    return write_lines(path, (f"{clip.name.partition('/')[0]}/{clip.video.name} {clip.class_id}" for clip in clips))


def kinetics_csv(path: Path, rows: Iterable[tuple[str, str, int, str]]) -> Path:
    """Write a Kinetics csv of (label, YouTube id, start second, part)."""
    lines = ["label,youtube_id,time_start,time_end,split"]
    lines += [f'"{label}",{name},{start},{start + 10},{part}' for label, name, start, part in rows]
    return write_lines(path, lines)


def made_up(folder: Path, groups_of: Mapping[str, Mapping[str, int]], split: str = "train") -> Benchmark:
    """Return a set without files: class -> group -> number of clips, all of one split."""
    clips = [
        BenchmarkClip(f"{name}/{group}-{number}", folder / f"{name}-{group}-{number}.mp4", index, group, split)
        for index, (name, groups) in enumerate(groups_of.items())
        for group, count in groups.items()
        for number in range(count)
    ]
    classes = tuple(BenchmarkClass(name, name) for name in groups_of)
    return Benchmark("made-up", "corrected", classes, tuple(clips))


#: Words that the tokenizer of tests/tiny_dual_encoders.py knows.
ACTIONS = ("box", "cup", "hand", "lift", "push", "wave")


def action_videos(root: Path, train: int = 4, test: int = 2) -> Source:
    """Write a folder set of real videos, 0.6 s of a grey that differs by class under noise that differs by clip."""
    for split, count in (("train", train), ("test", test)):
        for index, name in enumerate(ACTIONS):
            for clip in range(count):
                path = root / split / name / f"{name}_{split}_{clip}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                rng = np.random.default_rng((index, clip, count))
                noise = rng.integers(0, 90, (6, 32, 48, 3), dtype=np.uint8)
                write_video(path, iter(noise + np.uint8(30 * index)), 10)
    return Source(root)


class ActionSet:
    """A set of videos and a checkpoint, and plans that use them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.source: Source = action_videos(root / "set")
        self.checkpoint = write(clip_model(), root / "clip")
        self.cache = FrameCache(root / "cache", 2**30)

    def plan(self, shots: int | None = 2, backbone: str = "vifi-clip", **choices: object) -> Plan:
        """Return a plan of one epoch on four frames."""
        own = {"model": str(self.checkpoint), "precision": "float32"}
        own |= {} if choices.get("recipe") else {"epochs": 1, "batch_size": 6}
        own |= choices.pop("overrides", {})  # type: ignore[arg-type]
        usual = {"seeds": 1, "frames": 4, "overrides": own}
        return Plan("folder", self.source, backbone, shots, **{**usual, **choices})  # type: ignore[arg-type]


def kept(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return true classes, scores and class names of a run, read from its files alone; names tell the classes."""
    table = pd.read_parquet(folder / "scores-test.parquet")
    columns = [name for name in table.columns if name.startswith("score: ")]
    names = [name.removeprefix("score: ") for name in columns]
    truth = np.array([names.index(name.split("_")[0]) for name in table["recording"]])
    return truth, table[columns].to_numpy(), names


def by_hand(folder: Path) -> tuple[float, float, float]:
    """Return top-1, top-5 and mean per class."""
    truth, scores, names = kept(folder)
    ranks = (scores > scores[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    per_class = [np.mean(ranks[truth == index] == 0) for index in range(len(names))]
    return float(np.mean(ranks == 0)), float(np.mean(ranks < 5)), float(np.mean(per_class))


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".md")}
