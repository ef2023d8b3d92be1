"""Sessions are found by what somebody types, in PostgreSQL, and told why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from csms.engine.import_writes import ImportWrite
from csms.engine.writes import SummaryWrite

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_summary(session_id, minutes, **values):
    at = NOON + timedelta(minutes=minutes)
    common = {
        "session_id": session_id,
        "station_id": "CP-1",
        "site": "north",
        "state": "ended",
        "started_at": at,
        "ended_at": at + timedelta(minutes=30),
    }
    return SummaryWrite(**common | values)


RECORDS = [
    a_summary("LS-2026-11-22-042", 0, token="04AB", cost=Decimal("12.30"), currency="EUR"),
    a_summary("LS-2026-11-22-043", 60, token="04ab", cost=Decimal("12.3"), currency="SEK"),
    a_summary(
        "LS-2026-11-22-1042",
        120,
        station_id="CP-2",
        vehicle="VID:0A1B",
        record="CDR-7",
        vehicle_id="VAN-1",
    ),
    a_summary("LS-2026-10-22-042", -31 * 1440, station_id="CP-2", transaction_id="9917"),
    a_summary("LS-9K4TC7HJWAXP", 180, station_id="Söder 9", site="south"),
    ImportWrite("k", "LS-9K4TC7HJWAXP", "old", "A-17/b", NOON, {}),
]


@pytest.fixture
async def ask(node):
    await node.store.pool.execute("TRUNCATE session_summaries, imported_sessions")
    await node.store.submit(RECORDS)

    async def asked(text, **query):
        found = await node.get("/search/sessions", q=text, **query)
        return [each["id"][3:] for each in found["items"]], found

    return asked


CASES = {
    "LS-2026-11-22-042": ["2026-11-22-042"],
    "ls 2026 11 22 forty two": ["2026-11-22-042"],
    "2o26 11 22 42": ["2026-11-22-042"],
    "42": ["2026-11-22-1042", "2026-11-22-042", "2026-10-22-042"],
    "1042": ["2026-11-22-1042"],
    "9K4T C7HJ WAXP": ["9K4TC7HJWAXP"],
    "k4tc7": ["9K4TC7HJWAXP"],
    "cp1": ["2026-11-22-043", "2026-11-22-042"],
    "CP-2 yesterday": [],
    "CP-2 2026-11-22": ["2026-11-22-1042"],
    "token:04-AB 12:10 2026-11-22": ["2026-11-22-042"],
    "2026-11-22 13:10": ["2026-11-22-043"],
    "12,30 EUR": ["2026-11-22-042"],
    "12.30": ["2026-11-22-043", "2026-11-22-042"],
    "04AB 12.30 EUR": ["2026-11-22-042"],
    "vid0a1b": ["2026-11-22-1042"],
    "CDR-7": ["2026-11-22-1042"],
    "9917": ["2026-10-22-042"],
    "a17b": ["9K4TC7HJWAXP"],
    "söder9": ["9K4TC7HJWAXP"],
    "station:04AB": [],
    "%": [],
    "' OR 1=1 --": [],
}


async def test_sessions_are_found_by_all_that_is_known_of_them(ask):
    found = {text: (await ask(text))[0] for text in CASES}
    assert found == CASES


async def test_a_vehicle_is_found_by_a_name_of_several_words(ask, node):
    body = {"name": "The white van"}
    assert (await node.http.put("/vehicles/VAN-1", json=body)).is_success
    ids, found = await ask("the white van")
    assert ids == ["2026-11-22-1042"]
    assert found["items"][0]["because"] == ["vehicle the white van"]
    assert found["items"][0]["started_at"] == "2026-11-22T14:00:00.000Z"


async def test_each_says_why_and_the_exact_one_comes_first(ask):
    _, found = await ask("LS-2026-11-22-042")
    assert [(each["match"], each["because"]) for each in found["items"]] == [("exact", ["ID"])]
    _, found = await ask("42", limit=2)
    assert found["has_more"] is True
    assert {each["because"][0] for each in found["items"]} == {"ID ends so"}
    _, found = await ask("04AB 2026-11-22")
    assert found["items"][0]["because"] == ["token 04ab", "began then"]


async def test_what_makes_no_sense_is_answered_in_a_sentence(node):
    for query, field in [({"q": ""}, "q"), ({"q": "x" * 500}, "q"), ({}, "q")]:
        answer = await node.http.get("/search/sessions", params=query)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
    answer = await node.http.get("/search/sessions", params={"q": "x", "time_zone": "Mars/Base"})
    assert "no time zone 'Mars/Base'" in answer.json()["detail"]


async def test_a_session_is_addressed_as_it_is_read_out(node):
    real = await node.a_session()
    now, (found,) = (
        await node.get(f"/sessions/{real}"),
        (await node.get("/search/sessions", q=real))["items"],
    )
    assert (found["energy_wh"], found["cost"]) == (now["energy_wh"], now["cost"]["total"])
    _, year, month, day, number = real.split("-")
    spoken = f"L S {year} {int(month)} {int(day)} dash {int(number)}"
    assert (await node.get(f"/sessions/{spoken}"))["id"] == real
    alike = real.replace("S", "5").replace("0", "O")
    assert (await node.get(f"/sessions/{alike}/samples"))["items"]
    answer = await node.http.get("/sessions/LS-1999-01-01-001")
    assert answer.status_code == 404


async def test_an_id_that_may_be_two_sessions_is_no_session(node):
    await node.store.submit([a_summary("LS-B8", 0), a_summary("LS-88", 1)])
    answer = await node.http.get("/sessions/ls8b")
    assert answer.status_code == 409
    assert "LS-B8" in answer.json()["detail"]
    assert "LS-88" in answer.json()["detail"]
