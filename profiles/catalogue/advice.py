"""What is allowed in a named profile and will not do what it looks like, on a certain station.

A profile that is wrong in itself is refused when it is read (`coherence`); this is about one that
can never speak, never lets a car charge, or asks more than a station can take.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from profiles.catalogue.loader import CatalogueFinding
from profiles.model import Purpose, RateUnit
from profiles.rules import Finding, Severity, check
from profiles.units import MAX_PHASES, NOMINAL_VOLTAGE, amperes, effective_amperes

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from profiles.catalogue.schema import CatalogueProfile
    from profiles.checks.proposal import StationContext

_EVSE = 1
_TRANSACTION = "0"
_FIELDS = {
    "ChargeProfileMaxStackLevel": "stack_level",
    "ChargingScheduleMaxPeriods": "periods",
    "K01.FR.11": "periods",
    "K01.FR.26": "charging_rate_unit",
    "K01.FR.49": "number_phases",
    "ConnectorSwitch3to1PhaseSupported": "periods",
    "pause": "periods",
    "silent": "valid_to",
    "starved": "stack_level",
    "starving": "stack_level",
}


def advise(
    profile: CatalogueProfile,
    station: StationContext,
    now: datetime,
    *,
    zone: tzinfo = UTC,
    file: str | None = None,
) -> tuple[CatalogueFinding, ...]:
    """Return what is doubtful about a named profile on a station, errors first.

    It is checked as a TxProfile of a transaction that starts now; `zone` is the site's. A finding
    that the station would refuse the profile is none of a warning.
    """
    place = file or profile.name
    charging = profile.to_charging_profile(
        id=1,
        purpose=Purpose.TX,
        transaction_id=_TRANSACTION,
        transaction_start=now,
        zone=zone,
    )
    if charging is None:
        return ()
    context = replace(station, transactions={_EVSE: _TRANSACTION}, now=now)
    found = [_finding(place, each) for each in check(_EVSE, charging, context)]
    if _only_pauses(profile):
        message = "let no car charge at any time; the lowest current is 6 A (IEC 61851-1)"
        found.append(CatalogueFinding(place, "periods", message, is_warning=True))
    return tuple(found)


def _finding(file: str, finding: Finding) -> CatalogueFinding:
    return CatalogueFinding(
        file,
        _FIELDS.get(finding.rule, ""),
        f"{finding.message} ({finding.rule})",
        is_warning=finding.severity is Severity.WARNING,
    )


def _only_pauses(profile: CatalogueProfile) -> bool:
    return not any(_current(profile, index) for index in range(len(profile.periods)))


def _current(profile: CatalogueProfile, index: int) -> float:
    """Return the current to expect in a period; on DC any power counts as one."""
    period = profile.periods[index]
    if profile.current_type == "DC":
        return period.limit
    if profile.charging_rate_unit == RateUnit.A:
        return effective_amperes(period.limit)
    phases = profile.phases_of(period) or MAX_PHASES
    return effective_amperes(amperes(period.limit, NOMINAL_VOLTAGE, phases))
