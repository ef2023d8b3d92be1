"""Authorization of a 1.6 station: cache, local list, offline, groups, remote starts."""

import pytest

REFUSED = {"status": "Invalid"}


def parent(name, status="Accepted"):
    return {"status": status, "parentIdTag": name}


def start(tag="APP", **more):
    return "RemoteStartTransaction", {"idTag": tag, **more}


def listed(*entries, version=1, kind="Full"):
    payload = {"listVersion": version, "updateType": kind}
    return "SendLocalList", {**payload, "localAuthorizationList": list(entries)}


def entry(tag, status="Accepted", **more):
    return {"idTag": tag, "idTagInfo": {"status": status, **more}}


def test_token_before_the_cable_prepares_and_starts_when_it_is_plugged(site):
    room = site()
    room.show("TAG")
    assert room.states()[-1] == "Preparing"
    assert not room.said("StartTransaction")
    room.plug()
    assert room.said("StartTransaction")[0]["idTag"] == "TAG"
    assert room.said("Authorize") == [{"idTag": "TAG"}]


def test_token_without_a_cable_lapses_after_the_connection_time_out(site):
    room = site()
    assert room.set("ConnectionTimeOut", 30) == "Accepted"
    room.show("TAG")
    room.run(29)
    assert room.states()[-1] == "Preparing"
    room.run(2)
    assert room.states()[-1] == "Available"
    room.plug()
    assert not room.said("StartTransaction")


def test_refused_token_starts_nothing(site):
    room = site()
    room.infos["BAD"] = {"status": "Blocked"}
    room.plug()
    room.show("BAD")
    assert not room.said("StartTransaction")
    assert room.happened("authorize.refused")[0].fields["status"] == "Blocked"


def test_same_token_stops_and_is_told(site):
    room = site()
    room.charge("TAG")
    room.show("tag")
    stop = room.said("StopTransaction")[0]
    assert (stop["idTag"], stop["reason"]) == ("tag", "Local")
    assert len(room.said("Authorize")) == 1
    assert room.states()[-1] == "Finishing"


def test_stranger_does_not_stop(site):
    room = site()
    room.charge("TAG")
    room.show("OTHER")
    assert not room.said("StopTransaction")


@pytest.mark.parametrize(("other", "stops"), [("FLEET", True), ("ELSE", False)])
def test_token_of_the_same_parent_stops(site, other, stops):
    room = site()
    room.infos["ONE"] = parent("FLEET")
    room.infos["TWO"] = parent(other)
    room.charge("ONE")
    room.show("TWO")
    assert bool(room.said("StopTransaction")) is stops
    if stops:
        assert room.said("StopTransaction")[0]["idTag"] == "TWO"


def test_second_transaction_without_unplugging(site):
    room = site()
    room.charge("TAG")
    room.show("TAG")
    room.show("NEXT")
    room.run(30)
    assert [each["idTag"] for each in room.said("StartTransaction")] == ["TAG", "NEXT"]
    assert room.bay().transaction is not None


def test_cache_answers_only_when_it_may(site):
    room = site()
    room.charge("TAG")
    room.unplug()
    room.charge("TAG")
    room.unplug()
    assert len(room.said("Authorize")) == 2
    assert room.set("LocalPreAuthorize", "true") == "Accepted"
    room.charge("TAG")
    assert len(room.said("Authorize")) == 2


def test_cleared_cache_asks_again(site):
    room = site()
    room.set("LocalPreAuthorize", "true")
    room.charge("TAG")
    room.unplug()
    assert room.command("ClearCache", {}) == {"status": "Accepted"}
    room.charge("TAG")
    assert len(room.said("Authorize")) == 2
    room.set("AuthorizationCacheEnabled", "false")
    assert room.command("ClearCache", {}) == {"status": "Rejected"}


def test_not_valid_token_of_the_cache_is_asked_for_again(site):
    room = site()
    room.set("LocalPreAuthorize", "true")
    room.infos["TAG"] = REFUSED
    room.plug()
    room.show("TAG")
    room.infos.clear()
    room.show("TAG")
    assert len(room.said("Authorize")) == 2
    assert room.said("StartTransaction")


def test_cache_learns_from_the_answers_to_start_and_stop(site):
    room = site()
    room.charge("TAG")
    room.infos["TAG"] = {"status": "Expired"}
    room.show("TAG")
    room.unplug()
    room.drop()
    room.plug()
    room.show("TAG")
    assert room.bay().transaction is None


