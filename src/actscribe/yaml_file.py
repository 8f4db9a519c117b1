"""YAML into pydantic models, with errors that name the file, the line and the word that was probably meant."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.reading import read_text
from actscribe.wrong_values import problem_in_words

Model = TypeVar("Model", bound=BaseModel)

#: Of a file, and of what it holds once its aliases are written out. Kinetics-700 with a definition for each class is
#: 200 kB and 5,000 values; reading 50,000 takes seconds.
MOST_BYTES = 2 * 2**20
MOST_VALUES = 50_000
#: Characters; YAML reads '1:1:1' as a number to the base of 60, in time that grows with the square of its length.
_LONGEST_NUMBER = 400
#: Of YAML files.
ENDINGS = (".yaml", ".yml")
#: Type of an error whose message says where it is and what was found.
EXPLAINED = "explained"
_HOW_YAML_IS = (
    "A line is 'key: value' with a space behind the colon; lines of one level begin in one column, with spaces and no"
    " tabs; brackets and quotation marks are closed."
)
_UNWRITABLE = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_MERGE, _TEXT = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"
#: What YAML takes an unquoted word for, by the end of its tag.
_READ_AS = {
    "bool": "true or false",
    "float": "a number",
    "int": "a number",
    "null": "nothing",
    "timestamp": "a date",
}
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp")


def quoted(text: str) -> str:
    """Return a text as YAML's double quotes hold it; what YAML refuses or folds is escaped."""
    return _UNWRITABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def load_model(path: Path, model: type[Model], context: object = None) -> Model:
    """Read the YAML file at `path` into `model`, whose validators may ask for the `context`.

    Raises:
        ActScribeError: no such file, not YAML, a key twice in one mapping (both lines are named), too large when its
            aliases are written out, or not what `model` expects; the message gives the line.
    """
    path = Path(path)
    text = read_text(path, MOST_BYTES)
    if sum(map(text.count, ",\n\r")) > MOST_VALUES:
        raise ActScribeError(f"{path}: has more than {MOST_VALUES:,} lines or values.", "Is this the right file?")
    root, values = parse(path, text)
    if not isinstance(values, dict):
        raise ActScribeError(
            f"{path}:1: expected 'key: value' lines, found {'nothing' if values is None else type(values).__name__}."
        )
    _check_keys_are_text(path, root)
    try:
        return model.model_validate(values, context=context)
    except ValidationError as error:
        raise ActScribeError(_explain(path, root, error, model)) from None


