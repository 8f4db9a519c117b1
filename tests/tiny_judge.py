"""A tiny random text model with a real tokenizer, on disk like any downloaded one."""

from __future__ import annotations

from pathlib import Path

import tiny_vlms
import torch
import transformers


def tiny_judge(folder: Path, template: bool = True) -> Path:
    """Write a tiny random Llama with a tokenizer into `folder`."""
    words = tiny_vlms.tokenizer({}, ("<|im_start|>", "<|im_end|>"), eos="<|im_end|>")
    if template:
        words.chat_template = (
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        )
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=len(words), **tiny_vlms.TEXT))
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.15)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
