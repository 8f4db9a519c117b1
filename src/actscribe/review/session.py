"""What one server serves: a study, one annotator's sheets, and the suggestions of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError
from actscribe.journal import Action, Journal, Sheet, Suggestion, begin
from actscribe.review.cameras import Conversions
from actscribe.review.folder import ReviewFolder
from actscribe.review.guard import TEST, Looks
from actscribe.review.planted import planted, planted_in, taken_back, unmasked
from actscribe.review.recordings import Item, file_digest, items
from actscribe.review.security import Access
from actscribe.review.sheets import Sheets
from actscribe.review.suggester import Suggester
from actscribe.review.suggestions import Suggested
from actscribe.settings.study import Study
from actscribe.timeline.score_file import read_scores

#: Whoever settles what two annotators say differently works under this name.
AGREED = "agreed"


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
    """

    study: Study
    data: StudyData
    annotator: str
    access: Access
    suggester: Suggester | None = None
    independent: bool = False
    plant: float = 0.0
    items: dict[str, Item] = field(init=False)
    journal: Journal = field(init=False)
    sheets: Sheets = field(init=False)
    looks: Looks = field(init=False)
    conversions: Conversions = field(init=False)
    folder: ReviewFolder = field(init=False)
    _suggested: dict[str, Suggested] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = ReviewFolder.of(self.study.folder)
        self.items = items(self.study, self.data)
        self.journal = Journal.of(self.study.folder)
        self.sheets = Sheets(self.journal, self.annotator, self.data.labels.names)
        self.looks = Looks(self.journal, self.annotator)
        self.conversions = Conversions(self.folder.prepared)
        self.take_back()

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

    def is_blind(self, item: Item) -> bool:
        """Tell whether predictions of a recording are kept from this annotator."""
        return item.recording.split == TEST and not self.looks.insisted(item.content)

    def look(self, item: Item, insist: bool) -> None:
        """Write down that a recording is shown, and with what."""
        insisted = item.recording.split == TEST and (insist or self.looks.insisted(item.content))
        seen = self.suggester is not None and (item.recording.split != TEST or insisted)
        self.looks.note(item.content, self.suggester.digest if self.suggester and seen else "", insisted)

    def annotators(self, item: Item) -> list[str]:
        """Return who began a recording, in their order."""
        return self.journal.annotators(item.content)

    def suggested(self, item: Item) -> Suggested | None:
        """Return what is suggested for a recording; None: it will be computed next, or cannot be."""
        if item.id in self._suggested or self.suggester is None:
            return self._suggested.get(item.id)
        found = self.suggester.of(item)
        if found is not None:
            if self.plant > 0:
                found = self._with_planted(item, found, self.suggester)
            self._suggested[item.id] = found
        return found

    def unmasked(self, item: Item, action: Action) -> Action:
        """Return an action as it is written down, see `planted.unmasked`."""
        found = self._suggested.get(item.id)
        shown = [one for one in found.suggestions if one.planted] if found else []
        return unmasked(action, [*shown, *planted_in(self.sheets.of(item.content))])

    def take_back(self) -> None:
        """Take back the bouts of this annotator that came from suggestions wrong on purpose."""
        for item in self.items.values():
            sheet = self.sheets.of(item.content)
            action = taken_back(sheet) if sheet else None
            if sheet and action:
                self.sheets.act(item.content, action, sheet.revision)

    def changed_since(self, item: Item, sheet: Sheet) -> str:
        """Say that the annotation file which a sheet began with is another one by now; empty: it is not."""
        if not sheet.began.source:
            return ""
        path = self.study.folder / sheet.began.source
        if path.is_file() and file_digest(path) == sheet.began.digest:
            return ""
        return f"{sheet.began.source} was changed or removed since this review began with it; what is here counts."

    def lanes(self, item: Item) -> list[dict[str, Any]]:
        """Return what other people say of a recording, which only who settles may see."""
        if not self.is_settling:
            return []
        others = [self.journal.sheet(item.content, who) for who in self.annotators(item) if who != AGREED]
        return [
            {
                "name": sheet.annotator,
                "bouts": [{"label": one.label, "start": one.start, "end": one.end} for one in sheet.bouts.values()],
            }
            for sheet in others
        ]

    def _with_planted(self, item: Item, found: Suggested, suggester: Suggester) -> Suggested:
        scores, names = read_scores(suggester.kept(item).scores)
        written = item.recording.intervals or ()
        there = [(one.label, one.start, one.end) for one in written]
        seed = [self.study.seed, *bytes.fromhex(item.content), *bytes.fromhex(found.run)]
        wrong = planted(found, scores, names, there, self.plant, seed)
        both: Sequence[Suggestion] = (*found.suggestions, *wrong)
        ordered = sorted(both, key=lambda one: (one.start, one.end, one.label))
        return found.model_copy(update={"suggestions": tuple(ordered)})

    def open(self, item: Item) -> Sheet:
        """Return the sheet of a recording, begun if it was not.

        Who begins first begins with what the study's annotation file says; everybody else begins from nothing.
        """
        found = self.sheets.load(item.content)
        if found is not None:
            return found
        others = self.journal.annotators(item.content)
        fresh = self.independent or bool(others)
        written, source, digest = (None, "", "") if fresh else (item.written, item.source, item.digest)
        recording = item.recording
        began = begin(recording.name, recording.duration, self.data.labels.names, written, source, digest)
        return self.sheets.begin(item.content, began)


class Unknown(ActScribeError):
    """What was asked for is not there."""
