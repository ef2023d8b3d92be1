"""Station health on PostgreSQL: a past of known figures, judged over the API, and its alert."""

from datetime import UTC, datetime, timedelta

import pytest

from csms.api.health_of_stations import rounds_of
from csms.domain.incidents import Incident
from csms.engine.health_writes import IncidentWrite, RunWrite
from csms.engine.state import StationState
from csms.engine.writes import AlertWrite, SummaryWrite
from csms.reports.health_days import midnight
from csms.reports.health_rounds import HealthRounds
from tests.integration.api.conftest import BOOTS

HEALTH_TABLES = (
    "station_incidents, server_runs, station_conduct, station_days, station_health, "
    "session_summaries, alerts"
)
DAY = timedelta(days=1)


@pytest.fixture
async def past(node):
    await node.store.pool.execute(f"TRUNCATE {HEALTH_TABLES}")
    return Past(node)


class Past:
    """Writes what stations did in the last days; `at` counts days back from midnight."""

    def __init__(self, node):
        self.node, self.midnight = node, midnight(datetime.now(UTC))
        self.writes = [RunWrite("R", self.at(80), datetime.now(UTC))]
        self.sessions = 0

    def at(self, days_ago, hours=0.0):
        return self.midnight - days_ago * DAY + timedelta(hours=hours)

    def station(self, name, site="north", model="M1", since_days=76):
        state = StationState(self.node.hub.engine.enroll(name, self.at(80)).record)
        state.record.site, state.record.model, state.record.vendor = site, model, "V"
        self.node.hub.engine.stations[name].record.site = site
        self.happen(name, self.at(since_days), Incident.CONNECTED)
        self.happen(name, self.at(since_days), Incident.OPERATIVE, 1)

    def happen(self, name, at, kind, evse=0, **doc):
        self.writes.append(IncidentWrite(name, at, kind.value, f"{evse}.{evse}", evse, evse, doc))

    def session(self, name, at, wh=10_000, minutes=60, **more):
        self.sessions += 1
        row = SummaryWrite(
            session_id=f"S{self.sessions}",
            station_id=name,
            started_at=at,
            ended_at=at + timedelta(minutes=minutes),
            state="ended",
            site="north",
            evse=1,
            energy_milliwh=round(wh * 1000),
            **more,
        )
        self.writes.append(row)
        return row.session_id

    async def store(self):
        await self.node.store.submit(self.writes)
        self.writes = []


async def test_a_known_past_gives_known_figures_and_names_its_evidence(node, past):
    """14 days: 28 sessions, 10 failed; away for 33.6 h of 13 days; before that all was well."""
    past.station("CP1")
    for day in range(70, 14, -1):
        for hour in (8, 17):
            past.session("CP1", past.at(day, hour))
    failed = []
    for day in range(13, 0, -1):
        past.session("CP1", past.at(day, 8))
        if day <= 10:
            failed.append(past.session("CP1", past.at(day, 17), wh=20, minutes=2))
    past.happen("CP1", past.at(5), Incident.DISCONNECTED, reason="1006", is_ours=False)
    past.happen("CP1", past.at(4, 9.6), Incident.CONNECTED)
    past.happen("CP1", past.at(3), Incident.REBOOTED, reason="Watchdog")
    await past.store()
    days = {"from": f"{past.at(13):%Y-%m-%d}", "to": f"{past.midnight:%Y-%m-%d}"}
    found = await node.get("/stations/CP1/health", **days)
    assert found["sessions"] == 23
    assert found["availability"]["evses"][0]["operative_s"] == round((13 * 24 - 33.6) * 3600)
    assert found["availability"]["evses"][0]["breakdowns"] == 1
    assert found["availability"]["evses"][0]["mttr_s"] == round(33.6 * 3600)
    assert found["availability"]["online_share"] == pytest.approx(1 - 33.6 / 312, abs=1e-5)
    by_rule = {each["rule"]: each for each in found["findings"]}
    assert by_rule["failed_starts"]["count"] == 10
    assert by_rule["failed_starts"]["sessions"] == failed[::-1]
    assert by_rule["failed_starts"]["points"] == pytest.approx(1.5 * (10 / 23 * 100 - 5), abs=0.06)
    assert by_rule["offline"]["points"] == pytest.approx(2 * (33.6 / 312 * 100 - 0.5), abs=0.06)
    assert by_rule["offline"]["incidents"] == [f"{past.at(5):%Y-%m-%dT%H:%M:%SZ} disconnected"]
    assert found["score"] == round(100 - sum(each["points"] for each in found["findings"]), 1)
    assert found["trend"]["direction"] == "worse"
    assert [each["rule"] for each in found["trend"]["changes"]] == ["failed_starts"]
    kinds = [each["kind"] for each in (await node.get("/stations/CP1/incidents"))["items"]]
    assert kinds == ["rebooted", "connected", "disconnected", "operative", "connected"]


