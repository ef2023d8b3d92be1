"""The checks a profile must pass before it is sent, as one table.

Findings are named by requirement ID where the specification has one (1.6 shares the meaning),
else by the field or variable they are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from profiles.checks import advice, placement, schedule, stack
from profiles.checks.proposal import Proposal, StationContext
from profiles.model import ChargingProfile, RateUnit
from profiles.semantics import Edition

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "Severity",
    "StationContext",
    "blocking",
    "check",
    "parse_units",
]

_ALL = frozenset(Edition)
_V16 = frozenset({Edition.V16})
_V2 = frozenset({Edition.V201, Edition.V21})
_BEFORE_V21 = frozenset({Edition.V16, Edition.V201})
_UNIT_NAMES = {
    "a": RateUnit.A,
    "current": RateUnit.A,
    "w": RateUnit.W,
    "power": RateUnit.W,
}


class Severity(StrEnum):
    """Whether a finding keeps the profile from being sent."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has to say about a profile; `rule` is a requirement ID or a field's name."""

    rule: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table: which rule, in which versions, how bad, and the test itself."""

    rule: str
    editions: frozenset[Edition]
    test: Callable[[Proposal], str | None]
    severity: Severity = Severity.ERROR


CHECKS: tuple[Check, ...] = (
    Check("K01.FR.28", _ALL, placement.evse_exists),
    Check("K01.FR.22", _ALL, placement.purpose_is_ours_to_set),
    Check("purpose", _BEFORE_V21, placement.purpose_exists),
    Check("K04.FR.03", _ALL, placement.station_max_on_station),
    Check("K01.FR.38", _ALL, placement.station_max_not_relative),
    Check("K01.FR.16", _ALL, placement.tx_profile_on_evse),
    Check("K01.FR.09", _ALL, placement.tx_profile_has_transaction),
    Check("K01.FR.03", _V2, placement.tx_profile_names_transaction),
    Check("K01.FR.33", _ALL, placement.tx_profile_matches_transaction),
    Check("transactionId", _ALL, placement.only_tx_profile_names_transaction),
    Check("K05.FR.02", _ALL, placement.remote_start_is_tx_profile),
    Check("K05/1.6 5.16.2", _ALL, placement.remote_start_has_no_transaction),
    Check("recurrencyKind", _ALL, schedule.recurrency_fits),
    Check("K01.FR.40", _ALL, schedule.has_start),
    Check("K01.FR.41", _ALL, schedule.relative_has_no_start),
    Check("periods", _ALL, schedule.has_periods),
    Check("K01.FR.31", _ALL, schedule.first_period_is_zero),
    Check("K01.FR.35", _ALL, schedule.periods_increase),
    Check("ChargingScheduleMaxPeriods", _ALL, schedule.periods_fit),
    Check("limit", _BEFORE_V21, schedule.limit_is_a_number),
    Check("limit", _ALL, schedule.limit_has_one_decimal),
    Check("duration", _ALL, schedule.duration_is_positive),
    Check("numberPhases", _ALL, schedule.phases_exist),
    Check("K01.FR.19", _V2, schedule.phase_to_use_with_one_phase),
    Check("K01.FR.20", _V2, schedule.phase_can_be_switched),
    Check("phaseToUse", _V16, schedule.phase_to_use_exists),
    Check("K01.FR.26", _ALL, schedule.unit_is_allowed),
    Check("K01.FR.34", _ALL, schedule.schedules_fit),
    Check("ChargeProfileMaxStackLevel", _ALL, stack.level_fits),
    Check("MaxChargingProfilesInstalled", _ALL, stack.count_fits),
    Check("validity", _ALL, stack.validity_is_ordered),
    Check("K01.FR.05", _ALL, stack.id_is_not_external),
    Check("K01.FR.06", _V2, stack.level_free_in_validity),
    Check("K01.FR.39", _V2, stack.level_free_in_transaction),
    Check("K01.FR.52", _V2, stack.default_level_free_on_evses),
    Check("K01.FR.53", _V2, stack.default_level_free_on_station),
    Check("pause", _ALL, advice.limit_lets_cars_charge, Severity.WARNING),
    Check("K01.FR.49", _ALL, advice.watts_name_their_phases, Severity.WARNING),
    Check("starving", _ALL, advice.level_lets_lower_ones_speak, Severity.WARNING),
    Check("cycle", _ALL, advice.run_fits_the_cycle, Severity.WARNING),
    Check("silent", _ALL, advice.ever_speaks, Severity.WARNING),
    Check("starved", _ALL, advice.ever_leads, Severity.WARNING),
    Check("K01.FR.11", _ALL, advice.periods_run, Severity.WARNING),
    Check(
        "ConnectorSwitch3to1PhaseSupported",
        _ALL,
        advice.phases_need_no_switch,
        Severity.WARNING,
    ),
    Check("1.6 3.13.1", _V16, advice.transaction_is_named, Severity.WARNING),
    Check("recurrencyKind", _ALL, advice.cycle_is_used, Severity.WARNING),
    Check("id", _ALL, advice.id_is_ours, Severity.WARNING),
)


def check(evse: int, profile: ChargingProfile, station: StationContext) -> tuple[Finding, ...]:
    """Return everything wrong or doubtful about sending `profile` to `evse`, errors first.

    The profile may be sent when `blocking` of the result is empty.
    """
    proposal = Proposal(evse, profile, station)
    found = [
        Finding(each.rule, each.severity, message)
        for each in CHECKS
        if station.rules.edition in each.editions and (message := each.test(proposal)) is not None
    ]
    return tuple(sorted(found, key=lambda each: each.severity is Severity.WARNING))


def blocking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that forbid sending."""
    return tuple(each for each in findings if each.severity is Severity.ERROR)


def parse_units(reported: str) -> frozenset[RateUnit] | None:
    """Return the units a station reports as a comma-separated list; None when none is known.

    1.6 names them Current and Power (ChargingScheduleAllowedChargingRateUnit), 2.x A and W
    (SmartChargingCtrlr.RateUnit); stations mix the two.
    """
    names = (name.strip().lower() for name in reported.split(","))
    return frozenset(_UNIT_NAMES[name] for name in names if name in _UNIT_NAMES) or None
