"""Vehicles and accounts over the API: joined, split, found in the past, suggested, imported."""

from datetime import UTC, datetime, timedelta

MAC = "04:1A:2B:3C:4D:5E"
HEAD = "id,name,macs,tokens\r\n"


async def ids(node, path="/sessions", **query):
    return [each["id"] for each in (await node.get(path, **query))["items"]]


async def put(node, path, body, **query):
    answer = await node.http.put(path, json=body, params=query)
    assert answer.is_success, answer.text
    return answer.json()


async def post(node, path, body):
    answer = await node.http.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def sessions_201(node, station_id, *tokens):
    """Sessions of a 2.0.1 station, one for each token, type and what comes beside it; the IDs."""

    def event(what, number, sequence, **more):
        return {
            "eventType": what,
            "timestamp": datetime.now(UTC).isoformat(),
            "triggerReason": "Authorized",
            "seqNo": sequence,
            "transactionInfo": {"transactionId": f"{number}-{datetime.now(UTC)}"[:36]},
            "evse": {"id": 1, "connectorId": 1},
            **more,
        }

    async with node.station(station_id, "ocpp2.0.1") as station:
        for number, (token, kind, *beside) in enumerate(tokens):
            info = [{"additionalIdToken": text, "type": name} for name, text in beside]
            more = {"additionalInfo": info} if info else {}
            begun = event("Started", number, 0, idToken={"idToken": token, "type": kind, **more})
            await station.call("TransactionEvent", begun)
            ended = {**event("Ended", number, 1), "transactionInfo": begun["transactionInfo"]}
            await station.call("TransactionEvent", ended)
    return (await ids(node, station=station_id))[: len(tokens)][::-1]


async def test_sessions_before_the_join_are_found_under_the_vehicle_in_both_versions(node):
    by_tag = await node.a_session("V16", tag="CARD-1")
    by_mac = await node.a_session("V16B", tag="VID:041A2B3C4D5E")
    by_mac_201, by_contract = await sessions_201(
        node, "V201", (MAC, "MacAddress"), ("NLTNMC00122045", "eMAID")
    )
    stranger = await node.a_session("V16", tag="CARD-2")
    made = await put(node, "/vehicles/VAN-1", {"name": "The van", "by": "anna"})
    assert (made["sessions_changed"], made["identities"]) == (0, [])
    joined = await post(
        node,
        "/vehicles/VAN-1/join",
        {
            "identities": [
                {"text": "card-1"},
                {"kind": "mac", "text": "041a.2b3c.4d5e"},
                {"kind": "emaid", "text": "NL-TNM-012204-5"},
            ],
            "by": "anna",
        },
    )
    assert joined["sessions_changed"] == 4
    assert [each["text"] for each in joined["identities"]] == [
        "card-1",
        MAC,
        "NL-TNM-000122045-U",
    ]
    own = {by_tag, by_mac, by_mac_201, by_contract}
    names = ("VAN-1", "the VAN", "CARD-1", "vid:04-1a-2b-3c-4d-5e", "NL-TNM-C00122045-K")
    for name in ("VAN-1", "The van", *names[2:]):
        assert set(await ids(node, vehicle=name)) == own
    assert set(await ids(node, "/vehicles/the van/sessions")) == own
    assert await ids(node, vehicle="CARD-2") == [stranger]
    assert (await node.get(f"/sessions/{by_tag}"))["vehicle_id"] == "VAN-1"
    assert [each["action"] for each in (await node.get("/vehicles/VAN-1/changes"))["items"]] == [
        "joined",
        "created",
    ]
    split = await post(
        node, "/vehicles/VAN-1/split", {"identities": [{"text": MAC}], "to": "CAR-2"}
    )
    assert split["sessions_changed"] == 2
    assert set(await ids(node, vehicle="VAN-1")) == {by_tag, by_contract}
    assert set(await ids(node, vehicle="CAR-2")) == {by_mac, by_mac_201}
    taken = await node.http.post(
        "/vehicles/VAN-1/join", json={"identities": [{"kind": "mac", "text": MAC}]}
    )
    assert taken.status_code == 409
    assert "CAR-2" in taken.json()["detail"]
    assert "VAN-1" in taken.json()["detail"]
    merged = await post(node, "/vehicles/VAN-1/merge", {"vehicle": "CAR-2"})
    assert merged["sessions_changed"] == 2
    assert set(await ids(node, vehicle="car-2")) == own
    assert (await node.http.delete("/vehicles/VAN-1")).status_code == 204
    assert (await node.get(f"/sessions/{by_tag}"))["vehicle_id"] is None
    assert set(await ids(node, vehicle="CARD-1")) == {by_tag}