async def test_a_station_turns_bad_is_told_of_once_and_recovers(node, past):
    past.station("CP1")
    for day in range(20, 0, -1):
        for hour in range(4):
            past.session("CP1", past.at(day, hour), wh=0, minutes=30, stop_reason="EVDisconnected")
    await past.store()
    state = node.hub.engine.stations["CP1"]
    rules = node.hub.engine.policy.health
    node.hub.engine.policy.health = rules.model_copy(update={"stay_h": 0})
    rounds = HealthRounds(node.hub, node.store)
    await rounds.round()
    await rounds.round()
    await HealthRounds(node.hub, node.store).round()
    [alert] = (await node.get("/alerts", kind="STATION_HEALTH"))["items"]
    assert (alert["station_id"], alert["state"], alert["severity"]) == ("CP1", "open", "major")
    [finding] = alert["evidence"]["findings"]
    assert finding["rule"] == "zero_energy"
    assert len(finding["sessions"]) == 10
    assert state.record.health["id"] == alert["id"]
    await node.store.pool.execute("UPDATE session_summaries SET energy_milliwh = 9000000")
    await rounds.round()
    await node.store.pool.execute("TRUNCATE station_days")
    await rounds.round()
    [alert] = (await node.get("/alerts", kind="STATION_HEALTH"))["items"]
    assert (alert["state"], alert["cleared_because"]) == ("cleared", "recovered")
    assert state.record.health is None


async def test_an_evse_that_nobody_uses_while_its_neighbours_are_busy_is_silent(node, past):
    for name in ("CP1", "CP2", "CP3"):
        past.station(name)
        for day in range(70, 0, -1):
            if name != "CP1" or day > 8:
                past.session(name, past.at(day, 9))
                past.session(name, past.at(day, 15))
    past.station("CP4", site="closed")
    for day in range(70, 8, -1):
        past.session("CP4", past.at(day, 9))
    past.station("CP5", site="closed")
    for day in range(70, 8, -1):
        past.session("CP5", past.at(day, 9))
    await past.store()
    await HealthRounds(node.hub, node.store).round()
    rows = {each["station_id"]: each for each in (await node.get("/stations/health"))["items"]}
    found = await node.get("/stations/CP1/health")
    [silent] = found["silent"]
    assert (silent["evse"], found["families"]["silence"]) == (1, 15)
    assert silent["chance"] < 0.001
    assert not any("charge nobody" in text for text in rows["CP4"]["findings"])
    node.hub.engine.stations["CP1"].states[1, 1] = "Preparing"
    assert (await node.get("/stations/CP1/health"))["silent"] == []
    assert rows["CP2"]["score"] == 100


