"""Messages drawn from the official schemas: any payload that a version allows, by a `Random`.

The draws come from a `random.Random`, so that the fuzzer seeds them and hypothesis shrinks them.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    Schema = Mapping[str, Any]

FOLDERS = {Version.V16: ("v16", ""), Version.V201: ("v201", "Request")}
TIMES = (
    "2026-11-21T10:00:00Z",
    "2026-11-21T10:00:00.123Z",
    "2026-11-21T11:00:00+01:00",
    "1970-01-01T00:00:00Z",
    "2099-12-31T23:59:59Z",
)
TEXTS = (
    "",
    "A",
    "TAG1",
    "Wh",
    "1",
    "-7.5",
    "true",
    "SmartChargingCtrlr",
    "Ω≠ü",
    "\u202e x",
    "=1+1",
)
_DEEPEST = 6
ACTIONS = [
    (version, action)
    for version in Version
    for action in sorted(STATION_ACTIONS[version] | CSMS_ACTIONS[version])
]


@cache
def schema(version: Version, action: str, *, is_answer: bool = False) -> Schema:
    """The official schema of a request, or of the answer to it."""
    folder, suffix = FOLDERS[version]
    name = f"{action}Response" if is_answer else f"{action}{suffix}"
    file = resources.files("ocpp") / folder / "schemas" / f"{name}.json"
    found: Schema = json.loads(file.read_text(encoding="utf-8-sig"))
    return found


def a_payload(
    random: Random, version: Version, action: str, *, is_answer: bool = False
) -> dict[str, Any]:
    """A payload that the schema allows."""
    root = schema(version, action, is_answer=is_answer)
    return drawn(random, root)


def drawn(random: Random, root: Schema) -> dict[str, Any]:
    """An object that a schema allows."""
    found: dict[str, Any] = _Drawing(random, root).value(root, 0)
    return found


class _Drawing:
    def __init__(self, random: Random, root: Schema) -> None:
        self.random, self.root = random, root

    def value(self, part: Schema, depth: int) -> Any:  # noqa: C901, PLR0911 - one for each type
        if "$ref" in part:
            _, defined, name = part["$ref"].split("/")
            part = self.root[defined][name]
        if "anyOf" in part:
            return self.value(self.random.choice(part["anyOf"]), depth)
        if "const" in part:
            return part["const"]
        if "enum" in part:
            return self.random.choice(part["enum"])
        match part.get("type"):
            case "object":
                return self._object(part, depth)
            case "array":
                least = part.get("minItems", 0)
                most = min(part.get("maxItems", least + 3), least + 3)
                count = self.random.randint(least, most) if depth < _DEEPEST else least
                return [self.value(part["items"], depth + 1) for _ in range(count)]
            case "string":
                return self._text(part)
            case "integer":
                return self._integer(part)
            case "number":
                return self._number(part)
            case "boolean":
                return self.random.random() < 0.5
            case "null":
                return None
            case _:
                return self.random.choice(["x", 5, {"a": [1]}])

    def _object(self, part: Schema, depth: int) -> dict[str, Any]:
        required = part.get("required", ())
        chance = 0.5 if depth < 2 else 0.25
        return {
            name: self.value(member, depth + 1)
            for name, member in part.get("properties", {}).items()
            if name in required or (depth < _DEEPEST and self.random.random() < chance)
        }

    def _text(self, part: Schema) -> str:
        if part.get("format") == "date-time":
            return self.random.choice(TIMES)
        if part.get("format") == "uri":
            return "https://example.com/file"
        longest = part.get("maxLength", 40)
        text = self.random.choice([*TEXTS, "x" * longest])[:longest]
        return text.ljust(part.get("minLength", 0), "x")

    def _integer(self, part: Schema) -> int:
        low, high = int(part.get("minimum", -5)), int(part.get("maximum", 2**31 - 1))
        return self.random.choice([low, high, self.random.randint(low, min(high, low + 100))])

    def _number(self, part: Schema) -> float:
        low = part.get("minimum", -100)
        number = self.random.randint(int(low * 10), int(low * 10) + 5000) / 10
        return min(number, part.get("maximum", number))
