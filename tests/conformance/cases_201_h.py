"""OCPP 2.0.1, block H: reservations."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.states import Bay, reservation, reserve

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage


def _in(seconds: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


async def _is(bay: Bay, number: int, status: str) -> Payload:
    """Waits until the API shows a reservation of the bay's charger in a state."""
    found: list[Payload] = []

    async def is_so() -> bool:
        listed = await bay.stage.get("/reservations", station=bay.charger.id)
        found[:] = [each for each in listed["items"] if each["id"] == number]
        return len(found) == 1 and found[0]["status"] == status

    await bay.stage.until(is_so, lambda: f"reservation {number} is {found}, not {status}")
    return found[0]


async def _told(bay: Bay, number: int, status: str) -> None:
    update = {"reservationId": number, "reservationUpdateStatus": status}
    assert await bay.charger.call("ReservationStatusUpdate", update) == {}


@case(
    "TC_H_01_CSMS",
    version=V201,
    block="H",
    title="Reserve a specific EVSE - Accepted - Valid idToken",
)
async def reserve_evse(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    shown = await _is(bay, number, "accepted")
    assert shown["evse"] == 1, shown
    assert shown["token"] == bay.token["idToken"], shown


@case(
    "TC_H_07_CSMS",
    version=V201,
    block="H",
    title="Reserve a specific EVSE - Reservation Ended / not used",
)
async def reservation_expires(stage: Stage) -> None:
    bay = await Bay.of(stage)
    expires_at = _in(3)
    number = await reserve(bay, expires_at, evse=1)
    await _is(bay, number, "accepted")
    await asyncio.sleep((expires_at - datetime.now(UTC)).total_seconds())
    await bay.status("Available")
    await _told(bay, number, "Expired")
    await _is(bay, number, "expired")


@case(
    "TC_H_08_CSMS",
    version=V201,
    block="H",
    title="Reserve an unspecified EVSE - Accepted",
)
async def reserve_any(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await reserve(bay, _in(600))
    shown = await _is(bay, number, "accepted")
    assert shown["evse"] is None, shown


@case(
    "TC_H_14_CSMS",
    version=V201,
    block="H",
    title="Reserve an unspecified EVSE - Amount of EVSEs available equals the amount of "
    "reservations",
)
async def reserve_all(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    bays = [await Bay.of(stage, charger, evse=evse) for evse in (1, 2)]
    numbers = []
    for bay in bays:
        expires_at = _in(600)
        asked = reservation(bay, expires_at)
        reserved = await stage.operate(
            charger,
            "reserve_now",
            {"token": bay.token["idToken"], "expires_at": expires_at.isoformat()},
            sends=("ReserveNow", asked),
        )
        numbers.append(reserved.request["id"])
    assert len(set(numbers)) == 2, numbers
    for bay, number in zip(bays, numbers, strict=True):
        await bay.status("Reserved")
        await _is(bay, number, "accepted")


@case(
    "TC_H_15_CSMS",
    version=V201,
    block="H",
    title="Reserve a connector with a specific type - Success",
)
async def reserve_type(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await reserve(bay, _in(600), connector_type="cType2")
    shown = await _is(bay, number, "accepted")
    assert shown["connector_type"] == "cType2", shown


@case(
    "TC_H_17_CSMS",
    version=V201,
    block="H",
    title="Cancel reservation of an EVSE - Success",
)
async def cancel(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    await stage.operate(
        bay.charger,
        "cancel_reservation",
        {"reservation_id": number},
        sends=("CancelReservation", {"reservationId": number}),
    )
    await _is(bay, number, "cancelled")
    await bay.status("Available")


@case(
    "TC_H_19_CSMS",
    version=V201,
    block="H",
    title="Reserve a specific EVSE - Use a reserved EVSE with GroupId",
    variants=("given", "of the token"),
)
async def reserve_for_group(stage: Stage) -> None:
    """The group is the one that the operator names, or the one that the token belongs to."""
    group = stage.unique("GROUP")
    is_given = stage.variant == "given"
    bay = await Bay.of(stage, **({} if is_given else {"group": group}))
    expires_at = _in(600)
    reserved = await stage.operate(
        bay.charger,
        "reserve_now",
        {
            "token": bay.token["idToken"],
            "expires_at": expires_at.isoformat(),
            "evse": 1,
            **({"group": group} if is_given else {}),
        },
        sends=("ReserveNow", reservation(bay, expires_at, evse=1, group=group)),
    )
    await bay.status("Reserved")
    shown = await _is(bay, reserved.request["id"], "accepted")
    assert shown["group"] == group, shown


@case(
    "TC_H_20_CSMS",
    version=V201,
    block="H",
    title="Charging Station cancels reservation when Faulted",
)
async def removed_when_faulted(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    await bay.status("Faulted")
    await _told(bay, number, "Removed")
    await _is(bay, number, "removed")


@case(
    "TC_H_22_CSMS",
    version=V201,
    block="H",
    title="Reserve a specific EVSE - Configured to Reject",
)
async def reservation_rejected(stage: Stage) -> None:
    bay = await Bay.of(stage)
    expires_at = _in(600)
    reserved = await stage.operate(
        bay.charger,
        "reserve_now",
        {"token": bay.token["idToken"], "expires_at": expires_at.isoformat(), "evse": 1},
        sends=("ReserveNow", reservation(bay, expires_at, evse=1)),
        answer={"status": "Rejected"},
    )
    assert reserved.view["state"] == "refused", reserved.view
    await _is(bay, reserved.request["id"], "rejected")
