"""YAML into pydantic models, with errors that name the file, the line and the word that was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from actscribe.errors import ActScribeError, did_you_mean

Model = TypeVar("Model", bound=BaseModel)


def load_model(path: Path, model: type[Model]) -> Model:
    """Read the YAML file at `path` into `model`.

    Raises:
        ActScribeError: no such file, not YAML, or not what `model` expects; the message gives the line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ActScribeError(f"{path}: no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ActScribeError(f"{path}: cannot be read as text: {error}.") from error
    try:
        values = yaml.safe_load(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f":{mark.line + 1}" if mark else ""
        raise ActScribeError(f"{path}{where}: not valid YAML: {error.problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ActScribeError(f"{path}:{line}: not valid YAML: a control character, {chr(error.character)!r}.") from None
    except ValueError as error:
        raise ActScribeError(f"{path}: a date or number that does not exist: {error}.") from None
    if not isinstance(values, dict):
        raise ActScribeError(
            f"{path}:1: expected 'key: value' lines, found {'nothing' if values is None else type(values).__name__}."
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ActScribeError(_explain(path, root, error, model)) from None


def _explain(path: Path, root: yaml.Node | None, error: ValidationError, model: type[BaseModel]) -> str:
    lines = []
    problems = error.errors()
    # Of a value that may be a text or more, what is wrong with the more says what the text would say.
    for problem in [one for one in problems if one["loc"][-1:] != ("str",)] or problems:
        location = problem["loc"]
        where = f"{path}:{_line(root, location)}"
        name = ".".join(str(part) for part in location) or model.__name__
        if problem["type"] == "extra_forbidden":
            known = fields_at(model, location[:-1])
            lines.append(f"{where}: unknown key '{location[-1]}'. {did_you_mean(str(location[-1]), known)}")
        elif problem["type"] == "missing":
            lines.append(f"{where}: '{name}' is missing.")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            found = f" (found {problem['input']!r})" if problem["type"] != "value_error" else ""
            lines.append(f"{where}: {name}: {message}{found}{unquoted(problem['type'], problem['input'])}")
    return "\n".join(lines)


def unquoted(problem: str, found: object) -> str:
    """Return advice on a mapping in the place of a text, as YAML reads `{name}`; empty for any other problem."""
    if problem != "string_type" or not isinstance(found, dict):
        return ""
    return ". Put a text that begins with a brace into quotes, such as '{name}'"


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
        found = _model_in(inner)
        if found is not None:
            return found
    return None
