"""When each frame of a video is shown, from its packets, for annotation formats that count frames."""

from __future__ import annotations

from pathlib import Path

from actscribe.annotations.frame_clock import FrameClock
from actscribe.errors import ActScribeError
from actscribe.video.decoding import PacketClock, open_video, read_packets

#: VP8 stores pictures that are never shown as packets whose first byte lacks this bit (RFC 6386, section 9.1).
_VP8_SHOWN = 0x10


def frame_clock(path: Path) -> FrameClock:
    """Return when each frame of a video is shown and when the last one ends; every packet is read, none decoded.

    Frames that an edit list cuts away are not counted, as no player and no annotation tool shows them. The end is the
    duration that `probe` measures.

    Raises:
        ActScribeError: no such file, not a video, no frame in it.
    """
    path = Path(path)
    times: list[float] = []
    end = 0.0
    with open_video(path) as (container, stream):
        clock = PacketClock(container, stream)
        hides = stream.codec_context.name == "vp8"
        for packet in read_packets(container, stream, []):
            if packet.is_discard or (hides and not bytes(packet)[0] & _VP8_SHOWN):
                continue
            time = clock.of_packet(packet)
            times.append(time)
            end = max(end, time + ((packet.duration or 0) * clock.tick or clock.period))
    if not times:
        raise ActScribeError(f"{path}: its video stream holds no frame.", "Copy it again from its source.")
    return FrameClock.of_frames(times, round(end, 6))
