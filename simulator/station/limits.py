"""The charging profiles that a station holds, and what they allow on each EVSE.

Evaluated with `profiles`, as any station would by the specification.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from profiles import (
    ChargingProfile,
    ClearCriteria,
    CompositeQuery,
    CompositeSchedule,
    ExternalLimit,
    InstalledProfile,
    Kind,
    LimitStep,
    LimitTimeline,
    Period,
    ProfileSet,
    Purpose,
    Station,
    Transaction,
    cleared,
    composite,
    evaluate,
    limit_at,
    notified,
)
from profiles.semantics import Edition
from simulator.faults.effects import HONEST
from simulator.vehicles.vehicle import CurrentType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profiles import RateUnit, Rules
    from simulator.faults.effects import Effects
    from simulator.power.evse import EvseModel

MAX_STACK_LEVEL = 10
MAX_PERIODS = 48
MAX_PROFILES = 20
MAX_COMPOSITE_S = 604_800
_HORIZON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What profiles allow now, and until when that surely stays so (None: until a change)."""

    step: LimitStep | None
    until: datetime | None


class LimitBook:
    """Profiles and the limits that follow; asked often, so timelines are kept for an hour."""

    def __init__(self, rules: Rules, evses: Mapping[int, EvseModel]) -> None:
        self.profiles = ProfileSet()
        self._rules = rules
        self._evses = evses
        self._timelines: dict[tuple[int, Transaction | None], LimitTimeline] = {}
        self._honest: LimitBook | None = None

    @property
    def honest(self) -> LimitBook:
        """What it would be if nothing had been forgotten: itself, where that is not kept."""
        return self._honest or self

    def keep_honest(self) -> None:
        """Keep from now on what a station that forgets nothing would hold, for the truth log."""
        if self._honest is None:
            self._honest = LimitBook(self._rules, self._evses)
            self._honest.profiles = self.profiles

    def install(self, evse: int, profile: ChargingProfile, at: datetime) -> None:
        """Take a profile that `refusal` had nothing against."""
        if self._honest is not None:
            self._honest.install(evse, profile, at)
        self._replace(self.profiles.install(evse, profile, self._rules, at))

    def clear(self, criteria: ClearCriteria) -> bool:
        """Remove what the criteria select, and return whether that was anything."""
        if self._honest is not None:
            self._honest.clear(criteria)
        before = len(self.profiles)
        self._replace(self.profiles.clear(criteria))
        return len(self.profiles) < before

    def end_transaction(
        self, ended: Transaction, evse: int, at: datetime, faulty: Effects = HONEST
    ) -> None:
        """Forget the transaction's TxProfiles, unless a fault keeps them for the next one."""
        if self._honest is not None:
            self._honest.end_transaction(ended, evse, at)
        left = self.profiles.end_transaction(str(ended.id), evse)
        gone = [each for each in self.profiles if each not in set(left)]
        if faulty.keeps_profiles:
            kept = [_orphan(each) for each in gone]
        elif faulty.keeps_pause:
            pausing = [each for each in gone if self._pauses(each, ended, at)]
            kept = [replace(each, profile=_pause_of(each.profile, at)) for each in pausing]
        else:
            kept = []
        self._replace(ProfileSet((*left, *kept)) if kept else left)

    def forget(self) -> None:
        """Lose all profiles, as some stations do at a reboot."""
        self._replace(ProfileSet())

    def restore(self, profiles: ProfileSet) -> None:
        """Hold these profiles, as written down before the station was built."""
        self._replace(profiles)

    def limit_from_outside(self, limit: ExternalLimit) -> None:
        """Take the limit of an energy manager, which replaces what it said before."""
        if self._honest is not None:
            self._honest.limit_from_outside(limit)
        self._replace(notified(self.profiles, limit))

    def outside_cleared(self, source: str, evse: int) -> None:
        """Lay that limit down."""
        if self._honest is not None:
            self._honest.outside_cleared(source, evse)
        self._replace(cleared(self.profiles, source, evse))

    def refusal(
        self, evse: int, profile: ChargingProfile, transaction: Transaction | None
    ) -> str | None:
        """Return why a profile is refused, None when it is taken.

        Source: OCPP 2.0.1 part 2, K01.FR.03 to K01.FR.41; OCPP 1.6, 5.16.
        """
        if evse not in (0, *self._evses):
            return "unknown EVSE"
        if not 0 <= profile.stack_level <= MAX_STACK_LEVEL:
            return f"stack level is not 0 to {MAX_STACK_LEVEL}"
        if self.profiles.get(profile.id) is None and len(self.profiles) >= MAX_PROFILES:
            return f"{MAX_PROFILES} profiles are installed"
        return (
            _schedule_refusal(profile, self._rules)
            or _purpose_refusal(evse, profile, transaction, self._rules)
            or self._conflict(evse, profile)
        )

    def allowed(self, evse: int, transaction: Transaction, at: datetime) -> Allowed:
        """Return what profiles allow on `evse` at `at`."""
        if not len(self.profiles):
            return Allowed(None, None)
        step = self._timeline(evse, transaction, at).at(at)
        return Allowed(step, step.end)

    def allowed_at_start(self, evse: int, transaction: Transaction, at: datetime) -> Allowed:
        """Return the same without TxDefaultProfiles that came after the transaction's start."""
        old = [each for each in self.profiles if not _is_newer_default(each, transaction)]
        if len(old) == len(self.profiles):
            return self.allowed(evse, transaction, at)
        step = limit_at(
            ProfileSet(tuple(old)), evse=evse, transaction=transaction, at=at, rules=self._rules
        )
        return Allowed(step, None)

    def station_wide(self, at: datetime) -> LimitStep | None:
        """Return what bounds the sum over all EVSEs."""
        if not len(self.profiles):
            return None
        return self._timeline(0, None, at).at(at)

    def composite(
        self, query: CompositeQuery, transactions: Mapping[int, Transaction]
    ) -> CompositeSchedule:
        """Return the composite schedule, of a week at most; gaps in it have no limit."""
        query = replace(query, duration_s=min(query.duration_s, MAX_COMPOSITE_S))
        first = next(iter(self._evses.values()))
        is_ac = first.current is CurrentType.AC
        station = Station(
            evses=tuple(self._evses),
            voltage=first.nominal_v,
            phases=first.phases if is_ac else 1,
            hardware_a=first.max_offer if is_ac else first.max_offer / first.nominal_v,
            hardware_w=self.hardware(query.evse, "W"),
        )
        return composite(
            self.profiles, query, transactions=transactions, station=station, rules=self._rules
        )

    def hardware(self, evse: int, unit: RateUnit | str) -> float:
        """Return what an EVSE, for 0 all of them, can deliver at most."""
        models = [self._evses[evse]] if evse else list(self._evses.values())
        return sum(_most(model, str(unit)) for model in models)

    def _timeline(self, evse: int, transaction: Transaction | None, at: datetime) -> LimitTimeline:
        key = (evse, transaction)
        found = self._timelines.get(key)
        if found is None or not found.covers(at):
            found = evaluate(
                self.profiles,
                evse=evse,
                transaction=transaction,
                start=at,
                end=at + _HORIZON,
                rules=self._rules,
            )
            self._timelines[key] = found
        return found

    def _pauses(self, installed: InstalledProfile, running: Transaction, at: datetime) -> bool:
        step = limit_at(
            ProfileSet((installed,)),
            evse=installed.evse,
            transaction=running,
            at=at,
            rules=self._rules,
        )
        return step.limit_a == 0 or step.limit_w == 0

    def _conflict(self, evse: int, profile: ChargingProfile) -> str | None:
        """Two profiles of one purpose, level and EVSE (2.0.1, K01.FR.06 and K01.FR.39)."""
        if self._rules.edition is Edition.V16:
            return None
        for each in self.profiles:
            other = each.profile
            if (
                other.id != profile.id
                and each.evse == evse
                and other.purpose is profile.purpose
                and other.stack_level == profile.stack_level
                and other.transaction_id == profile.transaction_id
                and _validities_meet(profile, other)
            ):
                return f"profile {other.id} has the same purpose and stack level"
        return None

    def _replace(self, profiles: ProfileSet) -> None:
        self.profiles = profiles
        self._timelines.clear()


