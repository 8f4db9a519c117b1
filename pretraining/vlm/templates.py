"""The words that the tokenizer is trained on besides the captions and questions, and the ways in which prompts are put.

Nothing here describes a resuscitation: some words of that field are listed so that they can be written with few
tokens, but no sentence that the model is trained on uses them.
"""

from __future__ import annotations

from pathlib import Path

from actscribe_sim.tabletop.actions import SETTING

COMMON = (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8").split()

#: Sentences on what the videos show, before a question; half of the time the tabletop label set's own.
SETTINGS = (
    *(SETTING,) * 6,
    "The camera looks down at a table.",
    "A video from a camera above a table.",
    "The video shows objects and hands.",
    "A camera films what people do with their hands.",
    "A short clip from a workplace.",
    "The camera is fixed above a flat surface.",
)

HAPPENS = (
    "Describe what happens in the video.",
    "What happens?",
    "What happens in this video?",
    "Describe the video.",
    "Describe the action.",
    "What is happening?",
    "Describe in one sentence what happens.",
    "Write a caption for this video.",
    "Caption:",
    "Say in one sentence what is done in the video.",
    "What do the hands do?",
    "Describe what you see in this clip.",
)
LIES = (
    "Describe the objects.",
    "What lies on the table?",
    "What is on the table?",
    "Name the objects on the table.",
    "Describe what lies there.",
)
FULL = (
    "Describe the video in detail.",
    "Describe what happens and what lies there.",
    "Describe in two sentences what you see.",
    "What happens in the video, and what else is there? Describe it in detail.",
)
YES_NO = (
    "{q} Answer yes or no.",
    "{q} Answer yes or no.",
    "{q} Answer with yes or no.",
    "{q}",
    "{q} Yes or no?",
    "Question: {q} Answer yes or no.",
    "Answer yes or no: {q}",
    "Answer the question about this video with yes or no. {q}",
    "Look at the clip. {q} Reply with Yes or No only.",
    "{q}\nAnswer with one word, yes or no.",
)
DEFINED = (
    "{definition} {q}",
    "{name}: {definition} {q}",
    "{definition} Does this happen in the video?",
    "{name}: {definition} Is this shown?",
)
WHICH = (
    "Which of these activities happen: {items}?",
    "Which of these activities occur in the video: {items}?",
    "Which of the following activities happen in this clip? {items}.",
    "List the activities that occur: {items}.",
    "Activities: {items}. Which of them happen in the video?",
    "Choose from this list what happens in the video: {items}.",
)
VISIBLE = (
    "Which of these can be seen: {items}?",
    "Which of these are in the video: {items}?",
    "List what is there: {items}.",
)
LIST_ENDS = ("", "", " Answer with a list.", " Answer with a list, or none.", " Answer none if there is none of them.")
