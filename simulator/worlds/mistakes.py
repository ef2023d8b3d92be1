"""Mistakes in scenario files as sentences: file, line, field, and what was expected."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from simulator.worlds.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Path: TypeAlias = tuple[str | int, ...]
Mistake: TypeAlias = tuple[Path, str]
"""Where in the document, and what is wrong there."""

_TABLE: Final = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY: Final = re.compile(r"""^\s*("[^"]*"|'[^']*'|[\w.-]+)\s*=""")


def of(error: ValidationError, document: Mapping[str, Any]) -> list[Mistake]:
    """Return the mistakes that pydantic found in a document."""
    found = [
        (_within(each["loc"], document), each["type"], _message(each))
        for each in error.errors(include_url=False)
    ]
    # A list with a mistake in it counts as too short as well, which nobody wants to know.
    return [
        (path, _unknown_field(str(path[-1])) if kind == "extra_forbidden" else message)
        for path, kind, message in found
        if kind != "too_short" or not any(_is_inside(other, path) for other, _, _ in found)
    ]


def _message(each: ErrorDetails) -> str:
    told = each.get("ctx", {})
    match each["type"]:
        case "missing":
            return "this must be there"
        case "too_short":
            return f"{told['min_length']} are needed, there are {told['actual_length']}"
        case "too_long":
            return f"{told['max_length']} are allowed, there are {told['actual_length']}"
    return each["msg"].removeprefix("Value error, ")


def _is_inside(path: Path, outer: Path) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer


def sentences(source: str, text: str, found: Iterable[Mistake]) -> str:
    """Return mistakes for eyes, one a line, each once, in the order of the file."""
    lines = _lines(text)
    told = []
    for path, message in found:
        number = _line_of(path, lines)
        place = f"{source}:{number}" if number else source
        field = ".".join(str(step) for step in path)
        told.append((number, f"{place}: {field}: {message}" if field else f"{place}: {message}"))
    return "\n".join(dict.fromkeys(line for _, line in sorted(told, key=lambda each: each[0])))


def _within(loc: tuple[str | int, ...], document: object) -> Path:
    """Return a location without what is pydantic's own, such as the names of forms."""
    path: list[str | int] = []
    here = document
    for position, step in enumerate(loc):
        inner = _inner(here, step)
        if inner is not None:
            here = inner
        elif position < len(loc) - 1 or not isinstance(here, dict) or step == "[key]":
            continue
        path.append(step)
    return tuple(path)


def _inner(here: object, step: str | int) -> object | None:
    if isinstance(here, dict):
        return here.get(step)
    if isinstance(here, list) and isinstance(step, int) and step < len(here):
        return here[step]  # type: ignore[no-any-return]
    return None


def _unknown_field(name: str) -> str:
    near = get_close_matches(name, _fields(), n=1, cutoff=0.7)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no such field{hint}"


def _fields() -> list[str]:
    names: dict[str, None] = {}
    kinds: list[type[BaseModel]] = [Spec]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        names.update(dict.fromkeys(kind.model_fields))
    return list(names)


def _lines(text: str) -> dict[Path, int]:
    """Return the line of each table and each field that begins a line."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if table := _TABLE.match(line):
            here = _entered(table[2], is_list=table[1] == "[[", counts=counts)
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            steps = key[1].strip("\"'") if key[1][0] in "\"'" else key[1]
            found.setdefault((*here, *_steps(steps, is_quoted=key[1][0] in "\"'")), number)
    return found


def _entered(name: str, *, is_list: bool, counts: dict[Path, int]) -> Path:
    """Return the path of a table, with the numbers of the lists that it is in."""
    steps = [step.strip().strip("\"'") for step in name.split(".")]
    path: Path = ()
    for position, step in enumerate(steps):
        path = (*path, step)
        if position == len(steps) - 1 and is_list:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _steps(key: str, *, is_quoted: bool) -> list[str]:
    return [key] if is_quoted else key.split(".")


def _line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Return the line of the nearest part of a path that has one, 0 for none."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 0