def _is_newer_default(installed: InstalledProfile, running: Transaction) -> bool:
    came_at = installed.received_at
    is_default = installed.profile.purpose is Purpose.TX_DEFAULT
    return is_default and came_at is not None and came_at > running.start


def _orphan(installed: InstalledProfile) -> InstalledProfile:
    """Return what a station makes of a TxProfile that it keeps: one for any transaction."""
    return replace(installed, profile=replace(installed.profile, transaction_id=None))


def _pause_of(profile: ChargingProfile, at: datetime) -> ChargingProfile:
    """Return what a station makes of a pause that it keeps: from now on, for any transaction."""
    periods = (Period(0, 0.0),)
    schedule = replace(profile.schedule, periods=periods, start=at, duration_s=None)
    return replace(
        profile,
        kind=Kind.ABSOLUTE,
        recurrency_kind=None,
        schedule=schedule,
        transaction_id=None,
    )


def _schedule_refusal(profile: ChargingProfile, rules: Rules) -> str | None:
    schedule = profile.schedule
    starts = [period.start_s for period in schedule.periods]
    if not starts or len(starts) > MAX_PERIODS:
        return f"a schedule has 1 to {MAX_PERIODS} periods"
    if starts[0] != 0 or any(one >= other for one, other in pairwise(starts)):
        return "periods do not start at 0 and grow"
    is_strict = rules.edition is not Edition.V16
    if is_strict and profile.kind is not Kind.RELATIVE and schedule.start is None:
        return "startSchedule is missing"
    if profile.kind is Kind.RECURRING and profile.recurrency_kind is None:
        return "recurrencyKind is missing"
    if is_strict and profile.kind is Kind.RELATIVE and schedule.start is not None:
        return "a relative schedule has no startSchedule"
    return None


