"""What one server serves: a study, one annotator's sheets, and the suggestions of one run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from actscribe.data.loading import StudyData
from actscribe.data.reviewed import digest_of, further_people
from actscribe.errors import ActScribeError
from actscribe.file_cache import cached_digest
from actscribe.files import text_hash
from actscribe.journal import AGREED, Action, Began, Conflict, Journal, Sheet, Suggestion
from actscribe.journal.spans import Spans
from actscribe.local_page.access import Access
from actscribe.review.cameras import Conversions
from actscribe.review.derived import names_suggestions, sentence, taken_back, unmasked
from actscribe.review.export import Exporter
from actscribe.review.folder import ReviewFolder
from actscribe.review.guard import Judged, Looks, judged
from actscribe.review.planted import planted
from actscribe.review.recordings import Item, items, outside
from actscribe.review.settling import (
    Voice,
    begun_as_agreed,
    changed_meanwhile,
    events_since,
    note_files,
    standing,
    voices,
)
from actscribe.review.sheets import Sheets
from actscribe.review.suggester import Suggester
from actscribe.review.suggestions import Doubt, Suggested
from actscribe.settings.study import Study
from actscribe.timeline.score_file import read_scores


@dataclass(slots=True)
class Session:
    """What is served, and to whom.

    Args:
        study: from `load_study`.
        data: of it, from `load_data`.
        annotator: who works here.
        access: address and secrets of the server.
        suggester: whose predictions are shown; None: nobody's.
        independent: begin from nothing where the study has annotations, too.
        plant: share of wrong suggestions to add, 0 to 1.
        program: whose keys the page has, one of `keys.PROGRAMS`; empty: its own.
        words: sentences on what was taken back when this began.
    """

    study: Study
    data: StudyData
    annotator: str
    access: Access
    suggester: Suggester | None = None
    independent: bool = False
    plant: float = 0.0
    program: str = ""
    items: dict[str, Item] = field(init=False)
    journal: Journal = field(init=False)
    sheets: Sheets = field(init=False)
    looks: Looks = field(init=False)
    conversions: Conversions = field(init=False)
    folder: ReviewFolder = field(init=False)
    exporter: Exporter = field(init=False)
    before: Judged = field(init=False)
    words: list[str] = field(init=False)
    _suggested: dict[str, Suggested] = field(default_factory=dict)
    _beginnings: dict[str, Began] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = ReviewFolder.of(self.study.folder)
        self.items = items(self.study, self.data)
        self.journal = Journal.of(self.study.folder)
        self.sheets = Sheets(self.journal, self.annotator, self.data.labels)
        self.looks = Looks(self.journal, self.annotator)
        self.conversions = Conversions(self.folder.prepared)
        self.exporter = Exporter(self.journal, self.data, self.folder.export, self.conversions)
        self.before = judged(self.sheets.all())
        self.words = self.take_back()

    @property
    def name(self) -> str:
        """By which a page knows whose work it shows: another study's or annotator's server may come to its address."""
        return text_hash(f"{self.study.folder.resolve()}\n{self.annotator}")

    @property
    def is_settling(self) -> bool:
        """Whether this is about what two annotators say differently."""
        return self.annotator == AGREED

    def item(self, id: str) -> Item:
        """Return a recording by its id.

        Raises:
            Unknown: the study has none of that id.
        """
        if id not in self.items:
            raise Unknown("The study has no such recording.", "Load the page again.")
        return self.items[id]

    def check_video(self, item: Item) -> None:
        """Prove that a recording's video is still the one that this server began with.

        Raises:
            ActScribeError: it is another file by now: what is said of it would be kept as said of the old one.
        """
        video = item.recording.video
        with suppress(OSError):  # gone, as whatever opens it next says
            if cached_digest(video) != item.content:
                raise ActScribeError(
                    f"{video.name} has changed since review was started.",
                    "Stop review with Ctrl-C and start it again. Annotations of the old file remain in the journal.",
                )

    def hidden(self, item: Item) -> Spans:
        """Return the spans of a recording of which predictions are kept from this annotator."""
        return () if not item.hidden or self.looks.insisted(item.content) else item.hidden

    def is_blind(self, item: Item) -> bool:
        """Tell whether all predictions of a recording are kept from this annotator."""
        return item.is_test and bool(self.hidden(item))

    def look(self, item: Item, insist: bool) -> None:
        """Write down that a recording is shown, and with what; to who settles, what files say that are one of two."""
        if self.is_settling:
            note_files(item, self.journal, self.data.labels)
        insisted = bool(item.hidden) and (insist or self.looks.insisted(item.content))
        is_shown = self.suggester is not None and (insisted or not item.is_test)
        self.looks.note(item.content, self.suggester.digest if self.suggester and is_shown else "", insisted)

    def annotators(self, item: Item) -> list[str]:
        """Return who began a recording, in their order."""
        return self.journal.annotators(item.content)

    def suggested(self, item: Item) -> Suggested | None:
        """Return what is suggested for a recording; None: it will be computed next, or cannot be."""
        if item.id in self._suggested or self.suggester is None:
            return self._suggested.get(item.id)
        suggested = self.suggester.of(item)
        if suggested is not None:
            if self.plant > 0:
                suggested = self._with_planted(item, suggested, self.suggester)
            self._suggested[item.id] = suggested
        return suggested

    def shown(self, item: Item) -> Suggested | None:
        """Return what this annotator may see of what is suggested, under the study's labels; None: not there yet."""
        suggested, hidden, names = self.suggested(item), self.hidden(item), self.data.labels.names
        if suggested is None:
            return None

        def is_shown(one: Suggestion | Doubt) -> bool:
            return one.label in names and outside(hidden, one.start, one.end)

        kept = {
            "suggestions": tuple(filter(is_shown, suggested.suggestions)),
            "doubts": tuple(filter(is_shown, suggested.doubts)),
        }
        return suggested.model_copy(update=kept)

    def shown_count(self) -> int:
        """Return how many suggestions of this run this annotator was shown."""
        run = self.suggester.digest if self.suggester else ""
        shown_items = [item for item in self.items.values() if run and self.looks.saw(item.content, run)]
        return sum(len(suggested.suggestions) for item in shown_items if (suggested := self._kept(item)) is not None)

    def _kept(self, item: Item) -> Suggested | None:
        kept = self._suggested.get(item.id)
        return kept or (self.suggester.files_of(item).read() if self.suggester else None)

    def act(self, item: Item, action: Action, revision: int) -> Sheet:
        """Write an action and return the sheet after it; the first one begins the sheet.

        Raises:
            Conflict: `revision` is not the last, or it is about a suggestion that another server showed.
            ActScribeError: the action cannot be applied.
        """
        # A page that stayed open while the server was started again acts on what was not opened here yet.
        known = self._known(item) if names_suggestions(action) else ()
        sheet = self.sheets.load(item.content)
        if sheet is not None:
            return self.sheets.act(item.content, unmasked(action, known, sheet), revision)
        began = self._begun(item)
        blank = Sheet.beginning(item.content, self.annotator, began)
        try:
            return self.sheets.begin(item.content, began, unmasked(action, known, blank), revision)
        except Conflict:  # what it would have begun with is not what it will
            self._beginnings.pop(item.content, None)
            raise

    def _known(self, item: Item) -> tuple[Suggestion, ...]:
        """Return the suggestions that this server shows, of itself or as those that the two made their bouts from."""
        suggested = self.suggested(item)
        own = suggested.suggestions if suggested else ()
        both = self.two(item) if self.is_settling else ()
        return (*own, *(one.origin for voice in both for one in voice.suggested if one.origin is not None))

    def take_back(self) -> list[str]:
        """Take back the bouts of this annotator that came from suggestions wrong on purpose; say what, and where."""
        sentences = []
        for item in self.items.values():
            sheet = self.sheets.load(item.content)
            action = taken_back(sheet) if sheet else None
            if sheet and action:
                sentences.append(sentence(sheet))
                self.sheets.act(item.content, action, self.sheets.revision(item.content))
        return sentences

    def remarks(self, item: Item, sheet: Sheet) -> str:
        """Say what is to be known of a sheet before it is changed; empty: nothing."""
        return " ".join(filter(None, (self._changed_since(item, sheet), self._beyond_two(item))))

    def _changed_since(self, item: Item, sheet: Sheet) -> str:
        """Say that what a sheet began with is not the same by now: a file, or two people's work; empty: it is."""
        if self.is_settling:
            again = changed_meanwhile(item, self.journal, self.data.labels)
            who = " and ".join(again)
            asked = f"{who} changed what was settled: it is asked again where the change touches it." if who else ""
            events = events_since(sheet, self.two(item), self.data.labels) if sheet.revision else ""
            return " ".join(filter(None, (asked, events)))
        if not sheet.began.source or sheet.began.digest == digest_of(item.written.row):
            return ""
        if not sheet.revision:
            return f"{sheet.began.source} was changed or removed since it was read; to see that, start review again."
        return f"{sheet.began.source} was changed or removed since this review began with it; what is here counts."

    def _beyond_two(self, item: Item) -> str:
        """Say that a sheet, or that of others to who settles, counts nowhere, since two people were first."""
        further = further_people(list(dict.fromkeys([*self.annotators(item), self.annotator])))
        if self.is_settling:
            return f"Annotated by {', '.join(further)}, too, which is not settled here." if further else ""
        if self.annotator not in further:
            return ""
        return "Two others annotated this recording before: yours is exported, and neither trained on nor settled."

    def two(self, item: Item) -> tuple[Voice, Voice]:
        """Return the two annotators of a recording whose work is to be settled.

        Raises:
            ActScribeError: it has no two.
        """
        both = voices(item, self.journal, self.data.labels)
        if len(both) < 2:
            raise ActScribeError(
                f"{item.recording.name} was annotated by {len(both)} of the two whose work could be settled.",
                "Settle recordings that two people annotated, each with a name of their own (--annotator).",
            )
        return both[0], both[1]

    def lanes(self, item: Item) -> list[dict[str, Any]]:
        """Return what the two annotators say of a recording, which only who settles may see."""
        if not self.is_settling:
            return []
        return [
            {
                "name": voice.name,
                "bouts": [
                    {"label": one.label, "start": one.start, "end": one.end} for one in voice.annotations.intervals
                ],
            }
            for voice in self.two(item)
        ]

    def _with_planted(self, item: Item, suggested: Suggested, suggester: Suggester) -> Suggested:
        scores, names = read_scores(suggester.files_of(item).scores)
        there = [(one.label, one.start, one.end) for one in item.recording.intervals or ()]
        seed = [self.study.seed, *bytes.fromhex(item.content), *bytes.fromhex(suggested.run)]
        every = (suggester.files_of(one).read() for one in self.items.values())
        own = [one for kept in every if kept for one in kept.suggestions]
        wrong = planted(suggested, scores, names, there, own, self.plant, seed)
        both: Sequence[Suggestion] = (*suggested.suggestions, *wrong)
        ordered = sorted(both, key=lambda one: (one.start, one.end, one.label))
        return suggested.model_copy(update={"suggestions": tuple(ordered)})

    def open(self, item: Item) -> Sheet:
        """Return the sheet of a recording; one that was not begun is as it would begin, and looking does not begin it.

        Who begins first begins with what the study's annotation file says; everybody else begins from nothing.
        """
        sheet = self.sheets.load(item.content)
        if sheet is not None:
            return standing(sheet, item, self.journal, self.data.labels)
        return Sheet.beginning(item.content, self.annotator, self._begun(item))

    def in_file(self, item: Item) -> bool:
        """Tell whether this annotator would begin a recording with what the study's annotation file says."""
        from_nothing = self.is_settling or self.independent or item.recording.intervals is None
        return not from_nothing and not self.annotators(item)

    def _begun(self, item: Item) -> Began:
        """Return what a sheet begins with: what its page was shown at first, and of two what they say by now."""
        if self.is_settling:
            return begun_as_agreed(item, self.two(item), self.data.labels.names)
        if item.content not in self._beginnings:
            self._beginnings[item.content] = item.written.began(self.data.labels, not self.in_file(item))
        return self._beginnings[item.content]


class Unknown(ActScribeError):
    """What was asked for is not there."""
