"""OCPP 1.6, Local Auth List Management and Reservation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, case
from tests.conformance.patterns import ANY_INT, Subset, in_any_order, same_time, such, text_of
from tests.conformance.states_16 import Bay16, authorize

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

LISTS, RESERVATION = "LocalAuthList", "Reservation"


def above(version: int) -> Any:
    """A version above one."""
    words = f"above {version}"
    return such(words, lambda value: isinstance(value, int) and value > version, version + 1)


def entry(tag: str, status: str | None = "Accepted") -> Payload:
    """Returns an entry of a list; without a status it removes the tag."""
    return {"idTag": tag} | ({} if status is None else {"idTagInfo": Subset({"status": status})})


async def send(
    stage: Stage,
    charger: Charger,
    kind: str,
    tags: dict[str, str | None],
    known: int,
    status: str = "Accepted",
) -> Operated:
    """Has the operator send a list of tags with their states; its version is above `known`."""
    return await stage.operate(
        charger,
        "send_local_list",
        {"update_type": kind, "tokens": list(tags)},
        sends=(
            "SendLocalList",
            {
                "listVersion": above(known),
                "updateType": kind,
                "localAuthorizationList": in_any_order([entry(*each) for each in tags.items()]),
            },
        ),
        answer={"status": status},
    )


async def version_is(stage: Stage, charger: Charger, version: int) -> None:
    """Raises AssertionError unless operators see that version of the list."""
    kept = await stage.get(f"/stations/{charger.id}/local-list")
    assert kept["version"] == version, kept


async def get_version(stage: Stage, version: int) -> tuple[Charger, Operated]:
    """Has the operator ask a new station for the version of its list."""
    charger = await stage.charger()
    operated = await stage.operate(
        charger,
        "get_local_list_version",
        {},
        sends=("GetLocalListVersion", {}),
        answer={"listVersion": version},
    )
    return charger, operated


@case("TC_042_1", version=V16, block=LISTS, title="Get Local List Version (not supported)")
async def lists_unsupported(stage: Stage) -> None:
    _, operated = await get_version(stage, -1)
    assert -1 in operated.result.values(), operated.result


@case("TC_042_2", version=V16, block=LISTS, title="Get Local List Version (empty)")
async def list_empty(stage: Stage) -> None:
    charger, operated = await get_version(stage, 0)
    assert 0 in operated.result.values(), operated.result
    tag = await stage.token()
    sent = await send(stage, charger, "Full", {tag: "Accepted"}, 0)
    await version_is(stage, charger, sent.request["listVersion"])


@case("TC_043_1", version=V16, block=LISTS, title="Send Local Authorization List - NotSupported")
async def send_not_supported(stage: Stage) -> None:
    charger = await stage.charger()
    tag = await stage.token()
    sent = await send(stage, charger, "Full", {tag: "Accepted"}, 0, "NotSupported")
    assert sent.view["state"] == "refused"


@case(
    "TC_043_2",
    version=V16,
    block=LISTS,
    title="Send Local Authorization List - VersionMismatch",
)
async def send_mismatch(stage: Stage) -> None:
    charger = await stage.charger()
    first = await send(stage, charger, "Full", {await stage.token(): "Accepted"}, 0)
    version = first.request["listVersion"]
    tag = await stage.token()
    await send(stage, charger, "Differential", {tag: "Accepted"}, version, "VersionMismatch")
    await version_is(stage, charger, version)


@case("TC_043_3", version=V16, block=LISTS, title="Send Local Authorization List - Failed")
async def send_failed(stage: Stage) -> None:
    charger = await stage.charger()
    first = await send(stage, charger, "Full", {await stage.token(): "Accepted"}, 0)
    sent = await send(stage, charger, "Full", {await stage.token(): "Accepted"}, 0, "Failed")
    assert sent.view["state"] == "refused"
    await version_is(stage, charger, first.request["listVersion"])


@case("TC_043_4", version=V16, block=LISTS, title="Send Local Authorization List - Full")
async def send_full(stage: Stage) -> None:
    charger = await stage.charger()
    good, blocked = await stage.token(), await stage.token(status="Blocked")
    sent = await send(stage, charger, "Full", {good: "Accepted", blocked: "Blocked"}, 0)
    await version_is(stage, charger, sent.request["listVersion"])


@case(
    "TC_043_5",
    version=V16,
    block=LISTS,
    title="Send Local Authorization List - Differential",
    variants=("update", "removal"),
)
async def send_differential(stage: Stage) -> None:
    charger = await stage.charger()
    tag = await stage.token()
    first = await send(stage, charger, "Full", {tag: "Accepted"}, 0)
    version = first.request["listVersion"]
    if stage.variant == "removal":
        await stage.delete(f"/tokens/{tag}")
        changed: dict[str, str | None] = {tag: None}
    else:
        changed = {await stage.token(parent="FAMILY"): "Accepted"}
    sent = await send(stage, charger, "Differential", changed, version)
    await version_is(stage, charger, sent.request["listVersion"])


async def reserve(
    bay: Bay16, status: str = "Accepted", *, parent: str | None = None, connector: int = 1
) -> Operated:
    """Has the operator reserve a connector, 0 for any."""
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=15)
    body: dict[str, Any] = {"token": bay.tag, "expires_at": text_of(expires_at)}
    sent: dict[str, Any] = {
        "connectorId": connector,
        "expiryDate": same_time(expires_at),
        "idTag": bay.tag,
        "reservationId": ANY_INT,
    }
    if connector:
        body["evse"] = connector
    if parent is not None:
        sent["parentIdTag"] = parent
    return await bay.stage.operate(
        bay.charger, "reserve_now", body, sends=("ReserveNow", sent), answer={"status": status}
    )


async def reservation_is(stage: Stage, number: int, status: str) -> dict[str, Any]:
    """Waits until a reservation has a status; returns it."""
    found: dict[str, Any] = {}

    async def is_so() -> bool:
        found.update(await stage.get(f"/reservations/{number}"))
        return bool(found["status"] == status)

    await stage.until(is_so, lambda: f"the reservation is {found}, not {status}")
    return found


@case(
    "TC_046",
    version=V16,
    block=RESERVATION,
    title="Reservation of a Connector - Local Start Transaction",
)
async def reserved_then_used(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    number = (await reserve(bay)).request["reservationId"]
    await bay.shows("Reserved")
    await reservation_is(stage, number, "accepted")
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.start(reservationId=number)
    await bay.shows("Charging")
    await reservation_is(stage, number, "used")


@case("TC_047", version=V16, block=RESERVATION, title="Reservation of a Connector - Expire")
async def reserved_then_expired(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    operated = await stage.operate(
        bay.charger,
        "reserve_now",
        {"token": bay.tag, "expires_at": text_of(expires_at), "evse": 1},
        sends=(
            "ReserveNow",
            {
                "connectorId": 1,
                "expiryDate": same_time(expires_at),
                "idTag": bay.tag,
                "reservationId": ANY_INT,
            },
        ),
    )
    await bay.shows("Reserved")
    await reservation_is(stage, operated.request["reservationId"], "expired")
    await bay.shows("Available")


REFUSALS = {
    "TC_048_1": "Faulted",
    "TC_048_2": "Occupied",
    "TC_048_3": "Unavailable",
    "TC_048_4": "Rejected",
}


async def reserve_refused(stage: Stage) -> None:
    status = REFUSALS[stage.case.id]
    bay = await Bay16.of(stage)
    operated = await reserve(bay, status)
    assert operated.view["state"] == "refused"
    await reservation_is(stage, operated.request["reservationId"], status.lower())


for _id, _status in REFUSALS.items():
    case(_id, version=V16, block=RESERVATION, title=f"Reservation of a Connector - {_status}")(
        reserve_refused
    )


@case("TC_049", version=V16, block=RESERVATION, title="Reservation of a Charge Point - Transaction")
async def reserved_station(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    number = (await reserve(bay, connector=0)).request["reservationId"]
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.start(reservationId=number)
    await reservation_is(stage, number, "used")


async def cancel(bay: Bay16, number: int, status: str) -> Operated:
    """Has the operator cancel a reservation."""
    return await bay.stage.operate(
        bay.charger,
        "cancel_reservation",
        {"reservation_id": number},
        sends=("CancelReservation", {"reservationId": number}),
        answer={"status": status},
    )


@case("TC_051", version=V16, block=RESERVATION, title="Cancel Reservation")
async def cancelled(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    number = (await reserve(bay)).request["reservationId"]
    await bay.shows("Reserved")
    await cancel(bay, number, "Accepted")
    await bay.shows("Available")
    await reservation_is(stage, number, "cancelled")


@case(
    "TC_052",
    version=V16,
    block=RESERVATION,
    title="Cancel Reservation - Rejected",
    variants=("known", "unknown"),
)
async def not_cancelled(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    if stage.variant == "known":
        number = (await reserve(bay)).request["reservationId"]
        await cancel(bay, number, "Rejected")
        await reservation_is(stage, number, "accepted")
    else:
        operated = await cancel(bay, 2_000_000_123, "Rejected")
        assert operated.view["state"] == "refused"


@case(
    "TC_053",
    version=V16,
    block=RESERVATION,
    title="Use a reserved Connector with parentIdTag",
)
async def used_by_sibling(stage: Stage) -> None:
    parent = stage.unique("PARENT")
    bay = await Bay16.of(stage, parent=parent)
    number = (await reserve(bay, parent=parent)).request["reservationId"]
    await bay.shows("Reserved")
    bay.tag = await stage.token(parent=parent)
    info = await authorize(bay.charger, bay.tag)
    assert info["parentIdTag"] == parent, info
    answer = await bay.start(reservationId=number)
    assert answer["idTagInfo"]["parentIdTag"] == parent, answer
    await reservation_is(stage, number, "used")


@case(
    "X_RESERVATION_WITHOUT_PARENT",
    version=V16,
    block=RESERVATION,
    title="A tag without a parent is reserved for without parentIdTag",
)
async def without_parent(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    operated = await reserve(bay)
    assert "parentIdTag" not in operated.request
    again = await reserve(bay)
    assert again.request["reservationId"] != operated.request["reservationId"]
