"""What a browser plays is what the file holds: real Chromium shows each frame at the time that we say."""

from __future__ import annotations

import errno
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import av
import numpy as np
import psutil
import pytest
from chromium import PROGRAMS, tab
from review_live import listening
from review_server import client, ids
from small_studies import LEFT
from small_studies import film as film_of_lamps
from sound_films import film
from starlette.requests import Request
from video_matrix import MATRIX
from video_players import installed
from videos import BIT_CELLS, GRID, make_sound, number_of

from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.review import cameras, media
from actscribe.review.cameras import Conversions
from actscribe.review.playable import is_heard
from actscribe.review.session import Session
from actscribe.video.probe import probe
from actscribe.video.reading import frames_at

#: Name of a file of the matrix -> whether browsers play it as it is.
FILES = {
    "h264-b.mp4": True,
    "variable.mp4": True,
    "late.mov": True,
    "trimmed.mp4": True,
    "vp9.webm": True,
    "late.webm": False,
    "open-gop.mp4": False,
    "mpeg4-b.avi": False,
    "sound.avi": False,
    "ac3.mp4": False,
    "variable.mkv": False,
    "hevc-b.mp4": False,
    "two-sizes.ts": False,
}
SOUNDS = {"sound.avi": film, "ac3.mp4": partial(film, codec="ac3", rate=48_000, picture="libx264")}
#: Plays a video for a moment and tells how many bytes of its sound were decoded.
HEAR = """async address => {
  const video = document.createElement('video');
  video.muted = true; document.body.append(video);
  video.src = address;
  await video.play();
  const since = performance.now();
  const next = () => new Promise(requestAnimationFrame);
  while (!video.webkitAudioDecodedByteCount && performance.now() - since < 1500) await next();
  return video.webkitAudioDecodedByteCount;
}"""
#: Loads a video and tells for each time that is sought what the browser says of the frame's time, and its 16 cells.
SHOW = """async ([address, times]) => {
  const soon = (promise, ms) => Promise.race([promise, new Promise(done => setTimeout(() => done(null), ms))]);
  const video = document.createElement('video');
  video.muted = true; video.preload = 'auto'; document.body.append(video);
  const loaded = new Promise(done => {
    video.onloadeddata = () => done('loaded');
    video.onerror = () => done('error');
  });
  video.src = address;
  if (await soon(loaded, 20000) !== 'loaded') { return null; }
  const canvas = document.createElement('canvas');
  const [width, height] = [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const shown = [];
  for (const time of times) {
    const frame = new Promise(done => video.requestVideoFrameCallback((now, about) => done(about.mediaTime)));
    video.currentTime = time;
    const media = await soon(frame, 3000);
    pen.drawImage(video, 0, 0);
    const cells = [];
    for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) {
      const [x, y] = [Math.floor((2 * column + 1) * width / 8), Math.floor((2 * row + 1) * height / 8)];
      cells.push(pen.getImageData(x, y, 1, 1).data[0]);
    }
    shown.push([media, cells]);
  }
  video.remove();
  return shown;
}"""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of the files, without annotations."""
    folder = tmp_path_factory.mktemp("films")
    (folder / "videos").mkdir()
    for name in FILES:
        (MATRIX | SOUNDS)[name](folder / "videos" / name)
    for left in [path for path in (folder / "videos").iterdir() if path.name not in FILES]:
        left.unlink()  # parts that some are made of
    study = {"name": "films", "recordings": "videos", "labels": {"name": "n", "labels": ["A"]}}
    (folder / "study.yaml").write_text(json.dumps(study))
    return folder


@pytest.mark.slow  # `make browser-test` runs it
@pytest.mark.skipif(not any(map(installed, PROGRAMS)), reason="no Chromium here")
def test_chromium_shows_every_frame_at_the_time_that_we_say(films: Path) -> None:
    with listening(films) as session, tab() as browser:
        page = browser.page
        page.goto(session.access.address)
        for item in session.items.values():
            name = item.recording.video.name
            times = np.frombuffer(asked(page, f"/api/recordings/{item.id}/frames"), "<f8")
            camera = playable(page, session, item.id)
            assert (camera["plays"] == "as is") == FILES[name], name
            steps = np.diff(times, append=item.recording.duration)
            places = [*range(0, len(times), 6), *range(3, len(times), 6)[::-1]]
            sought = [float(times[index] + steps[index] / 2) for index in places]
            shown = page.evaluate(SHOW, [camera["url"], sought])
            assert shown is not None, name
            np.testing.assert_allclose([media for media, _ in shown], times[places], atol=2e-6, err_msg=name)
            assert [number_in(cells) for _, cells in shown] == numbers(item.recording.video, sought), name


@pytest.mark.slow  # `make browser-test` runs it
@pytest.mark.skipif(not any(map(installed, PROGRAMS)), reason="no Chromium here")
def test_chromium_hears_what_we_say_is_heard_and_what_was_made_for_it(films: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!doctype html><title>sound</title>")
    with tab() as browser:
        page = browser.open(tmp_path / "page.html", 800)
        for codec in ("aac", "libmp3lame", "libopus", "flac", "ac3", "mp2", "alac"):
            video = film(tmp_path / f"{codec}.mp4", codec, 48_000, picture="libx264")
            heard = page.evaluate(HEAR, video.as_uri()) > 0
            assert heard or not is_heard(probe(video), "video/mp4"), codec
        made = Conversions(tmp_path / "prepared")
        made.finish(films / "videos" / "ac3.mp4")
        (file,) = made.folder.glob("*.mp4")
        assert page.evaluate(HEAR, file.as_uri()) > 0


def asked(page: Any, path: str) -> bytes:
    return bytes(page.evaluate("async path => [...new Uint8Array(await (await fetch(path)).arrayBuffer())]", path))


def playable(page: Any, session: Session, id: str) -> dict[str, Any]:
    """Return the first camera once it can be played."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        camera = json.loads(asked(page, f"/api/recordings/{id}/cameras"))["cameras"][0]
        if camera["plays"] != "converting":
            return dict(camera)
        time.sleep(0.1)
    raise AssertionError("the conversion does not end")


