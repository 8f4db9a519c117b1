"""A new study folder: a commented study.yaml, an empty manifest, and the label set to edit."""

from __future__ import annotations

import json
import os
import shutil
from importlib import resources
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import check_writable, write_beside, write_text
from actscribe.labels import load_label_set, presets
from actscribe.study import STUDY_FILE

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

recognizers:
  timesformer:
    model: embedded   # or a folder, or facebook/timesformer-base-finetuned-ssv2 after `actscribe models pull`
    epochs: 12
    flip: false            # true where left and right do not matter
"""
MANIFEST = "video,annotations,group,split\n"


def scaffold(folder: Path, labels: str) -> list[Path]:
    """Write a new study into `folder` and return the files.

    Raises:
        ActScribeError: a study is there already, no such label preset, or a folder that cannot be written to.
    """
    study, manifest, label_file = folder / STUDY_FILE, folder / "manifest.csv", folder / "labels.yaml"
    for path in (study, manifest, label_file):
        if os.path.lexists(path):
            raise ActScribeError(f"{path} exists already; nothing was changed.", "Choose another folder.")
    check_writable(folder)
    label_set = load_label_set(labels)
    with write_beside(label_file) as beside:
        _copy_labels(labels, beside)
    write_text(manifest, MANIFEST)
    name = folder.resolve().name or label_set.name
    write_text(study, TEMPLATE.format(name=json.dumps(name, ensure_ascii=False), presets=", ".join(presets())))
    return [study, manifest, label_file]


def _copy_labels(labels: str, target: Path) -> None:
    """Copy the YAML itself, not its values: its comments help whoever edits it."""
    if labels in presets():
        with resources.as_file(resources.files("actscribe") / "presets" / f"{labels}.yaml") as path:
            shutil.copyfile(path, target)
    else:
        shutil.copyfile(labels, target)