def parse(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    """Return the nodes of one YAML document, which know their lines, and its values.

    Raises:
        ActScribeError: as `load_model` says.
    """
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return None, None
        _check_size(path, root)
        _check_keys(path, loader, root)
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise ActScribeError(f"{path}{_problem_in_yaml(error)}", _HOW_YAML_IS) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ActScribeError(f"{path}:{line}: not valid YAML: a control character, {chr(error.character)!r}.") from None
    except RecursionError:
        raise ActScribeError(f"{path}: lists and mappings are nested too deeply.") from None
    except (ValueError, OverflowError) as error:
        raise ActScribeError(f"{path}: a date or number that does not exist: {error}.") from None
    finally:
        if loader:
            loader.dispose()


def _problem_in_yaml(error: yaml.MarkedYAMLError) -> str:
    """Return the line and what is wrong in it; of what should have ended on its own line, that of its beginning."""
    begun, noticed = error.context_mark, error.problem_mark
    if noticed is None:
        return f": not valid YAML: {error.problem}."
    if begun is None or begun.line == noticed.line or not _ends_early(error.context or ""):
        return f":{noticed.line + 1}: not valid YAML: {error.problem}."
    return f":{begun.line + 1}: not valid YAML: {error.problem}, up to line {noticed.line + 1}."


def _ends_early(context: str) -> bool:
    """Tell whether what a parser was at seldom has several lines: a key, a text in quotes, a list in brackets."""
    return context.startswith("while scanning") or "flow" in context


def _check_size(path: Path, root: yaml.Node) -> None:
    """Refuse what becomes too large when every alias is written out, aliases of what they stand in, and long numbers.

    A kilobyte of aliases of aliases stands for gigabytes (the "billion laughs").
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            if not sizes[id(node)]:
                raise ActScribeError(f"{path}:{_mark(node)}: an alias lies inside the value it refers to.")
            return sizes[id(node)]
        sizes[id(node)] = 0
        inner = _inner(node)
        if not inner and node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:
            raise ActScribeError(f"{path}:{_mark(node)}: a number of {len(node.value):,} characters.")
        sizes[id(node)] = 1 + sum(size(one) for one in inner)
        if sizes[id(node)] > MOST_VALUES:
            raise ActScribeError(
                f"{path}:{_mark(node)}: has more than {MOST_VALUES:,} values once its aliases (*) are written out."
            )
        return sizes[id(node)]

    size(root)


def _check_keys(path: Path, loader: yaml.SafeLoader, root: yaml.Node) -> None:
    """Refuse a key that is twice in one mapping; YAML's own reader would silently keep the last."""
    for node in _nodes(root):
        if not isinstance(node, yaml.MappingNode):
            continue
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            value = key.value if key.tag == _MERGE else loader.construct_object(key)
            if value in lines:
                raise ActScribeError(
                    f"{path}:{_mark(key)}: the key '{key.value}' is already defined on line {lines[value]}.",
                    "Only one of the two can be meant; remove the other.",
                )
            lines[value] = _mark(key)


def _check_keys_are_text(path: Path, root: yaml.Node | None) -> None:
    """Refuse every key that YAML reads as something else than a text: a number, a date, on."""
    nodes, lines = _nodes(root), []
    for key in (key for node in nodes if isinstance(node, yaml.MappingNode) for key, _ in node.value):
        if isinstance(key, yaml.ScalarNode) and key.tag not in (_MERGE, _TEXT):
            what = _READ_AS.get(key.tag.rpartition(":")[2], "something else than a text")
            lines.append(
                f"{path}:{_mark(key)}: expected a text as a key, found '{key.value}', which YAML reads as {what}."
            )
    if lines:
        raise ActScribeError("\n".join(lines), "Put it into quotes if it is a name; else remove it.")


def _nodes(root: yaml.Node | None) -> list[yaml.Node]:
    """Return all nodes, each once, in the order of the file."""
    waiting, visited = [root] if root else [], {}
    while waiting:
        node = waiting.pop()
        if id(node) not in visited:
            visited[id(node)] = node
            waiting += reversed(_inner(node))
    return list(visited.values())


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _mark(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _explain(path: Path, root: yaml.Node | None, error: ValidationError, model: type[BaseModel]) -> str:
    problems = error.errors()
    # Of a value that may be a text or more, what is wrong with the more says what the text would say.
    texts = {one["loc"][:-1] for one in problems if one["loc"][-1:] == ("str",)}
    shown = [_named(one, texts) for one in problems if one["loc"][-1:] != ("str",)] or problems
    shown = [one for one in shown if one["type"] != "too_short" or not _has_wrong_part(one, shown)]
    lines = sorted(((_line(root, one["loc"]), _in_words(one, model)) for one in shown), key=itemgetter(0))
    return "\n".join(f"{path}:{line}: {words}" for line, words in lines)


def _named(problem: ErrorDetails, texts: Container[tuple[int | str, ...]]) -> ErrorDetails:
    """Return a problem without pydantic's name of a class in its location, and of what may be a text, with that."""
    location = problem["loc"]
    kept = tuple(part for part in location if not str(part).startswith("function-"))
    may_be_text = problem["type"] == "model_type" and location[:-1] in texts
    return {**problem, "loc": kept, "type": "model_or_text" if may_be_text else problem["type"]}


def _has_wrong_part(problem: ErrorDetails, others: Iterable[ErrorDetails]) -> bool:
    """Tell whether a list is too short only since what is in it is wrong."""
    location = problem["loc"]
    return any(len(one["loc"]) > len(location) and one["loc"][: len(location)] == location for one in others)


def _in_words(problem: ErrorDetails, model: type[BaseModel]) -> str:
    location = problem["loc"]
    name = ".".join(str(part) for part in location)
    if problem["type"] == EXPLAINED:
        return problem["msg"]
    if problem["type"] == "extra_forbidden":
        known = fields_at(model, location[:-1])
        return f"unknown key '{location[-1]}'. {did_you_mean(str(location[-1]), known)}"
    if problem["type"] == "missing":
        return f"'{name}' is missing."
    words = problem_in_words(problem) + unquoted(problem["type"], problem["input"])
    return f"{name}: {words}" if name else words


def unquoted(problem: str, value: object) -> str:
    """Return advice on what YAML reads as something else than a text, such as `{name}`; empty for any other problem."""
    if problem != "string_type":
        return ""
    if isinstance(value, dict):
        return ". Put a text that begins with a brace into quotes, such as '{name}'"
    if isinstance(value, bool):
        return ". YAML reads on, off, yes and no as true and false: put such a word into quotes"
    return ". Put a number or date that is a name into quotes" if isinstance(value, int | float | date) else ""


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line of a validation error's location, or of the nearest enclosing node."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                continue
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the model at `location` knows."""
    current: object = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = _model_in(current.model_fields[str(part)].annotation)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _model_in(annotation: object) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        nested = _model_in(inner)
        if nested is not None:
            return nested
    return None
