"""What became of each weight when a checkpoint was loaded, and whether that will do.

Libraries fill weights that a file lacks with random numbers and pass over those that they have no place for. Here every
weight that was missing, unexpected or of another shape is one that the caller named beforehand, or the load is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from actscribe.counts import counted
from actscribe.errors import ActScribeError

#: Weights that files of older libraries carry and no model has: tables of 0, 1, 2, ... and frequencies, both computed
#: from the configuration today. (transformers passes over them itself where a model has had them.)
COMPUTED = re.compile(r"(^|\.)(position_ids|inv_freq|num_batches_tracked)$")
_BLOCK = re.compile(r"\.(\d+)\.")
#: More matrices of zeros than this share are not weights: a download that reserved its place and stopped (ours).
MOST_ZERO = 0.5
#: Names in a message.
SHOWN = 3
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoadingReport:
    """What did not fit.

    Args:
        missing: weights of the model that the file lacks.
        unexpected: weights of the file that the model lacks.
        mismatched: name -> (shape in the file, shape in the model).
        errors: other words of the library.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: Mapping[str, tuple[Shape, Shape]]
    errors: tuple[str, ...] = ()

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> LoadingReport:
        """Return what transformers' `output_loading_info` tells."""
        shapes = {name: (tuple(in_file), tuple(wanted)) for name, in_file, wanted in info["mismatched_keys"]}
        return cls(
            tuple(sorted(info["missing_keys"])),
            tuple(sorted(info["unexpected_keys"])),
            dict(sorted(shapes.items())),
            tuple(map(str, info["error_msgs"])),
        )

    @classmethod
    def between(cls, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> LoadingReport:
        """Return how the tensors of a file differ from those that a module has, by name and shape."""
        both = tensors.keys() & wanted.keys()
        shapes = {name: (tuple(tensors[name].shape), tuple(wanted[name].shape)) for name in sorted(both)}
        return cls(
            tuple(sorted(wanted.keys() - tensors.keys())),
            tuple(sorted(tensors.keys() - wanted.keys())),
            {name: pair for name, pair in shapes.items() if pair[0] != pair[1]},
        )

    def without(self, fresh: Collection[str]) -> LoadingReport:
        """Return what is left when weights whose names begin with one of `fresh` may be anything at all."""
        given = tuple(fresh)
        return LoadingReport(
            tuple(name for name in self.missing if not name.startswith(given)),
            tuple(name for name in self.unexpected if not name.startswith(given) and not COMPUTED.search(name)),
            {name: pair for name, pair in self.mismatched.items() if not name.startswith(given)},
            self.errors,
        )

    def require(self, where: str, hint: str, fresh: Collection[str] = ()) -> None:
        """Refuse the load unless every weight found its place.

        Args:
            where: what the message begins with: the folder, and the checkpoint's name where it has one.
            hint: what to do next.
            fresh: beginnings of names that the caller replaces, such as a head of other classes.

        Raises:
            ActScribeError: counts, first names, and what kind of checkpoint it seems to be.
        """
        left = self.without(fresh)
        words = []
        if left.missing:
            words.append(f"{_counted(left.missing)} missing, first {_first(left.missing)}")
        if left.unexpected:
            words.append(f"{_counted(left.unexpected)} unexpected, first {_first(left.unexpected)}")
        if left.mismatched:
            name, (in_file, wanted) = next(iter(left.mismatched.items()))
            shapes = f"{name} of shape {list(in_file)} in place of {list(wanted)}"
            words.append(f"{_counted(left.mismatched)} of another shape, first {shapes}")
        words += [f"{counted(len(left.errors), 'error')}, first {left.errors[0]}"] if left.errors else []
        if words:
            raise ActScribeError(f"{where}: {'; '.join(words)}. {likely(left)}".rstrip(), hint)


def likely(report: LoadingReport) -> str:
    """Return in a sentence what a checkpoint that does not fit seems to be, or nothing."""
    if report.mismatched:
        return _other_sizes(report.mismatched)
    if report.missing and report.unexpected:
        prefix = _prefix(report)
        if prefix:
            return f"Its names all begin with '{prefix}': it was saved around or within another network."
        return "Its weights do not have the names that transformers gives them: it was saved by another library."
    blocks = sorted({int(n) for name in report.missing or report.unexpected for n in _BLOCK.findall(name)[-1:]})
    if not blocks or not all(_BLOCK.search(name) for name in report.missing or report.unexpected):
        return "It holds only a part of the network." if report.missing else ""
    listed = ", ".join(map(str, blocks[:SHOWN])) + (", ..." if len(blocks) > SHOWN else "")
    if report.missing:
        return f"All of them are of layer {listed}: config.json describes a deeper network, or layers were left out."
    return f"All of them are of layer {listed}: config.json describes a shallower network."


def check_finite(weights: Mapping[str, Tensor], where: str, hint: str) -> None:
    """Refuse weights that are not numbers.

    Args:
        weights: by name; integers, as of quantized layers, are passed over.
        where: what the message begins with.
        hint: what to do next.

    Raises:
        ActScribeError: a weight holds NaN or an infinity.
    """
    bad = [name for name, value in weights.items() if not all(map(math.isfinite, _range(value)))]
    if bad:
        raise ActScribeError(
            f"{where}: {_counted(bad)} NaN or infinite somewhere, first {_first(bad)}. A training that diverged, or a"
            " damaged file?",
            hint,
        )


def check_filled(weights: Mapping[str, Tensor], where: str, hint: str) -> None:
    """Refuse a network most of whose matrices are zero throughout; arguments as in `check_finite`.

    Raises:
        ActScribeError: most matrices are zero throughout.
    """
    matrices = {name: value for name, value in weights.items() if value.ndim > 1 and value.is_floating_point()}
    zero = [name for name, value in matrices.items() if _range(value) == (0.0, 0.0)]
    if len(zero) > MOST_ZERO * len(matrices):
        raise ActScribeError(
            f"{where}: {len(zero)} of {len(matrices)} matrices hold nothing but zeros, first {_first(zero)}. Was the"
            " copy interrupted?",
            hint,
        )


def _range(value: Tensor) -> tuple[float, float]:
    """Return the least and the greatest number of a tensor, nan if it holds one; (0, 0) of what is not looked at."""
    if not value.is_floating_point() or not value.numel() or value.is_meta or value.element_size() < 2:
        return 0.0, 0.0
    low, high = torch.aminmax(value.detach())
    return float(low), float(high)


def _other_sizes(mismatched: Mapping[str, tuple[Shape, Shape]]) -> str:
    """Tell which number of the configuration differs, by the table that has another length."""
    for name, (in_file, wanted) in mismatched.items():
        if "time_embeddings" in name or name.startswith("mit.position"):
            return f"It was made for {counted(in_file[1], 'frame')}, config.json says {wanted[1]}."
    for name, (in_file, wanted) in mismatched.items():
        if "position_embedding" in name and len(in_file) == len(wanted):
            rows, expected = (shape[-2] for shape in (in_file, wanted))
            if rows != expected:
                what = "tokens of text" if name.startswith("text") else "places in a picture: another picture size"
                return f"It was made for {rows} {what}, config.json says {expected}."
    return "Its size is not that of config.json."


def _prefix(report: LoadingReport) -> str:
    """Return what the names in the file have in front of those that the model wants, or nothing."""
    first, last = min(report.unexpected), max(report.unexpected)
    shared = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    for end in (index + 1 for index, letter in enumerate(first[:shared]) if letter == "."):
        if {name[end:] for name in report.unexpected} & set(report.missing):
            return first[:end]
    return ""


def _counted(names: Collection[str]) -> str:
    return counted(len(names), "weight is", "weights are")


def _first(names: Collection[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:SHOWN])
