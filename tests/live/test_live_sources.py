"""What comes from files that play or grow, from streams and from what is lost and found: times, events, pictures."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from live_lamps import SHOWN
from small_studies import film
from videos import make_video, number_of

from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.live.arrivals import Arrival, Event, Picture
from actscribe.live.sources import choose as choosing
from actscribe.live.sources import opened
from actscribe.live.sources.choose import choose
from actscribe.live.sources.growing import Growing
from actscribe.live.sources.opened import Opened


def times(arrivals: list[Arrival]) -> list[float]:
    return [one.time for one in arrivals if isinstance(one, Picture)]


def whats(arrivals: list[Arrival]) -> list[str]:
    return [one.what for one in arrivals if isinstance(one, Event)]


def test_a_file_plays_at_its_pace(tmp_path: Path) -> None:
    video = film(tmp_path / "v.mp4", SHOWN, 3.0)
    source = choose(str(video), speed=4.0).source
    began = time.monotonic()
    arrivals = list(source.arrivals(0.0, threading.Event()))
    assert 0.6 < time.monotonic() - began < 3.0
    assert times(arrivals) == pytest.approx(np.arange(30) / 10)
    assert (arrivals[-1].time, whats(arrivals)) == (pytest.approx(3.0), ["end"])  # type: ignore[union-attr]
    due = [one.due for one in arrivals if isinstance(one, Picture)]
    assert np.diff(due) == pytest.approx(0.025)
    later = list(source.arrivals(2.0, threading.Event()))
    assert times(later)[-1] == pytest.approx(2.9)


def test_a_growing_file_is_read_as_it_grows(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mkv", 60, options={"g": "10"})
    content, growing = whole.read_bytes(), tmp_path / "growing.mkv"
    third = len(content) // 3
    growing.write_bytes(content[:third])

    def grow() -> None:
        for part in (content[third : 2 * third], content[2 * third :]):
            time.sleep(0.3)
            with growing.open("ab") as file:
                file.write(part)

    thread = threading.Thread(target=grow)
    thread.start()
    arrivals = list(Growing(growing, 0.8).arrivals(0.0, threading.Event()))
    thread.join()
    assert times(arrivals) == pytest.approx(np.arange(60) / 25, abs=1e-3)
    assert [number_of(p.frame.to_ndarray(format="rgb24")) for p in arrivals if isinstance(p, Picture)] == list(
        range(60)
    )
    assert whats(arrivals) == ["end"]


def test_a_file_may_be_empty_when_its_recording_begins(tmp_path: Path) -> None:
    content = make_video(tmp_path / "whole.mkv", 30).read_bytes()
    growing = tmp_path / "growing.mkv"
    growing.touch()
    source = choose(str(growing), growing=True, patience_s=1.0).source
    thread = threading.Timer(0.3, lambda: growing.write_bytes(content))
    thread.start()
    arrivals = list(source.arrivals(0.0, threading.Event()))
    thread.join()
    assert len(times(arrivals)) == 30
    growing.write_bytes(b"")
    with pytest.raises(ActScribeError, match=r"nothing was written to it within 0\.1 s") as caught:
        list(Growing(growing, 0.1).arrivals(0.0, threading.Event()))
    assert "--give-up" in caught.value.hint


def test_what_became_of_a_growing_file_is_said(tmp_path: Path) -> None:
    content = make_video(tmp_path / "whole.mkv", 60, options={"g": "10"}).read_bytes()
    growing, began = tmp_path / "growing.mkv", time.monotonic()

    def ended(meddle: Callable[[], object], patience_s: float = 0.5) -> str:
        growing.write_bytes(content[: len(content) // 2])
        thread = threading.Timer(0.2, meddle)
        thread.start()
        *_, last = Growing(growing, patience_s).arrivals(0.0, threading.Event())
        thread.join()
        assert isinstance(last, Event)
        return last.sentence

    assert "became shorter" in ended(lambda: growing.write_bytes(content[:100]), patience_s=60.0)
    assert time.monotonic() - began < 30  # it is not waited for
    assert "has not grown for 0.5 s" in ended(lambda: None)
    if os.name == "posix":  # elsewhere an open file stays where it is
        assert "was removed" in ended(growing.unlink)
        (tmp_path / "other.mkv").write_bytes(content)
        assert "another file" in ended(lambda: (tmp_path / "other.mkv").replace(growing))


def test_an_mp4_that_is_not_finished_cannot_grow(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", 30)
    (tmp_path / "part.mp4").write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(ActScribeError, match="cannot be read while it grows") as caught:
        list(Growing(tmp_path / "part.mp4", 0.1).arrivals(0.0, threading.Event()))
    assert "MKV or MPEG-TS" in caught.value.hint


class _Server(ThreadingHTTPServer):
    """Sends a video again and again, and cuts the first connections after a part of it."""

    daemon_threads = True
    content = b""
    cuts: list[int] = []
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked += 1
        cut = self.server.cuts.pop(0) if self.server.cuts else len(self.server.content)
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("location", "/v.ts")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("content-type", "video/mp2t")
        self.end_headers()
        self.wfile.write(self.server.content[:cut])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(content: bytes, cuts: list[int]) -> Iterator[tuple[_Server, str]]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.content, server.cuts = content, cuts
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/v.ts"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_stream_that_is_cut_is_opened_again_and_its_time_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "FIRST_WAIT_S", 0.1)
    content = make_video(tmp_path / "v.ts", 100, options={"g": "10"}).read_bytes()
    with served(content, [len(content) // 2]) as (server, address):
        chosen = choose(address, patience_s=0.0)
        assert chosen.passes
        stop, arrivals = threading.Event(), []
        for one in replace(chosen.source, give_up_s=None).arrivals(0.0, stop):  # type: ignore[type-var]
            arrivals.append(one)
            if whats(arrivals) == ["lost", "back", "lost"]:
                stop.set()
        assert server.asked >= 2
    moments = times(arrivals)
    assert all(one < other for one, other in pairwise(moments))
    lost, back = (
        next(one.time for one in arrivals if isinstance(one, Event) and one.what == w) for w in ("lost", "back")
    )
    assert 0.05 < back - lost < 2.0
    assert sum(moment > back for moment in moments) >= 97  # of 100; what the decoder held is lost with the connection


class Faulty:
    """An open container of which reading and closing do something else first."""

    def __init__(self, video: Path, before: Callable[[int], None], on_close: Callable[[], None] = lambda: None) -> None:
        self._container, self._before, self._on_close = av.open(str(video)), before, on_close

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def demux(self, stream: object) -> Iterator[object]:
        for number, packet in enumerate(self._container.demux(stream)):  # type: ignore[call-overload]
            self._before(number)
            yield packet

    def close(self) -> None:
        self._on_close()
        self._container.close()


def test_a_loss_is_said_before_the_connection_is_closed_which_may_hang_too(tmp_path: Path) -> None:
    video, arrivals, known_at_close = make_video(tmp_path / "v.ts", 30), list[Arrival](), list[list[str]]()

    def lost(number: int) -> None:
        if number == 20:
            raise av.error.ExitError(1, "nothing came")

    hanging = Faulty(video, lost, lambda: known_at_close.append(whats(arrivals)))
    stop = threading.Event()
    for one in Opened("m", "x", open=lambda *_, **__: hanging).arrivals(0.0, stop):  # type: ignore[arg-type]
        arrivals.append(one)
        if whats(arrivals):
            stop.set()
    assert known_at_close == [["lost"]]


def test_a_packet_held_back_until_the_time_out_does_not_begin_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "SILENT_S", 0.3)
    video = make_video(tmp_path / "v.ts", 30)

    def held_back(number: int) -> None:
        # what FFmpeg does with a server that hangs: at the time-out it parts with a last one
        time.sleep({20: 0.35, 21: 5.0}.get(number, 0.0))

    stop, began = threading.Event(), time.monotonic()
    for one in Opened("m", "x", open=lambda *_, **__: Faulty(video, held_back)).arrivals(0.0, stop):  # type: ignore[arg-type]
        if isinstance(one, Event):
            assert one.sentence == "m is gone (nothing came for 0.3 s); it is looked for again and again"
            stop.set()
    assert time.monotonic() - began < 3.0


def test_what_does_not_come_back_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "FIRST_WAIT_S", 0.05)
    content = make_video(tmp_path / "v.ts", 30).read_bytes()
    tries = []

    def open_once(*given: object, **named: object) -> object:
        tries.append(given)
        if len(tries) > 1:
            raise ConnectionRefusedError(111, "Connection refused")
        return av.open(str(tmp_path / "v.ts"))

    assert content
    source = Opened("camera 7", "there", give_up_s=0.2, open=open_once)  # type: ignore[arg-type]
    arrivals = list(source.arrivals(5.0, threading.Event()))
    assert whats(arrivals) == ["lost", "end"]
    assert len(tries) > 2
    assert times(arrivals)[0] == 5.0


def test_sound_alone_is_said_once_and_refused_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "FIRST_WAIT_S", 0.02)
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    make_video(tmp_path / "v.ts", 30)
    with pytest.raises(ActScribeError, match="no video in it, only sound"):
        list(
            Opened("m", "x", open=lambda *a, **k: av.open(str(tmp_path / "sound.mkv"))).arrivals(0.0, threading.Event())
        )
    order = iter(["v.ts", "sound.mkv", "sound.mkv", "sound.mkv", "v.ts"])
    stop, arrivals = threading.Event(), []
    source = Opened("m", "x", open=lambda *a, **k: av.open(str(tmp_path / next(order))))
    for one in source.arrivals(0.0, stop):
        arrivals.append(one)
        if "back" in whats(arrivals):
            stop.set()
    assert whats(arrivals) == ["lost", "no video", "back"]


def test_what_cannot_be_opened_at_first_is_a_sentence() -> None:
    with served(b"", []) as (_, address):
        closed = address
    with pytest.raises(ActScribeError, match="cannot be opened") as caught:
        list(choose(closed).source.arrivals(0.0, threading.Event()))
    assert "127.0.0.1" in caught.value.message


def test_an_address_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    content = make_video(tmp_path / "v.ts", 30).read_bytes()
    with served(content, []) as (server, address):
        with pytest.raises(ActScribeError, match="cannot be opened"):
            list(choose(address.replace("v.ts", "elsewhere")).source.arrivals(0.0, threading.Event()))
        assert server.asked == 1


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = make_video(tmp_path / "v.ts", 30).read_bytes()
    with served(b"", []) as (proxy, address), served(content, []) as (server, stream):
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, address.removesuffix("/v.ts"))
        monkeypatch.delenv("no_proxy", raising=False)
        first = next(choose(stream).source.arrivals(0.0, threading.Event()))
        assert isinstance(first, Picture)
        with pytest.raises(ActScribeError, match="cannot be opened"):
            next(choose(stream.replace("http:", "https:")).source.arrivals(0.0, threading.Event()))
        assert (proxy.asked, server.asked) == (0, 1)


def test_a_playlist_is_not_followed() -> None:
    with served(b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n", []) as (server, address):
        with pytest.raises(ActScribeError, match="cannot be opened"):
            list(choose(address.replace("v.ts", "v.m3u8")).source.arrivals(0.0, threading.Event()))
        assert server.asked == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.mp4", "no such file"),
        ("ftp://there/v.mp4", "not an address of a stream"),
        ("rtsp://", "not an address of a stream"),
        ("http://[::1/v", "not an address: its port"),
        ("file:///etc/passwd", "not an address of a stream"),
    ],
)
def test_a_source_that_does_not_exist_is_a_sentence(given: str, message: str) -> None:
    with pytest.raises(ActScribeError, match=message):
        choose(given)


def test_a_device_that_sends_raw_pictures_goes_away_and_comes_back() -> None:
    device = "testsrc=size=64x48:rate=10:duration=1,realtime"  # FFmpeg's own, opened as a camera is
    stop, arrivals = threading.Event(), list[Arrival]()
    for one in Opened("camera 0", device, "lavfi").arrivals(5.0, stop):
        arrivals.append(one)
        if "back" in whats(arrivals):
            stop.set()
    assert whats(arrivals) == ["lost", "back"]
    lost, back = (one.time for one in arrivals if isinstance(one, Event))
    assert times(arrivals)[:10] == pytest.approx(5.0 + np.arange(10) / 10, abs=0.02)
    assert lost >= 5.9
    assert back - lost >= opened.FIRST_WAIT_S - 0.05


def test_a_camera_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing.sys, "platform", "linux")
    with pytest.raises(ActScribeError, match="camera 873: there is none"):
        choose("873")
    monkeypatch.setattr(choosing.sys, "platform", "darwin")
    chosen = choose("1")
    assert (chosen.source.media, chosen.name, chosen.passes) == ("camera 1", "camera-1", True)
    monkeypatch.setattr(choosing.sys, "platform", "plan9")
    with pytest.raises(ActScribeError, match="cameras of this system"):
        choose("1")


def test_a_password_in_an_address_is_in_no_file() -> None:
    chosen = choose("rtsp://anna:secret@ward-3.local:554/main?token=abc")
    assert "secret" not in chosen.source.media + chosen.name
    assert "abc" not in chosen.source.media + chosen.name
    assert chosen.name == "ward-3.local-main"


@pytest.mark.parametrize(
    "address",
    ["rtsp://anna:se/cret@ward-3/main", "rtsp://anna:se?cret@w", "rtsp://anna:se#cret@w", "rtsp://[anna:secret@w"],
)
def test_a_password_with_signs_of_an_address_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ActScribeError, match="not an address") as caught:
        choose(address)
    assert "se" not in caught.value.message.partition(": not an address")[0]
    assert "%2F for /" in caught.value.hint


def test_what_may_be_a_password_is_not_shown() -> None:
    assert choose("rtsp://anna:12/34@ward-3/main").source.media == "rtsp://…@ward-3/main"
    assert choose("rtsp://anna:12/34@ward-3/main").name == "ward-3-main"
    assert choose("http://ward-3/main").source.media == "http://ward-3/main"


def test_a_text_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_text("words\n" * 100)
    with pytest.raises(UnreadableVideo, match="a text"):
        choose(str(tmp_path / "v.mp4"))
