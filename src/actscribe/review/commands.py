"""Everything that a key can do in a recording: what it is called, and the keys that do it unless others were set."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Command(NamedTuple):
    """One command; what it does is a function of the page, in commands.js.

    Args:
        group: under which the page lists it. "Look" is done at once, also while a video is still loading.
        title: what it does, in words.
        keys: that do it, as `keys.named` writes them.
    """

    group: str
    title: str
    keys: tuple[str, ...]


_GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Play": {
        "play": ("Play or pause", "Space", "k"),
        "forward": ("Play; again: faster", "l"),
        "backward": ("Play backwards; again: faster", "j"),
        "frame-back": ("One frame back", "ArrowLeft", ","),
        "frame-forward": ("One frame on", "ArrowRight", "."),
        "second-back": ("One second back", "Shift+ArrowLeft"),
        "second-forward": ("One second on", "Shift+ArrowRight"),
        "jump-back": ("Ten seconds back", "Shift+PageUp"),
        "jump-forward": ("Ten seconds on", "Shift+PageDown"),
        "slower": ("Slower", "<"),
        "faster": ("Faster", ">"),
        "speed-normal": ("Speed 1×", "\\"),
        "start": ("To the beginning", "Home"),
        "end": ("To the end", "End"),
        "loop": ("Loop the chosen bout", "Shift+L"),
        "bout-start": ("To the start of the chosen bout", "{"),
        "bout-end": ("To the end of the chosen bout", "}"),
    },
    "Go": {
        "next-bout": ("Next bout", "]", "PageDown"),
        "previous-bout": ("Previous bout", "[", "PageUp"),
        "next-suggestion": ("Next suggestion", "n"),
        "previous-suggestion": ("Previous suggestion", "Shift+N"),
        "next-doubt": ("Next doubtful moment", "u"),
        "previous-doubt": ("Previous doubtful moment", "Shift+U"),
        "next-disagreement": ("Next disagreement", "g"),
        "previous-disagreement": ("Previous disagreement", "Shift+G"),
        "next-unreviewed": ("Next span not reviewed", "y"),
        "label-up": ("Lane above", "ArrowUp"),
        "label-down": ("Lane below", "ArrowDown"),
        "choose-here": ("Choose the bout here, in the lane", "Enter"),
    },
    "Mark": {
        "mark-label": ("Begin or end a bout in the lane", "b"),
        "start-here": ("Bout starts at this frame", "i"),
        "end-here": ("Bout ends at this frame", "o"),
        "start-earlier": ("Start one frame earlier", "q"),
        "start-later": ("Start one frame later", "w"),
        "end-earlier": ("End one frame earlier", "e"),
        "end-later": ("End one frame later", "r"),
        "split": ("Split here", "x"),
        "merge": ("Merge with the next", "m"),
        "relabel": ("Change the label", "c"),
        "delete": ("Delete", "Delete", "Backspace"),
        "undo": ("Undo", "Ctrl+Z"),
        "redo": ("Redo", "Ctrl+Shift+Z", "Ctrl+Y"),
        "cancel": ("Cancel what was started", "Escape"),
    },
    "Review": {
        "accept": ("Accept the suggestion", "a"),
        "reject": ("Reject the suggestion", "d"),
        "accept-view": ("Accept all in view", "Shift+A"),
        "reject-view": ("Reject all in view", "Shift+D"),
        "reviewed": ("Reviewed from here; again: to here", "v"),
        "reviewed-view": ("All in view is reviewed", "Shift+V"),
        "unreviewed-view": ("All in view is not reviewed", "Alt+V"),
        "reviewed-all": ("The whole recording is reviewed", "Ctrl+Enter"),
        "settle-yes": ("Disagreement: it happens", "h"),
        "settle-no": ("Disagreement: it does not", "Shift+H"),
    },
    "Look": {
        "zoom-in": ("Closer", "+", "="),
        "zoom-out": ("Further away", "-"),
        "zoom-bout": ("Closer to the chosen bout", "z"),
        "zoom-all": ("The whole recording", "Shift+Z"),
        "recordings": ("Back to the recordings", "Alt+ArrowUp"),
        "help": ("These keys", "?", "F1"),
    },
}
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        name: Command(group, title, tuple(keys))
        for group, commands in _GROUPS.items()
        for name, (title, *keys) in commands.items()
    }
)