def test_entry_runs_out_by_its_expiry_date(site):
    room = site()
    room.set("LocalPreAuthorize", "true")
    room.infos["TAG"] = {"status": "Accepted", "expiryDate": "2026-11-21T09:00:00Z"}
    room.charge("TAG")
    room.unplug()
    room.run(3700)
    room.drop()
    room.plug()
    room.show("TAG")
    assert room.bay().transaction is None


@pytest.mark.parametrize(
    ("unknown", "offline", "token", "starts"),
    [
        ("true", "true", "NEW", True),
        ("false", "true", "NEW", False),
        ("false", "true", "KNOWN", True),
        ("false", "false", "KNOWN", False),
        ("true", "true", "BLOCKED", False),
    ],
)
def test_offline_follows_the_settings(site, unknown, offline, token, starts):
    room = site()
    room.set("AllowOfflineTxForUnknownId", unknown)
    room.set("LocalAuthorizeOffline", offline)
    assert room.command(*listed(entry("KNOWN"), entry("BLOCKED", "Blocked"))) == {
        "status": "Accepted"
    }
    room.drop()
    room.plug()
    room.show(token)
    assert (room.bay().transaction is not None) is starts


def test_list_goes_before_the_cache_and_stays_out_of_it(site):
    room = site()
    room.set("LocalPreAuthorize", "true")
    room.command(*listed(entry("TAG", "Blocked")))
    room.charge("TAG")
    conflicts = [
        each for each in room.said("StatusNotification") if each["errorCode"] == "LocalListConflict"
    ]
    assert conflicts
    assert conflicts[0]["connectorId"] == 0
    assert room.station.authorization.cached() == 0


def test_list_is_replaced_changed_and_versioned(site):
    room = site()
    assert room.command("GetLocalListVersion", {}) == {"listVersion": 0}
    assert room.command(*listed(entry("A"), entry("B"), version=5)) == {"status": "Accepted"}
    change = listed({"idTag": "A"}, entry("C"), version=6, kind="Differential")
    assert room.command(*change) == {"status": "Accepted"}
    assert room.command("GetLocalListVersion", {}) == {"listVersion": 6}
    assert sorted(room.station.authorization.list.entries) == ["b", "c"]
    for version in (6, 3):
        old = listed(entry("D"), version=version, kind="Differential")
        assert room.command(*old) == {"status": "VersionMismatch"}
    assert room.command(*listed(version=9)) == {"status": "Accepted"}
    assert room.command("GetLocalListVersion", {}) == {"listVersion": 0}


@pytest.mark.parametrize(
    "update",
    [
        listed(entry("A"), entry("a")),
        listed({"idTag": "A"}),
        listed(entry("A"), version=0),
        listed(*[entry(f"T{n}") for n in range(101)]),
    ],
    ids=["twice", "no-info", "version", "too-many"],
)
def test_update_that_cannot_be_applied_changes_nothing(site, update):
    room = site()
    room.command(*listed(entry("OLD"), version=4))
    assert room.command(*update) == {"status": "Failed"}
    assert room.command("GetLocalListVersion", {}) == {"listVersion": 4}
    assert list(room.station.authorization.list.entries) == ["old"]


def test_list_that_is_switched_off_is_none(site):
    room = site()
    room.command(*listed(entry("TAG")))
    room.set("LocalAuthListEnabled", "false")
    assert room.command("GetLocalListVersion", {}) == {"listVersion": -1}
    assert room.command(*listed(entry("TAG"))) == {"status": "NotSupported"}


def test_list_and_cache_outlive_a_reboot_and_a_program(site):
    room = site()
    room.command(*listed(entry("A", parentIdTag="P"), version=3))
    room.charge("SEEN")
    room.reboot()
    assert room.command("GetLocalListVersion", {}) == {"listVersion": 3}
    other = site()
    assert other.station.memory.recall(room.station.memory.remember()) == []
    assert other.command("GetLocalListVersion", {}) == {"listVersion": 3}
    assert other.station.authorization.list.entries["a"].group == "P"
    assert other.station.authorization.cached() == 1


def test_remote_start_waits_for_a_car_and_lapses(site):
    room = site()
    assert room.command(*start(connectorId=1)) == {"status": "Accepted"}
    room.run(5)
    assert room.states()[-1] == "Preparing"
    assert room.command(*start("APP2", connectorId=1)) == {"status": "Rejected"}
    room.run(60)
    assert room.states()[-1] == "Available"
    room.command(*start(connectorId=1))
    room.run(5)
    room.plug()
    assert room.said("StartTransaction")[0]["idTag"] == "APP"
    assert not room.said("Authorize")


