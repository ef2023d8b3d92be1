"""What a station still had to say of its transactions when a run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.station.outputs import Happened

if TYPE_CHECKING:
    from simulator.station.core import Station


def unsent(station: Station, now: float) -> Happened | None:
    """Return which transactions of a station have messages without an answer, None if none has.

    A central system cannot know of those: the loss is that of the run's end.
    """
    waiting = station.outbox.waiting()
    if not waiting:
        return None
    transactions = sorted({each.transaction for each in waiting if each.transaction is not None})
    fields: dict[str, object] = {"messages": len(waiting), "transactions": transactions}
    return Happened(station.true_at(now), station.id, "messages.unsent", fields)
