"""What pydantic finds wrong with a value, in the words of a person who wrote it."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from actscribe.counts import counted
from actscribe.errors import in_one_line

#: Type of problem -> what was expected; braces are filled in from what pydantic knows of it.
_EXPECTED = {
    "greater_than": "a number above {gt:.10g}",
    "greater_than_equal": "a number of at least {ge:.10g}",
    "less_than": "a number below {lt:.10g}",
    "less_than_equal": "a number of at most {le:.10g}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "string_too_short": "a text",
    "literal_error": "{expected}",
    "tuple_type": "a list",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length} or fewer",
    "list_type": "a list",
    "dict_type": "'key: value' lines",
    "model_type": "'key: value' lines",
    "model_or_text": "a text or 'key: value' lines",
}
#: Type of problem with a key of a file that a program wrote -> words; its value would say nothing.
_OF_KEYS = {"missing": "is not in it", "extra_forbidden": "is not known"}
#: Characters of a value that are shown.
_SHOWN = 60


def problem_in_words(problem: ErrorDetails) -> str:
    """Return what was expected and what was found, without saying where.

    Args:
        problem: one of a `ValidationError`. What a validator of ours raised is returned as it said it.
    """
    if problem["type"] == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    expected = _EXPECTED.get(problem["type"])
    words = problem["msg"] if expected is None else f"expected {expected.format(**problem.get('ctx', {}))}"
    shown = repr(problem["input"])
    return f"{words} (found {shown if len(shown) <= _SHOWN else f'{shown[:_SHOWN]}…'})"


def first_problem(error: ValueError | OSError) -> str:
    """Return what is wrong with a file that a program wrote: where, what, and how many problems there are besides."""
    if not isinstance(error, ValidationError):
        return in_one_line(error)
    first, *others = error.errors()
    key = ".".join(map(str, first["loc"]))
    words = _OF_KEYS.get(first["type"]) or problem_in_words(first)
    return f"{key}: {words}" + f", and {counted(len(others), 'other problem')}" * bool(others)
