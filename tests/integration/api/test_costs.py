"""Tariffs, assignments, price series and charge records over HTTP, kept by PostgreSQL."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from csms.engine.charge_records import issue_due

DAY = {
    "currency": "SEK",
    "elements": [
        {"price_components": [{"type": "ENERGY", "price": 2, "vat": 25, "step_size": 1}]},
        {"price_components": [{"type": "FLAT", "price": 4, "step_size": 1}]},
    ],
}
PRICES = (
    "time,price,currency,unit\n2026-11-21T00:00:00Z,10,SEK,MWh\n2026-11-21T02:00:00Z,20,SEK,MWh\n"
)


async def put(node, path, body, status=200):
    answer = await node.http.put(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_tariff_is_written_versioned_assigned_and_billed(node, restarted):
    made = await put(node, "/tariffs/day", DAY, 201)
    assert (made["id"], made["country_code"]) == ("day", "XX")
    assert await put(node, "/tariffs/day", DAY) == made
    await put(node, "/tariff-assignments", {"rules": [{"tariff": "day"}]})
    session_id = await node.a_session()
    cost = await node.get(f"/sessions/{session_id}/cost")
    # 0.5 kWh at 2.00 and 25 %, and 4.00 for the session.
    assert (cost["total"], cost["net"], cost["vat"]) == ("5.25", "5.00", "0.25")
    assert [line["dimension"] for line in cost["bill"]["lines"]] == ["FLAT", "ENERGY"]
    (record,) = (await node.get("/records", station="CP1"))["items"]
    assert (record["number"], record["session_id"]) == (cost["record"], session_id)
    assert await node.get(f"/records/{record['number'].lower()}") == record
    assert (await node.get(f"/sessions/{session_id}/records"))["items"] == [record]
    token = record["session"]["token"]
    for asked in (
        {"session": session_id, "token": token},
        {"token": token, "station": "CP1"},
        {"from": "2020-01-01T00:00:00Z"},
        {"station": "CP1", "to": "2100-01-01T00:00:00Z"},
    ):
        assert (await node.get("/records", **asked))["items"] == [record], asked
    for asked in (
        {"token": "nobody"},
        {"token": token, "station": "CP2"},
        {"session": session_id, "token": "nobody"},
        {"station": "CP2"},
        {"to": "2020-01-01T00:00:00Z"},
        {"account": "nobody"},
    ):
        assert (await node.get("/records", **asked))["items"] == [], asked
    dearer = {**DAY, "elements": DAY["elements"][:1]}
    await put(node, "/tariffs/day", dearer)
    async with restarted() as other:
        versions = (await other.get("/tariffs/day/versions"))["items"]
        assert [each["version"] for each in versions] == [2, 1]
        assert await other.get("/tariff-assignments") == {"rules": [{"tariff": "day"}]}
        assert await other.get(f"/records/{record['number']}") == record
        await other.a_session("CP2")
        numbers = [each["number"] for each in (await other.get("/records"))["items"]]
        assert len(set(numbers)) == 2
        assert (await other.get("/records"))["items"][0]["bill"]["total"] == "1.25"


async def test_issued_records_cannot_be_changed_even_by_hand(node):
    await node.a_session()
    with pytest.raises(asyncpg.RaiseError, match="never changes"):
        await node.store.pool.execute("UPDATE charge_records SET session_id = 'other'")


async def test_a_running_session_shows_what_it_costs_so_far(node):
    await put(node, "/tariffs/day", DAY, 201)
    await put(node, "/tariff-assignments", {"rules": [{"tariff": "day", "station": "CP1"}]})
    async with node.station("CP1") as station:
        transaction = await station.start_v16()
        await station.meter_v16(transaction, 2000)
        (session,) = (await node.get("/sessions"))["items"]
        assert (session["cost"]["total"], session["cost"]["is_final"]) == ("6.50", False)
        assert (await node.get(f"/sessions/{session['id']}/cost"))["record"] is None
        closed = await node.http.post(f"/sessions/{session['id']}/close", json={"reason": "x"})
        assert closed.status_code == 200
        hub = node.hub
        (due,) = hub.engine.records.take_due(hub.clock.now())
        state = hub.engine.stations["CP1"]
        outcome = await issue_due(hub.engine, state, due, hub.clock.now())
        await node.store.submit(outcome.writes)
    (record,) = (await node.get("/records", session=session["id"]))["items"]
    assert record["bill"]["reasons"] == ["closed_by_operator"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/tariffs/x", {"currency": "XXQ", "elements": DAY["elements"]}, "currency"),
        ("/tariffs/x", {**DAY, "id": "y"}, "id"),
        ("/tariffs/x", {**DAY, "elements": [{"price_components": [{}]}]}, "elements[0]"),
        ("/tariff-assignments", {"rules": [{"tariff": "none"}]}, "rules[0].tariff"),
        ("/tariff-assignments", {"rules": [{"tarif": "settings"}]}, "rules[0].tariff"),
        ("/tariff-assignments", {"rules": [{"tariff": "settings"}] * 2}, "rules[1]"),
        (
            "/tariff-assignments",
            {
                "rules": [
                    {"tariff": "settings", "token": "t"},
                    {"tariff": "settings", "token": "T", "site": "a"},
                ]
            },
            "rules[1]",
        ),
        (
            "/tariff-assignments",
            {
                "rules": [
                    {
                        "tariff": "settings",
                        "valid_from": "2026-02-01T00:00:00Z",
                        "valid_until": "2026-01-01T00:00:00Z",
                    }
                ]
            },
            "rules[0]",
        ),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_kept(node, path, body, field):
    errors = (await put(node, path, body, 422))["errors"]
    assert any(each["field"].startswith(field) for each in errors), errors
    assert (await node.http.get("/tariffs/x")).status_code == 404
    assert await node.get("/tariff-assignments") == {"rules": []}


async def test_tariffs_in_use_stay(node):
    await put(node, "/tariffs/day", DAY, 201)
    await put(node, "/tariff-assignments", {"rules": [{"tariff": "day", "token": "A"}]})
    refused = await node.http.delete("/tariffs/day")
    assert refused.status_code == 409
    assert "token A -> day" in refused.json()["detail"]
    assert (await node.http.delete("/tariffs/settings")).status_code == 409
    await put(node, "/tariff-assignments", {"rules": []})
    assert (await node.http.delete("/tariffs/day")).status_code == 204
    assert len((await node.get("/tariffs/day/versions"))["items"]) == 1


async def test_a_price_series_is_taken_as_a_whole_or_not_at_all(node, restarted):
    bad = await node.http.put("/price-series/SE3", content="time,price\nyesterday,x\n")
    assert bad.status_code == 422
    assert (await node.http.get("/price-series/SE3")).status_code == 404
    taken = await node.http.put("/price-series/SE3", content=PRICES)
    assert taken.status_code == 200, taken.text
    assert (taken.json()["prices"], taken.json()["taken"]) == (2, 2)
    assert taken.json()["holes"] == ["2026-11-21T01:00:00Z"]
    spot = {"type": "ENERGY", "price": 1, "step_size": 1, "spot": {"series": "SE3"}}
    await put(node, "/tariffs/spot", {**DAY, "elements": [{"price_components": [spot]}]}, 201)
    assert (await node.http.delete("/price-series/SE3")).status_code == 409
    async with restarted() as other:
        shown = (await other.get("/price-series/SE3/prices"))["items"]
        assert [each["price"] for each in shown] == ["0.01", "0.02"]


async def test_what_was_billed_stays_when_its_price_changes(node):
    def prices(price):
        hours = [datetime.now(UTC) + timedelta(hours=hour) for hour in (-1, 0, 1)]
        lines = [f"{hour:%Y-%m-%dT%H}:00:00Z,{price},SEK,kWh\n" for hour in hours]
        return "time,price,currency,unit\n" + "".join(lines)

    assert (await node.http.put("/price-series/SE3", content=prices(2))).status_code == 200
    spot = {"type": "ENERGY", "price": 1, "step_size": 1, "spot": {"series": "SE3"}}
    await put(node, "/tariffs/spot", {**DAY, "elements": [{"price_components": [spot]}]}, 201)
    await put(node, "/tariff-assignments", {"rules": [{"tariff": "spot"}]})
    session_id = await node.a_session()
    before = await node.get(f"/sessions/{session_id}/cost")
    assert (before["total"], before["bill"]["total"], before["is_final"]) == ("1.00", "1.00", True)
    assert (await node.http.put("/price-series/SE3", content=prices(9))).status_code == 200
    assert await node.get(f"/sessions/{session_id}/cost") == before


async def test_a_quote_is_a_bill_of_any_session_and_tariff(node):
    session_id = await node.a_session()
    body = {"tariff": DAY, "session_id": session_id}
    quoted = (await node.http.post("/tariffs/quote", json=body)).json()
    assert (quoted["total"], quoted["energy_milliwh"]) == ("5.25", 500_000)
    stay = {"start": "2026-11-21T08:00:00Z", "end": "2026-11-21T09:00:00Z", "energy_kwh": 10}
    answer = await node.http.post("/tariffs/quote", json={"tariff": DAY, "session": stay})
    assert answer.json()["total"] == "29.00"
    wrong = await node.http.post("/tariffs/quote", json={"tariff": DAY, "session": {"start": 1}})
    assert wrong.status_code == 422
    assert any(each["field"].startswith("session.") for each in wrong.json()["errors"])
