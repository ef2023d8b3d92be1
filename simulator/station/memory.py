"""What a station keeps over the end of its program: plain JSON, part by part.

A part is kept under a name of its own. It says what it would write down, and takes that up again
in a station that was built anew from the same scenario. What this is written to is no matter here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Mapping

Remembered: TypeAlias = "dict[str, Any]"
"""Members of a JSON object: texts, numbers, lists, objects."""


class Part(Protocol):
    """Something of a station that lives on."""

    def remember(self) -> Remembered:
        """Return what is to be written down, as plain JSON."""
        ...

    def recall(self, remembered: Remembered) -> None:
        """Take that up again; what is missing stays as it is built.

        Raises: ValueError, TypeError, KeyError or SimulatorError for what makes no sense; what
        was there before is then still whole.
        """
        ...


class Memory:
    """The parts of one station that live on, by name."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}

    def keep(self, name: str, part: Part) -> None:
        """Let a part live on; each has a name of its own."""
        self._parts[name] = part

    def remember(self) -> Remembered:
        """Return what all parts would write down, those without anything left out."""
        told = {name: part.remember() for name, part in self._parts.items()}
        return {name: each for name, each in told.items() if each}

    def recall(self, remembered: Mapping[str, object]) -> list[str]:
        """Take up what parts wrote down; return the names of those that could not.

        What no part of this station knows is left alone: it was built from another scenario.
        """
        damaged = []
        for name, part in self._parts.items():
            own = remembered.get(name)
            if own is None:
                continue
            try:
                if not isinstance(own, dict):
                    raise TypeError("no object")  # noqa: TRY301 - told like any other
                part.recall(own)
            except (ValueError, TypeError, KeyError, AttributeError, SimulatorError):
                damaged.append(name)
        return damaged
