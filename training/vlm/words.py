"""The words that the tokenizer is trained on besides the captions and questions, and the ways in which prompts are put.

Nothing here describes a resuscitation: some words of that field are listed so that they can be written with few
tokens, but no sentence that the model is trained on uses them.
"""

from __future__ import annotations

from actscribe.simulation.tabletop_actions import SETTING

COMMON = ["the", "of", "and", "to", "in", "is", "was", "for", "on", "that", "with", "as", "by", "at", "from", "this", "are", "be", "or", "an", "it", "not", "have", "has", "had", "he", "she", "they", "we", "you", "his", "her", "their", "its", "who", "what", "which", "when", "where", "why", "how", "all", "any", "some", "each", "every", "other", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "no", "yes", "Yes", "No", "none", "None", "many", "much", "more", "most", "less", "few", "first", "second", "third", "last", "next", "before", "after", "then", "now", "during", "while", "again", "also", "only", "same", "different", "new", "old", "small", "large", "big", "long", "short", "high", "low", "near", "far", "up", "down", "left", "right", "top", "bottom", "middle", "side", "front", "back", "over", "under", "above", "below", "behind", "between", "into", "out", "off", "inside", "outside", "around", "across", "through", "against", "towards", "away", "together", "apart", "still", "quickly", "slowly", "twice", "times", "person", "people", "man", "woman", "child", "baby", "infant", "newborn", "mother", "doctor", "nurse", "midwife", "patient", "staff", "team", "someone", "nobody", "hand", "hands", "arm", "arms", "finger", "fingers", "head", "face", "mouth", "nose", "eye", "eyes", "chest", "belly", "back", "leg", "legs", "foot", "feet", "skin", "body", "neck", "heart", "breath", "breaths", "breathing", "breathe", "lung", "air", "oxygen", "mask", "bag", "tube", "suction", "catheter", "device", "tool", "equipment", "towel", "blanket", "sheet", "bed", "mattress", "table", "floor", "wall", "door", "room", "light", "lamp", "camera", "picture", "video", "clip", "image", "frame", "frames", "scene", "sound", "water", "bottle", "cup", "box", "bowl", "ball", "plate", "book", "pen", "cloth", "paper", "string", "glass", "wood", "metal", "plastic", "red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "brown", "grey", "dark", "bright", "colour", "shape", "size", "round", "flat", "open", "opens", "closed", "close", "closes", "visible", "seen", "see", "shown", "show", "shows", "showing", "happen", "happens", "happening", "occur", "occurs", "activity", "activities", "action", "actions", "event", "motion", "movement", "move", "moves", "moving", "moved", "stand", "stands", "standing", "sit", "sits", "sitting", "lie", "lies", "lying", "walk", "walks", "walking", "run", "runs", "running", "fall", "falls", "falling", "hold", "holds", "holding", "held", "touch", "touches", "touching", "rub", "rubs", "rubbing", "wipe", "wipes", "dry", "drying", "press", "presses", "pressing", "push", "pushes", "pull", "pulls", "squeeze", "squeezes", "pump", "pumps", "place", "places", "put", "puts", "take", "takes", "lift", "lifts", "turn", "turns", "open", "rest", "rests", "wave", "waves", "give", "gives", "given", "help", "helps", "use", "uses", "used", "using", "start", "starts", "end", "ends", "begin", "begins", "stop", "stops", "stimulation", "stimulate", "ventilation", "ventilate", "compression", "compressions", "resuscitation", "uncovered", "covered", "cover", "describe", "answer", "question", "list", "name", "following", "setting", "definition", "based", "whether", "does", "do", "did", "can", "could", "will", "would", "should", "may", "might", "must", "there", "here", "present", "absent", "sentence", "word", "words", "write", "reply", "only", "true", "false", "correct", "wrong", "say", "says", "tell", "look", "looks", "looking", "watch", "fight", "fighting", "hitting", "kicking", "work", "works", "working", "hit"]

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
SEEN = (
    "Which of these can be seen: {items}?",
    "Which of these are in the video: {items}?",
    "List what is there: {items}.",
)
LIST_ENDS = ("", "", " Answer with a list.", " Answer with a list, or none.", " Answer none if there is none of them.")