def numbers(video: Path, sought: list[float]) -> list[int]:
    ordered = sorted(sought)
    shown = dict(zip(ordered, (number_of(one.image) for one in frames_at(video, ordered)), strict=True))
    return [shown[one] for one in sought]


def number_in(cells: list[int]) -> int:
    return sum(1 << bit for bit, (row, column) in enumerate(BIT_CELLS) if cells[row * GRID + column] > 127)


def test_a_conversion_keeps_the_times_of_all_frames(films: Path, tmp_path: Path) -> None:
    video, made = films / "videos" / "variable.mkv", Conversions(tmp_path)
    times, _ = made.times(video)
    made.finish(video)
    file, served = made.playable(video) or (video, "")
    assert served == "video/mp4"
    with av.open(str(file)) as container:
        stored = sorted(float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.size)
    np.testing.assert_allclose(stored, times, atol=1e-6)


def test_a_video_is_converted_once_and_again_when_it_is_another(films: Path, tmp_path: Path) -> None:
    video = tmp_path / "a.avi"
    video.write_bytes((films / "videos" / "mpeg4-b.avi").read_bytes())
    made = Conversions(tmp_path / "prepared")
    made.finish(video)
    (first,) = (tmp_path / "prepared").glob("*.mp4")
    before = first.stat().st_mtime_ns
    made.finish(video)
    assert first.stat().st_mtime_ns == before
    video.write_bytes((films / "videos" / "mpeg4-b.avi").read_bytes() + b"\0")
    made.finish(video)
    assert len(list((tmp_path / "prepared").glob("*.mp4"))) == 2


def converted(conversions: Conversions, video: Path) -> Path:
    """Ask until a video was converted, as the page does."""
    for _ in range(600):
        file = conversions.playable(video)
        if file is not None:
            return file[0]
        time.sleep(0.05)
    raise AssertionError("is being converted for ever")


def moving_jpeg(path: Path, width: int) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, 2, "yuvj420p"
        for number in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((2, width, 3), 80 * number, np.uint8))))
        out.mux(stream.encode(None))
    return path


