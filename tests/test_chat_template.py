"""Chat templates that never end, fill the memory, break out or are none: one sentence, within seconds."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tiny_vlms
from tiny_judge import tiny_judge

from actscribe.errors import ActScribeError
from actscribe.models import chat_template
from actscribe.models.chat_template import filled
from actscribe.models.judge import load_judge
from actscribe.models.vlm import load_vlm

HOSTILE = {
    "{% for i in range(100000000000) %}{% endfor %}": "holds the number 100000000000",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}": "runs for more than 1 s",
    "{{ 'x' * 10000000000 }}": "holds the number",
    "{{ '%9999999999d' % 1 }}": "holds the number",
    "{{ 9 ** 9 ** 9 }}": "raises to a power",
    "{% set n = namespace(x='abcdefgh') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}": "takes more",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": "cannot be filled in",
    "{{ cycler.__init__.__globals__.os.system('touch pwned') }}": "cannot be filled in",
    "{% for m in messages %}{{ m.content }}": "cannot be filled in",
    "{{ 1 / 0 }}": "cannot be filled in: ZeroDivisionError",
    "{{ raise_exception('no') }}": "cannot be filled in: no",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}": "cannot be filled in",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("made")
    return {"vlm": tiny_vlms.build("qwen3_vl", root / "vlm"), "judge": tiny_judge(root / "judge")}


@pytest.mark.parametrize("kind", ["vlm", "judge"])
@pytest.mark.parametrize("template", HOSTILE)
def test_hostile_templates_are_sentences(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, template: str
) -> None:
    monkeypatch.setattr(chat_template, "MOST_SECONDS", 1.0)
    folder = Path(shutil.copytree(folders[kind], tmp_path / "copy"))
    (folder / "chat_template.jinja").write_text(template)
    start, before = time.monotonic(), sys.gettrace()
    load: Any = load_vlm if kind == "vlm" else load_judge
    with pytest.raises(ActScribeError, match="The chat template of") as caught:
        load(str(folder))
    if "runs for more" not in HOSTILE[template] and "takes more" not in HOSTILE[template]:
        assert HOSTILE[template] in caught.value.message
    assert "as it was published" in caught.value.hint
    assert time.monotonic() - start < 15
    assert sys.gettrace() is before
    assert not Path("pwned").exists()


def test_bounds_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless() -> str:
        while True:
            pass

    def swelling() -> str:
        kept = "abcdefgh"
        for _ in range(40):
            kept += kept
        return kept

    monkeypatch.setattr(chat_template, "MOST_SECONDS", 0.3)
    with pytest.raises(ActScribeError, match=r"runs for more than 0\.3 s"):
        filled(None, endless, "made")
    monkeypatch.setattr(chat_template, "MOST_SECONDS", 60.0)
    with pytest.raises(ActScribeError, match="takes more than 256 MiB"):
        filled(None, swelling, "made")
    for wrong in (3, ["a"], "x" * 2**21):
        with pytest.raises(ActScribeError, match=r"The chat template of 'made' (is|has) "):
            filled(wrong, lambda: "", "made")


def test_honest_templates_are_filled_in_quickly(folders: dict[str, Path]) -> None:
    judge = load_judge(str(folders["judge"]))
    judge.ids("Is there suction?")
    start = time.monotonic()
    for _ in range(20):
        judge.ids("Is there suction?")
    assert time.monotonic() - start < 2
