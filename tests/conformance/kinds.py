"""The operations of blocks E to K, each as typed and as relayed, for cases of what may go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.patterns import ANY_INT, filled, same_time, text_of
from tests.conformance.schedules import Asked
from tests.conformance.states import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

_SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
DEFAULT = Asked("TxDefaultProfile")
_TOKEN = {"idToken": "X-NOBODY-KNOWS", "type": "Central"}
ACCEPTED: Payload = {"status": "Accepted"}
_PLACE = {"evse": 1, "connector": 1}
_CRITERIA = {"chargingProfilePurpose": "TxDefaultProfile"}
_CHANGE = {"operationalStatus": "Operative", "evse": {"id": 1}}
_SCHEDULE = {
    "evseId": 1,
    "duration": 300,
    "scheduleStart": stamp(),
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
}


@dataclass(frozen=True, slots=True)
class Kind:
    """An operation: its body, its call, what agrees to it, and what refuses it, if anything can."""

    body: dict[str, Any]
    action: str
    payload: Payload
    agrees: Payload
    refuses: str | None = "Rejected"


KINDS = {
    "start_transaction": Kind(
        {"token": _TOKEN["idToken"], "evse": 1},
        "RequestStartTransaction",
        {"remoteStartId": ANY_INT, "idToken": _TOKEN, "evseId": 1},
        ACCEPTED,
    ),
    "stop_transaction": Kind(
        {"transaction_id": "nobody-knows-it"},
        "RequestStopTransaction",
        {"transactionId": "nobody-knows-it"},
        ACCEPTED,
    ),
    "get_transaction_status": Kind(
        {"transaction_id": "nobody-knows-it"},
        "GetTransactionStatus",
        {"transactionId": "nobody-knows-it"},
        {"ongoingIndicator": False, "messagesInQueue": False},
        None,
    ),
    "unlock_connector": Kind(
        _PLACE,
        "UnlockConnector",
        {"evseId": 1, "connectorId": 1},
        {"status": "Unlocked"},
        "UnlockFailed",
    ),
    "trigger_message": Kind(
        {"message": "Heartbeat"},
        "TriggerMessage",
        {"requestedMessage": "Heartbeat"},
        ACCEPTED,
    ),
    "change_availability": Kind(
        {"status": "Operative", "evse": 1}, "ChangeAvailability", _CHANGE, ACCEPTED
    ),
    "reserve_now": Kind(
        {"token": _TOKEN["idToken"], "expires_at": text_of(_SOON), "evse": 1},
        "ReserveNow",
        {"id": ANY_INT, "expiryDateTime": same_time(_SOON), "idToken": _TOKEN, "evseId": 1},
        ACCEPTED,
        "Occupied",
    ),
    "cancel_reservation": Kind(
        {"reservation_id": 987_654},
        "CancelReservation",
        {"reservationId": 987_654},
        ACCEPTED,
    ),
    "set_charging_profile": Kind(
        DEFAULT.body(1),
        "SetChargingProfile",
        {"evseId": 1, "chargingProfile": DEFAULT.wire()},
        ACCEPTED,
    ),
    "clear_charging_profile": Kind(
        {"profile_id": 77},
        "ClearChargingProfile",
        {"chargingProfileId": 77},
        ACCEPTED,
        "Unknown",
    ),
    "get_charging_profiles": Kind(
        {"purpose": "TxDefaultProfile"},
        "GetChargingProfiles",
        {"requestId": ANY_INT, "chargingProfile": _CRITERIA},
        {"status": "NoProfiles"},
        None,
    ),
    "get_composite_schedule": Kind(
        {"evse": 1, "duration_s": 300},
        "GetCompositeSchedule",
        {"duration": 300, "evseId": 1},
        {"status": "Accepted", "schedule": _SCHEDULE},
    ),
    "cost_updated": Kind(
        {"transaction_id": "nobody-knows-it", "total_cost": "1.25"},
        "CostUpdated",
        {"totalCost": 1.25, "transactionId": "nobody-knows-it"},
        {},
        None,
    ),
}
REFUSABLE = tuple(name for name, kind in KINDS.items() if kind.refuses is not None)


def kind_of(stage: Stage) -> tuple[str, Kind]:
    name = str(stage.variant)
    return name, KINDS[name]


async def works(stage: Stage, charger: Charger) -> None:
    """The operation of the variant goes through, and the station is heard."""
    name, kind = kind_of(stage)
    done = await stage.operate(
        charger, name, kind.body, sends=(kind.action, kind.payload), answer=kind.agrees
    )
    assert done.view["state"] in {"done", "accepted"}, done.view
    await charger.call("Heartbeat")


async def ask(
    stage: Stage, charger: Charger, told: tuple[int, ...], *, wait_s: float = 20, **query: Any
) -> Any:
    """Asks for the operation of the variant, in the way of the play; returns what the API says."""
    name, kind = kind_of(stage)
    stage.has_operated = True
    if stage.is_typed:
        path = f"/stations/{charger.id}/operations/{name}"
        return await stage.post(path, kind.body, told, params={"wait_s": wait_s, **query})
    path = f"/stations/{charger.id}/calls/{kind.action}"
    payload = filled(kind.payload)
    return await stage.post(path, payload, told, params={"timeout_s": max(1, wait_s)})


async def newest(stage: Stage, charger: Charger) -> dict[str, Any]:
    found = await stage.get("/operations", station=charger.id, limit=1)
    view: dict[str, Any] = found["items"][0]
    return view


async def comes(stage: Stage, charger: Charger, is_so: Callable[[Any], bool]) -> Any:
    """Waits until the newest operation of a station is so."""
    seen: list[Any] = []

    async def look() -> bool:
        seen[:] = [await newest(stage, charger)]
        return is_so(seen[0])

    await stage.until(look, lambda: f"the operation is {seen}")
    return seen[0]
