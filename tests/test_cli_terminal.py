"""The command on terminals of any encoding, into pipes that close and onto full disks; libraries stay quiet."""

from __future__ import annotations

import codecs
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study
from typer.testing import CliRunner

from actscribe import cli
from actscribe.cli import app, terminal
from actscribe.cli.guard import guarded

RUN = [sys.executable, "-m", "actscribe"]
#: What a study in German holds that an American terminal of 1970 lacks.
NAME = "Säugling–α…"
COMMANDS = {
    "help": ["--help"],
    "check": ["check", "study"],
    "doctor": ["doctor"],
    "models list": ["models", "list"],
    "convert": ["convert", f"study/{NAME}0.txt", "out.json"],
}
#: Those that start in a moment: texts and tables by rich, and lines of our own.
LIGHT = ("help", "models list", "convert")
LIBRARIES = """
import logging, os, sys, warnings
from actscribe.cli import terminal
terminal.prepare()
import numpy, sklearn, torch, transformers, tqdm
warnings.warn("future", FutureWarning)
warnings.warn_explicit("deprecated", DeprecationWarning, "f.py", 1, module="sklearn.base")
warnings.simplefilter("always")
warnings.warn("user", UserWarning)
for name in ("transformers", "transformers.trainer", "torch", "accelerate", "huggingface_hub", "absl", "py.warnings"):
    logging.getLogger(name).warning("chatter of %s", name)
from transformers.utils.logging import get_logger
get_logger("transformers.models").warning("chatter")
list(tqdm.tqdm(range(3)))
print("what we print")
logging.getLogger("actscribe.video").warning("what we say")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    study = folder / "study"
    study.mkdir()
    rows = []
    for number, split in enumerate(("train", "validation", "test")):
        film(study / f"{NAME}{number}.mp4", [(LEFT, 0, 1500), (RIGHT, 1000, 2500)], 3.0, number)
        interval_text(study / f"{NAME}{number}.txt", [(LEFT, 0, 1500), (RIGHT, 1000, 2500)])
        one = f"{NAME}{number}"
        rows.append({"video": f"{one}.mp4", "annotations": f"{one}.txt", "group": one, "split": split})
    write_manifest(study, rows)
    write_study(study)
    return folder


def run(folder: Path, arguments: list[str], out: int = subprocess.PIPE, **more: str) -> tuple[int, bytes, str]:
    """Return exit code, standard output and what stands on standard error besides progress."""
    (folder / "out.json").unlink(missing_ok=True)
    environment = {**os.environ, "COLUMNS": "100", **more}
    process = subprocess.Popen([*RUN, *arguments], cwd=folder, env=environment, stdout=out, stderr=subprocess.PIPE)
    stdout, err = process.communicate()
    messages = [line for line in err.decode(errors="replace").splitlines() if " done in " not in line]
    return process.returncode, stdout, "\n".join(messages)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_encoding_lacks_is_spelled_with_what_it_has(name: str, folder: Path) -> None:
    code, out, err = run(folder, COMMANDS[name], PYTHONIOENCODING="ascii")
    assert code == 0, err
    assert err == ""
    assert out.isascii()
    if name == "convert":
        assert b"Saugling-?..." in out


def test_an_error_is_spelled_too(folder: Path) -> None:
    code, out, err = run(folder, ["check", f"{NAME}/study.yaml"], PYTHONIOENCODING="ascii")
    assert (code, out) == (2, b"")
    assert err.startswith("Error: ")
    assert "Saugling-?..." in err


@pytest.mark.parametrize("name", LIGHT)
def test_a_reader_that_has_gone_is_no_error(name: str, folder: Path) -> None:
    reading, closed = os.pipe()
    os.close(reading)
    code, _, err = run(folder, COMMANDS[name], closed)
    os.close(closed)
    assert code in (1, 141)  # rich, which writes help texts and tables, ends with 1
    assert err == ""


@pytest.mark.parametrize("name", LIGHT)
def test_a_full_disk_is_one_sentence(name: str, folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, err = run(folder, COMMANDS[name], full.fileno())
    assert code == 2
    assert "the disk is full" in err
    assert err.count("\n") == 0


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_windows_code_pages_keep_the_letters_that_they_have(encoding: str, folder: Path) -> None:
    code, out, err = run(folder, COMMANDS["convert"], PYTHONIOENCODING=f"{encoding}:strict")
    assert code == 0, err
    assert "Säugling" in out.decode(encoding)


def test_a_locale_without_letters(folder: Path) -> None:
    bare = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    code, out, err = run(folder, COMMANDS["convert"], **bare)
    assert code == 0, err
    assert out.isascii()
    assert b"ugling" in out


def test_a_closed_output_is_no_place_for_ours(folder: Path) -> None:
    command = " ".join([*RUN, "models", "list", ">&-", "2>&-"])
    assert subprocess.run(["sh", "-c", command], cwd=folder, check=False).returncode == 0


def test_libraries_say_nothing_and_we_do() -> None:
    done = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True, check=True)
    assert done.stdout == "what we print\n"
    assert done.stderr == "what we say\n"


def test_whoever_asks_for_warnings_gets_them() -> None:
    code = LIBRARIES.partition("import numpy")[0] + 'warnings.warn("future", FutureWarning)'
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=True)
    assert "FutureWarning: future" in done.stderr


def test_a_broken_pipe_of_another_kind_is_no_quiet_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        guarded(command)()


def test_a_full_gpu_is_a_sentence_with_ways_out(capsys: pytest.CaptureFixture[str]) -> None:
    def train() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with pytest.raises(typer.Exit) as ended:
        guarded(train)()
    assert ended.value.exit_code == 2
    message = " ".join(capsys.readouterr().err.split())
    assert message.startswith("Error: the memory of the GPU is full.")
    assert "--batch-size 1" in message
    assert "gradient_accumulation_steps" in message
    assert "--resume" in message


def test_letters_and_signs_are_spelled() -> None:
    codecs.register_error("actscribe", terminal.plain)
    text = "Säugling – 3 × 4 ≥ 5 → „α“ \udcff\U0001f476 ﬁ"
    assert text.encode("ascii", "actscribe") == b'Saugling - 3 x 4 >= 5 -> "?" ?? fi'
    assert text[:8].encode("cp1252", "actscribe") == "Säugling".encode("cp1252")


def test_the_command_that_comes_next_can_be_pasted(tmp_path: Path) -> None:
    study = tmp_path / "it's my study"
    output = CliRunner().invoke(app, ["new", str(study)]).output
    assert shlex.split(output.partition("then type: ")[2]) == ["actscribe", "check", str(study)]


def test_ctrl_c_before_a_command_began_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "\nInterrupted. Nothing was started.\n")
