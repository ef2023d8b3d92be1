"""Small parts of which bends are made: which calls they touch, and where values sit in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from csms.ocppj.frames import Payload
    from simulator.faults.bending import Bend, Bending

Change: TypeAlias = "Callable[[Payload], None]"

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_STARTS: Final = frozenset({"Started", "StartTransaction"})
_ENDS: Final = frozenset({"Ended", "StopTransaction"})
_VALUES: Final = ("meterValue", "transactionData")
_KEPT_TRANSACTIONS: Final = 16


def on(*actions: str) -> Callable[[Change], Bend]:
    """Make a bend of a change of the payload of these actions; of all without any."""
    wanted = frozenset(actions)

    def make(change: Change) -> Bend:
        def bend(bending: Bending) -> None:
            if not wanted or bending.action in wanted:
                change(bending.payload)

        return bend

    return make


def is_start(bending: Bending) -> bool:
    """Whether a call opens a transaction."""
    return bending.action in _STARTS or bending.payload.get("eventType") in _STARTS


def is_end(bending: Bending) -> bool:
    """Whether a call closes a transaction."""
    return bending.action in _ENDS or bending.payload.get("eventType") in _ENDS


def is_of_transaction(bending: Bending) -> bool:
    """Whether a call is about a transaction."""
    return bending.transaction is not None


def is_16(bending: Bending) -> bool:
    """Whether the station speaks 1.6."""
    return bending.version is Version.V16


def of_each_transaction(bending: Bending, name: str) -> dict[str, Any]:
    """Return what is kept of transactions under a name; make room for that of this one.

    Only the latest are kept: a station may run for years.
    """
    kept: dict[str, Any] = bending.memory.setdefault(name, {})
    while len(kept) > _KEPT_TRANSACTIONS:
        del kept[next(iter(kept))]
    return kept


def meter_values(payload: Payload) -> Iterator[Payload]:
    """Yield the sets of meter values in a call."""
    for name in _VALUES:
        held = payload.get(name)
        if isinstance(held, list):
            yield from (each for each in held if isinstance(each, dict))


def sampled_values(payload: Payload) -> Iterator[Payload]:
    """Yield each sampled value in a call."""
    for each in meter_values(payload):
        yield from each.get("sampledValue", ())


def change_samples(change: Change) -> Bend:
    """Make a bend of a change of each sampled value."""

    def bend(bending: Bending) -> None:
        for each in sampled_values(bending.payload):
            change(each)

    return bend


def change_times(change: Callable[[datetime, Bending], str]) -> Bend:
    """Make a bend that writes each time in a call anew."""

    def walk(given: Any, bending: Bending) -> Any:  # noqa: ANN401 - JSON has no narrower type
        if isinstance(given, dict):
            return {name: walk(each, bending) for name, each in given.items()}
        if isinstance(given, list):
            return [walk(each, bending) for each in given]
        if isinstance(given, str) and _TIME.fullmatch(given):
            return change(datetime.fromisoformat(given).astimezone(UTC), bending)
        return given

    def bend(bending: Bending) -> None:
        bending.payload = walk(bending.payload, bending)

    return bend


def replace_text(old: str, new: str, times: int = 1) -> Callable[[str], str]:
    """Return a change of a frame's text."""
    return lambda text: text.replace(old, new, times)
