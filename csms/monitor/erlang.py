"""How many arrivals find every EVSE taken, and how many EVSEs would be needed. PURE.

Erlang's loss formula: whoever finds no free place leaves. It holds for arrivals by chance and for
any lengths of stay. Over a week the load changes by the hour; each hour is taken with its own load
(the mean number of cars that would stand there if no place were ever taken), which is called the
modified offered load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PLACES: Final = 10_000


def loss(places: int, load: float) -> float:
    """Returns the share of arrivals that find all places taken, from 0 to 1.

    `load` is the offered load in erlangs: arrivals per hour times hours of stay. By recursion over
    the number of places, which is stable however many there are.
    """
    if load <= 0.0:
        return 0.0 if places > 0 else 1.0
    share = 1.0
    for place in range(1, places + 1):
        share = load * share / (place + load * share)
    return share


def mean_loss(places: int, loads: Sequence[float], arrivals: Sequence[float]) -> float:
    """Returns the share of all arrivals that are lost, over hours with a load and arrivals each."""
    whole = sum(arrivals)
    if whole <= 0:
        return 0.0
    lost = [count * loss(places, load) for load, count in zip(loads, arrivals, strict=True)]
    return sum(lost) / whole


def places_for(target: float, loads: Sequence[float], arrivals: Sequence[float]) -> int | None:
    """Returns the fewest places with which at least `target` of the arrivals find one.

    None if nothing arrives, or more than 10,000 were needed.
    """
    wanted = [(load, count) for load, count in zip(loads, arrivals, strict=True) if count > 0]
    if not wanted or not 0.0 <= target < 1.0:
        return None
    whole = sum(count for _, count in wanted)
    shares = [1.0] * len(wanted)
    for places in range(1, MOST_PLACES + 1):
        for index, (load, _) in enumerate(wanted):
            carried = load * shares[index]
            shares[index] = carried / (places + carried) if load > 0 else 0.0
        lost = sum(share * count for share, (_, count) in zip(shares, wanted, strict=True))
        if lost <= (1.0 - target) * whole:
            return places
    return None