async def test_the_list_has_the_worst_first_in_pages_and_by_site_and_model(node, past):
    for number in range(6):
        past.station(f"CP{number}", model="M2")
        for day in range(10, 0, -1):
            past.session(f"CP{number}", past.at(day, 8), wh=0 if number == 3 else 5000)
            past.session(f"CP{number}", past.at(day, 9), wh=0 if number == 3 else 5000)
    past.station("NEW", site="south", since_days=0)
    await past.store()
    await HealthRounds(node.hub, node.store).round()
    await HealthRounds(node.hub, node.store).round()
    first = await node.get("/stations/health", limit=4)
    assert [each["station_id"] for each in first["items"]][:2] == ["CP3", "CP0"]
    rest = await node.get("/stations/health", cursor=first["next_cursor"])
    assert rest["items"][-1]["station_id"] == "NEW"
    assert rest["items"][-1]["score"] is None
    assert rest["items"][-1]["grade"] == "not_enough_data"
    assert len(first["items"]) + len(rest["items"]) == 7
    south = await node.get("/stations/health", site="south")
    assert [each["station_id"] for each in south["items"]] == ["NEW"]
    node.hub.engine.enroll("FRESH", past.midnight)
    [fresh] = [
        each
        for each in (await node.get("/stations/health"))["items"]
        if each["station_id"] == "FRESH"
    ]
    assert (fresh["at"], fresh["score"], fresh["grade"]) == (None, None, "not_enough_data")
    peers = (await node.get("/stations/CP3/health"))["peers"]
    assert (peers["count"], peers["median"], peers["is_outlier"]) == (5, 100, True)
    assert (await node.get("/stations/NEW/health"))["peers"] is None


async def test_a_bad_period_is_told_by_its_field(node, past):
    past.station("CP1")
    await past.store()
    for asked, field in (
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "2020-01-01", "to": "2026-03-01"}, "from"),
    ):
        answer = await node.http.get("/stations/CP1/health", params=asked)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
    assert (await node.http.get("/stations/CP9/health")).status_code == 404
    assert (await node.http.get("/stations/CP9/incidents")).status_code == 404


