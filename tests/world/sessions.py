"""Every session accounted for: what was charged beside what the server has of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.world.record import Known, Record
    from tests.world.truth import RealSession, Truth

_NEAR = timedelta(minutes=10)
_EXACT_WH = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """A session in truth and on record. `why` says what explains a difference, "" without one."""

    real: RealSession
    known: Known
    off_wh: float | None
    why: str

    @property
    def is_exact(self) -> bool:
        return self.off_wh is not None and abs(self.off_wh) < _EXACT_WH


@dataclass(slots=True)
class Account:
    """All sessions. `missing` each with what explains it, `doubled` are a second record of one."""

    pairs: list[Pair] = field(default_factory=list)
    missing: list[tuple[RealSession, str]] = field(default_factory=list)
    doubled: list[tuple[RealSession, Known]] = field(default_factory=list)
    extra: list[Known] = field(default_factory=list)
    recognised: int = 0

    @property
    def real_of(self) -> dict[str, RealSession]:
        """The session in truth of each session on record, by the latter's ID."""
        return {pair.known.id: pair.real for pair in self.pairs} | {
            known.id: real for real, known in self.doubled
        }

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, doubled, made up or inexact without an explanation."""
        unexplained = [why for _, why in self.missing if not why]
        inexact = [pair for pair in self.pairs if not pair.is_exact and not pair.why]
        return not unexplained and not inexact and not self.doubled and not self.extra


def account(truth: Truth, record: Record) -> Account:
    """Find each session of the truth on the record, by what the station told of it."""
    found = Account()
    left: dict[str, list[Known]] = defaultdict(list)
    for known in record.sessions:
        if known.duplicate_of is None:
            left[known.station].append(known)
        else:
            found.recognised += 1
    unmatched = _matched(found, truth, truth.sessions, left, _says_the_same)
    unmatched = _matched(found, truth, unmatched, left, _has_the_id)
    unmatched = _matched(found, truth, unmatched, left, _is_near)
    found.missing = [(real, _why_missing(truth, real)) for real in unmatched]
    _sort_the_rest(found, left)
    return found


def _matched(found, truth, wanted, left, agree) -> list[RealSession]:
    unmatched = []
    for real in sorted(wanted, key=lambda each: each.started):
        known = next((each for each in left[real.station] if agree(real, each)), None)
        if known is None:
            unmatched.append(real)
            continue
        left[real.station].remove(known)
        found.pairs.append(_pair(truth, real, known))
    return unmatched


def _says_the_same(real: RealSession, known: Known) -> bool:
    return known.evse in (None, real.evse) and known.started_told == real.started_told


def _has_the_id(real: RealSession, known: Known) -> bool:
    is_near = abs(known.started - real.started) < timedelta(days=1)
    return is_near and real.wire_id is not None and known.wire_id == real.wire_id


def _is_near(real: RealSession, known: Known) -> bool:
    return known.evse in (None, real.evse) and abs(known.started - real.started) < _NEAR


def _sort_the_rest(found: Account, left: dict[str, list[Known]]) -> None:
    by_station: dict[str, list[RealSession]] = defaultdict(list)
    for pair in found.pairs:
        by_station[pair.real.station].append(pair.real)
    for station, rest in left.items():
        for known in rest:
            twin = next((each for each in by_station[station] if _is_twin(each, known)), None)
            if twin is None:
                found.extra.append(known)
            else:
                found.doubled.append((twin, known))


def _is_twin(real: RealSession, known: Known) -> bool:
    same_place = known.evse in (None, real.evse)
    return same_place and real.started - _NEAR < known.started < real.ended + _NEAR


def _pair(truth: Truth, real: RealSession, known: Known) -> Pair:
    if known.energy_wh is None:
        return Pair(real, known, None, _why_inexact(truth, real, known) or "no energy was told")
    off_wh = known.energy_wh - real.told_wh
    why = "" if abs(off_wh) < _EXACT_WH else _why_inexact(truth, real, known)
    return Pair(real, known, off_wh, why)


def _why_missing(truth: Truth, real: RealSession) -> str:
    lost = truth.discarded.get((real.station, real.transaction), [])
    if lost:
        return "the station threw away " + _actions(lost)
    if (real.station, real.transaction) in truth.unsent:
        return "the station had not sent it when the run ended"
    return ""


def _why_inexact(truth: Truth, real: RealSession, known: Known) -> str:
    reasons = [_why_missing(truth, real)]
    if known.state == "active":
        reasons.append("its end had not come when the run ended")
    faults = sorted({each.what for each in truth.faults_in(real)})
    if faults:
        reasons.append("faults " + ", ".join(faults))
    return "; ".join(each for each in reasons if each)


def _actions(lines: Iterable[dict[str, object]]) -> str:
    return ", ".join(sorted({str(each.get("action")) for each in lines}))
