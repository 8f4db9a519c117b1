"""A person who edits while the server is killed: what was acknowledged, and what is there when it is started again."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

#: Seconds in which a server is up, on a slow machine.
PATIENCE_S = 60.0


class Server:
    """`actscribe review` as a process of its own, and a browser that was let in.

    Args:
        study: folder.
    """

    def __init__(self, study: Path) -> None:
        home = str(Path(__file__).resolve().parents[1] / "src")
        command = [sys.executable, "-m", "actscribe", "review", str(study), "--no-browser", "--annotator", "AB"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([home, os.environ.get("PYTHONPATH", "")])}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert self.process.stdout is not None
        matches = (re.search(r"127\.0\.0\.1:(\d+)/\?token=(\S+)", line) for line in self.process.stdout)
        match = next(one for one in matches if one)
        self.port = int(match[1])
        self.cookie = ""
        self.cookie = self._let_in(match[2])

    def _let_in(self, token: str) -> str:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return str(self._answer("GET", f"/?token={token}")[1]["set-cookie"]).partition(";")[0]
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def ask(self, path: str, body: Any = None) -> Any:
        """Return what is answered.

        Raises:
            OSError, http.client.HTTPException: the server is gone.
        """
        sent = None if body is None else json.dumps(body)
        status, _, reply = self._answer("GET" if body is None else "POST", path, sent)
        assert status == 200, reply
        return json.loads(reply)

    def _answer(self, method: str, path: str, body: str | None = None) -> tuple[int, Any, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            connection.request(method, path, body, {"cookie": self.cookie})
            with connection.getresponse() as answer:
                return answer.status, answer.headers, answer.read()

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


Bouts = dict[str, tuple[float, float]]


def edited_until_killed(study: Path, rng: np.random.Generator, most_s: float) -> tuple[str, Bouts, Bouts]:
    """Edit a recording until the server is killed at a random moment.

    Returns:
        id of the recording, the bouts that were acknowledged last, and those of the change that was on its way.
    """
    server = Server(study)
    id = server.ask("/api/study")["recordings"][0]["id"]
    opened = server.ask(f"/api/recordings/{id}/open", {})
    acknowledged = [bouts_of(opened)]
    on_its_way, revision = acknowledged[-1], opened["revision"]
    threading.Timer(float(rng.uniform(0.02, most_s)), server.kill).start()
    try:
        while True:
            if len(acknowledged) > 1 and rng.random() < 0.25:
                on_its_way = acknowledged[-2]
                revision = server.ask(f"/api/recordings/{id}/undo", {"revision": revision})["revision"]
                acknowledged.pop()
            else:
                ops, on_its_way = changed(acknowledged[-1], rng)
                action = {"revision": revision, "why": "edit", "ops": ops}
                revision = server.ask(f"/api/recordings/{id}/actions", action)["revision"]
                acknowledged.append(on_its_way)
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        server.process.wait()
    return id, acknowledged[-1], on_its_way


def changed(bouts: Bouts, rng: np.random.Generator) -> tuple[list[dict[str, Any]], Bouts]:
    """Return operations that add a bout and take one away where there are some, and the bouts after them."""
    new, start = f"n{rng.integers(1 << 40):x}", round(float(rng.uniform(0, 2.9)), 3)
    span = (start, round(start + 0.05, 3))
    bout = {"id": new, "label": "Left lamp", "start": span[0], "end": span[1]}
    ops: list[dict[str, Any]] = [{"op": "put", "bout": bout}]
    after = {**bouts, new: span}
    if len(bouts) > 3:
        gone = sorted(bouts)[int(rng.integers(len(bouts)))]
        ops.append({"op": "drop", "id": gone})
        del after[gone]
    return ops, after


def bouts_of(opened: dict[str, Any]) -> Bouts:
    """Return the bouts of an opened recording by their ids."""
    return {one["id"]: (one["start"], one["end"]) for one in opened["bouts"]}


def reopened(study: Path, id: str) -> tuple[Bouts, list[str]]:
    """Return the bouts that a new server shows, and the files that it exports."""
    server = Server(study)
    try:
        opened = server.ask(f"/api/recordings/{id}/open", {})
        files = server.ask("/api/export", {"formats": ["json"], "recordings": [id]})["files"]
        return bouts_of(opened), files
    finally:
        server.kill()