def test_remote_start_is_authorized_first_where_that_is_set(site):
    room = site()
    room.set("AuthorizeRemoteTxRequests", "true")
    room.infos["BAD"] = REFUSED
    room.plug()
    assert room.command(*start("BAD")) == {"status": "Accepted"}
    room.run(5)
    assert room.said("Authorize") == [{"idTag": "BAD"}]
    assert not room.said("StartTransaction")
    room.command(*start("GOOD"))
    room.run(5)
    assert room.said("StartTransaction")[0]["idTag"] == "GOOD"


def test_remote_start_without_a_connector_goes_where_the_car_is(site):
    room = site(evses=3)
    room.plug(2)
    assert room.command(*start()) == {"status": "Accepted"}
    room.run(5)
    assert room.said("StartTransaction")[0]["connectorId"] == 2


@pytest.mark.parametrize(
    "more",
    [
        {"connectorId": 0},
        {"connectorId": 5},
        {"connectorId": 1, "chargingProfile": "TxDefaultProfile"},
        {"connectorId": 1, "chargingProfile": "level"},
    ],
)
def test_remote_start_that_is_impossible_is_rejected(site, more):
    room = site()
    if kind := more.get("chargingProfile"):
        purpose = "TxProfile" if kind == "level" else kind
        more = {**more, "chargingProfile": profile(purpose, 99 if kind == "level" else 0)}
    assert room.command(*start(**more)) == {"status": "Rejected"}
    room.run(5)
    assert not len(room.station.book.profiles)


def profile(purpose="TxProfile", level=0):
    return {
        "chargingProfileId": 4,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
        },
    }


def test_profile_of_a_remote_start_goes_when_nobody_comes(site):
    room = site()
    room.command(*start(connectorId=1, chargingProfile=profile()))
    assert len(room.station.book.profiles) == 1
    room.run(90)
    assert not len(room.station.book.profiles)


def test_profile_of_a_remote_start_goes_when_its_token_is_refused(site):
    room = site()
    room.set("AuthorizeRemoteTxRequests", "true")
    room.infos["BAD"] = REFUSED
    room.plug()
    room.command(*start("BAD", connectorId=1, chargingProfile=profile()))
    room.run(5)
    assert not len(room.station.book.profiles)


def test_profile_of_a_remote_start_is_not_for_whoever_is_faster(site):
    room = site()
    room.plug()
    room.command(*start(connectorId=1, chargingProfile=profile()))
    room.show("TAG")
    room.run(60)
    assert room.said("StartTransaction")[0]["idTag"] == "TAG"
    assert not len(room.station.book.profiles)


@pytest.mark.parametrize("stops", ["true", "false"])
def test_token_that_is_refused_after_the_start(site, stops):
    room = site()
    room.set("StopTransactionOnInvalidId", stops)
    room.drop()
    room.plug()
    room.show("TAG")
    room.run(60)
    room.infos["TAG"] = REFUSED
    room.connect()
    room.run(120)
    if stops == "true":
        assert room.said("StopTransaction")[0]["reason"] == "DeAuthorized"
    else:
        assert not room.said("StopTransaction")
        assert room.states()[-1] == "SuspendedEVSE"


def test_refused_token_gets_its_last_energy(site):
    room = site()
    room.set("StopTransactionOnInvalidId", "false")
    room.set("MaxEnergyOnInvalidId", "500")
    room.statuses["StartTransaction"] = "Blocked"
    room.charge()
    room.run(600)
    assert room.states()[-1] == "SuspendedEVSE"
    assert room.bay().supply.delivered_wh == pytest.approx(500, abs=15)


@pytest.mark.parametrize("stops", ["true", "false"])
def test_cable_pulled_at_the_car(site, stops):
    room = site()
    room.set("StopTransactionOnEVSideDisconnect", stops)
    number = room.charge()
    room.run(30)
    room.unplug()
    if stops == "true":
        assert room.said("StopTransaction")[0]["reason"] == "EVDisconnected"
        return
    assert not room.said("StopTransaction")
    assert room.states()[-1] == "SuspendedEV"
    room.plug()
    room.run(30)
    assert room.states()[-1] == "Charging"
    assert room.command("RemoteStopTransaction", {"transactionId": number})["status"] == "Accepted"
    assert room.said("StopTransaction")[0]["reason"] == "Remote"


def test_token_that_is_too_long_for_the_wire_is_refused_by_the_reader(site):
    room = site()
    room.plug()
    room.show("T" * 21)
    assert not room.said("Authorize")
    assert room.happened("authorize.refused")[0].fields["status"] == "Unreadable"
    room.show("T" * 20)
    assert room.said("StartTransaction")[0]["idTag"] == "T" * 20
