"""Tokenizers that know the words of the prompts, made here: nothing is downloaded."""

from __future__ import annotations

import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from actscribe.recognizers.prompts import prompts
from two_ways.ways import LABELS


def prompt_tokenizer() -> hf.PreTrainedTokenizerFast:
    marks = ("<|startoftext|>", "<|endoftext|>")
    text = " ".join(f"a video of {label.described()} ." for label in LABELS.labels)
    words = {word: index for index, word in enumerate((*dict.fromkeys(text.replace(",", " , ").split()), *marks))}
    raw = Tokenizer(models.WordLevel(words, unk_token=marks[1]))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single=f"{marks[0]} $A {marks[1]}", special_tokens=[(mark, words[mark]) for mark in marks]
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=marks[0], eos_token=marks[1], pad_token=marks[1], unk_token=marks[1]
    )


def chat_tokenizer() -> hf.PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    prompt = prompts(LABELS)
    frame = "You are provided the following series of eight frames from a 0:00:03 [H:MM:SS] video. Frame from 00:00:"
    raw.train_from_iterator([prompt.opening, *prompt.questions, frame, "Yes No yes no User: Assistant:"] * 3, trainer)
    names = ("image_token", "fake_image_token", "global_image_token", "end_of_utterance_token")
    marks = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<|im_start|>",
        eos_token=marks[3],
        pad_token="<pad>",
        extra_special_tokens=dict(zip(names, marks, strict=True)),
    )
