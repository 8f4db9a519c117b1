"""Three tiny videos of an archive, each done by itself; or killed before it is written down."""

from __future__ import annotations

import archives
import pytest

from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.task import Outcome, attempt

CONTENTS = {"a.mp4": b"one", "b/c.mp4": b"two, longer", "b/d.mp4": b"three, the longest"}


def do(archive: Archive, video: Video, claims: Claims | None = None) -> Outcome:
    return attempt(archive, claims or Claims(archive.claims()), video, archives.work(archive))


def kill_before_record(archive: Archive, video: Video) -> None:
    def killed(self: Archive, record: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Archive, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            do(archive, video)
