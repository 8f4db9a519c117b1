"""An RTSP server in Python, in a virtual environment of its own: `python toolkit.py FOLDER PORT` sends its films."""

from __future__ import annotations

import asyncio
import sys

from aio_rtsp_toolkit import server


def main() -> None:
    """Serve until killed; who asks for a film sees it from its beginning, at its pace."""
    folder, port = sys.argv[1:]
    asyncio.run(server.serve(folder, host="127.0.0.1", port=int(port)))


if __name__ == "__main__":
    main()
