import asyncio
from datetime import UTC, datetime, timedelta

import pytest

FIXED = {
    "id",
    "station_id",
    "evse",
    "connector",
    "transaction_id",
    "token",
    "vehicle",
    "state",
    "started_at",
    "started_at_station",
    "started_received_at",
    "ended_at",
    "stop_reason",
    "energy_wh",
    "soc_start",
    "soc_end",
    "duration_s",
    "expected_end",
    "profile",
    "limit_now",
    "deviations_open",
    "flags",
}


def ids(answer):
    return [each["id"] for each in answer["items"]]


def ago(**span):
    return datetime.now(UTC) - timedelta(**span)


def stamp(at):
    return at.isoformat().replace("+00:00", "Z")


async def assign(node, profile):
    answer = await node.http.put("/profile-assignments", json={"rules": [{"profile": profile}]})
    assert answer.status_code == 200, answer.text


async def test_a_running_session_has_every_fixed_member(node):
    async with node.station("CP1") as station:
        transaction = await station.start_v16(tag="TAG1", register=1000)
        await station.meter_v16(transaction, 1250)
        listed = await node.get("/sessions", state="active")
        shown = await node.get(f"/sessions/{listed['items'][0]['id']}")
    assert shown.keys() >= FIXED
    assert listed["items"][0].keys() == shown.keys()
    assert shown["id"].startswith("LS-")
    assert shown["transaction_id"] == str(transaction)
    assert (shown["state"], shown["token"], shown["energy_wh"]) == ("active", "TAG1", 250)
    assert shown["started_at"].endswith("Z")
    assert shown["ended_at"] is None


async def test_an_ended_session_is_found_by_each_filter(node):
    mine = await node.a_session("CP1", tag="TAG1")
    other = await node.a_session("CP2", tag="TAG2", at=ago(hours=1))
    assert ids(await node.get("/sessions")) == [mine, other]
    assert ids(await node.get("/sessions", station="CP2")) == [other]
    assert ids(await node.get("/sessions", token="tag2")) == [other]
    assert ids(await node.get("/sessions", state="ended")) == [mine, other]
    assert ids(await node.get("/sessions", state="active")) == []
    assert ids(await node.get("/sessions", vehicle="nobody")) == []
    assert ids(await node.get("/sessions", station="", state="")) == [mine, other]
    boundary = stamp(ago(minutes=30))
    assert ids(await node.get("/sessions", **{"from": boundary})) == [mine]
    assert ids(await node.get("/sessions", to=boundary)) == [other]
    shown = await node.get(f"/sessions/{mine}")
    assert (shown["state"], shown["energy_wh"], shown["limit_now"]) == ("ended", 500, None)


async def test_times_in_queries_may_have_an_offset_or_be_dates(node):
    session = await node.a_session()
    early = (ago(hours=1) + timedelta(hours=2)).replace(microsecond=0, tzinfo=None)
    plus = f"{early.isoformat()}+02:00"
    assert ids(await node.get("/sessions", **{"from": plus})) == [session]
    literal = await node.http.get(f"/sessions?from={plus}")
    assert ids(literal.json()) == [session]
    assert ids(await node.get("/sessions", **{"from": "2020-01-01", "to": "2020-01-02"})) == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"state": "running"}, "state"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-22", "to": "2026-11-21"}, "to"),
        ({"to": "2026-13-01"}, "to"),
        ({"stat": "active"}, "stat"),
        ({"cursor": "x"}, "cursor"),
    ],
)
async def test_a_wrong_filter_is_a_422_that_names_it(node, query, named):
    answer = await node.http.get("/sessions", params=query)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [named]


async def test_pages_follow_each_other_without_gap_or_repeat(node):
    async with node.station("CP1") as station:
        for number in range(7):
            transaction = await station.start_v16(tag=f"TAG{number}", at=ago(hours=number))
            await station.stop_v16(transaction, 1000)
    everything = ids(await node.get("/sessions"))
    found, query = [], {"limit": 3}
    while True:
        part = await node.get("/sessions", **query)
        found += ids(part)
        if part["next_cursor"] is None:
            break
        query["cursor"] = part["next_cursor"]
    assert found == everything
    assert len(found) == 7


async def test_an_id_is_found_as_it_is_typed(node):
    session = await node.a_session()
    for typed in (session.lower(), session.replace("-", ""), session.replace("-", "").lower()):
        assert (await node.get(f"/sessions/{typed}"))["id"] == session
        assert (await node.get(f"/sessions/{typed}/samples"))["items"]
    answer = await node.http.get("/sessions/LS-1999-01-01-001")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:laddvakt:unknown-session"


