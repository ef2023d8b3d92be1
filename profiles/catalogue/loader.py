"""Reads a folder of named profiles; every mistake is found at once and says what to do."""

from __future__ import annotations

import difflib
import json
import tomllib
from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from profiles.catalogue.schema import CataloguePeriod, CatalogueProfile, Tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

_READERS = {".toml": tomllib.loads, ".json": json.loads}
_NEARLY = {".yaml", ".yml", ".tml"}
_FIELDS = sorted(
    {*CatalogueProfile.model_fields, *CataloguePeriod.model_fields, *Tolerance.model_fields}
)
_ADVICE = {
    "missing": "is missing; add it",
    "timezone_aware": "needs a time zone; add Z or an offset such as +02:00",
    "float_type": "must be a number without quotes",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be {ge:g} or more",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be {le:.15g} or less",
    "finite_number": "must be a finite number",
    "tuple_type": "must be a list",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty; remove it to match anything",
    "string_pattern_mismatch": "must be lower case letters, digits, - and _",
    "time_parsing": 'is no time of day; write it as "22:00"',
    "model_type": "must be a table of fields",
}


@dataclass(frozen=True, slots=True)
class CatalogueFinding:
    """A mistake in a file; `field` is empty when the whole file is meant.

    `is_warning` where the file can be used all the same.
    """

    file: str
    field: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}: {self.field}" if self.field else self.file
        return f"{place}: {self.message}"


class CatalogueError(ValueError):
    """Profile files cannot be used as they are; `findings` holds every mistake."""

    def __init__(self, findings: tuple[CatalogueFinding, ...]) -> None:
        self.findings = findings
        super().__init__("\n".join(map(str, findings)))


def load_catalogue(folder: Path) -> dict[str, CatalogueProfile]:
    """Return the profiles of `folder` by name, sorted: one .toml or .json file each.

    The file's stem is the profile's name. Other files are left alone.

    Raises: CatalogueError with every mistake of every file.
    """
    if not folder.is_dir():
        missing = CatalogueFinding(
            str(folder), "", "is no folder; create it or correct the setting"
        )
        raise CatalogueError((missing,))
    profiles: dict[str, CatalogueProfile] = {}
    findings: list[CatalogueFinding] = []
    for path in sorted(folder.iterdir()):
        if path.suffix in _NEARLY:
            findings.append(CatalogueFinding(path.name, "", "is not read; rewrite it as TOML"))
        if path.suffix not in _READERS:
            continue
        try:
            profile = load_profile(path)
        except CatalogueError as error:
            findings.extend(error.findings)
            continue
        if profile.name in profiles:
            message = f"there is another file of the name {profile.name}; remove one of the two"
            findings.append(CatalogueFinding(path.name, "", message))
        profiles[profile.name] = profile
    if findings:
        raise CatalogueError(tuple(findings))
    return profiles


def load_profile(path: Path) -> CatalogueProfile:
    """Return the profile of one file. Raises: CatalogueError with every mistake in it."""
    fields = read_table(path)
    if fields.get("name", path.stem) != path.stem:
        message = f"is {fields['name']!r}; the file's name says {path.stem!r}, so remove the field"
        raise CatalogueError((CatalogueFinding(path.name, "name", message),))
    try:
        return CatalogueProfile.model_validate({**fields, "name": path.stem})
    except ValidationError as error:
        raise CatalogueError(explain(path.name, error, _FIELDS)) from error


def read_table(path: Path) -> dict[str, Any]:
    """Return the top table of a TOML or JSON file. Raises: CatalogueError naming the line."""
    if path.suffix not in _READERS:
        raise _broken(path, "is not read; its name must end in .toml or .json")
    try:
        table = _READERS[path.suffix](path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _broken(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _broken(path, "is not UTF-8 text; save it as UTF-8") from error
    except ValueError as error:
        kind = path.suffix[1:].upper()
        raise _broken(path, f"is no valid {kind}: {error}; correct that line") from error
    if not isinstance(table, dict):
        raise _broken(path, "must hold one table of fields")
    return table


def explain(file: str, error: ValidationError, known: list[str]) -> tuple[CatalogueFinding, ...]:
    """Return pydantic's findings in an operator's words; `known` are the fields there are."""
    findings: list[CatalogueFinding] = []
    for each in error.errors(include_url=False):
        context: Mapping[str, Any] = each.get("ctx", {})
        if each["type"] == "incoherent":
            findings.extend(
                CatalogueFinding(file, field, message) for field, message in context["problems"]
            )
        else:
            findings.append(CatalogueFinding(file, _field(each["loc"]), _sentence(each, known)))
    return tuple(findings)


def _broken(path: Path, message: str) -> CatalogueError:
    return CatalogueError((CatalogueFinding(path.name, "", message),))


def _field(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _sentence(error: ErrorDetails, known: list[str]) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return _unknown_field(str(error["loc"][-1]), known)
    if error["type"] == "literal_error":
        hint = "; 1 kW is 1000 W" if str(error["input"]).lower() == "kw" else ""
        return f"is {error['input']!r}; write {context['expected']}{hint}"
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] in _ADVICE:
        advice = _ADVICE[error["type"]].format(**context)
        return advice if error["type"] == "missing" else f"is {_shown(error['input'])}; it {advice}"
    return f"is {_shown(error['input'])}: {error['msg']}"


def _shown(given: object) -> str:
    """Return what the file says, as the file says it where Python's form differs."""
    return given.isoformat() if isinstance(given, (date, time)) else repr(given)


def _unknown_field(field: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(field, known, n=1)
    if nearest:
        return f"is not a known field; did you mean {nearest[0]}?"
    return f"is not a known field; remove it (known are {', '.join(known)})"