def test_what_the_encoder_refuses_is_said_and_not_tried_for_ever(tmp_path: Path) -> None:
    wide = moving_jpeg(tmp_path / "wide.avi", 20_000)
    conversions = Conversions(tmp_path / "prepared")
    for work in (converted, converted, lambda one, video: one.finish(video)):
        with pytest.raises(ActScribeError, match=r"wide.avi: cannot be converted to H.264 for browsers"):
            work(conversions, wide)


def test_after_a_full_disk_a_conversion_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = moving_jpeg(tmp_path / "one.avi", 64)
    conversions = Conversions(tmp_path / "prepared")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as patch:
        patch.setattr(cameras, "convert", Mock(side_effect=full))
        with pytest.raises(ActScribeError, match="the disk is full") as refused:
            converted(conversions, video)
    assert refused.value.hint == "Put that right, then load the page again."
    assert converted(conversions, video).is_file()


@pytest.mark.parametrize("times", [[np.nan] * 3, [0.0, 1.0, np.inf], [0.0, 2.0, 1.0], [0.0, 1.0, 1.0]])
def test_kept_times_that_are_damaged_are_found_again(study: Path, times: list[float]) -> None:
    browser = client(study)
    id = ids(browser)["train"]
    address = f"/api/recordings/{id}/frames"
    before = browser.get(address).body
    (kept,) = (study / "review" / "prepared").glob("*.times")
    np.array(times, "<f8").tofile(kept)
    assert browser.post(f"/api/recordings/{id}/open", {}).status == 200
    assert browser.get(address).body == before


def test_what_a_browser_shows_at_other_times_is_converted_once(study: Path) -> None:
    browser = client(study)
    id = ids(browser)["train"]
    (before,) = browser.get(f"/api/recordings/{id}/cameras").json["cameras"]
    assert (before["plays"], before["begins"]) == ("as is", 0.0)
    video, made = browser.session.item(id).recording.video, browser.session.conversions
    for _ in range(2):
        assert browser.post(f"/api/recordings/{id}/inexact?camera=0", {}).status == 200
        made.finish(video)
        (after,) = browser.get(f"/api/recordings/{id}/cameras").json["cameras"]
        assert after["plays"] == "converted"
        (file,) = made.folder.glob("*.mp4")
        assert file.stat().st_mtime_ns == made.playable(video)[0].stat().st_mtime_ns
    assert browser.post(f"/api/recordings/{id}/inexact?camera=1", {}).status == 404


def test_what_is_no_video_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    sound, made = make_sound(tmp_path / "a.mp4"), Conversions(tmp_path / "prepared")
    with pytest.raises(UnreadableVideo, match="expected a video"):
        made.finish(sound)
    assert not (tmp_path / "prepared").exists()


def test_an_answer_that_nobody_reads_holds_no_file(tmp_path: Path) -> None:
    file, data = tmp_path / "a.mp4", bytes(range(256)) * 4
    file.write_bytes(data)
    request = Request({"type": "http", "method": "GET", "headers": [(b"range", b"bytes=10-19")]})
    answer = media.serve(request, file, "video/mp4")
    assert (answer.status_code, answer.headers["content-range"]) == (206, "bytes 10-19/1024")
    assert str(file) not in {one.path for one in psutil.Process().open_files()}
    tag = media.etag(file.stat())
    assert b"".join(media._pieces(file, tag, 10, 20)) == data[10:20]
    (tmp_path / "b.mp4").write_bytes(data[::-1])
    (tmp_path / "b.mp4").replace(file)
    assert list(media._pieces(file, tag, 10, 20)) == []  # bytes of another file are not part of this one


def test_a_video_that_is_another_by_now_is_not_shown_as_the_old_one(study: Path) -> None:
    browser = client(study)
    id = ids(browser)["train"]
    item = browser.session.item(id)
    item.recording.video.touch()
    assert browser.post(f"/api/recordings/{id}/open", {}).status == 200  # the same bytes
    assert browser.get(f"/media/{id}/0").status == 200
    film_of_lamps(item.recording.video, [(LEFT, 0, 500)], 2.0, 99)
    for answer in (browser.post(f"/api/recordings/{id}/open", {}), browser.get(f"/media/{id}/0")):
        assert answer.status == 400
        assert "has changed since review was started" in answer.json["error"]
    item.recording.video.unlink()
    assert "cannot be read" in browser.post(f"/api/recordings/{id}/open", {}).json["error"]
