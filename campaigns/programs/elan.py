"""EAF files against ELAN's published schema, and read by speach.

The schema is taken from the source package of pympi-ling, whose tests carry the published EAFv3.0.xsd.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

FORMAT = "elan"
TICK = 0.001
PACKAGES = ("speach", "lxml")
_SCHEMA = "EAFv3.0.xsd"


def checker(venv: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Return what compares the file with the schema, and annotations, tiers and video with what was drawn."""
    from lxml import etree
    from speach import elan

    schema = etree.XMLSchema(etree.parse(_schema(venv)))

    def check(case: dict[str, Any]) -> list[str]:
        parser = etree.XMLParser(huge_tree=True)
        document = etree.parse(case["path"], parser)
        wrong = [] if schema.validate(document) else [f"schema: {schema.error_log.last_error}"]
        read = elan.read_eaf(case["path"])
        intervals = [
            [note.value, tier.participant or "", note.from_ts.value, note.to_ts.value]
            for tier in read.tiers()
            for note in tier.annotations
        ]
        drawn = [[label, who, start, max(end, start + 1)] for label, who, start, end in case["intervals"]]
        wrong += [] if sorted(intervals) == sorted(drawn) else [f"intervals {intervals} != {drawn}"]
        offered = [value.text for value in document.iter("CVE_VALUE")]
        wrong += [] if offered == case["labels"] else [f"vocabulary {offered}"]
        names = [tier.ID for tier in read.tiers()]
        wrong += [f"no tier {label[:40]}" for label in case["labels"] if not any(n.startswith(label) for n in names)]
        absolute = Path(unquote(urlsplit(read.media_url).path))
        relative = Path(case["path"]).parent / read.relative_media_url
        return wrong + [f"video {file}" for file in (absolute, relative) if not file.samefile(case["video"])]

    return check


def _schema(venv: Path) -> str:
    """Return the path of the schema, fetched once."""
    path = venv / _SCHEMA
    if not path.is_file():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "--dest", str(venv), "pympi-ling==1.71"], check=True, stdout=sys.stderr)
        with tarfile.open(next(venv.glob("pympi*.tar.gz"))) as archive:
            member = next(name for name in archive.getnames() if name.endswith(f"/{_SCHEMA}"))
            path.write_bytes(archive.extractfile(member).read())
    return str(path)
