"""Which package is missing, and what brings it."""

from __future__ import annotations

import pytest

from actscribe import packages
from actscribe.errors import ActScribeError


def test_a_package_that_another_recognizer_needs_is_asked_for_by_its_name() -> None:
    assert packages.explain("nothere_zz") == "the package nothere_zz is not installed; type: pip install nothere_zz"
    with pytest.raises(ActScribeError, match="needs the package nothere_zz") as refused:
        packages.require("nothere_zz", "'mine'")
    assert refused.value.hint == "Type: pip install nothere_zz"