async def test_the_story_of_a_session(node):
    await assign(node, "fixed-current-16a")
    async with node.station("CP1") as station:
        station.answers["SetChargingProfile"] = (3, {"status": "Accepted"})
        transaction = await station.start_v16(register=1000)
        await node.noted("profile.accepted")
        for minute in range(5):
            await station.meter_v16(transaction, 1000 + 100 * minute, ago(minutes=-minute))
        session = (await node.get("/sessions"))["items"][0]
        assert session["profile"] == "fixed-current-16a"
        assert session["limit_now"]["limit_a"] == 16.0
        pushes = await node.get(f"/sessions/{session['id']}/profile-pushes")
        limits = await node.get(f"/sessions/{session['id']}/limits")
        await station.stop_v16(transaction, 1500)
    assert [(each["state"], each["status"], each["profile"]) for each in pushes["items"]] == [
        ("accepted", "Accepted", "fixed-current-16a")
    ]
    assert pushes["items"][0]["request"]["connectorId"] == 1
    assert limits["items"][0]["limit_a"] == 16.0
    assert limits["items"][0]["causes"][0]["purpose"] == "TxProfile"
    path = f"/sessions/{session['id']}"
    ended = await node.get(f"{path}/limits")
    assert ended["items"][0]["limit_a"] == 16.0
    newest_first = [each["from"] for each in ended["items"]]
    assert newest_first == sorted(newest_first, reverse=True)
    first = await node.get(f"{path}/samples", limit=2)
    rest = await node.get(f"{path}/samples", cursor=first["next_cursor"])
    samples = [*first["items"], *rest["items"]]
    assert [each["register_wh"] for each in samples] == [1400, 1300, 1200, 1100, 1000]
    events = await node.get(f"{path}/events")
    assert [each["kind"] for each in events["items"]] == ["Ended", "Started"]
    assert (await node.get(f"{path}/deviations"))["items"] == []


@pytest.mark.parametrize(
    "part",
    ["", "/samples", "/limits", "/deviations", "/estimates", "/profile-pushes", "/events"],
)
async def test_every_part_of_an_unknown_session_is_404(node, part):
    assert (await node.http.get(f"/sessions/LS-0{part}")).status_code == 404


async def test_an_operator_closes_a_running_session_once(node):
    async with node.station("CP1") as station:
        await station.start_v16()
        session = (await node.get("/sessions"))["items"][0]["id"]
        path = f"/sessions/{session}/close"
        assert (await node.http.post(path)).status_code == 422
        assert (await node.http.post(path, json={"reason": ""})).status_code == 422
        closed = await node.http.post(path, json={"reason": "cable cut"})
        assert closed.status_code == 200
        assert closed.json()["state"] == "closed"
        assert closed.json()["stop_reason"] == "cable cut"
        again = await node.http.post(path, json={"reason": "cable cut"})
        assert again.status_code == 409
        note = await node.noted("session.ended", session=session)
        assert note.fields["reason"] == "cable cut"
    assert (await node.get(f"/sessions/{session}"))["state"] == "closed"


async def test_a_session_of_a_station_that_is_away_can_be_closed(node, restarted):
    async with node.station("CP1") as station:
        await station.start_v16()
    session = (await node.get("/sessions"))["items"][0]["id"]
    async with restarted() as other:
        assert (await other.get(f"/sessions/{session}"))["state"] == "active"
        path = f"/sessions/{session}/close"
        closed = await other.http.post(path, json={"reason": "gone"})
        assert closed.json()["state"] == "closed"
        unknown = await other.http.post("/sessions/LS-0/close", json={"reason": "gone"})
        assert unknown.status_code == 404


async def test_a_v201_session_shows_its_transaction_id_as_on_the_wire(node):
    event = {
        "eventType": "Started",
        "timestamp": stamp(ago(seconds=1)),
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "Tx-äß/1"},
        "evse": {"id": 2, "connectorId": 1},
        "idToken": {"idToken": "TAG9", "type": "ISO14443"},
    }
    async with node.station("CP2", "ocpp2.0.1") as station:
        await station.call("TransactionEvent", event)
        shown = (await node.get("/sessions", station="CP2"))["items"][0]
    assert shown["transaction_id"] == "Tx-äß/1"
    assert (shown["evse"], shown["connector"], shown["token"]) == (2, 1, "TAG9")


async def test_what_the_api_shows_while_messages_arrive_is_never_an_error(node):
    async with node.station("CP1") as station:
        transaction = await station.start_v16()

        async def report():
            for number in range(30):
                await station.meter_v16(transaction, 1000 + number, ago(seconds=-number))

        reporting = asyncio.create_task(report())
        seen = []
        while not reporting.done():
            seen.append((await node.get("/sessions"))["items"][0]["energy_wh"])
        await reporting
    assert seen == sorted(seen, key=lambda energy: energy or 0)


async def test_the_expected_end_and_each_time_that_it_was_told(node):
    prepaid = {
        "charging_rate_unit": "A",
        "periods": [{"start_period": 0, "limit": 16}],
        "energy_target_wh": 10000,
    }
    assert (await node.http.put("/profiles/prepaid", json=prepaid)).status_code == 201
    await assign(node, "prepaid")
    async with node.station("CP1") as station:
        station.answers["SetChargingProfile"] = (3, {"status": "Accepted"})
        transaction = await station.start_v16(register=1000)
        await node.noted("profile.accepted")
        await station.meter_v16(transaction, 2000, ago(minutes=-1))
        session = (await node.get("/sessions"))["items"][0]
        await station.stop_v16(transaction, 2500)
    shown = session["expected_end"]
    assert (shown["basis"], shown["bound"]) == ("target", "energy")
    assert shown["p10"] < shown["p50"] < shown["p90"]
    path = f"/sessions/{session['id']}"
    assert (await node.get(path))["expected_end"] is None
    told = (await node.get(f"{path}/estimates"))["items"]
    assert told[0] == shown
    newest_first = [each["at"] for each in told]
    assert newest_first == sorted(newest_first, reverse=True)
