"""Where and in which precision networks run, decided once and said aloud."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch


def device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def bfloat16_pays() -> tuple[bool, str]:
    """Return whether this machine computes faster in bf16, with the reason in words."""
    if torch.cuda.is_available():
        able = torch.cuda.is_bf16_supported(including_emulation=False)
        return able, f"GPU {torch.cuda.get_device_name()} {'has' if able else 'lacks'} bf16"
    if torch.backends.mps.is_available():
        return False, "Apple GPU: float32"
    if torch.cpu._is_amx_tile_supported():
        return True, "the processor has AMX"
    if torch.cpu._is_avx512_bf16_supported():
        return True, "the processor has AVX-512 bf16"
    return False, "the processor has neither AMX nor AVX-512 bf16"


def use_bfloat16(precision: str) -> bool:
    """Tell whether `precision` ("auto", "float32" or "bfloat16") means bf16 on this machine."""
    return precision == "bfloat16" or (precision == "auto" and bfloat16_pays()[0])


def autocast(bfloat16: bool) -> AbstractContextManager[None]:
    """Return a context in which matrix products run in bf16, if asked for."""
    return torch.autocast(device().type, dtype=torch.bfloat16, enabled=bfloat16)
