"""Reservations of a 1.6 station (5.1 and 5.13)."""

import pytest

LATER = "2026-11-21T08:10:00Z"


def reserve(number=1, connector=1, tag="MINE", until=LATER, **more):
    return "ReserveNow", {
        "connectorId": connector,
        "expiryDate": until,
        "idTag": tag,
        "reservationId": number,
        **more,
    }


def cancel(number):
    return "CancelReservation", {"reservationId": number}


def test_reserved_connector_says_so_and_serves_its_token(site):
    room = site()
    assert room.command(*reserve()) == {"status": "Accepted"}
    assert room.states()[-1] == "Reserved"
    room.plug()
    room.show("MINE")
    start = room.said("StartTransaction")[0]
    assert (start["idTag"], start["reservationId"]) == ("MINE", 1)
    room.unplug()
    assert room.states()[-1] == "Available"
    assert room.command(*cancel(1)) == {"status": "Rejected"}


def test_others_are_refused_without_asking(site):
    room = site()
    room.command(*reserve())
    room.plug()
    room.show("OTHER")
    assert not room.said("Authorize")
    assert not room.said("StartTransaction")
    assert room.happened("authorize.refused")[0].fields["status"] == "Reserved"
    remote = {"idTag": "OTHER", "connectorId": 1}
    assert room.command("RemoteStartTransaction", remote) == {"status": "Rejected"}


@pytest.mark.parametrize(("group", "starts"), [("FLEET", True), ("ELSE", False)])
def test_token_of_the_reserved_parent_is_served(site, group, starts):
    room = site()
    room.infos["VAN"] = {"status": "Accepted", "parentIdTag": group}
    room.command(*reserve(parentIdTag="FLEET"))
    room.plug()
    room.show("VAN")
    assert room.said("Authorize")
    assert bool(room.said("StartTransaction")) is starts
    if starts:
        assert room.said("StartTransaction")[0]["reservationId"] == 1


def test_remote_start_for_the_reserved_token(site):
    room = site()
    room.command(*reserve(7))
    assert room.command("RemoteStartTransaction", {"idTag": "MINE", "connectorId": 1}) == {
        "status": "Accepted"
    }
    room.plug()
    room.run(5)
    assert room.said("StartTransaction")[0]["reservationId"] == 7


@pytest.mark.parametrize(("group", "starts"), [("FLEET", True), ("ELSE", False)])
def test_remote_start_for_a_token_of_the_reserved_parent_is_asked_about(site, group, starts):
    room = site()
    room.infos["VAN"] = {"status": "Accepted", "parentIdTag": group}
    room.command(*reserve(7, parentIdTag="FLEET"))
    room.command("RemoteStartTransaction", {"idTag": "VAN", "connectorId": 1})
    room.plug()
    room.run(5)
    assert room.said("Authorize") == [{"idTag": "VAN"}]
    assert bool(room.said("StartTransaction")) is starts


def test_reservation_expires_and_the_connector_is_free_again(site):
    room = site()
    room.command(*reserve())
    room.run(595)
    assert room.states()[-1] == "Reserved"
    room.run(10)
    assert room.states()[-1] == "Available"
    assert room.happened("reservation.ended")[0].fields["why"] == "Expired"
    assert room.command(*reserve(until="2026-11-21T08:00:00Z")) == {"status": "Rejected"}


def test_cancelled_reservation_frees_the_connector(site):
    room = site()
    room.command(*reserve(3))
    assert room.command(*cancel(4)) == {"status": "Rejected"}
    assert room.command(*cancel(3)) == {"status": "Accepted"}
    assert room.states()[-1] == "Available"


def test_same_number_replaces(site):
    room = site(evses=2)
    room.command(*reserve(1, connector=1))
    assert room.command(*reserve(1, connector=2, tag="NEW")) == {"status": "Accepted"}
    assert room.states(1)[-1] == "Available"
    assert room.states(2)[-1] == "Reserved"
    room.plug(2)
    room.show("NEW", 2)
    assert room.said("StartTransaction")[0]["reservationId"] == 1


def test_replacement_that_fails_leaves_the_old_one(site):
    room = site(evses=2)
    room.charge(evse=2)
    room.command(*reserve(1, connector=1))
    assert room.command(*reserve(1, connector=2)) == {"status": "Occupied"}
    assert room.states(1)[-1] == "Reserved"


def test_status_of_the_connector_decides(site):
    room = site(evses=4)
    room.charge(evse=1)
    assert room.command(*reserve(1, connector=1)) == {"status": "Occupied"}
    room.command(*reserve(2, connector=2))
    assert room.command(*reserve(3, connector=2)) == {"status": "Occupied"}
    room.command("ChangeAvailability", {"connectorId": 3, "type": "Inoperative"})
    assert room.command(*reserve(4, connector=3)) == {"status": "Unavailable"}
    room.bay(4).set_error("GroundFailure", room.now)
    assert room.command(*reserve(5, connector=4)) == {"status": "Faulted"}
    assert room.command(*reserve(6, connector=9)) == {"status": "Rejected"}


def test_connector_zero_keeps_one_free(site):
    room = site(evses=2)
    assert room.command(*reserve(1, connector=0)) == {"status": "Accepted"}
    assert "Reserved" not in room.states(1) + room.states(2)
    room.charge("OTHER", 1)
    room.plug(2)
    room.show("THIRD", 2)
    assert room.bay(2).transaction is None
    room.show("MINE", 2)
    assert room.said("StartTransaction")[-1]["reservationId"] == 1


def test_connector_zero_when_nothing_is_free(site):
    room = site(evses=2)
    room.command(*reserve(1, connector=0))
    assert room.command(*reserve(2, connector=1)) == {"status": "Accepted"}
    assert room.command(*reserve(3, connector=0)) == {"status": "Occupied"}


@pytest.mark.parametrize("broken", [False, True])
def test_reservation_ends_with_the_connector_s_service(site, broken):
    room = site()
    room.command(*reserve())
    if broken:
        room.bay().set_error("GroundFailure", room.now)
    else:
        room.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    room.run(1)
    assert room.happened("reservation.ended")[0].fields["why"] == "Removed"
    assert room.states()[-1] == ("Faulted" if broken else "Unavailable")
    assert room.command(*cancel(1)) == {"status": "Rejected"}


def test_reservation_outlives_a_reboot_and_a_program(site):
    room = site()
    room.command(*reserve(5, parentIdTag="FLEET"))
    room.reboot()
    assert room.states()[-1] == "Reserved"
    other = site()
    assert other.station.memory.recall(room.station.memory.remember()) == []
    assert other.command(*cancel(5)) == {"status": "Accepted"}
