"""Charging profiles as operators name them and as they stand on the wire, for cases of block K."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.patterns import ANY_INT, Maybe, filled, same_time, text_of

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

_IDS = itertools.count(501)
DURATION_S = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A charging profile that an operator wants on an EVSE."""

    purpose: str
    kind: str = "Absolute"
    limit: float = 6.0
    stack_level: int = 0
    unit: str = "A"
    transaction_id: str | None = None
    recurrency: str | None = None
    id: int = field(default_factory=lambda: next(_IDS))
    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def until(self) -> datetime:
        """The end of its validity."""
        return self.at + timedelta(seconds=DURATION_S)

    @property
    def has_times(self) -> bool:
        """Whether it says when it begins; a Relative one begins with its transaction."""
        return self.kind != "Relative"

    def body(self, evse: int) -> dict[str, Any]:
        """Returns the body of the operation set_charging_profile."""
        schedule: dict[str, Any] = {
            "unit": self.unit,
            "duration_s": DURATION_S,
            "periods": [{"start_s": 0, "limit": self.limit, "number_phases": 3}],
        }
        profile: dict[str, Any] = {
            "id": self.id,
            "stack_level": self.stack_level,
            "purpose": self.purpose,
            "kind": self.kind,
            "schedule": schedule,
        }
        if self.has_times:
            profile |= {"valid_from": text_of(self.at), "valid_to": text_of(self.until)}
            schedule["start"] = text_of(self.at)
        if self.transaction_id is not None:
            profile["transaction_id"] = self.transaction_id
        if self.recurrency is not None:
            profile["recurrency_kind"] = self.recurrency
        return {"evse": evse, "charging_profile": profile}

    def wire(self) -> Payload:
        """Returns it as ChargingProfileType, a pattern; three phases may be left unsaid."""
        schedule: Payload = {
            "id": ANY_INT,
            "chargingRateUnit": self.unit,
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": self.limit, "numberPhases": Maybe(3)}
            ],
            "duration": DURATION_S,
        }
        profile: Payload = {
            "id": self.id,
            "stackLevel": self.stack_level,
            "chargingProfilePurpose": self.purpose,
            "chargingProfileKind": self.kind,
            "chargingSchedule": [schedule],
        }
        if self.has_times:
            profile |= {"validFrom": same_time(self.at), "validTo": same_time(self.until)}
            schedule["startSchedule"] = same_time(self.at)
        if self.transaction_id is not None:
            profile["transactionId"] = self.transaction_id
        if self.recurrency is not None:
            profile["recurrencyKind"] = self.recurrency
        return profile


async def put(
    stage: Stage, charger: Charger, evse: int, asked: Asked, answer: Any = None
) -> Operated:
    """Has the operator put a profile on an EVSE."""
    operated = await stage.operate(
        charger,
        "set_charging_profile",
        asked.body(evse),
        sends=("SetChargingProfile", {"evseId": evse, "chargingProfile": asked.wire()}),
        answer=answer,
    )
    is_sound(operated.request["chargingProfile"])
    return operated


def is_sound(profile: Payload) -> None:
    """Holds a profile against the general tool validations of part 6, 3.1."""
    assert 1 <= len(profile["chargingSchedule"]) <= 3, profile
    for schedule in profile["chargingSchedule"]:
        periods = schedule["chargingSchedulePeriod"]
        starts = [each["startPeriod"] for each in periods]
        assert starts[0] == 0, profile
        assert starts == sorted(set(starts)), profile
        for each in periods:
            assert "phaseToUse" not in each or each.get("numberPhases") == 1, profile
            assert round(each["limit"], 1) == each["limit"], f"more than one decimal: {each}"


async def get(
    stage: Stage,
    charger: Charger,
    body: dict[str, Any],
    criteria: Any,
    *,
    status: str = "Accepted",
) -> Operated:
    """Has the operator ask for the profiles of an EVSE, if any is named, that fit criteria."""
    asked: Payload = {"requestId": ANY_INT, "chargingProfile": criteria}
    if "evse" in body:
        asked["evseId"] = body["evse"]
    return await stage.operate(
        charger,
        "get_charging_profiles",
        body,
        sends=("GetChargingProfiles", asked),
        answer={"status": status},
    )


async def report(
    charger: Charger,
    got: Operated,
    *profiles: Asked,
    evse: int = 1,
    source: str = "CSO",
    tbc: bool | None = None,
) -> None:
    """Has a station report profiles, as it was asked to."""
    told = {
        "requestId": got.request["requestId"],
        "chargingLimitSource": source,
        "evseId": evse,
        "chargingProfile": [filled(each.wire()) for each in profiles],
    }
    if tbc is not None:
        told["tbc"] = tbc
    assert await charger.call("ReportChargingProfiles", told) == {}
