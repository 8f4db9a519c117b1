"""Tasks read by Label Studio's own converter and label interface (label-studio-sdk)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = "label-studio"
TICK = 0.04
PACKAGES = ("label-studio-sdk",)
#: As in the docstring of `actscribe.annotations.label_studio`.
CONFIG = """<View>
  <TimelineLabels name="activity" toName="video" value="$labels"/>
  <Video name="video" value="$video" frameRate="$fps"/>
  <TextArea name="subject" toName="video" perRegion="true"/>
</View>"""


def checker(venv: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Return what converts a file and compares regions, labels and video with what was drawn."""
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface(CONFIG)

    def check(case: dict[str, Any]) -> list[str]:
        task = json.loads(Path(case["path"]).read_text(encoding="utf-8"))[0]
        wrong = [
            "the label interface refuses an annotation"
            for annotation in task["annotations"]
            if not interface.validate_annotation(annotation)
        ]
        with tempfile.TemporaryDirectory() as folder:
            Converter(CONFIG, folder, download_resources=False).convert(case["path"], folder, "JSON_MIN", is_dir=False)
            converted = json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))
        regions = converted[0].get("activity", [])
        fps = converted[0]["fps"]
        intervals = [
            [region["timelinelabels"][0], round((span["start"] - 1) / fps * 1000), round(span["end"] / fps * 1000)]
            for region in regions
            for span in region["ranges"]
        ]
        frame = round(1000 / fps)
        drawn = [[label, start, max(end, start + frame)] for label, _, start, end in case["intervals"]]
        wrong += [] if sorted(intervals) == sorted(drawn) else [f"intervals {intervals} != {drawn}"]
        offered = [label["value"] for label in task["data"]["labels"]]
        return wrong + ([] if offered == case["labels"] else [f"labels {offered}"])

    return check
