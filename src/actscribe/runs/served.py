"""What servers were sent while a split was scored: in the run's folder, in its report and on the terminal."""

from __future__ import annotations

import json

from actscribe.files import write_text
from actscribe.progress import say
from actscribe.recognizers.base import implementation
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run
from actscribe.settings.study import parse_settings

#: Title of the table.
SENT = "What was sent, in the server's own tokens; answers that were kept from before are not among it."


def keep_served(run: Run, split: str) -> None:
    """Write servers-SPLIT.json into the run folder and say it; nothing where no server was asked anything.

    What each server can do, in one line, and a table of what it was sent since this was called last.

    Args:
        run: whose split was scored.
        split: "train", "validation" or "test".
    """
    servers = implementation(run.info.recognizer).servers(parse_settings(run.info.recognizer, run.info.settings))
    taken = {role: (server, server.take()) for role, server in servers.items()}
    rows = [{"asked": role, **tally.record()} for role, (_, tally) in taken.items() if tally.requests]
    if not rows:
        return
    for role, (_, tally) in taken.items():
        if tally.requests:
            say(f"Server, {role}: {tally.sentence()}")
    path = run.folder / file_names.of_split(file_names.SERVERS, split)
    notes = [f"{server.description()}." for server, _ in taken.values()]
    write_text(path, json.dumps({"notes": notes, SENT: rows}, indent=1, ensure_ascii=False))
    run.note(path)