def _purpose_refusal(
    evse: int, profile: ChargingProfile, transaction: Transaction | None, rules: Rules
) -> str | None:
    match profile.purpose:
        case Purpose.EXTERNAL_CONSTRAINTS:
            return "external constraints are not the central system's"
        case Purpose.STATION_MAX if evse != 0 or profile.kind is Kind.RELATIVE:
            return "a station's maximum is for the whole station and not relative"
        case Purpose.TX:
            return _tx_refusal(evse, profile, transaction, rules)
        case _ if profile.transaction_id is not None:
            return "only a TxProfile has a transaction"
    return None


def _tx_refusal(
    evse: int, profile: ChargingProfile, transaction: Transaction | None, rules: Rules
) -> str | None:
    if evse == 0 or transaction is None:
        return "a TxProfile needs a running transaction"
    if profile.transaction_id is None:
        return None if rules.edition is Edition.V16 else "transactionId is missing"
    return None if profile.transaction_id == transaction.id else "another transaction is running"


def _validities_meet(one: ChargingProfile, other: ChargingProfile) -> bool:
    starts_late = (
        one.valid_from is not None
        and other.valid_to is not None
        and one.valid_from >= other.valid_to
    )
    ends_early = (
        one.valid_to is not None
        and other.valid_from is not None
        and one.valid_to <= other.valid_from
    )
    return not (starts_late or ends_early)


def _most(model: EvseModel, unit: str) -> float:
    if unit == model.unit:
        return model.max_offer
    if model.current is CurrentType.AC:
        return model.max_offer * model.nominal_v * model.phases
    return model.max_offer / model.nominal_v
