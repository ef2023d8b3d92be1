"""Meter values that the meter itself has signed, as they came, and which of them are kept. PURE.

A session keeps the first and the last one, and the first and the last public key that came with
one: all that its beginning and its end can be proven by, whatever arrives when, and no more than
that however many come. Each sample keeps its own as it was sent.
Source: "Signed Meter Values in OCPP" (Open Charge Alliance), 2.3 and 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

OCMF: Final = "OCMF"
_TURNS: Final = {TRANSACTION_BEGIN: -1, TRANSACTION_END: 1}


@dataclass(frozen=True, slots=True)
class SignedValue:
    """A signed value, out of the containers that OCPP puts it into.

    `encoding` is what its writer calls its format, empty if that is not said. `data` is the text
    of the format for what is OCMF, else as it was sent. `method` and `public_key` are what came
    with it, as sent. `problem` says why nothing can be read of it, with no data then.
    """

    encoding: str
    data: str
    method: str = ""
    public_key: str = ""
    problem: str = ""


def keep(
    kept: Mapping[str, Any] | None, values: Iterable[SignedValue], at: datetime, context: str
) -> dict[str, Any]:
    """Returns what a session keeps once it has seen more values, of one moment.

    The result is JSON-able and the same in whatever order values come, and however often:
    `values` and `keys` hold one or two entries each, the earliest first.
    """
    found = [dict(each) for each in (kept or {}).get("values", ())]
    keys = [dict(each) for each in (kept or {}).get("keys", ())]
    order = [_TURNS.get(context, 0), at.timestamp()]
    for value in values:
        entry = {"order": order, "context": context, "encoding": value.encoding}
        entry |= {"method": value.method, "data": value.data, "problem": value.problem}
        found.append(entry)
        if value.public_key:
            keys.append({"order": order, "key": value.public_key})
    return {"values": _ends(found, "data"), "keys": _ends(keys, "key")}


def _ends(entries: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Returns the first and the last of them, one if they say the same."""
    entries.sort(key=lambda each: (each["order"], each[text]))
    if not entries or entries[0][text] == entries[-1][text]:
        return entries[:1]
    return [entries[0], entries[-1]]
