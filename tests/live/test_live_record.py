"""What --record keeps of a stream: all of it, or a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import av
import av.error
import pytest
from live_lamps import files_up_to
from videos import make_video

from actscribe.errors import ActScribeError
from actscribe.live.record import Remuxed


def recorded(folder: Path, name: str, back_s: int = 0) -> list[int]:
    """Return how many packets are in each file that is recorded of 60, of which the last 20 say other times."""
    recorder, sent = Remuxed(folder / f"{name}.mkv"), folder / "sent.ts"
    with av.open(str(sent)) as file:
        stream = file.streams.video[0]
        recorder.begin(stream)
        for number, packet in enumerate(one for one in file.demux(stream) if one.dts is not None):
            if number >= 40 and packet.pts is not None and packet.dts is not None and packet.time_base is not None:
                packet.pts -= round(back_s / packet.time_base)
                packet.dts -= round(back_s / packet.time_base)
            recorder.packet(packet)
    recorder.close()
    return [len(packets_of(path)) for path in sorted(folder.glob(f"{name}*.mkv"), key=lambda one: len(one.name))]


def packets_of(path: Path) -> list[int]:
    with av.open(str(path)) as file:
        return [packet.size for packet in file.demux(video=0) if packet.size]


def test_what_a_stream_sends_is_kept_whole_though_its_clock_goes_back(tmp_path: Path) -> None:
    make_video(tmp_path / "sent.ts", 60)
    assert recorded(tmp_path, "sound") == [60]
    assert recorded(tmp_path, "back", back_s=3600) == [40, 20]
    (tmp_path / "taken-2.mkv").write_bytes(b"mine")
    with pytest.raises(av.error.FFmpegError):  # only the test reads it
        recorded(tmp_path, "taken", back_s=3600)
    assert (tmp_path / "taken-2.mkv").read_bytes() == b"mine"
    assert len(packets_of(tmp_path / "taken-3.mkv")) == 20


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's size has no limit")
def test_a_recording_that_the_disk_does_not_take_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_video(tmp_path / "sent.ts", 400, size=(320, 240))
    taken: list[int] = []
    write = Remuxed.packet
    monkeypatch.setattr(Remuxed, "packet", lambda self, packet: taken.append(write(self, packet) or packet.size))
    with files_up_to(2_000), pytest.raises(ActScribeError, match=r"full\.mkv: File too large"):
        recorded(tmp_path, "full")
    assert 0 < len(taken) < 400  # it is not only noticed at the end
    with pytest.raises(ActScribeError, match="expected a folder"):
        Remuxed(tmp_path / "sent.ts" / "x.mkv")
    with pytest.raises(ActScribeError, match="exists already") as caught:
        Remuxed(tmp_path / "full.mkv")
    assert "--record" in caught.value.hint
    assert "--overwrite" not in caught.value.hint
