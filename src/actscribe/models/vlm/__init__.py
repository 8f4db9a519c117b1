"""Local vision-language models: loading, prompts, hidden states, shared prefixes, pooling and planning."""

from actscribe.models.vlm.batching import plan_batches
from actscribe.models.vlm.loading import load_vlm
from actscribe.models.vlm.prompts import ClipInputs
from actscribe.models.vlm.vlm import Hidden, Identity, Prefix, Vlm

__all__ = ["ClipInputs", "Hidden", "Identity", "Prefix", "Vlm", "load_vlm", "plan_batches"]
