"""Reservations over the API, of both versions, typed and relayed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

ACCEPTED = (3, {"status": "Accepted"})


def soon(seconds=600):
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


async def ask(node, station, name, **body):
    path = f"/stations/{station}/operations/{name}"
    return await node.http.post(path, json=body)


async def relay(node, station, action, **body):
    answer = await node.http.post(f"/stations/{station}/calls/{action}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def request_of(station):
    return json.loads(await station.received.get())[3]


async def test_a_reservation_of_16_is_made_used_and_shown(node):
    await node.http.put("/tokens/TAG1", json={"parent": "FAMILY"})
    until = soon()
    async with node.station("CP1") as station:
        station.answers["ReserveNow"] = ACCEPTED
        told = (await ask(node, "CP1", "reserve_now", token="TAG1", expires_at=until)).json()
        assert (told["state"], told["status"]) == ("done", "Accepted")
        number = told["arguments"]["reservation_id"]
        assert await request_of(station) == {
            "connectorId": 0,
            "expiryDate": until,
            "idTag": "TAG1",
            "parentIdTag": "FAMILY",
            "reservationId": number,
        }
        shown = await node.get(f"/reservations/{number}")
        assert (shown["status"], shown["token"], shown["group"]) == ("accepted", "TAG1", "FAMILY")
        assert shown["expires_at"] == until.replace("Z", ".000Z")
        start = {
            "connectorId": 1,
            "idTag": "TAG1",
            "meterStart": 0,
            "reservationId": number,
            "timestamp": datetime.now(UTC).isoformat(),
        }
        await station.call("StartTransaction", start)
        used = await node.get(f"/reservations/{number}")
    session = (await node.get("/sessions"))["items"][0]
    assert (used["status"], used["session_id"]) == ("used", session["id"])


async def test_a_reservation_of_201_is_made_and_expires_by_the_stations_word(node):
    await node.http.put("/tokens/TAG1", json={"type": "ISO14443", "group": "FLEET"})
    until = soon()
    async with node.station("CP2", "ocpp2.0.1") as station:
        station.answers["ReserveNow"] = ACCEPTED
        told = (
            await ask(
                node, "CP2", "reserve_now", token="tag1", expires_at=until, connector_type="cType2"
            )
        ).json()
        number = told["arguments"]["reservation_id"]
        assert await request_of(station) == {
            "id": number,
            "expiryDateTime": until,
            "connectorType": "cType2",
            "idToken": {"idToken": "tag1", "type": "ISO14443"},
            "groupIdToken": {"idToken": "FLEET", "type": "Central"},
        }
        update = {"reservationId": number, "reservationUpdateStatus": "Expired"}
        assert (await station.call("ReservationStatusUpdate", update))[2] == {}
        unknown = {"reservationId": 4711, "reservationUpdateStatus": "Removed"}
        assert (await station.call("ReservationStatusUpdate", unknown))[2] == {}
    assert (await node.get(f"/reservations/{number}"))["status"] == "expired"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Occupied", "occupied"),
        ("Faulted", "faulted"),
        ("Rejected", "rejected"),
        ("Unavailable", "unavailable"),
    ],
)
async def test_a_refusal_is_kept_as_the_result(node, word, status):
    async with node.station("CP1") as station:
        station.answers["ReserveNow"] = (3, {"status": word})
        given = {"connectorId": 1, "expiryDate": soon(), "idTag": "T", "reservationId": 77}
        await relay(node, "CP1", "ReserveNow", **given)
        station.answers["ReserveNow"] = (4, "NotImplemented", "no reservations", {})
        await relay(node, "CP1", "ReserveNow", **{**given, "reservationId": 78})
    assert (await node.get("/reservations/77"))["status"] == status
    refused = await node.get("/reservations/78")
    assert (refused["status"], refused["reason"]) == (
        "rejected",
        "NotImplemented no reservations",
    )
    found = await node.get("/reservations", station="CP1", status=status)
    assert 77 in [each["id"] for each in found["items"]]


async def test_a_cancellation_counts_once_it_is_accepted(node):
    async with node.station("CP1") as station:
        station.answers["ReserveNow"] = ACCEPTED
        given = {"connectorId": 0, "expiryDate": soon(), "idTag": "T", "reservationId": 5}
        await relay(node, "CP1", "ReserveNow", **given)
        station.answers["CancelReservation"] = (3, {"status": "Rejected"})
        await relay(node, "CP1", "CancelReservation", reservationId=5)
        assert (await node.get("/reservations/5"))["status"] == "accepted"
        station.answers["CancelReservation"] = ACCEPTED
        told = (await ask(node, "CP1", "cancel_reservation", reservation_id=5)).json()
        assert (told["state"], told["requests"][0]["payload"]) == ("done", {"reservationId": 5})
        assert (await node.get("/reservations/5"))["status"] == "cancelled"
        await relay(node, "CP1", "CancelReservation", reservationId=99)
        await relay(node, "CP1", "ReserveNow", **given)
        assert (await node.get("/reservations/5"))["status"] == "accepted"
    assert (await node.http.get("/reservations/99")).status_code == 404
    assert (await node.http.get("/reservations/x")).status_code == 404


async def test_what_cannot_be_reserved_is_refused_in_a_sentence(node):
    async with node.station("CP1") as station:
        past = await ask(node, "CP1", "reserve_now", token="T", expires_at=soon(-5))
        typed = await ask(
            node, "CP1", "reserve_now", token="T", expires_at=soon(), connector_type="cType2"
        )
        long = await ask(node, "CP1", "reserve_now", token="T" * 21, expires_at=soon())
        assert station.received.empty()
    assert past.status_code == 422
    assert past.json()["errors"][0]["field"] == "expires_at"
    assert "connector_type" in typed.json()["detail"]
    assert "20 characters" in long.json()["detail"]
    assert (await node.get("/reservations"))["items"] == []


async def test_reservations_survive_a_restart_and_numbers_are_not_given_twice(node, restarted):
    async with node.station("CP1") as station:
        station.answers["ReserveNow"] = ACCEPTED
        first = (await ask(node, "CP1", "reserve_now", token="T", expires_at=soon())).json()
    number = first["arguments"]["reservation_id"]
    async with restarted() as again, again.station("CP1") as station:
        station.answers["ReserveNow"] = station.answers["CancelReservation"] = ACCEPTED
        second = (await ask(again, "CP1", "reserve_now", token="T", expires_at=soon())).json()
        assert second["arguments"]["reservation_id"] != number
        await relay(again, "CP1", "CancelReservation", reservationId=number)
        assert (await again.get(f"/reservations/{number}"))["status"] == "cancelled"
        listed = await again.get("/reservations", status="accepted")
    assert [each["id"] for each in listed["items"]] == [second["arguments"]["reservation_id"]]