async def test_what_a_real_connection_did_is_counted(node, past):
    async with node.station("CP1") as station:
        status = {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure"}
        await station.call("StatusNotification", status)
        await station.socket.send("[2, nonsense")
        station.answers["GetLocalListVersion"] = [4, "InternalError", "", {}]
        await node.http.post("/stations/CP1/calls/GetLocalListVersion", json={})
        await station.call("Heartbeat", {})
        rounds = rounds_of(node.app)
        await rounds.beat()
        await rounds.round()
        found = await node.get("/stations/CP1/health")
        assert found["codes"] == {"GroundFailure": 1}
    rows = await node.store.pool.fetch(
        "SELECT figures FROM station_days WHERE station_id = 'CP1' AND evse = 0"
    )
    figures = rows[-1]["figures"]
    assert figures["refused"] == 1
    assert figures["call_errors"] == 1
    assert figures["messages"] >= 3


async def test_starts_that_no_session_followed_are_counted_once_each(node, past):
    past.station("CP1")
    doc = {"evse": 1, "confirmed_at": None, "evidence": {"starts": 3}}
    kind = "START_WITHOUT_SESSION"
    alert = AlertWrite("A1", "CP1", None, kind, "minor", "open", past.at(2, 3), doc)
    past.writes.append(alert)
    for hour in range(12):
        past.session("CP1", past.at(3, hour))
    await past.store()
    found = await node.get("/stations/CP1/health")
    [finding] = found["findings"]
    assert (finding["rule"], finding["count"], finding["of"]) == ("start_without_session", 3, 15)
    assert finding["alerts"] == ["A1"]


async def test_old_incidents_are_let_go(node, past):
    past.station("CP1")
    past.happen("CP1", past.at(500), Incident.REBOOTED)
    await past.store()
    await HealthRounds(node.hub, node.store)._try_round(None)
    assert await node.store.pool.fetchval("SELECT count(*) FROM station_incidents") == 2


async def test_the_report_has_the_same_figures_by_station_site_and_day(node, past):
    past.station("CP1")
    past.station("CP2", site="south")
    node.hub.engine.enroll("IDLE", past.at(80))
    for day in range(12, 0, -1):
        past.session("CP1", past.at(day, 8))
        past.session("CP2", past.at(day, 8), wh=0)
    past.happen("CP1", past.at(2), Incident.FAULTED, 1, error_code="OtherError")
    past.happen("CP1", past.at(1), Incident.OPERATIVE, 1)
    await past.store()
    await HealthRounds(node.hub, node.store).round()
    days = {"from": f"{past.at(10):%Y-%m-%d}", "to": f"{past.midnight:%Y-%m-%d}"}
    health = await node.get("/stations/CP1/health", **days)
    found = await node.get("/reports/stations", format="json", **days)
    stations, findings, by_day = found["tables"]
    rows = {row["station"]: row for row in stations["rows"]}
    assert rows["CP1"]["score"] == health["score"]
    assert rows["CP1"]["uptime"] == pytest.approx(90)
    assert health["availability"]["evses_uptime"] == pytest.approx(0.9)
    assert stations["rows"][0]["station"] == "CP2"
    assert {row["rule"] for row in findings["rows"] if row["station"] == "CP1"} == {"faulted"}
    faulted = [row for row in by_day["rows"] if row["uptime"] < 100]
    assert [row["day"] for row in faulted] == [f"{past.at(2):%Y-%m-%d}"]
    assert faulted[0]["uptime"] == pytest.approx(50)
    sites = await node.get("/reports/stations", format="json", group="site", **days)
    assert {row["site"]: row["stations"] for row in sites["tables"][0]["rows"]} == {
        "default": 1,
        "north": 1,
        "south": 1,
    }
    idle = [rows["IDLE"][name] for name in ("grade", "score", "uptime", "sessions")]
    assert idle == ["not_enough_data", None, None, 0]
    evses = await node.get("/reports/stations", format="json", group="evse", site="north", **days)
    [row] = evses["tables"][0]["rows"]
    assert (row["station"], row["evse"], row["uptime"]) == ("CP1", 1, pytest.approx(90))


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_what_an_operator_asks_for_is_not_the_stations(node, past, protocol):
    """Put out of service, reset, back in service, reset by itself; then gone."""
    is_old = protocol == "ocpp1.6"
    name = f"CP-{protocol}"
    async with node.station(name, protocol) as station:
        for action in ("ChangeAvailability", "Reset"):
            station.answers[action] = [3, {"status": "Accepted"}]

        async def tell(state):
            payload = {"connectorId": 1, "timestamp": datetime.now(UTC).isoformat()}
            told = {"status": state, "errorCode": "NoError"} if is_old else {}
            told |= {} if is_old else {"evseId": 1, "connectorStatus": state}
            await station.call("StatusNotification", {**payload, **told})

        async def ask(action, payload):
            answer = await node.http.post(f"/stations/{name}/calls/{action}", json=payload)
            assert answer.status_code == 200, answer.text

        await tell("Available")
        out = (
            {"connectorId": 1, "type": "Inoperative"}
            if is_old
            else {"operationalStatus": "Inoperative", "evse": {"id": 1}}
        )
        await ask("ChangeAvailability", out)
        await tell("Unavailable")
        await ask("Reset", {"type": "Hard" if is_old else "Immediate"})
        await station.call("BootNotification", BOOTS[protocol])
        await tell("Unavailable")
        await tell("Available")
        await station.call("BootNotification", BOOTS[protocol])
        await tell("Unavailable")
    kinds = [each["kind"] for each in (await node.get(f"/stations/{name}/incidents"))["items"]]
    told = ["connected", "booted", "operative", "out_of_service", "booted"]
    assert kinds[::-1] == [*told, "operative", "rebooted", "unavailable", "disconnected"]
