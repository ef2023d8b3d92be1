"""Where mutations begin: recorded frames, known hostile ones, and draws from the schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version
from tests.messages import a_payload

if TYPE_CHECKING:
    from random import Random

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"


def recorded(version: Version) -> list[list[Any]]:
    """The frames of real stations and of the systems they spoke to."""
    found = []
    for file in sorted((FIXTURES / "frames").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            if told["version"] == version.value and isinstance(told.get("frame"), list):
                found.append(told["frame"])
    return found


def hostile(version: Version) -> list[str]:
    """Texts that have hurt somebody: those of the fixtures, and what the fuzzer has found."""
    cases = json.loads((FIXTURES / "hostile" / "rpc.json").read_text())
    texts = [case["raw"] for case in cases if case["version"] == version.value and "raw" in case]
    return [*texts, *(HERE / "found.txt").read_text(encoding="utf-8").split("\n")]


def drawn(random: Random, version: Version, count: int) -> list[list[Any]]:
    """Calls of stations, and here and there one of ours, valid by their schemas."""
    ours, theirs = sorted(CSMS_ACTIONS[version]), sorted(STATION_ACTIONS[version])
    found: list[list[Any]] = []
    for number in range(count):
        action = random.choice(ours if number % 20 == 0 else theirs)
        found.append([2, f"m{number}", action, a_payload(random, version, action)])
    return found
