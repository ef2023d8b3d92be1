"""Operations of blocks I and K: charging profiles, composite schedules, cost. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from annotated_types import Ge, Len

from csms.domain.operations.base import Operation, Place, Text, Whole
from csms.domain.operations.remote_control import TokenText

PurposeName = Literal[
    "ChargingStationExternalConstraints",
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
]
Source = Literal["CSO", "EMS", "Other", "SO"]


@dataclass(frozen=True, slots=True)
class SetChargingProfile(Operation):
    """Put a charging profile on an EVSE, 0 being the whole station.

    Either `profile` names one of the catalogue, installed for `purpose` (by default TxProfile
    where a transaction runs on the EVSE, else TxDefaultProfile), or `charging_profile` is one in
    the form that this API shows charging profiles in. Source: OCPP 1.6, 5.16; OCPP 2.0.1, K01.
    """

    evse: Place
    profile: Text | None = None
    charging_profile: dict[str, Any] | None = None
    purpose: PurposeName | None = None


@dataclass(frozen=True, slots=True)
class ClearChargingProfile(Operation):
    """Take charging profiles away: each member narrows, none at all means all (1.6 only).

    Source: OCPP 1.6, 5.5; OCPP 2.0.1 part 2, K10.
    """

    profile_id: int | None = None
    evse: Place | None = None
    purpose: PurposeName | None = None
    stack_level: Whole | None = None


@dataclass(frozen=True, slots=True)
class GetChargingProfiles(Operation):
    """Have the station report charging profiles. Source: OCPP 2.0.1 part 2, K09."""

    evse: Place | None = None
    purpose: PurposeName | None = None
    stack_level: Whole | None = None
    profile_ids: Annotated[list[int], Len(1, 100)] | None = None
    sources: Annotated[list[Source], Len(1, 4)] | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule(Operation):
    """Ask what a station makes of its profiles. Source: OCPP 1.6, 5.7; OCPP 2.0.1 part 2, K08."""

    evse: Place
    duration_s: Annotated[int, Ge(1)] = 86_400
    unit: Literal["A", "W"] | None = None


@dataclass(frozen=True, slots=True)
class CostUpdated(Operation):
    """Tell a station what a transaction has cost so far, in the station's currency.

    Source: OCPP 2.0.1 part 2, I02.
    """

    transaction_id: TokenText
    total_cost: Decimal
