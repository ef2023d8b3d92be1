"""Beyond certification: remote control, availability and reservations (blocks F, G and H)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT, text_of
from tests.conformance.states import TOKEN_TYPE, Bay, reservation, reserve

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

_WORDS = (
    *("BootNotification", "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat"),
    *("MeterValues", "SignChargingStationCertificate", "SignV2GCertificate"),
    *("StatusNotification", "TransactionEvent", "SignCombinedCertificate"),
    "PublishFirmwareStatusNotification",
)


async def _reservation(stage: Stage, charger: Charger, number: int) -> Payload:
    listed = await stage.get("/reservations", station=charger.id)
    found = [each for each in listed["items"] if each["id"] == number]
    assert len(found) == 1, listed
    return found[0]


async def _becomes(stage: Stage, charger: Charger, number: int, status: str) -> Payload:
    seen: list[Payload] = []

    async def is_so() -> bool:
        seen[:] = [await _reservation(stage, charger, number)]
        return bool(seen[0]["status"] == status)

    await stage.until(is_so, lambda: f"reservation {number} is {seen}, not {status}")
    return seen[0]


def _in(seconds: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


@case(
    "X_F_UNIQUE",
    version=V201,
    block="X",
    title="Ten remote starts at once, and ten reservations: every number is given once",
)
async def unique(stage: Stage) -> None:
    bay = await Bay.of(stage)
    starts = bay.charger.answers("RequestStartTransaction", {"status": "Rejected"})
    holds = bay.charger.answers("ReserveNow", {"status": "Rejected"})
    token = bay.token["idToken"]
    path = f"/stations/{bay.charger.id}/operations"
    hold = {"token": token, "expires_at": text_of(_in(600))}
    await asyncio.gather(
        *(stage.post(f"{path}/start_transaction", {"token": token}) for _ in range(10)),
        *(stage.post(f"{path}/reserve_now", hold) for _ in range(10)),
    )
    assert len({each["remoteStartId"] for each in starts}) == 10, starts
    assert len({each["id"] for each in holds}) == 10, holds
    assert await stage.sessions(bay.charger) == []


@case(
    "X_F_TOKENS",
    version=V201,
    block="X",
    title="A remote start names the token with the type that it is stored with, else Central",
    variants=("eMAID", "KeyCode", "MacAddress", "unknown", "given"),
)
async def token_types(stage: Stage) -> None:
    charger = await stage.charger()
    text, variant = stage.unique("REMOTE"), str(stage.variant)
    body: dict[str, Any] = {"token": text}
    if variant == "given":
        body["token_type"] = "Local"
    elif variant != "unknown":
        await stage.token(text, type=variant)
    kind = {"given": "Local", "unknown": "Central"}.get(variant, variant)
    token = {"idToken": text, "type": kind}
    await stage.operate(
        charger,
        "start_transaction",
        body,
        sends=("RequestStartTransaction", {"remoteStartId": ANY_INT, "idToken": token}),
    )


@case(
    "X_F_LINKS",
    version=V201,
    block="X",
    title="A remote start is linked by the transaction of its answer, or by the number alone",
    requirements=("F01.FR.25", "F_01"),
    variants=("transaction", "number", "other token"),
)
async def links(stage: Stage) -> None:
    bay = await Bay.of(stage)
    asked: Payload = {"remoteStartId": ANY_INT, "idToken": bay.token}
    answer: Payload = {"status": "Accepted"}
    if stage.variant == "transaction":
        await bay.connected_pre_session()
        answer["transactionId"] = bay.transaction_id
    start = await stage.operate(
        bay.charger,
        "start_transaction",
        {"token": bay.token["idToken"]},
        sends=("RequestStartTransaction", asked),
        answer=answer,
    )
    number = start.request["remoteStartId"]
    match stage.variant:
        case "transaction":
            await bay.updated("RemoteStart", idToken=bay.token)
        case "number":
            await bay.started("RemoteStart", remoteStartId=number)
        case _:
            other = await Bay.of(stage, bay.charger)
            await other.started("Authorized", idToken=other.token)
            assert (await start.look())["state"] == "accepted", start.view
            await bay.started("RemoteStart", remoteStartId=number, idToken=bay.token)
    view = await start.comes_to("done")
    assert view["result"]["transaction_id"] == bay.transaction_id, view


@case(
    "X_F_UNLOCK",
    version=V201,
    block="X",
    title="Every answer to UnlockConnector is recorded as it came",
    variants=("UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"),
)
async def unlock(stage: Stage) -> None:
    charger = await stage.charger()
    unlocked = await stage.operate(
        charger,
        "unlock_connector",
        {"evse": 1, "connector": 99},
        sends=("UnlockConnector", {"evseId": 1, "connectorId": 99}),
        answer={"status": stage.variant},
    )
    assert unlocked.view["state"] == "refused", unlocked.view


@case(
    "X_F_TRIGGERS",
    version=V201,
    block="X",
    title="Every message of this version can be asked for, and refused",
    variants=_WORDS,
)
async def triggers(stage: Stage) -> None:
    charger = await stage.charger()
    body: dict[str, Any] = {"message": stage.variant}
    asked: Payload = {"requestedMessage": stage.variant}
    if stage.variant == "StatusNotification":
        body |= {"evse": 1, "connector": 1}
        asked["evse"] = {"id": 1, "connectorId": 1}
    await stage.operate(
        charger,
        "trigger_message",
        body,
        sends=("TriggerMessage", asked),
        answer={"status": "Rejected"},
    )


@case(
    "X_F_TRIGGER_WORDS",
    version=V201,
    block="X",
    title="A message that this version has not, or a connector that lacks its EVSE, is refused",
    requirements=("F06.FR.13",),
    variants=("DiagnosticsStatusNotification", "Nonsense", "no EVSE", "no connector"),
)
async def trigger_words(stage: Stage) -> None:
    charger = await stage.charger()
    bodies: dict[str, dict[str, Any]] = {
        "no EVSE": {"message": "StatusNotification", "connector": 1},
        "no connector": {"message": "StatusNotification"},
    }
    body = bodies.get(str(stage.variant), {"message": stage.variant})
    path = f"/stations/{charger.id}/operations/trigger_message"
    problem = await stage.post(path, body, (409, 422))
    assert problem["detail"], problem


@case(
    "X_G_ODD_PLACES",
    version=V201,
    block="X",
    title="Places that we have never heard of go out; a connector without its EVSE is refused",
    variants=("evse 99", "connector 9", "no evse"),
)
async def odd_places(stage: Stage) -> None:
    charger = await stage.charger()
    if stage.variant == "no evse":
        path = f"/stations/{charger.id}/operations/change_availability"
        problem = await stage.post(path, {"status": "Operative", "connector": 1}, (409, 422))
        assert problem["detail"], problem
        return
    far = stage.variant == "evse 99"
    place = {"id": 99} if far else {"id": 1, "connectorId": 9}
    body = {"evse": 99} if far else {"evse": 1, "connector": 9}
    await stage.operate(
        charger,
        "change_availability",
        {"status": "Inoperative", **body},
        sends=("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": place}),
        answer={"status": "Rejected"},
    )
    assert await stage.connector(charger) == "Available"


@case(
    "X_H_USED",
    version=V201,
    block="X",
    title="A transaction that names a reservation has used it",
    requirements=("H03",),
)
async def used(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    await bay.authorize()
    await bay.started("Authorized", idToken=bay.token, evse=bay.place, reservationId=number)
    shown = await _becomes(stage, bay.charger, number, "used")
    assert shown["session_id"] == (await bay.session())["id"], shown


@case(
    "X_H_CANCEL_REFUSED",
    version=V201,
    block="X",
    title="A refused cancellation leaves the reservation; an unknown one reaches the station",
)
async def cancel_refused(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    for each in (number, 31_415_926):
        await stage.operate(
            bay.charger,
            "cancel_reservation",
            {"reservation_id": each},
            sends=("CancelReservation", {"reservationId": each}),
            answer={"status": "Rejected"},
        )
    assert (await _reservation(stage, bay.charger, number))["status"] == "accepted"


@case(
    "X_H_BY_TIME",
    version=V201,
    block="X",
    title="A reservation ends by its time, without a word of the station, connected or not",
    requirements=("TC_047",),
    variants=("connected", "away"),
)
async def by_time(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await reserve(bay, _in(2), evse=1)
    if stage.variant == "away":
        await bay.charger.disconnect()
    await _becomes(stage, bay.charger, number, "expired")


@case(
    "X_H_REFUSED",
    version=V201,
    block="X",
    title="Each refusal of a reservation is its status",
    variants=("Faulted", "Occupied", "Rejected", "Unavailable"),
)
async def reservation_refused(stage: Stage) -> None:
    bay = await Bay.of(stage)
    expires_at = _in(600)
    refused = await stage.operate(
        bay.charger,
        "reserve_now",
        {"token": bay.token["idToken"], "expires_at": text_of(expires_at), "evse": 1},
        sends=("ReserveNow", reservation(bay, expires_at, evse=1)),
        answer={"status": stage.variant},
    )
    status = str(stage.variant).lower()
    await _becomes(stage, bay.charger, refused.request["id"], status)


@case(
    "X_H_UPDATES",
    version=V201,
    block="X",
    title="Word of a reservation that nobody knows, or that is over, is answered",
)
async def odd_updates(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    for each, status in ((number, "Removed"), (number, "Expired"), (27_182_818, "Expired")):
        update = {"reservationId": each, "reservationUpdateStatus": status}
        assert await bay.charger.call("ReservationStatusUpdate", update) == {}
    assert (await _reservation(stage, bay.charger, number))["status"] == "removed"


@case(
    "X_H_SAME_NUMBER",
    version=V201,
    block="X",
    title="A reservation of the same number replaces the one before",
    requirements=("H01.FR.02",),
)
async def same_number(stage: Stage) -> None:
    bay = await Bay.of(stage)
    number = await bay.reserved()
    other = await Bay.of(stage, bay.charger)
    expires_at = _in(1_200)
    asked = reservation(other, expires_at, evse=1) | {"id": number}
    await stage.operate(
        bay.charger,
        "reserve_now",
        {
            "token": other.token["idToken"],
            "expires_at": text_of(expires_at),
            "evse": 1,
            "reservation_id": number,
        },
        sends=("ReserveNow", asked),
    )
    shown = await _becomes(stage, bay.charger, number, "accepted")
    assert shown["token"] == other.token["idToken"], shown


@case(
    "X_H_RESTART",
    version=V201,
    block="X",
    title="Reservations and states of connectors are there after a restart",
    server="own",
    variants=("orderly", "power cut"),
)
async def after_restart(stage: Stage) -> None:
    bay = await Bay.of(stage)
    kept = await bay.reserved()
    short = await reserve(bay, _in(12), evse=1)
    await bay.unavailable()
    bay.charger.may_end()
    await stage.server.restart(abruptly=stage.variant == "power cut")
    await bay.charger.disconnect()
    await bay.charger.connect()
    await _becomes(stage, bay.charger, kept, "accepted")
    assert await stage.connector(bay.charger) == "Unavailable"
    await bay.started("Authorized", idToken=bay.token, evse=bay.place, reservationId=kept)
    await _becomes(stage, bay.charger, kept, "used")
    await _becomes(stage, bay.charger, short, "expired")


@case(
    "X_H_BODIES",
    version=V201,
    block="X",
    title="A reservation of the past, or to a time without a zone, is refused naming the member",
    variants=("past", "no zone", "no time"),
)
async def odd_reservations(stage: Stage) -> None:
    bay = await Bay.of(stage)
    text = {
        "past": text_of(_in(-60)),
        "no zone": "2099-01-01T00:00:00",
        "no time": "soon",
    }[str(stage.variant)]
    path = f"/stations/{bay.charger.id}/operations/reserve_now"
    body = {"token": bay.token["idToken"], "expires_at": text, "token_type": TOKEN_TYPE}
    problem = await stage.post(path, body, (422,))
    assert any("expires_at" in each["field"] for each in problem["errors"]), problem
