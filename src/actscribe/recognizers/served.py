"""Models that a zero-shot recognizer asks behind a server, as its settings name them."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakValueDictionary

from actscribe.data.input_spec import ClipFrames
from actscribe.models.generated_text import GeneratedText
from actscribe.models.server import ChatServer, EncodedClip, Options
from actscribe.models.yes_no import YesNo
from actscribe.settings.recognizers.vlm import VlmJudgeSettings, ZeroShot
from actscribe.video.sampling import nominal_times

#: Servers in use, by address, model and how they are used. Training holds a recognizer and its reloaded twin at once,
#: which need not both ask what the server can do.
_IN_USE: WeakValueDictionary[tuple[object, ...], ChatServer] = WeakValueDictionary()


class ServerVlmClient:
    """A model behind a server; it gets the frames with their times, as the server takes them best.

    Args:
        server: with a model that takes pictures.
    """

    writes_times = True

    def __init__(self, server: ChatServer) -> None:
        self.server = server
        self.identity = server.identity
        self._last: tuple[ClipFrames, EncodedClip] | None = None

    def written(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[str]:
        """See `VlmClient`."""
        return [answer.text for answer in self.weighed(clip, opening, endings, most)]

    def weighed(self, clip: ClipFrames, opening: str, endings: Sequence[str], most: int) -> list[GeneratedText]:
        """See `VlmClient`."""
        return self.server.written([joined(opening, opening, ending) for ending in endings], most, self._shown(clip))

    def yes_no(self, clip: ClipFrames, opening: str, endings: Sequence[str]) -> list[YesNo]:
        """See `VlmClient`."""
        return self.server.yes_no([joined(opening, opening, ending) for ending in endings], self._shown(clip))

    def _shown(self, clip: ClipFrames) -> EncodedClip:
        """Return a clip as it is sent; the last one is kept, for a caption after the questions."""
        if self._last is None or self._last[0] is not clip:
            start, end = clip.clip.start, clip.clip.end
            shown = EncodedClip(clip.frames, nominal_times(start, end, len(clip.frames)), end - start)
            self._last = clip, shown
        return self._last[1]


class ServerJudge:
    """A judge behind a server.

    Args:
        server: with a text model.
    """

    def __init__(self, server: ChatServer) -> None:
        self.server = server
        self.identity = server.identity

    def yes_no(self, prompts: Sequence[str]) -> list[YesNo]:
        """Return the answer to each yes/no prompt."""
        return self.server.yes_no(prompts)


def vlm_server(settings: ZeroShot) -> ChatServer:
    """Return the server that the settings name for the model that sees.

    Raises:
        ActScribeError: its address is none, or of another machine and that was not allowed.
    """
    return _server(settings, settings.server, settings.server_model, sees=True)


def judge_server(settings: VlmJudgeSettings) -> ChatServer:
    """Return the server that the settings name for the judge; errors as `vlm_server`."""
    return _server(settings, settings.judge_server, settings.judge_server_model, sees=False)


def servers(settings: ZeroShot) -> dict[str, ChatServer]:
    """Return the servers that the settings name, see `Implementation.servers`; errors as `vlm_server`."""
    return {"model": vlm_server(settings)} if settings.server else {}


def servers_and_judge(settings: VlmJudgeSettings) -> dict[str, ChatServer]:
    """Return also the judge's server, see `Implementation.servers`; errors as `vlm_server`."""
    return servers(settings) | ({"judge": judge_server(settings)} if settings.judge_server else {})


def joined(start: str, opening: str, ending: str) -> str:
    """Return `start` and `ending`, with a space between where there is an opening to part from."""
    return f"{start} {ending}" if opening and ending else f"{start}{ending}"


def _server(settings: ZeroShot, address: str, model: str, sees: bool) -> ChatServer:
    options = Options(
        settings.server_frames,
        settings.server_parallel,
        settings.server_timeout,
        settings.server_thinking_tokens,
        settings.server_context,
    )
    key = (address, model, settings.allow_remote, sees, options)
    server = _IN_USE.get(key)
    if server is None:
        server = _IN_USE[key] = ChatServer(*key)
    return server
