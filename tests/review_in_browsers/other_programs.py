"""The whole work by keys alone, with the hands of annotators who come from ELAN or from BORIS.

Not among what `make test` collects, since Chromium is not a dependency of the package: `make review-test`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from chromium import Tab
from hands import HOSTILE, SUCTION, VENTILATION, bouts_of, phone_ms, press, tab_to
from playwright.sync_api import Page
from review_site import SUGGESTED, Site, enter, ready, saved, until

from actscribe.journal import Action, Bout, Mark, Put
from actscribe.journal.annotations import begin
from actscribe.review.keys import named

VIDEO = "phone.mp4"


@dataclass(frozen=True)
class Hands:
    """The keys of one program's annotators, as Playwright names them.

    Args:
        own: lines of the study's keys.yaml.
        play, on, back: plays or pauses, one frame on, one frame back.
        start: goes to the beginning.
        begin, end: what begins and what ends a bout of suction here.
        to_suction: what comes before that.
        ventilation: the key of that label.
        end_later, previous, relabel, delete: of the chosen bout.
        undo, next_suggestion, accept, reject, list: as they say.
        next_difference, not_so: settle.
    """

    own: str
    play: str
    on: str
    back: str
    start: str
    begin: str
    end: str
    to_suction: tuple[str, ...]
    ventilation: str
    end_later: str
    previous: str
    relabel: str
    delete: str
    undo: str
    next_suggestion: str
    accept: str
    reject: str
    list: str
    next_difference: str
    not_so: str


HANDS = {
    "elan": Hands(
        own="",
        play="Control+Space",
        on="Control+ArrowRight",
        back="Control+ArrowLeft",
        start="Control+b",
        begin="Alt+n",
        end="Alt+n",
        to_suction=("Control+ArrowDown",),
        ventilation="1",
        end_later="r",
        previous="Alt+ArrowLeft",
        relabel="Alt+m",
        delete="Alt+d",
        undo="Control+z",
        next_suggestion="n",
        accept="a",
        reject="d",
        list="Control+o",
        next_difference="g",
        not_so="Shift+H",
    ),
    # Behaviours have the letters of an ethogram, also those that are keys of ours by themselves.
    "boris": Hands(
        own=f"{VENTILATION}: v\n{SUCTION}: a\n",
        play="Space",
        on="*",
        back="/",
        start="Control+Home",
        begin="a",
        end="a",
        to_suction=(),
        ventilation="v",
        end_later="Alt+r",
        previous="PageUp",
        relabel="Alt+c",
        delete="Delete",
        undo="Control+z",
        next_suggestion="Alt+n",
        accept="Alt+a",
        reject="Alt+d",
        list="Alt+ArrowUp",
        next_difference="Alt+g",
        not_so="Alt+Shift+H",
    ),
}


@pytest.fixture(params=HANDS)
def site(ward: Site, request: pytest.FixtureRequest) -> Site:
    """The ward with the keys of a program."""
    if HANDS[request.param].own:
        (ward.folder / "review").mkdir(exist_ok=True)
        (ward.folder / "review" / "keys.yaml").write_text(HANDS[request.param].own)
    again(ward, "AB", request.param)
    return ward


def again(site: Site, annotator: str, program: str) -> None:
    """Serve the site once more, to somebody else."""
    site.end()
    site.annotator, site.program = annotator, program
    site.begin()


def test_open_mark_correct_judge_review_and_export(chromium: Tab, site: Site) -> None:
    hands = HANDS[site.program]
    page = enter(chromium, site, 1280)
    tab_to(page, "phone")
    page.keyboard.press("Enter")
    ready(page)
    page.keyboard.press(hands.play)
    until(page, "review.work.player.time > 0.3")
    page.keyboard.press(hands.play)
    until(page, "!review.work.player.playing")
    press(page, hands.start)
    assert page.evaluate("review.work.player.index") == 0
    # A bout of suction from frame 5 to 9, its end one frame later; then it is ventilation.
    press(
        page, *hands.to_suction, *[hands.on] * 6, hands.back, hands.begin, *[hands.on] * 4, hands.end, hands.end_later
    )
    saved(page)
    assert bouts_of(site, VIDEO) == [(SUCTION, phone_ms(5) / 1000, phone_ms(10) / 1000)]
    press(page, hands.relabel, hands.ventilation)
    saved(page)
    assert bouts_of(site, VIDEO) == [(VENTILATION, phone_ms(5) / 1000, phone_ms(10) / 1000)]
    press(page, hands.delete, hands.undo, hands.previous)
    saved(page)
    assert len(bouts_of(site, VIDEO)) == 1
    assert page.inner_text("#chosen-title") == "Chosen bout"
    press(page, hands.start, hands.next_suggestion, hands.accept, hands.next_suggestion, hands.reject, "Control+Enter")
    until(page, "document.getElementById('dialog').open")
    tab_to(page, "Mark all the same")
    page.keyboard.press("Enter")
    saved(page)
    sheet = site.sheet(VIDEO)
    assert sorted((one.start, yes) for one, yes in sheet.verdicts.items()) == [
        (SUGGESTED[0][0], True),
        (SUGGESTED[1][0], False),
    ]
    assert all(spans[0][0] == 0 for spans in sheet.reviewed.values())
    page.keyboard.press(hands.list)
    page.wait_for_selector("#rows tr[data-state=done]")
    exported(page, site)
    assert chromium.logged == []


@pytest.mark.parametrize("key", ["k", "é", "ß", "ς", "ı", "İ", "?", "𞤢", "👍"])
def test_page_and_server_call_a_key_alike(chromium: Tab, ward: Site, key: str) -> None:
    page = enter(chromium, ward, 1280)
    held = {"": {}, "Ctrl+": {"ctrlKey": True}, "Alt+": {"altKey": True}}
    for modifiers, flags in held.items():
        index = page.evaluate(
            """async ([key, event]) => {
                const {Keys} = await import("/static/keys.js");
                return new Keys({labels: [{keys: [key]}], commands: []}).labelIndex(event);
            }""",
            [named(modifiers + key), {"key": key, **flags}],
        )
        assert index == 0, modifiers


def exported(page: Page, site: Site) -> None:
    """Export from the list, by keys, and see that the files are there."""
    tab_to(page, "Export…")
    page.keyboard.press("Enter")
    until(page, "document.getElementById('dialog').open")
    tab_to(page, "Export")
    page.keyboard.press("Enter")
    until(page, "document.getElementById('dialog').textContent.startsWith('Exported')")
    assert list((site.folder / "review" / "export" / "AB").rglob("phone*"))


def test_settle_what_two_say(chromium: Tab, site: Site) -> None:
    hands = HANDS[site.program]
    content = site.session.items[site.id(VIDEO)].content
    for name, bouts in (("AB", ((0.0, 1.0), (2.0, 3.0))), ("CD", ((0.0, 1.0),))):
        began = begin("phone", 3.9, (VENTILATION, SUCTION, HOSTILE), None)
        site.session.journal.append(name, content, "began", began, revision=0)
        put = [Put(bout=Bout(id=f"b{start:g}", label=SUCTION, start=start, end=end)) for start, end in bouts]
        site.session.journal.append(name, content, "did", Action(why="mark", ops=(*put, Mark(start=0.0, end=3.0))))
    again(site, "agreed", site.program)
    page = enter(chromium, site, 1280)
    tab_to(page, "Disagreements")
    page.keyboard.press("Enter")
    page.wait_for_selector(".agreement tbody a")
    tab_to(page, page.inner_text(".agreement tbody a"))
    page.keyboard.press("Enter")
    ready(page)
    until(page, "review.work.sheet.disagreements().length === 1")
    press(page, hands.next_difference, hands.not_so)
    saved(page)
    assert bouts_of(site, VIDEO) == [(SUCTION, 0.0, 1.0)]
    assert page.evaluate("review.work.sheet.disagreements().length") == 0