async def test_a_session_loaded_from_the_store_does_not_write_the_old_vehicle_back(node, restarted):
    before = await node.a_session("CP1", tag="CARD-1")
    async with node.station("CP2") as station:
        transaction = await station.start_v16(tag="CARD-1")
        await put(node, "/vehicles/VAN-1", {"identities": [{"text": "CARD-1"}]})
        [running] = await ids(node, station="CP2")
        assert (await node.get(f"/sessions/{running}"))["vehicle_id"] == "VAN-1"
        await station.stop_v16(transaction, 2000)
    async with restarted() as other:
        station = await other.hub.engine.station("CP1")
        stored = await other.store.find_session(before)
        assert station.take_in(stored).session.vehicle_id == "VAN-1"
        assert set(await ids(other, vehicle="CARD-1", state="ended")) == {before, running}
        rows = await other.store.look_up("identity_sets", ["token:card-1"])
        assert [row["sessions"] for row in rows] == [2]


async def test_an_account_has_the_sessions_that_began_while_it_owned_the_token(node):
    first = await node.a_session("CP1", tag="CARD-1")
    body = {"name": "Haulage Ltd", "reference": "4711", "owns": [{"token": "card-1"}]}
    made = await put(node, "/accounts/A1", body)
    assert made["sessions_changed"] == 0
    second = await node.a_session("CP1", tag="CARD-1")
    assert await ids(node, account="4711") == [second]
    taken = await node.http.put("/accounts/A2", json={"owns": [{"token": "CARD-1"}]})
    assert taken.status_code == 409
    assert "A1" in taken.json()["detail"]
    assert "A2" in taken.json()["detail"]
    left = await post(node, "/accounts/A1/leave", {"token": "CARD-1"})
    assert left["owns"][0]["until"] is not None
    await put(node, "/accounts/A2", {"owns": [{"token": "CARD-1"}]})
    third = await node.a_session("CP1", tag="CARD-1")
    assert (await ids(node, account="A1"), await ids(node, account="A2")) == ([second], [third])
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    await put(node, "/accounts/A1", {"owns": []})
    assert await ids(node, account="A1") == [second]
    owns = [{"token": "CARD-1", "since": since}]
    moved = await put(node, "/accounts/A2", {"owns": owns}, **{"from": since})
    assert moved["sessions_changed"] == 2
    assert set(await ids(node, account="A2")) == {first, second, third}
    odd = await node.http.put("/accounts/A2", json={"owns": [{"vehicle": "nobody's"}, {}]})
    fields = [each["field"] for each in odd.json()["errors"]]
    assert (odd.status_code, fields) == (422, ["owns[0]", "owns[1]"])


async def test_a_vehicle_brings_its_sessions_to_its_account(node):
    await put(node, "/vehicles/VAN-1", {"identities": [{"text": "VID:041A2B3C4D5E"}]})
    await put(node, "/accounts/A1", {"owns": [{"vehicle": MAC}]})
    [session] = await sessions_201(node, "V201", ("041A2B3C4D5E", "MacAddress"))
    shown = await node.get(f"/sessions/{session}")
    assert (shown["vehicle_id"], shown["account"]) == ("VAN-1", "A1")
    assert (await node.get("/vehicles", account="A1"))["items"][0]["account"] == "A1"
    assert (await node.get("/accounts", owns="VAN-1"))["items"][0]["id"] == "A1"


