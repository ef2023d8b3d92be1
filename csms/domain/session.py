"""A charging session: the fold of what its station reported, in the station's own order. PURE.

Events may arrive in any order, more than once; each field says whose word counts (the earliest
event's, the latest's, the start's), so that every order of arrival gives the same record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from csms.domain.ending import EndMemory, Needs
from csms.domain.facts import EventKind
from csms.domain.ledger import Ledger, Reading
from csms.domain.readings import reading_at
from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END, Sample
from csms.domain.sequence import Ranges, add, missing
from csms.domain.session_times import begun_and_ended
from csms.domain.station_clock import Stretch, place
from csms.domain.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.domain.facts import TransactionReported
    from csms.domain.push import Push

Order = tuple[int, float, float]
_TURNS = {TRANSACTION_BEGIN: -1, TRANSACTION_END: 1}
_KINDS = {EventKind.STARTED: 0, EventKind.UPDATED: 1, EventKind.ENDED: 2}
# No station known delivers more than a megawatt; short sessions have coarse clocks and registers.
_MOST_MILLIW = 1_000_000_000
_SLACK_MILLIWH = 1_000_000
# No queue is older, and no clock that counts from 1970 is younger.
_SURELY_RIGHT_S = 86_400.0 * 400
_NEWS_S = 30.0


class SessionState(StrEnum):
    """Whether a session runs. `closed` means ended by an operator, not by its station."""

    ACTIVE = "active"
    ENDED = "ended"
    CLOSED = "closed"


@dataclass(kw_only=True)
class Session:
    """One charge, from its start to its end.

    Times: `started_at` and `ended_at` are ours (corrected), `started_at_station` what the
    station's clock said, `started_received_at` when we heard of it; so for the end. `clock` is
    what is known of a clock that was wrong meanwhile, empty for one that was right, `live_until`
    when the last message arrived that had not waited. `transaction_id` is as on the wire. `profile`
    is the name of the one that was chosen, `pushed` of the one that was last wanted on the station,
    which has said what it makes of it if `is_push_answered`; `pushes` counts, and each carries the
    `profile_id` of the first, so that it replaces it; `push` is what became of the newest. `needs`
    is what the vehicle asked for, `ending` what is remembered to tell the end, `expected_end` what
    was told of it last. `clock_offset_s` is what the times were corrected by. `is_id_used` tells
    that the station has named the transaction's ID, so that it knows it. `sequences` are the
    numbers of the events that came, `first_sequence` that of the start, `lost_sequences` of those
    that its station has lost. `unchecked_key` is that of a start that may repeat an older one,
    `duplicate_of` the session that this one repeats. `vehicle_id` is the vehicle's record and
    `account` who pays, as they were known last; `identities` are what its vehicle is known by, and
    how each was shown (`csms/domain/vehicle_ids`); `tariff` is the one that the session began
    under, `tally` what it has come to so far, `cost` what that costs, and `record` the number of
    its newest charge record. `signed` is what the meter has signed (`csms.domain.signed_value`).
    `usage` is what its time went to, `kinds` how many deviations of each kind were raised.
    `sources` remembers whence each field came.
    It has no slots, since orjson writes it twice as fast so, and it is written at each sample.
    """

    id: str
    station_id: str
    transaction_id: str | None
    started_at: datetime
    started_received_at: datetime
    started_at_station: datetime | None = None
    evse: int | None = None
    connector: int | None = None
    token: str | None = None
    token_kind: str | None = None
    token_status: str | None = None
    vehicle: str | None = None
    state: SessionState = SessionState.ACTIVE
    charging_state: str | None = None
    ended_at: datetime | None = None
    ended_at_station: datetime | None = None
    ended_received_at: datetime | None = None
    live_until: datetime | None = None
    clock: list[Stretch] = field(default_factory=list)
    stop_reason: str | None = None
    ledger: Ledger = field(default_factory=Ledger)
    soc_start: float | None = None
    soc_now: float | None = None
    power_w: float | None = None
    current_a: float | None = None
    last_sample_at: datetime | None = None
    last_sample_received_at: datetime | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    profile: str | None = None
    pushed: str | None = None
    is_push_answered: bool = False
    pushes: int = 0
    profile_id: int | None = None
    push: Push | None = None
    needs: Needs | None = None
    ending: EndMemory = field(default_factory=EndMemory)
    expected_end: dict[str, Any] | None = None
    clock_offset_s: float = 0.0
    is_id_used: bool = False
    sequences: Ranges = field(default_factory=list)
    first_sequence: int | None = None
    lost_sequences: Ranges = field(default_factory=list)
    unchecked_key: str | None = None
    duplicate_of: str | None = None
    vehicle_id: str | None = None
    account: str | None = None
    identities: dict[str, str] = field(default_factory=dict)
    tariff: dict[str, Any] | None = None
    tally: dict[str, Any] | None = None
    cost: dict[str, Any] | None = None
    record: str | None = None
    signed: dict[str, Any] | None = None
    usage: Usage = field(default_factory=Usage)
    kinds: dict[str, int] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    sources: dict[str, Order] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Tells whether the session still runs."""
        return self.state is SessionState.ACTIVE

    @property
    def is_unseen_start(self) -> bool:
        """Tells whether we know the session only from events after its start."""
        return "start" not in self.sources

    @property
    def energy_milliwh(self) -> int | None:
        """The energy delivered so far, exact; None while no register was read.

        A duplicate has none: it counts in the session that it repeats.
        """
        return None if self.duplicate_of is not None else self.ledger.energy_milliwh

    @property
    def register_flags(self) -> tuple[str, ...]:
        """What is odd about the session's register; `register_missing` if it never came."""
        if not self.is_active and self.energy_milliwh is None and "power_w" in self.sources:
            return ("register_missing", *self.ledger.flags)
        return self.ledger.flags

    @property
    def all_flags(self) -> list[str]:
        """Everything that is odd about the session, its register's oddities included."""
        implausible = {"energy_implausible"} if self.is_implausible else set()
        if self.missing_sequences:
            implausible.add("events_missing")
        return sorted(self.flags | set(self.register_flags) | implausible)

    @property
    def is_implausible(self) -> bool:
        """Tells whether no station could have delivered that much in that time."""
        energy = self.energy_milliwh
        told = [at for at in (self.ended_at, self.last_sample_at) if at is not None]
        if energy is None or not told:
            return False
        hours = max((max(told) - self.started_at).total_seconds(), 0.0) / 3600
        return energy > _MOST_MILLIW * hours + _SLACK_MILLIWH

    @property
    def missing_sequences(self) -> Ranges:
        """The ranges of event numbers that have not come, up to the highest that has."""
        return missing(self.sequences, self.first_sequence or 0)

    def duration_s(self, now: datetime) -> float:
        """How long the session has lasted, or lasted, in seconds."""
        return max(((self.ended_at or now) - self.started_at).total_seconds(), 0.0)

    def apply(self, event: TransactionReported, received_at: datetime) -> None:
        """Takes one event of the transaction.

        The samples of the event are taken by `take_samples`, its register by `take_register`.
        """
        moment = (event.at or received_at).timestamp()
        order: Order = (event.sequence, _KINDS[event.kind], moment)
        self._keep_earliest("evse", event.evse, order)
        self._keep_earliest("connector", event.connector, order)
        if event.kind is not EventKind.ENDED:
            self._keep_latest("charging_state", event.charging_state, order)
            if event.charging_state is not None:
                at = self.placed(event.at or received_at, received_at)
                self.usage.tell(at.timestamp(), event.charging_state)
        self._keep_earliest("remote_start_id", event.remote_start_id, order)
        self._keep_earliest("reservation_id", event.reservation_id, order)
        if event.kind is not EventKind.ENDED or self.token is None:
            self._keep_token(event, order)
        self._keep_start(event, received_at, order)
        self._keep_sequence(event)
        if event.kind is EventKind.ENDED:
            self._end(event, received_at, order)
        if not self.is_active:
            self.charging_state = None
        self.settle_times()

    def tell_charging_state(self, state: str, at: datetime) -> bool:
        """Takes the charging state as a connector's state tells it; False if it is no news."""
        before = self.charging_state
        order: Order = (0, _KINDS[EventKind.UPDATED], at.timestamp())
        self._keep_latest("charging_state", state, order)
        self.usage.tell(at.timestamp(), state)
        return self.charging_state != before

    def take_clock(self, stretches: list[Stretch]) -> bool:
        """Takes what has become known of the station's clock; False if it is nothing new.

        What was known before stays: a station remembers less than a long session lasts.
        """
        known = {each.since: each for each in (*self.clock, *stretches)}
        before, self.clock = self.clock, [known[since] for since in sorted(known)]
        self.settle_times()
        return len(before) != len(self.clock) or any(
            abs(old.last_s - new.last_s) > _NEWS_S
            for old, new in zip(before, self.clock, strict=True)
        )

    def settle_times(self) -> None:
        """Reckons start and end anew from what was said, when it came, and the clock."""
        end = None
        if self.state is SessionState.ENDED and self.ended_received_at is not None:
            end = (self.ended_at_station, self.ended_received_at)
        start = (self.started_at_station, self.started_received_at)
        begun, ended = begun_and_ended(start, end, self.live_until, self.clock)
        self.started_at = begun.at
        if ended is not None:
            self.ended_at = ended.at
        if self.clock or begun.is_suspect or (ended is not None and ended.is_suspect):
            self.flags.add("clock_suspect")

    def shift_s(self, at: datetime, received_at: datetime) -> float:
        """Returns what to add to a time of the station's to have it in ours."""
        if not self.clock and 0 <= (received_at - at).total_seconds() <= _SURELY_RIGHT_S:
            return 0.0
        return place(at, received_at, self.clock).shift_s

    def placed(self, at: datetime, received_at: datetime) -> datetime:
        """Returns a time of the station's in our clock, at most when it arrived."""
        shift_s = self.shift_s(at, received_at)
        return min(at + timedelta(seconds=shift_s) if shift_s else at, received_at)

    def _keep_token(self, event: TransactionReported, order: Order) -> None:
        if event.token is None:
            return
        kind = event.token.kind
        if self._keep_earliest("token", event.token.text, order):
            self.token_kind = kind

    def _keep_start(self, event: TransactionReported, received_at: datetime, order: Order) -> None:
        """The start is the Started event's; before that comes, the earliest event's."""
        is_start = event.kind is EventKind.STARTED
        known = self.sources.get("start")
        guess = self.sources.get("guessed_start")
        if is_start and (known is None or order < known):
            self.sources["start"] = order
        elif is_start or known is not None or (guess is not None and guess <= order):
            return
        else:
            self.sources["guessed_start"] = order
        self.started_at_station, self.started_received_at = event.at, received_at

    def _keep_sequence(self, event: TransactionReported) -> None:
        add(self.sequences, event.sequence)
        if event.kind is EventKind.STARTED:
            known = self.first_sequence
            self.first_sequence = event.sequence if known is None else min(known, event.sequence)

    def _end(self, event: TransactionReported, received_at: datetime, order: Order) -> None:
        known = self.sources.get("end")
        if known is not None and known >= order:
            return
        self.sources["end"] = order
        self.state = SessionState.ENDED
        self.ended_at_station, self.ended_received_at = event.at, received_at
        self.stop_reason = event.stop_reason

    def _keep_earliest(self, name: str, value: Any, order: Order) -> bool:  # noqa: ANN401 - any field
        """Takes the earliest value; of two at one instant the smaller, whichever came first."""
        if value is None:
            return False
        known = self.sources.get(name)
        if known is not None and (known < order or (known == order and value >= self._of(name))):
            return False
        self.sources[name] = order
        setattr(self, name, value)
        return True

    def _keep_latest(self, name: str, value: Any, order: Order) -> None:  # noqa: ANN401 - any field
        """Takes the latest value; of two at one instant the larger, whichever came first."""
        if value is None:
            return
        known, present = self.sources.get(name), self._of(name)
        if (
            known is None
            or known < order
            or (known == order and present is not None and value > present)
        ):
            self.sources[name] = order
            setattr(self, name, value)

    def _of(self, name: str) -> Any:  # noqa: ANN401 - any field
        return getattr(self, name)

    def mended(self, sample: Sample) -> Sample:
        """Returns the sample with its register in the unit that it must be in.

        Some stations label watt-hours as kilowatt-hours, or the other way round. What is kept
        is what they sent; this is for whoever compares samples, once the ledger has them.
        """
        reading = sample.register_milliwh
        if reading is None or not self.ledger.is_mended:
            return sample
        return replace(sample, register_milliwh=self.ledger.mended(reading))

    def take_samples(self, samples: Iterable[Sample], received_at: datetime) -> bool:
        """Takes samples; False if one came too late and the ledger must be folded anew."""
        in_order = True
        for sample in samples:
            shift_s = self.shift_s(sample.at, received_at)
            self._take_levels(sample, shift_s)
            reading = _reading(sample, shift_s)
            if reading is not None and not self.ledger.add(reading):
                in_order = False
        self.last_sample_received_at = received_at
        return in_order

    def reading_of(self, sample: Sample, received_at: datetime) -> Reading | None:
        """Returns the reading in a sample, with its place by our clock."""
        return _reading(sample, self.shift_s(sample.at, received_at))

    def _take_levels(self, sample: Sample, shift_s: float) -> None:
        at = sample.at + timedelta(seconds=shift_s) if shift_s else sample.at
        order: Order = (0, at.timestamp(), _TURNS.get(sample.context, 0))
        levels = {
            "soc_now": sample.soc_percent,
            "power_w": sample.power_w,
            "current_a": sample.highest_current_a,
            "last_sample_at": at,
        }
        self._keep_earliest("soc_start", sample.soc_percent, order)
        newest = self.sources.get("last_sample_at")
        if newest is not None and order <= newest:
            for name, value in levels.items():
                self._keep_latest(name, value, order)
            return
        # The newest sample of all, as nearly each is: there is nothing to compare it with.
        for name, value in levels.items():
            if value is not None:
                setattr(self, name, value)
                self.sources[name] = order

    def refold(self, readings: Iterable[Reading]) -> None:
        """Makes the ledger anew from all readings of the session's samples."""
        self.ledger = self.ledger.refolded(readings)

    def close(self, at: datetime, reason: str) -> None:
        """Ends the session by an operator's decision."""
        self.state, self.ended_at, self.stop_reason = SessionState.CLOSED, at, reason
        self.charging_state = None


def _reading(sample: Sample, shift_s: float) -> Reading | None:
    if shift_s:
        sample = replace(sample, at=sample.at + timedelta(seconds=shift_s))
    return reading_of(sample)


def reading_of(sample: Sample) -> Reading | None:
    """Returns the register reading in a sample, with its place among the session's readings."""
    return reading_at(sample.at, sample.context, sample.register_milliwh, sample.interval_milliwh)
