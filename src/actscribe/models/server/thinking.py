"""Models that think before they answer: what they thought is parted from what they answer."""

from __future__ import annotations

#: Where models end thinking aloud: Qwen, DeepSeek and most others; Mistral's Magistral; ByteDance's Seed; gpt-oss.
ENDS = ("</think>", "</thinking>", "[/THINK]", "</seed:think>", "<|channel|>final<|message|>")
STARTS = ("<think>", "<thinking>", "[THINK]", "<seed:think>", "<|channel|>analysis<|message|>")


def parted(written: str, apart: str = "") -> tuple[str, str]:
    """Return (answer, thought) of what a model wrote.

    The beginning of thinking may stand in the prompt already: then only its end is written. A thought that
    does not end is not an answer. A server that parts the two may take an answer without a thought for one: yes and no
    alone are answers.

    Args:
        written: the message.
        apart: what the server took for thinking and gave in a field of its own.
    """
    ended = max((written.rfind(end) + len(end) for end in ENDS if end in written), default=0)
    if ended:
        return written[ended:].strip(), (apart + written[:ended]).strip()
    begun = written.lstrip()
    if begun.startswith(STARTS):
        return "", (apart + begun).strip()
    answer = begun.strip()
    if not answer and apart.strip().strip(".").casefold() in ("yes", "no"):
        return apart.strip(), ""
    return answer, apart.strip()