async def test_what_came_together_is_suggested_confirmed_or_rejected(node):
    card = ("CARD-1", "ISO14443", ("EVCCID", "041A2B3C4D5E"))
    other = ("CARD-9", "ISO14443", ("VIN", "1M8GDM9AXKP042788"))
    await sessions_201(node, "V201", card, card, card, other)
    found = (await node.get("/vehicles/suggestions"))["items"]
    told = [(each["becomes"], each["confidence"], each["level"]) for each in found]
    assert told == [("new", 0.75, "medium"), ("new", 0.5, "medium")]
    assert found[0]["evidence"]["together"] == 3
    assert len(found[0]["evidence"]["sessions"]) == 3
    new = await post(node, f"/vehicles/suggestions/{found[0]['id']}/confirm", {"id": "VAN-1"})
    assert (new["id"], new["sessions_changed"]) == ("VAN-1", 3)
    await post(node, f"/vehicles/suggestions/{found[1]['id']}/reject", {"reason": "a spare"})
    assert (await node.get("/vehicles/suggestions"))["items"] == []
    await sessions_201(node, "V201", other, other, other)
    [again] = (await node.get("/vehicles/suggestions"))["items"]
    assert (again["id"], again["evidence"]["together"]) == (found[1]["id"], 3)
    gone = await node.http.post("/vehicles/suggestions/VS-000000000000/confirm", json={})
    assert gone.status_code == 404


async def test_a_table_goes_in_by_its_good_rows(node):
    table = HEAD + (
        "VAN-1,The van,04:1A:2B:3C:4D:5E;041A2B3C4D5F,CARD-1\r\n"
        "VAN-2,,not an address,\r\n"
        "VAN-3,,,CARD-1\r\n"
        "bad id,,,\r\n"
        ",,,X\r\n"
        "VAN-4,'=SUM(A1),,CARD-4\r\n"
    )
    tried = await node.http.post(
        "/vehicles/import", content=table.encode(), params={"dry_run": "true"}
    )
    assert (tried.json()["created"], (await node.get("/vehicles"))["items"]) == (2, [])
    done = (await node.http.post("/vehicles/import", content=table.encode())).json()
    told = [(each["line"], each["id"], each["field"]) for each in done["errors"]]
    assert (done["created"], done["refused"]) == (2, 4)
    assert sorted(told) == [
        (3, "VAN-2", "macs"),
        (4, "VAN-3", ""),
        (5, "bad id", "id"),
        (6, None, "id"),
    ]
    exported = (await node.http.get("/vehicles/export")).content
    again = (await node.http.post("/vehicles/import", content=exported)).json()
    assert (again["created"], again["updated"], again["refused"]) == (0, 2, 0)
    accounts = (
        b"id,tokens,vehicles,since\r\nA1,CARD-9,VAN-1;VAN-4,2026-01-01T00:00:00Z\r\nA2,,VAN-1,\r\n"
    )
    done = (await node.http.post("/accounts/import", content=accounts)).json()
    assert (done["created"], [each["line"] for each in done["errors"]]) == (1, [3])


async def test_what_is_said_wrongly_is_told_and_changes_nothing(node):
    made = await node.http.post("/vehicles", json={"name": "One"})
    assert (made.status_code, made.json()["id"]) == (201, "VEH-000001")
    cases = [
        ("/vehicles/import", {}, "vehicle"),
        ("/vehicles/bad%20id", {}, "vehicle"),
        ("/vehicles/V", {"identities": [{"kind": "vin", "text": "O"}]}, "identities[0].text"),
        ("/vehicles/V", {"identities": [{"text": "a\0"}]}, "identities[0].text"),
        ("/vehicles/V", {"identity": []}, "identity"),
        ("/accounts/A", {"email": "nobody"}, "email"),
        (
            "/accounts/A",
            {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            "until",
        ),
    ]
    for path, body, member in cases:
        answer = await node.http.put(path, json=body)
        assert answer.status_code == 422, (path, answer.text)
        assert member in [each["field"] for each in answer.json()["errors"]]
    doubled = await node.http.put("/vehicles/V", json={"name": "one"})
    assert doubled.status_code == 409
    for path in ("/vehicles/a%00b", "/vehicles/a%00b/changes", "/accounts/%00/changes"):
        assert (await node.http.get(path)).status_code == 400, path
    assert [each["id"] for each in (await node.get("/vehicles"))["items"]] == ["VEH-000001"]
