"""Readings in the station's own order: where each one belongs, and late ones put there. PURE."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from csms.domain.ledger import Ledger, Place, Reading, in_order, is_rise
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

    To take a late one costs next to nothing where it stands between two that it agrees with. Else
    what stands behind it is folded anew, not what stands before: every 32 readings the ledger's
    state is kept.
    """

    def __init__(self, ledger: Ledger, readings: Iterable[Reading]) -> None:
        self._readings = in_order(readings)
        self._states = [ledger.refolded(())]
        self._is_folded = False

    def refold(self, ledger: Ledger, fresh: Iterable[Reading]) -> Ledger:
        """Takes readings, known ones included; returns the ledger of all, start and stop kept.

        `ledger` is that of all readings so far, and of the fresh ones that it would take.
        """
        is_settled = self._is_folded and ledger.start == self._states[0].start
        for reading in fresh:
            is_settled = self._put(ledger, reading) and is_settled
        return ledger if is_settled else self._fold(ledger)

    def _fold(self, ledger: Ledger) -> Ledger:
        if ledger.start != self._states[0].start:
            self._states = [ledger.refolded(())]
        count = (len(self._states) - 1) * _EVERY
        folded = self._states[-1].copy()
        for index in range(count, len(self._readings)):
            if index % _EVERY == 0 and index > count:
                self._states.append(folded.copy())
            folded.add(self._readings[index])
        self._is_folded = True
        return folded.with_stop_of(ledger)

    def _put(self, ledger: Ledger, reading: Reading) -> bool:
        """Puts a reading in its place; False if the ledger must be folded to have it.

        Of two at one moment the larger stays.
        """
        index = bisect_left(self._readings, reading[:2])
        known = self._readings[index] if index < len(self._readings) else None
        if known is not None and known[:2] == reading[:2]:
            if known.milliwh >= reading.milliwh:
                return True
            self._readings[index] = reading
            del self._states[index // _EVERY + 1 :]
            return False
        self._readings.insert(index, reading)
        del self._states[index // _EVERY + 1 :]
        return reading == ledger.last or self._parts_a_rise(ledger, index)

    def _parts_a_rise(self, ledger: Ledger, index: int) -> bool:
        """Tells whether a reading, as most late ones, only parts a rise that counts anyway."""
        reading = self._readings[index]
        following = self._readings[index + 1] if index + 1 < len(self._readings) else None
        if following is None or following.place > Place.END or not ledger.is_plain:
            return False
        before = self._readings[index - 1] if index else ledger.start
        if not is_rise(reading, following) or not (before is None or is_rise(before, reading)):
            return False
        if index == 0:
            ledger.begin_with(reading, following)
        return True
