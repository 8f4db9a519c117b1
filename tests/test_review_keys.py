"""Which key does what: a person's own keys, those of ELAN and BORIS, and the usual ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from review_server import client, session
from short_studies import actscribe, refused
from small_studies import LEFT, RIGHT

from actscribe.errors import ActScribeError
from actscribe.review.commands import COMMANDS
from actscribe.review.keys import LABEL_KEYS, PROGRAMS, key_map, named

#: Of each program, as its handbook or its own code has them: key -> what it does here.
HANDS = {
    "": {"Space": "play", "k": "play", "Shift+A": "accept-view", "ArrowUp": "label-up", "Home": "start"},
    "elan": {
        "Ctrl+Space": "play",
        "Shift+Space": "loop",
        "Ctrl+ArrowLeft": "frame-back",
        "Ctrl+ArrowRight": "frame-forward",
        "Shift+ArrowLeft": "second-back",
        "Shift+ArrowRight": "second-forward",
        "Ctrl+B": "start",
        "Ctrl+E": "end",
        "Ctrl+L": "loop",
        "Alt+ArrowLeft": "previous-bout",
        "Alt+ArrowRight": "next-bout",
        "Alt+ArrowUp": "label-up",
        "Alt+ArrowDown": "label-down",
        "Ctrl+ArrowUp": "label-up",
        "Ctrl+ArrowDown": "label-down",
        "Alt+N": "mark-label",
        "Alt+M": "relabel",
        "Alt+D": "delete",
        "Ctrl+J": "start-earlier",
        "Ctrl+U": "start-later",
        "Ctrl+Shift+J": "end-earlier",
        "Ctrl+Shift+U": "end-later",
        "Alt+Shift+C": "cancel",
        "Ctrl+Z": "undo",
        "Ctrl+Y": "redo",
    },
    "boris": {
        "Space": "play",
        "/": "frame-back",
        "*": "frame-forward",
        "ArrowLeft": "frame-back",
        "ArrowRight": "frame-forward",
        "ArrowUp": "jump-forward",
        "ArrowDown": "jump-back",
        "Home": "faster",
        "End": "slower",
        "Backspace": "speed-normal",
        "Ctrl+Z": "undo",
    },
}


def own(folder: Path, text: str) -> Path:
    path = folder / "keys.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def reached(path: Path, labels: tuple[str, ...] = (LEFT, RIGHT), program: str = "") -> dict[str, str]:
    mapped = key_map(path, labels, program)
    every = [
        (key, name) for bindings in (mapped.labels, mapped.commands) for name, keys in bindings.items() for key in keys
    ]
    assert len({key for key, _ in every}) == len(every)  # no key does two things
    return dict(every)


@pytest.mark.parametrize("program", ["", *PROGRAMS])
def test_hands_find_their_keys_and_every_command_has_one(tmp_path: Path, program: str) -> None:
    bound = reached(tmp_path / "none.yaml", program=program)
    assert bound.items() >= HANDS[program].items()
    assert set(COMMANDS) <= set(bound.values())
    assert key_map(tmp_path / "none.yaml", (), program).commands.keys() == COMMANDS.keys()


def test_with_the_keys_of_boris_every_letter_is_free_for_a_behaviour(tmp_path: Path) -> None:
    assert not [key for key in reached(tmp_path / "none.yaml", program="boris") if len(key) == 1 and key.isalpha()]


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("a", "a"), ("A", "Shift+A"), ("shift+a", "Shift+A"), ("Shift+Ctrl+z", "Ctrl+Shift+Z"), (" ", "Space"),
        ("ctrl+space", "Ctrl+Space"), ("+", "+"), ("Ctrl++", "Ctrl++"), ("?", "?"), ("é", "é"), ("pageup", "PageUp"),
        ("f12", "F12"), ("1", "1"), ("Alt+Shift+h", "Alt+Shift+H"), ("e\u0301", "é"), ("É", "Shift+É"),
        ("ß", "ß"), ("Alt+ß", "Alt+ß"), ("ς", "ς"), ("ctrl+ς", "Ctrl+ς"), ("ı", "ı"), ("İ", "İ"), ("ü", "ü"),
    ],
)  # fmt: skip
def test_a_key_is_written_in_one_way(typed: str, written: str) -> None:
    assert named(typed) == written
    assert named(written) == written


def test_whatever_sign_a_key_makes_it_is_written_in_one_way() -> None:
    held = ["", "Ctrl+", "Alt+Shift+"]
    for typed in (modifiers + chr(code) for code in range(0x11000) for modifiers in held):
        try:
            written = named(typed)
        except ValueError:
            continue
        assert named(written) == written, typed
        assert written.isprintable(), typed


@pytest.mark.parametrize(
    "typed",
    [
        *("", "Cmd+K", "ArowLeft", "Shift+?", "Shift+1", "ab", "Ctrl+Alt", "SS", "Shift+ß", "+k", "Ctrl++k", "++"),
        *("Ctrl+ctrl+k", "\t", "\x1b", "\x7f", "\u200b", "\xa0", "\ue000", "Alt+\n"),
    ],
)
def test_what_is_no_key_is_refused_with_the_line(tmp_path: Path, typed: str) -> None:
    path = own(tmp_path, f"loop: l\nplay: {json.dumps(typed)}\n")
    with pytest.raises(ActScribeError, match=r"keys\.yaml:2: '.*' is not a key.*ArrowLeft"):
        key_map(path, (LEFT,))


def test_digits_need_no_quotes(tmp_path: Path) -> None:
    bound = reached(own(tmp_path, f"{RIGHT}: 1\nplay: [0, k]\n"))
    assert (bound["1"], bound["2"], bound["0"], bound["k"]) == (RIGHT, LEFT, "play", "play")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("play: 12", "YAML reads 12 here; put the key into quotes"),
        ("play: 1.5", "YAML reads 1.5 here"),
        ("play: on", "YAML reads True here"),
        ("play: ~", "YAML reads an empty text here"),
        ("play: [k, ~]", "YAML reads an empty text here"),
        ("play: {a: b}", "YAML reads {'a': 'b'} here"),
        ("play: [[k]]", r"YAML reads \['k'\] here"),
        ("play: [k, K, k]", "k occurs twice"),
        ("play: Ctrl+W", "Ctrl.W is a key that browsers keep"),
        ("1: k", "expected a text as a key, found '1', which YAML reads as a number"),
        ("play: =", "not valid YAML|put the key into quotes"),
    ],
)
def test_what_yaml_reads_as_something_else_is_refused_in_words(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ActScribeError, match=rf"keys\.yaml:1: (?:{why})"):
        key_map(own(tmp_path, f"{text}\n"), (LEFT,))


def test_a_label_named_like_an_action_is_given_no_key_by_that_name(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="'loop' is an action as well as a label") as caught:
        key_map(own(tmp_path, "loop: f\n"), ("loop",))
    assert "digits" in caught.value.hint
    mapped = key_map(tmp_path / "none.yaml", ("loop",))
    assert (mapped.labels["loop"], mapped.commands["loop"]) == (("1",), ("Shift+L",))


def test_no_key_at_all_can_be_asked_for(tmp_path: Path) -> None:
    mapped = key_map(own(tmp_path, f"{LEFT}: []\nplay: []\n"), (LEFT, RIGHT))
    assert (mapped.labels[LEFT], mapped.labels[RIGHT], mapped.commands["play"]) == ((), ("1",), ())
    assert not mapped.sentences()


def test_an_action_that_lost_its_last_key_is_named(tmp_path: Path) -> None:
    (sentence,) = key_map(own(tmp_path, f"{LEFT}: v\nloop: Space\n"), (LEFT,)).sentences()
    assert sentence.startswith("No key is left for 'reviewed'")
    assert sentence.endswith(f"is given to '{LEFT}'.")


def test_a_file_of_keys_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "keys.yaml").mkdir()
    with pytest.raises(ActScribeError, match=r"keys\.yaml"):
        key_map(tmp_path / "keys.yaml", (LEFT,))
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    with pytest.raises(ActScribeError, match=r"gone\.yaml"):
        key_map(tmp_path / "gone.yaml", (LEFT,))


@pytest.mark.parametrize("name", ["keys.yml", "Keys.yaml", "KEYS.YML", "keys.yaml.txt", "keys.yml.txt"])
def test_a_file_of_keys_under_another_ending_is_not_passed_over(study: Path, name: str) -> None:
    (study / "review").mkdir()
    other = study / "review" / name
    other.write_text("play: [s]\n", encoding="utf-8")
    shown = " ".join(refused("review", study, "--no-browser").split())
    assert f"{other}: keys are read from keys.yaml alone. Type: mv {other} {study / 'review' / 'keys.yaml'}" in shown
    beside = own(study / "review", "play: [s]\n")
    shown = " ".join(refused("review", study, "--no-browser").split())
    assert f"{other}: keys are read from keys.yaml, which lies beside it." in shown
    other.unlink()
    other.symlink_to(beside)
    (study / "review" / "keys.yaml.bak").write_text("of an editor", encoding="utf-8")
    assert key_map(beside, (LEFT,)).commands["play"] == ("s",)


def test_own_keys_win_and_leave_what_they_took_with_its_others(tmp_path: Path) -> None:
    path = own(tmp_path, f"next-suggestion: [x, k]\n{LEFT}: [v, ArrowDown]\n")
    bound = reached(path)
    assert (bound["x"], bound["k"], bound["Space"]) == ("next-suggestion", "next-suggestion", "play")
    assert (bound["v"], bound["ArrowDown"], bound["1"]) == (LEFT, LEFT, RIGHT)
    assert "n" not in bound  # own keys stand for the usual ones
    assert reached(own(tmp_path, "help: Ctrl+Space\n"), program="elan")["Ctrl+Space"] == "help"


def test_labels_take_no_key_that_a_command_has(tmp_path: Path) -> None:
    labels = tuple(f"Label {number}" for number in range(30))
    bound = reached(tmp_path / "none.yaml", labels)
    given = {name: key for key, name in bound.items() if name in labels}
    assert [given.get(name) for name in labels[9:12]] == ["0", "Shift+B", "Shift+C"]
    assert bound["Shift+A"] == "accept-view"
    assert "Label 29" not in given


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [
        ("nextsuggestion: [s]\n", "'nextsuggestion' is neither an action nor a label", "'next-suggestion'?"),
        ("play: [s]\nloop: [s]\n", "s is given to 'play' and to 'loop'", "one of them"),
        ("- play\n", "expected 'key: value'", ""),
    ],
)
def test_a_file_that_would_do_nothing_is_refused_before_anything_is_served(
    study: Path, text: str, expected: str, hint: str
) -> None:
    (study / "review").mkdir()
    own(study / "review", text)
    shown = " ".join(refused("review", study, "--no-browser").split())
    assert expected in shown
    assert hint in shown


def test_keys_that_are_not_known_are_refused_by_name(study: Path) -> None:
    assert "Did you mean 'elan'?" in refused("review", study, "--no-browser", "--keys", "elam")


def test_the_page_is_told_the_keys_that_were_asked_for(study: Path) -> None:
    served = client(study, program="boris").get("/api/study").json
    keys = {one["name"]: one["keys"] for one in served["commands"]}
    assert keys["accept"] == ["Alt+A"]
    assert [one["keys"] for one in served["labels"]] == [["1"], ["2"]]
    assert session(study).program == ""


#: What whoever corrects a first timeline cannot do without.
FIRST = ("play", "start-here", "end-here", "next-suggestion", "accept", "reject", "next-doubt", "undo", "help")


@pytest.mark.parametrize("where", ["--help", "README"])
def test_the_most_important_keys_are_named_where_one_begins(where: str) -> None:
    if where == "README":
        text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
        text = text[text.index("actscribe review my-study --run") :].partition("\n\n")[0].replace("Ctrl Z", "Ctrl+Z")
    else:
        text = " ".join(actscribe("review", "--help").split())
        text = text[text.index("Keys on the page") : text.index("shows all keys") + 20]
    words = re.findall(r"[\w+?]+", text)
    assert [
        COMMANDS[name].keys[0] for name in FIRST if COMMANDS[name].keys[0].title() not in map(str.title, words)
    ] == []
    assert set(LABEL_KEYS[:3]) <= set(words)
