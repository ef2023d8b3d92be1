"""Readings in the station's own order: where each one belongs, and late ones put there. PURE."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from csms.domain.ledger import Ledger, Place, Reading, in_order
from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_SAMPLE: Final = int(Place.SAMPLE)
_PLACES: Final = {TRANSACTION_BEGIN: int(Place.BEGIN), TRANSACTION_END: int(Place.END)}
_ALIGNED: Final = "Sample.Clock"
_EVERY: Final = 32


def reading_at(
    at: datetime, context: str, register_milliwh: int | None, interval_milliwh: int | None
) -> Reading | None:
    """Returns the reading in a sample: that of the register, else that of an interval, or None."""
    if register_milliwh is not None:
        return Reading(_PLACES.get(context, _SAMPLE), at.timestamp(), register_milliwh)
    if interval_milliwh is None:
        return None
    place = Place.ALIGNED_INTERVAL if context == _ALIGNED else Place.INTERVAL
    return Reading(place, at.timestamp(), interval_milliwh)


class ReadingLine:
    """All readings of a session's samples, in order, for one whose readings come late.

    To take a late reading costs what stands behind its place, not what stands before: every 32
    readings the ledger's state is kept.
    """

    def __init__(self, ledger: Ledger, readings: Iterable[Reading]) -> None:
        self._readings = in_order(readings)
        self._states = [ledger.refolded(())]

    def refold(self, ledger: Ledger, fresh: Iterable[Reading]) -> Ledger:
        """Takes readings, known ones included; returns the ledger of all, start and stop kept."""
        first = len(self._readings)
        for reading in fresh:
            first = min(first, self._insert(reading))
        if ledger.start != self._states[0].start:
            self._states = [ledger.refolded(())]
        del self._states[first // _EVERY + 1 :]
        count = (len(self._states) - 1) * _EVERY
        folded = self._states[-1].copy()
        for index in range(count, len(self._readings)):
            if index % _EVERY == 0 and index > count:
                self._states.append(folded.copy())
            folded.add(self._readings[index])
        return folded.with_stop_of(ledger)

    def _insert(self, reading: Reading) -> int:
        """Puts a reading in its place and returns that; of two at one moment the larger stays."""
        index = bisect_left(self._readings, reading[:2])
        is_known = index < len(self._readings) and self._readings[index][:2] == reading[:2]
        if not is_known:
            self._readings.insert(index, reading)
        elif self._readings[index].milliwh < reading.milliwh:
            self._readings[index] = reading
        return index
