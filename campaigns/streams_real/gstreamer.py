"""GStreamer's RTSP server, in the system's Python: `python3 gstreamer.py FILM PORT` sends a film at its pace."""

from __future__ import annotations

import sys

import gi

gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - the version comes first


def main() -> None:
    """Serve until killed; who comes after everybody had left sees the film from its beginning."""
    film, port = sys.argv[1:]
    Gst.init(None)
    server, factory = GstRtspServer.RTSPServer(service=port), GstRtspServer.RTSPMediaFactory()
    server.set_address("127.0.0.1")
    factory.set_launch(f'( filesrc location="{film}" ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=-1 )')
    factory.set_shared(True)
    server.get_mount_points().add_factory("/ward", factory)
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
