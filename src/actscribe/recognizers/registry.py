"""The recognizers a user can name."""

from __future__ import annotations

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.recognizers import dual, timesformer, vlm_head, vlm_judge, vlm_list, vlm_lora, vlm_yesno
from actscribe.recognizers.base import Kind

RECOGNIZERS: dict[str, Kind] = {
    "timesformer": timesformer.KIND,
    "vlm-list": vlm_list.KIND,
    "vlm-yesno": vlm_yesno.KIND,
    "vlm-judge": vlm_judge.KIND,
    "vlm-head": vlm_head.KIND,
    "vlm-lora": vlm_lora.KIND,
    "clip": dual.CLIP,
    "vifi-clip": dual.VIFICLIP,
    "x-clip": dual.XCLIP,
    "clip-vghif": dual.CLIP_VGHIF,
    "vifi-clip-vghif": dual.VIFICLIP_VGHIF,
    "x-clip-vghif": dual.XCLIP_VGHIF,
}


def kind(name: str) -> Kind:
    """Return a recognizer's kind by name.

    Raises:
        ActScribeError: no such recognizer, with the one probably meant.
    """
    if name not in RECOGNIZERS:
        raise ActScribeError(f"no recognizer is called '{name}'.", did_you_mean(name, RECOGNIZERS))
    return RECOGNIZERS[name]
