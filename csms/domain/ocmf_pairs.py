"""The two readings that a signed transaction rests on, and what speaks against them. PURE.

Source: OCMF 1.0 to 1.4, tables 7 and 25; the rules are those that the transparency software of
S.A.F.E. e.V. applies, and those that only who knows the session can apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from csms.domain.ocmf import Ocmf, OcmfReading

_OBIS: Final = re.compile(
    r"\s*[0-9a-f]{1,2}-[0-9a-f]{1,2}:([0-9a-f]{1,2})\.0?8\..*", re.IGNORECASE | re.ASCII
)
# What the vehicle got, without the losses of the cable, before what the mains gave.
_IMPORTS: Final = ("98", "B3", "B1", "9E", "B2", "B0", "01", "")
_PAGE: Final = re.compile(r"([TF])(\d{1,18})", re.ASCII)
_GOOD: Final = "G"
_UNSET, _RELATIVE = "U", "R"
_SLACK: Final = timedelta(minutes=15)
_LEDGER_STEP_WH: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Pair:
    """The readings that a transaction begins and ends with; None for one that was not signed."""

    begin: OcmfReading | None
    end: OcmfReading | None

    @property
    def energy_wh(self) -> Decimal | None:
        """What flowed between them; None unless both are registers of energy."""
        begin = None if self.begin is None else self.begin.register_wh
        end = None if self.end is None else self.end.register_wh
        return None if begin is None or end is None else end - begin

    @property
    def tolerance_wh(self) -> Decimal:
        """How far the energy may be from that of registers in whole watt-hours.

        Many meters leave out zeros at the end, so that the finer of both steps is theirs.
        """
        steps = [each.step_wh for each in (self.begin, self.end) if each is not None]
        return min(steps, default=Decimal(0)) + _LEDGER_STEP_WH


def pair_of(records: Sequence[Ocmf]) -> Pair:
    """Returns the readings that count, of one record or of the first and the last one."""
    best: Pair | None = None
    for register in _IMPORTS:
        rows = [
            [each for each in record.readings if _register(each) == register] for record in records
        ]
        pair = _pair(rows)
        if pair.begin is not None and pair.end is not None:
            return pair
        if best is None and (pair.begin is not None or pair.end is not None):
            best = pair
    return best or Pair(None, None)


def _register(reading: OcmfReading) -> str | None:
    """Returns which register of imported energy a reading is of; empty if it does not say."""
    if not reading.obis:
        return "" if reading.register_wh is not None else None
    found = _OBIS.fullmatch(reading.obis)
    return None if found is None else found[1].upper().zfill(2)


def _pair(rows: Sequence[Sequence[OcmfReading]]) -> Pair:
    if not any(rows):
        return Pair(None, None)
    last = rows[-1]
    begins, ends = [each for each in last if each.is_begin], [each for each in last if each.is_end]
    if begins and ends:
        return Pair(begins[0], ends[-1])
    if len(rows) == 1:
        return Pair(begins[0] if begins else None, ends[-1] if ends else None)
    first = next((each for each in rows[0] if each.is_begin), rows[0][0] if rows[0] else None)
    return Pair(first, (ends or last)[-1] if last else None)


def faults_of(
    records: Sequence[Ocmf], pair: Pair, begun: Sequence[datetime], ended: Sequence[datetime]
) -> list[str]:
    """Returns what speaks against the readings, as sentences; the worst first.

    `begun` and `ended` are the session's times, by the server's clock and by the station's.
    """
    begin, end = pair.begin, pair.end
    if begin is None or end is None:
        what = "begin" if begin is None else "end"
        return [f"No {what} of the transaction was signed, so that its energy is not proven."]
    return [
        *_of_records(records),
        *_of_readings(begin, end),
        *_of_times(begin, end, begun, ended),
        *_of_states(begin, end),
        *_of_repeats(records, begin),
    ]


def _of_records(records: Sequence[Ocmf]) -> list[str]:
    first, last = records[0], records[-1]
    faults = []
    if first.meter != last.meter:
        faults.append(
            f"Begin and end are of different meters: {_named(first.meter)}, {_named(last.meter)}."
        )
    before, after = _PAGE.fullmatch(first.pagination), _PAGE.fullmatch(last.pagination)
    if len(records) > 1 and before is not None and after is not None:
        is_next = before[1] == after[1] and int(before[2]) < int(after[2])
        if not is_next:
            faults.append(
                f"The pages do not follow each other: {first.pagination}, then {last.pagination}."
            )
    return faults


def _of_readings(begin: OcmfReading, end: OcmfReading) -> list[str]:
    faults = []
    if not begin.is_begin or not end.is_end:
        faults.append(
            "The readings are not marked as begin and end of a transaction: "
            f"{_named(begin.kind)}, {_named(end.kind)}."
        )
    if begin.unit != end.unit or begin.obis != end.obis:
        faults.append(
            f"Begin and end are of different registers: {_named(begin.obis)} in "
            f"{_named(begin.unit)}, {_named(end.obis)} in {_named(end.unit)}."
        )
    if begin.register_wh is None or end.register_wh is None:
        faults.append("The readings are no energies in Wh or kWh.")
    elif end.register_wh < begin.register_wh:
        faults.append("The register at the end is below that at the begin.")
    return faults


def _of_times(
    begin: OcmfReading, end: OcmfReading, begun: Sequence[datetime], ended: Sequence[datetime]
) -> list[str]:
    if begin.at is None or end.at is None or _RELATIVE in {begin.time_status, end.time_status}:
        return []
    if end.at < begin.at:
        return ["The end was signed before the begin, by the meter's clock."]
    if _UNSET in {begin.time_status, end.time_status}:
        return []
    is_outside = begin.at < min(begun) - _SLACK or (ended and end.at > max(ended) + _SLACK)
    if is_outside:
        told = f"{begin.at:%Y-%m-%d %H:%M:%S} to {end.at:%Y-%m-%d %H:%M:%S} UTC"
        return [f"The signed times are not those of the session: {told}."]
    return []


def _of_states(begin: OcmfReading, end: OcmfReading) -> list[str]:
    faults = []
    for name, reading in (("begin", begin), ("end", end)):
        if reading.status not in {_GOOD, ""}:
            faults.append(f"The meter itself calls its {name} not good: state {reading.status}.")
        if "E" in reading.errors:
            faults.append(f"The meter itself marks the energy of its {name} as wrong.")
    return faults


def _of_repeats(records: Sequence[Ocmf], begin: OcmfReading) -> list[str]:
    """Holds the begin that was signed at the start against the one that the end repeats."""
    if len(records) < 2:  # noqa: PLR2004
        return []
    told = [each for each in records[0].readings if each.is_begin and each.obis == begin.obis]
    if told and told[0].value != begin.value:
        return ["The begin that the end repeats is not the one that was signed at the start."]
    return []


def _named(text: str) -> str:
    return text or "not named"
