"""A study drafted from files: what `new --from` writes, `check` reads, and nothing is guessed that is not plain."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from short_studies import actscribe
from small_studies import write_manifest
from videos import make_video

from actscribe import annotations as annotation_files
from actscribe import load_study
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.loading import load_data
from actscribe.draft.labels import alike, draft_labels, label_text, merged
from actscribe.draft.study import Draft, draft
from actscribe.errors import ActScribeError
from actscribe.labels import load_label_set, presets
from actscribe.review.start import read_study
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.study import Split


def video(path: Path, more: int = 0) -> Path:
    """Write two seconds of video and so many frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make_video(path, frames=20 + more, fps=10)
    return path


def annotated(path: Path, *intervals: Interval, media: str = "", form: str = "elan") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    annotation_files.write(path, Annotations.of(intervals, [media] if media else [], 2.0), form)
    return path


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def text_of(drafted: Draft) -> str:
    return "\n".join(drafted.remarks)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Three subjects with two videos each, annotated in ELAN and in one BORIS project, beside notes of other kinds."""
    for number in range(1, 7):
        name = f"subject{(number + 1) // 2}_take{number}"
        film = video(tmp_path / "lab" / "films" / f"{name}.mp4", number)
        walk = Interval("Walk" if number % 2 else "walk ", 0.2, 1.0 + number / 10)
        annotated(tmp_path / "lab" / "eaf" / f"{name}.eaf", walk, Interval("Sitting", 1.0, 1.5), media=str(film))
    (tmp_path / "lab" / "readme.txt").write_text("what the students did", encoding="utf-8")
    return tmp_path / "lab"


def test_what_is_drafted_is_read(lab: Path, tmp_path: Path) -> None:
    drafted = draft(tmp_path / "study", [lab])
    listed = rows(tmp_path / "study")
    assert [row["video"] for row in listed] == [f"../lab/films/subject{(n + 1) // 2}_take{n}.mp4" for n in range(1, 7)]
    assert [row["annotations"] for row in listed] == [
        f"../lab/eaf/subject{(n + 1) // 2}_take{n}.eaf" for n in range(1, 7)
    ]
    assert [row["group"] for row in listed] == ["subject1", "subject1", "subject2", "subject2", "subject3", "subject3"]
    data = load_data(load_study(tmp_path / "study"))
    assert data.labels.names == ("Sitting", "Walk")
    assert {r.name: len(r.intervals or ()) for r in data.recordings} == {r.name: 2 for r in data.recordings}
    assert len({r.split for r in data.recordings}) == 3
    assert "6 of 6 videos annotated; 2 labels." in text_of(drafted)
    assert "Groups come from the names of the files (subject1, subject2, subject3): are these subjects?" in text_of(
        drafted
    )
    assert "1 file neither videos nor annotations, not used: readme.txt." in text_of(drafted)


def test_videos_are_found_where_the_annotations_say(lab: Path, tmp_path: Path) -> None:
    draft(tmp_path / "study", sorted((lab / "eaf").iterdir()))
    assert len(rows(tmp_path / "study")) == 6


def test_labels_are_not_ignored_where_annotations_bring_their_own(lab: Path, tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=r"--labels falls_at_home: .* here are 6 annotation files") as caught:
        draft(tmp_path / "study", [lab], labels="falls_at_home")
    assert "Leave --labels out" in caught.value.hint
    assert not (tmp_path / "study").exists()


def test_a_boris_project_of_several_videos_is_each_ones_file(tmp_path: Path) -> None:
    films = [video(tmp_path / "films" / f"{name}.mp4", more) for more, name in enumerate("ab")]
    table = "label,start_s,end_s,video\nWalk,0.1,0.5,a.mp4\nWalk,0.3,0.9,b.mp4\nWalk,0.3,0.9,gone.mp4\n"
    (tmp_path / "events.csv").write_text(table, encoding="utf-8")
    drafted = draft(tmp_path / "study", [tmp_path / "events.csv", tmp_path / "films"])
    assert [row["annotations"] for row in rows(tmp_path / "study")] == ["../events.csv"] * 2
    starts = [annotation_files.read(tmp_path / "events.csv", str(film)).intervals[0].start for film in films]
    assert starts == [0.1, 0.3]
    assert f"{tmp_path / 'events.csv'}: its video was not found: gone.mp4." in text_of(drafted)
    assert "No group is known" in text_of(drafted)
    assert [row["group"] for row in rows(tmp_path / "study")] == ["", ""]


def test_two_files_of_a_video_are_two_annotators_and_three_are_refused(tmp_path: Path) -> None:
    film = video(tmp_path / "in" / "a.mp4")
    for index, form in enumerate(("elan", "json")):
        ending = annotation_files.FORMATS[form].ending
        annotated(tmp_path / "in" / f"by{index}{ending}", Interval("Walk", 0.1, 1), media=str(film), form=form)
    drafted = draft(tmp_path / "study", [tmp_path / "in"])
    assert rows(tmp_path / "study")[0] | {"split": ""} == {
        "video": "../in/a.mp4",
        "annotations": "../in/by0.eaf",
        "annotations_2": "../in/by1.json",
        "group": "",
        "split": "",
    }
    assert "1 video has two files, taken for two annotators" in text_of(drafted)
    annotated(tmp_path / "in" / "by3.csv", Interval("Walk", 0.1, 1), media=str(film), form="csv")
    with pytest.raises(ActScribeError, match="3 files could be its annotations"):
        draft(tmp_path / "other", [tmp_path / "in"])
    assert not (tmp_path / "other").exists()


def test_a_file_that_names_no_video_belongs_to_its_namesake_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        video(tmp_path / "in" / f"{name}.mp4")
    annotated(tmp_path / "in" / "a.vtt", Interval("Walk", 0.1, 1), form="vtt")
    draft(tmp_path / "study", [tmp_path / "in"])
    assert [row["annotations"] for row in rows(tmp_path / "study")] == ["../in/a.vtt", ""]


def test_spellings_are_aliases_and_likenesses_are_only_said() -> None:
    annotations = [
        Annotations.of([Interval("Falling (FW)", 0, 1), Interval("walk_slow", 0, 1), Interval("Walk slow", 2, 3)]),
        Annotations.of(
            [Interval("Fall (FW)", 0, 2), Interval("Walk slow", 0, 1), Interval("Cry", 4, 4)], labels=["Sit"]
        ),
    ]
    labels = {label.name: label for label in draft_labels(annotations)}
    assert list(labels) == ["Walk slow", "Cry", "Fall (FW)", "Falling (FW)", "Sit"]
    assert (labels["Walk slow"].aliases, labels["Walk slow"].bouts, labels["Walk slow"].seconds) == (
        ("walk_slow",),
        3,
        3.0,
    )
    assert (labels["Cry"].bouts, labels["Cry"].points) == (0, 1)
    assert alike(labels.values()) == [("Fall (FW)", "Falling (FW)")]


def test_names_that_are_different_activities_stay_apart_and_a_merge_is_said() -> None:
    apart = ["Dose 1.5", "Dose 15", "re-cover", "recover", "A1", "A-1", "A 2-1", "A 21"]
    labels = draft_labels([Annotations.of([Interval(name, 0, 1) for name in apart])])
    assert sorted(label.name for label in labels) == sorted(apart)
    assert not merged(labels)
    one = draft_labels([Annotations.of([Interval(name, 0, 1) for name in ("Walk slow", "walk_slow.", "WALK  slow")])])
    assert merged(one) == [("WALK  slow", "walk_slow.")]


def test_names_that_yaml_would_read_otherwise_survive(tmp_path: Path) -> None:
    film = video(tmp_path / "in" / "a.mp4")
    names = ["yes", "#1", "a: b", 'say "hi"', "Öl", "- x", "1.0", "tab\there"]
    annotated(tmp_path / "in" / "a.json", *(Interval(n, 0.1, 1) for n in names), media=str(film), form="json")
    draft(tmp_path / "study", [tmp_path / "in"])
    assert set(load_label_set(tmp_path / "study" / "labels.yaml").names) == set(names)


def test_names_that_yaml_would_refuse_or_fold_survive(tmp_path: Path) -> None:
    names = ["del\x7fx", "a\u2028b", "next\x85x", "c\u2029d"]
    text = label_text(draft_labels([Annotations.of([Interval(name, 0, 1) for name in names])]), "a\x7fb")
    (tmp_path / "labels.yaml").write_text(text, encoding="utf-8")
    read = load_label_set(tmp_path / "labels.yaml")
    assert (read.name, set(read.names)) == ("a\x7fb", set(names))


@pytest.mark.parametrize("name", ["windows: x", "# The activities. {name}", "a\nwindows: x"])
def test_a_folder_called_like_a_line_of_the_template_is_only_a_name(tmp_path: Path, name: str) -> None:
    film = video(tmp_path / "in" / "a.mp4")
    annotated(tmp_path / "in" / "a.json", Interval("Walk", 0.1, 1), media=str(film), form="json")
    draft(tmp_path / name, [tmp_path / "in"], ["!{tier}", "*"])
    text = (tmp_path / name / "study.yaml").read_text(encoding="utf-8")
    assert "\n# Half of the annotated bouts are shorter than 0.9 s.\nwindows:\n" in text
    study = load_study(tmp_path / name)
    assert (study.name, list(study.tiers)) == (name, ["!{tier}", "*"])


def test_transcriptions_are_no_activities() -> None:
    words = [Interval(f"and then number {n}", n, n + 1) for n in range(80)]
    with pytest.raises(ActScribeError, match="80 different names, 80 of which occur once") as error:
        draft_labels([Annotations.of(words)])
    assert "--tiers" in error.value.hint


def test_what_cannot_be_drafted_is_refused_and_nothing_is_written(lab: Path, tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="no such file or folder"):
        draft(tmp_path / "study", [lab / "gone"])
    with pytest.raises(ActScribeError, match="no annotation file that can be used"):
        draft(tmp_path / "study", [lab / "films"])
    alone = annotated(tmp_path / "alone.eaf", Interval("Walk", 0, 1), media="/gone/x.mp4")
    with pytest.raises(ActScribeError, match=r"the video that it is of was not found \(.*x\.mp4"):
        draft(tmp_path / "study", [alone])
    with pytest.raises(ActScribeError, match="none belongs to another"):
        draft(tmp_path / "study", [alone, lab / "films"])
    assert not (tmp_path / "study").exists()
    (tmp_path / "study").mkdir()
    write_manifest(tmp_path / "study", [{"video": "mine.mp4"}])
    kept = (tmp_path / "study" / "manifest.csv").read_bytes()
    with pytest.raises(ActScribeError, match=r"manifest\.csv exists already"):
        draft(tmp_path / "study", [lab])
    assert (tmp_path / "study" / "manifest.csv").read_bytes() == kept


def test_labels_of_point_events_alone_are_drafted_as_ignored(tmp_path: Path) -> None:
    film = video(tmp_path / "in" / "a.mp4")
    intervals = [Interval("Walk", 0.1, 1), Interval("Look up", 0.5, 0.5), Interval("look_up", 0.7, 0.7)]
    annotated(tmp_path / "in" / "a.json", *intervals, Interval("Walk", 1.5, 1.5), media=str(film), form="json")
    drafted = draft(tmp_path / "study", [tmp_path / "in"])
    text = (tmp_path / "study" / "labels.yaml").read_text(encoding="utf-8")
    labels = load_label_set(tmp_path / "study" / "labels.yaml")
    assert labels.names == ("Walk",)
    assert all(labels.is_ignored(name) for name in ("Look up", "look_up"))
    assert "\n# Only point events, which cover no time" in text
    assert '- "Look up"   # 2 point events' in text
    assert '- name: "Walk"   # 1 bout, 0.9 s; 1 point event, covering no time' in text
    assert "1 of 1 video annotated; 1 label." in text_of(drafted)
    assert "left out under 'ignored:' in labels.yaml: Look up." in text_of(drafted)
    study = load_study(tmp_path / "study")
    all_of_it = study.model_copy(update={"split": Split(train=1, validation=0, test=0)})
    assert load_data(all_of_it).ignored == {"Look up": 1, "look_up": 1}


def test_elans_points_of_a_millisecond_are_points_and_points_alone_are_refused(tmp_path: Path) -> None:
    film = video(tmp_path / "in" / "a.mp4")
    annotated(tmp_path / "in" / "a.eaf", Interval("Cry", 0.5, 0.5), Interval("Cry", 0.9, 0.9), media=str(film))
    with pytest.raises(ActScribeError, match=r'point events only \("Cry"\)') as refused:
        draft(tmp_path / "study", [tmp_path / "in"])
    assert "as state events" in refused.value.hint
    assert not (tmp_path / "study").exists()


def test_aliases_are_shown_by_an_example_where_none_is_found(tmp_path: Path) -> None:
    plain = label_text(draft_labels([Annotations.of([Interval("Walk", 0, 1), Interval("Sit", 0, 1)])]), "x")
    assert plain.count("    # aliases: [") == 1
    (tmp_path / "labels.yaml").write_text(plain.replace("# aliases", "aliases"), encoding="utf-8")
    read = load_label_set(tmp_path / "labels.yaml")
    assert [len(label.aliases) for label in read.labels] == [2, 0]
    spelled = label_text(draft_labels([Annotations.of([Interval("Walk", 0, 1), Interval("wa_lk", 0, 1)])]), "x")
    assert "# aliases" not in spelled


def test_tiers_that_were_read_or_left_out_are_named(lab: Path, tmp_path: Path) -> None:
    whole = text_of(draft(tmp_path / "whole", [lab]))
    assert "Tiers read: Sitting (6 files), Walk (3 files), walk (3 files)." in " ".join(whole.split())
    assert "Tiers left out" not in whole
    assert "--tiers '!Sitting'" in whole
    part = text_of(draft(tmp_path / "part", [lab], ["!Sitting"]))
    assert "Tiers left out: Sitting (6 files)." in part


def test_a_drafted_study_says_what_its_recognizer_can_be_told_and_which_others_there_are(
    lab: Path, tmp_path: Path
) -> None:
    draft(tmp_path / "study", [lab])
    text = (tmp_path / "study" / "study.yaml").read_text(encoding="utf-8")
    assert all(name in text for name in (*BUILT_IN, *presets()))
    commands = re.findall(r"actscribe ((?:settings|models) \w+)", text)
    assert set(commands) == {"settings probe", "models list", "models plan", "models pull"}
    written = text.replace("  probe:\n", "  vlm-yesno: {}\n  probe:\n")
    (tmp_path / "study" / "study.yaml").write_text(written, encoding="utf-8")
    assert set(load_study(tmp_path / "study").recognizers) == {"vlm-yesno", "probe"}


def test_videos_that_nobody_annotated_are_a_study_to_be_reviewed(lab: Path, tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="no annotation file") as refused:
        draft(tmp_path / "study", [lab / "films"])
    assert "--labels 'Walking,Standing'" in refused.value.hint
    words = " ".join(
        actscribe("new", tmp_path / "study", "--from", lab / "films", "--labels", "Walking, Standing").split()
    )
    assert "None of 6 videos annotated yet" in words
    assert [(one["annotations"], one["group"]) for one in rows(tmp_path / "study")] == [
        ("", f"subject{(number + 1) // 2}") for number in range(1, 7)
    ]
    data = load_data(load_study(tmp_path / "study"))
    assert data.labels.names == ("Walking", "Standing")
    assert [one.intervals for one in data.recordings] == [None] * 6
    checked = actscribe("check", tmp_path / "study")
    assert "Nothing is annotated yet." in checked
    assert "Next: actscribe review" in checked
    assert "must be annotated" not in checked
    assert read_study(tmp_path / "study")[2] == []


@pytest.mark.parametrize("labels", ["behaviour_lab", "own.yaml"])
def test_presets_and_files_are_labels_of_such_a_study(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("name: own\nlabels: [Rest]\n", encoding="utf-8")
    draft(tmp_path / "study", [lab / "films"], labels=labels)
    assert load_study(tmp_path / "study").label_set().names == load_label_set(labels).names


def by_subject(folder: Path, subjects: dict[str, str], form: str = "elan") -> Draft:
    """Draft a study of a film for each name, in which one subject walks."""
    for number, (name, subject) in enumerate(subjects.items()):
        film = video(folder / "in" / f"{name}.mp4", number)
        walk = Interval("Walk", 0.1, 1, subject=subject)
        annotated(folder / "in" / f"{name}{annotation_files.FORMATS[form].ending}", walk, media=str(film), form=form)
    return draft(folder / "study", [folder / "in"])


def groups(folder: Path) -> list[str]:
    return [row["group"] for row in rows(folder / "study")]


@pytest.mark.parametrize("form", ["elan", "boris"])
def test_who_was_annotated_is_the_group_also_where_nobody_is_twice_there(tmp_path: Path, form: str) -> None:
    drafted = by_subject(tmp_path, {"a": "Anna", "b": "Bo", "c": "Cleo"}, form)
    assert groups(tmp_path) == ["Anna", "Bo", "Cleo"]
    assert "Groups come from the subjects of the annotations (Anna, Bo, Cleo)" in text_of(drafted)
    assert "No group is known" not in text_of(drafted)


def test_one_way_to_spell_a_group_is_drafted(tmp_path: Path) -> None:
    by_subject(tmp_path, {"a": "P1", "b": "p1", "c": "P2", "d": "P3"})
    assert groups(tmp_path) == ["P1", "P1", "P2", "P3"]
    assert not load_data(load_study(tmp_path / "study")).not_known


def test_what_follows_the_at_sign_of_a_tier_is_who_was_annotated(tmp_path: Path) -> None:
    by_subject(tmp_path, {"a": "Anna", "b": "Bo", "c": "Cleo"})
    for file in (tmp_path / "in").glob("*.eaf"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r' PARTICIPANT="\w+"', "", text), encoding="utf-8")
    draft(tmp_path / "again", [tmp_path / "in"])
    assert [row["group"] for row in rows(tmp_path / "again")] == ["Anna", "Bo", "Cleo"]


def test_a_part_that_all_play_is_no_subject_and_names_of_files_count_instead(tmp_path: Path) -> None:
    assert "All annotations are of 'child'." in text_of(by_subject(tmp_path / "1", {"a": "child", "b": "child"}))
    assert groups(tmp_path / "1") == ["", ""]
    by_subject(tmp_path / "2", {"s1_a": "child", "s1_b": "child", "s2_a": "child"})
    assert groups(tmp_path / "2") == ["s1", "s1", "s2"]
    one = text_of(by_subject(tmp_path / "3", {"a": "child7", "b": "child7"}))
    assert groups(tmp_path / "3") == ["child7", "child7"]
    assert "1 group cannot be spread over train, validation and test." in one


def test_who_is_known_of_some_videos_is_drafted_and_the_others_are_named(tmp_path: Path) -> None:
    drafted = by_subject(tmp_path, {"a": "Anna", "b": "", "c": "Cleo"})
    assert groups(tmp_path) == ["Anna", "", "Cleo"]
    assert "No group is known of b.mp4: write it into the manifest." in text_of(drafted)


def test_copies_of_a_video_share_a_group_so_that_check_finds_no_leakage(tmp_path: Path) -> None:
    for name, more in {"a": 0, "b": 1, "c": 2, "d": 3, "e": 0}.items():
        film = video(tmp_path / "in" / f"{name}.mp4", more)
        annotated(tmp_path / "in" / f"{name}.eaf", Interval("Walk", 0.1, 1), media=str(film))
    assert (tmp_path / "in" / "a.mp4").read_bytes() == (tmp_path / "in" / "e.mp4").read_bytes()
    drafted = draft(tmp_path / "study", [tmp_path / "in"])
    assert groups(tmp_path) == ["a", "", "", "", "a"]
    assert "a.mp4 and e.mp4 are the same video, byte for byte, so they share the group 'a'" in text_of(drafted)
    split = {one.name: one.split for one in load_data(load_study(tmp_path / "study")).recordings}
    assert split["a"] == split["e"]


def test_a_copy_goes_into_the_group_of_the_first(tmp_path: Path) -> None:
    by_subject(tmp_path, {"a": "Anna", "b": "Bo", "c": "Cleo"})
    (tmp_path / "in" / "d.mp4").write_bytes((tmp_path / "in" / "b.mp4").read_bytes())
    annotated(tmp_path / "in" / "d.eaf", Interval("Walk", 0.1, 1, subject="Dan"), media=str(tmp_path / "in" / "d.mp4"))
    drafted = draft(tmp_path / "again", [tmp_path / "in"])
    assert [row["group"] for row in rows(tmp_path / "again")] == ["Anna", "Bo", "Cleo", "Bo"]
    assert "share the group 'Bo'" in text_of(drafted)


def test_a_file_that_names_no_video_is_not_taken_for_two_formats_of_it(tmp_path: Path) -> None:
    video(tmp_path / "in" / "a.mp4")
    video(tmp_path / "in" / "a.avi", 1)
    annotated(tmp_path / "in" / "a.csv", Interval("Walk", 0.1, 1), form="csv")
    with pytest.raises(ActScribeError, match=r"a\.csv: names no video, and could be annotations of a\.avi and a\.mp4"):
        draft(tmp_path / "study", [tmp_path / "in"])
    assert not (tmp_path / "study").exists()


def test_a_table_with_other_folders_is_matched_by_file_names_that_are_unique(tmp_path: Path) -> None:
    for number in range(3):
        video(tmp_path / "videos" / f"subject{number}_walk.mp4", number)
    named = [f"ADL/subject{number}_walk.mp4" for number in range(3)]
    table = tmp_path / "intervals.csv"
    table.write_text("video,label,start_s,end_s\n" + "".join(f"{name},Walking,0,1\n" for name in named))
    drafted = draft(tmp_path / "study", [tmp_path / "videos", table])
    assert "3 of 3 videos annotated" in text_of(drafted)
    assert {row["annotations"] for row in rows(tmp_path / "study")} == {"../intervals.csv"}
    assert len(load_data(load_study(tmp_path / "study" / "study.yaml")).recordings) == 3


def test_file_names_that_are_not_unique_are_told_from_folders(tmp_path: Path) -> None:
    video(tmp_path / "videos" / "a.mp4")
    table = tmp_path / "intervals.csv"
    table.write_text("video,label,start_s,end_s\nADL/a.mp4,Walking,0,1\nFall/a.mp4,Falling,0,1\n")
    with pytest.raises(
        ActScribeError,
        match=r"2 videos of intervals.csv; the file names are the same, the folders ADL/, Fall/ are not",
    ):
        draft(tmp_path / "study", [tmp_path / "videos", table])


def test_a_table_of_trimmed_videos_is_drafted_with_its_labels_and_groups(tmp_path: Path) -> None:
    for number in range(6):
        video(tmp_path / "fights" / "fight" / f"f{number}.mp4", number)
    lines = [f"fight/f{number}.mp4,{'fight' if number % 2 else 'calm'},src{number // 2},cam" for number in range(6)]
    table = tmp_path / "fights" / "clips.csv"
    table.write_text("\n".join(["video,label,group,camera", *lines]) + "\n")
    for name, sources in (("named", [table]), ("beside", [tmp_path / "fights", table]), ("inside", [table.parent])):
        drafted = draft(tmp_path / name, sources)
        assert "6 trimmed videos of clips.csv; 2 labels. Each is one clip." in text_of(drafted)
        study = load_study(tmp_path / name)
        assert study.windows.length is None
        data = load_data(study)
        assert [one.group for one in data.recordings] == ["src0", "src0", "src1", "src1", "src2", "src2"]
        assert load_label_set(str(tmp_path / name / "labels.yaml")).task == "multi-class"
        assert rows(tmp_path / name)[1] == {
            "video": "../fights/fight/f1.mp4",
            "label": "fight",
            "group": "src0",
            "split": "",
            "camera": "cam",
        }


def test_a_table_of_trimmed_videos_without_labels_is_refused(tmp_path: Path) -> None:
    video(tmp_path / "f.mp4")
    (tmp_path / "clips.csv").write_text("video,label\nf.mp4,\n")
    with pytest.raises(ActScribeError, match="no video has a label"):
        draft(tmp_path / "study", [tmp_path / "clips.csv"])


def test_the_indicators_of_a_draft_pass_when_their_signs_are_taken_away(lab: Path, tmp_path: Path) -> None:
    draft(tmp_path / "study", [lab])
    path = tmp_path / "study" / "labels.yaml"
    text = path.read_text(encoding="utf-8")
    assert load_label_set(str(path)).indicators == ()
    before, start, rest = text.partition("# indicators:\n")
    path.write_text(before + (start + rest).replace("# ", "", 3).replace("#   -", "  -"), encoding="utf-8")
    held = load_label_set(str(path))
    first = (held.names[0],)
    assert [(one.measure, one.of) for one in held.indicators] == [("latency", first), ("total", first)]
    read = [*(lab / "eaf").glob("*.eaf")][:1]
    assert "time in all" in actscribe("indicators", *read, "--labels", path)


def test_how_to_leave_a_tier_out_is_said_where_none_was_chosen(lab: Path, tmp_path: Path) -> None:
    assert "To leave one out" in text_of(draft(tmp_path / "all", [lab]))
    chosen = text_of(draft(tmp_path / "chosen", [lab], ["!Sitting"]))
    assert "Tiers left out: Sitting" in chosen
    assert "To leave one out" not in chosen


def test_a_file_that_names_no_video_belongs_to_the_only_one_it_is_called_after(tmp_path: Path) -> None:
    for number in range(3):
        video(tmp_path / "videos" / f"subject{number}_walk.mp4", number)
        (tmp_path / "csvs").mkdir(exist_ok=True)
        (tmp_path / "csvs" / f"subject{number}_walk.csv").write_text("label,start_s,end_s\nWalking,0,1\n")
    drafted = draft(tmp_path / "study", [tmp_path / "videos", tmp_path / "csvs"])
    assert "3 of 3 videos annotated" in text_of(drafted)
    data = load_data(load_study(tmp_path / "study" / "study.yaml"))
    assert all(one.intervals for one in data.recordings)

    video(tmp_path / "more" / "subject0_walk.mp4", 7)
    drafted = draft(tmp_path / "other", [tmp_path / "videos", tmp_path / "more", tmp_path / "csvs"])
    assert "2 of 4 videos annotated" in text_of(drafted)
