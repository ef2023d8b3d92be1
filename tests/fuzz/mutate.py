"""Making a frame wrong: as text, as a JSON tree, as a frame."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

ODD: Sequence[Any] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63),
    0.1,
    1e308,
    -0.0,
    100.0,
    "",
    " ",
    "nan",
    "1e999",
    "\x00",
    "\u202e",
    "x" * 300,
    "2026-02-30T25:61:61Z",
    "9999-12-31T23:59:59-14:00",
    [],
    {},
    [[]],
    {"": None},
    {"__proto__": {"polluted": 1}},
)
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "0x1F",
    "+1",
    ".5",
    "01",
    "9" * 400,
    '"\\ud800"',
    '"\\u0000"',
    "[" * 300,
    '{"a":1,"a":2}',
    ",",
    "'x'",
    "undefined",
)
TEXTUAL = '[]{}",:\\0123456789.eE+-tfn \t\r\n\x00\x7f\ud7ff\ufeff'


def mutated(random: Random, frame: list[Any], others: Sequence[list[Any]]) -> str:
    """The text of a frame with one to four things wrong with it, sometimes with none."""
    tree = copy.deepcopy(frame)
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        tree = _tree(random, tree, others)
    text = _dumped(random, tree)
    return _text(random, text) if random.random() < 0.25 else text


def _dumped(random: Random, tree: Any) -> str:
    if random.random() < 0.1:
        return json.dumps(tree, indent=random.choice((None, 1)), ensure_ascii=random.random() < 0.5)
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


def _tree(random: Random, tree: Any, others: Sequence[list[Any]]) -> Any:  # noqa: C901, PLR0912
    """Changes one place of a JSON tree, more often in the payload than in the frame."""
    part = tree[-1] if isinstance(tree, list) and tree and random.random() < 0.8 else tree
    container, key = _place(random, part)
    if container is None:
        return copy.deepcopy(random.choice(ODD))
    match random.randrange(7):
        case 0:
            container[key] = copy.deepcopy(random.choice(ODD))
        case 1:
            del container[key]
        case 2 if isinstance(container, dict):
            container[random.choice(("extra", "customData", "vendorId", str(key).upper()))] = 1
        case 2:
            container.insert(key, copy.deepcopy(container[key]))
        case 3:
            donor, place = _place(random, random.choice(others))
            container[key] = copy.deepcopy(donor[place]) if donor is not None else None
        case 4 if isinstance(container[key], str):
            container[key] = container[key] * random.choice((2, 50)) or "x"
        case 4 if type(container[key]) in (int, float):
            container[key] = str(container[key])
        case 4:
            container[key] = [container[key]]
        case 5 if isinstance(container[key], list):
            container[key] = container[key] * random.choice((0, 2, 30))
        case 5:
            container[key] = {"value": container[key]}
        case _:
            other, place = _place(random, tree)
            if other is not None:
                moved = copy.deepcopy(other[place])
                container[key] = moved
    return tree


def _place(random: Random, tree: Any) -> tuple[Any, Any]:
    """A random place in a tree: the container and the key in it; (None, None) if it has none."""
    found: tuple[Any, Any] = (None, None)
    here, seen = tree, 0
    while isinstance(here, dict | list) and here and seen < 12:
        key = random.choice(list(here)) if isinstance(here, dict) else random.randrange(len(here))
        found = (here, key)
        if random.random() < 0.3:
            break
        here, seen = here[key], seen + 1
    return found


def _text(random: Random, text: str) -> str:
    """Changes a text as text."""
    for _ in range(random.choice((1, 1, 3))):
        at = random.randint(0, len(text))
        match random.randrange(6):
            case 0:
                text = text[:at]
            case 1:
                text = text[:at] + random.choice(TEXTUAL) + text[at:]
            case 2:
                text = text[:at] + text[at + random.randint(1, 5) :]
            case 3:
                text = text[:at] + random.choice(RAW) + text[at:]
            case 4:
                text = text[:at] + text[random.randint(0, len(text)) :]
            case _:
                text = random.choice(("\ufeff", " ", "")) + text + random.choice(("", text, ";"))
    return text
