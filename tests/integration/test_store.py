"""One contract for the store: its twin in memory and real PostgreSQL behind the same port."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from csms.domain.facts import EventKind
from csms.domain.ledger import Place, Reading
from csms.domain.sample import TRANSACTION_BEGIN
from csms.domain.session import Session
from csms.domain.station import Station, dump_station, load_station
from csms.engine.device_model_writes import (
    MonitoringEventWrite,
    MonitorWrite,
    VariableWrite,
    ViolationWrite,
)
from csms.engine.health_writes import (
    ConductWrite,
    HealthWrite,
    IncidentWrite,
    RunWrite,
    StationDayWrite,
)
from csms.engine.import_writes import ImportWrite
from csms.engine.limit_docs import dump_plan
from csms.engine.state import LiveSession, StationState
from csms.engine.writes import (
    AlertWrite,
    AnomalyWrite,
    ChargeRecordWrite,
    CommandWrite,
    ConnectorWrite,
    DeliveryWrite,
    EstimateWrite,
    EventWrite,
    InstalledWrite,
    LimitsWrite,
    MessageWrite,
    NumbersWrite,
    QuarantineWrite,
    RecordWrite,
    SampleWrite,
    SessionWrite,
    StationWrite,
    SummaryWrite,
    Write,
)
from csms.errors import UnitRefused
from csms.store.embedded import EmbeddedPostgres
from csms.store.memory import MemoryStore
from csms.store.numbers import BlockNumbers
from csms.store.options import StoreOptions
from csms.store.postgres import PostgresStore
from tests.builders import START, a_plan, a_sample, after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

NUL = "a\0b"


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for the whole module, in a folder that every user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="laddvakt-test-", dir="/tmp"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", options={"fsync": "off"})
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[PostgresStore]:
    """A store with its writer going."""
    with tempfile.TemporaryDirectory() as folder:
        async with connected_with(dsn, Path(folder)) as store:
            yield store


@asynccontextmanager
async def connected_with(dsn: str, folder: Path) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.connect(dsn, START, StoreOptions(journal_dir=folder / "journal"))
    writing = asyncio.create_task(store.writer.run())
    try:
        yield store
    finally:
        store.writer.close()
        await asyncio.wait_for(writing, 20)
        await store.close()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    async with connected(request.getfixturevalue("postgres").start()) as store:
        for table in TABLES:
            await store.pool.execute(f"TRUNCATE {table}")
        yield store


TABLES = (
    "stations",
    "connectors",
    "sessions",
    "session_summaries",
    "session_events",
    "samples",
    "session_limits",
    "session_estimates",
    "installed_profiles",
    "alerts",
    "commands",
    "station_messages",
    "anomalies",
    "quarantine",
    "records",
    "number_blocks",
    "webhook_deliveries",
    "variables",
    "monitors",
    "monitoring_events",
    "violations",
    "station_incidents",
    "server_runs",
    "station_conduct",
    "station_days",
    "station_health",
)


def a_station(station_id: str = "CP1", **values: Any) -> StationWrite:
    station = Station(id=station_id, created_at=START, **values)
    return StationWrite(station_id, dump_station(station))


def a_delivery(number: int = 1, version: int = 0, **values: Any) -> DeliveryWrite:
    known = {"hook": "ops", "state": "waiting", "attempts": version, "at_s": number, **values}
    created = after(known.pop("at_s"))
    return DeliveryWrite(
        f"W-{number}",
        known["hook"],
        "S1-D1",
        created,
        version,
        known["state"],
        known["attempts"],
        created,
        '{"é": 1}',
        {"version": version},
    )


def a_session(session_id: str = "S1", at_s: float = 0, **values: Any) -> SessionWrite:
    known = {"transaction_id": "1", "station_id": "CP1", **values}
    session = Session(
        id=session_id, started_at=after(at_s), started_received_at=after(at_s), **known
    )
    return LiveSession(session).write()


def an_event(key: str, session_id: str | None = "S1", at_s: float = 0, **values: Any) -> EventWrite:
    kind = values.pop("kind", EventKind.STARTED.value)
    return EventWrite("CP1", key, session_id, kind, after(at_s), after(at_s), values)


def a_held(**values: Any) -> QuarantineWrite:
    known = {
        "quarantine_id": "Q1",
        "station_id": "CP1",
        "received_at": START,
        "message_id": "m1",
        "version": "1.6",
        "action": "StopTransaction",
        "transaction_id": "-1",
        "payload": {"x": [1]},
        "why": "unknown transaction",
        "state": "held",
        "session_id": None,
        "attempts": 1,
        "doc": {"why": 1},
    }
    return QuarantineWrite(**{**known, **values})


def a_reading(at_s: float, wh: float, session_id: str | None = "S1", **values: Any) -> SampleWrite:
    return SampleWrite("CP1", session_id, 1, after(at_s), a_sample(at_s, wh=wh, **values))


def some_limits(since_s: float, session_id: str = "S1", **limit: Any) -> LimitsWrite:
    plan = dump_plan(a_plan((since_s, limit)))
    return LimitsWrite(session_id, after(since_s), plan)


def a_variable(told: Any = None, **attributes: Any) -> VariableWrite:
    named = ("CP1", "[]", "EVSE", None, 1, None, "Power", None)
    kinds = {f"Actual.{name}": value for name, value in attributes.items()}
    return VariableWrite(*named, {"Actual": "7"} if told is None else told, kinds, {}, START)


ONE_OF_EACH: list[Write] = [
    a_station(),
    ConnectorWrite("CP1", 1, 1, "Charging", START, {"error_code": "NoError"}),
    a_session(),
    SummaryWrite(
        session_id="S1",
        station_id="CP1",
        started_at=START,
        state="ended",
        site="depot",
        cost=Decimal("1.20"),
        kinds=("OVER_LIMIT",),
        held={"s": {"car": 60.0}},
    ),
    ChargeRecordWrite("CDR-1", "S1", START, None, {"bill": {"total": "1.20"}}),
    an_event("start|1"),
    a_reading(0, 100, power_w=11.5, amps=(1, 2, None), extra={"Frequency": [{"value": "50"}]}),
    some_limits(0, a=16),
    EstimateWrite("S1", START, {"p50": "2026-11-21T09:00:00Z", "basis": "soc"}),
    InstalledWrite("CP1", {"profiles": []}),
    AlertWrite("S1-D1", "CP1", "S1", "OVER_LIMIT", "minor", "open", START, {"evse": 1}),
    CommandWrite("S1-P1", "CP1", "S1", "SetChargingProfile", "wanted", START, {"profile": "x"}),
    MessageWrite("CP1", START, "m1", "NotifyEvent", {"data": []}),
    AnomalyWrite("CP1", "S1", START, "time.unreadable", "m1", {"raw": "?"}),
    a_variable(),
    MonitorWrite("CP1", 7, START, is_gone=False, doc={"type": "Delta"}),
    MonitoringEventWrite("CP1", START, "m1", 0, "EVSE", "Power", {"value": ""}),
    ViolationWrite("CP1", "time.no_zone", "StartTransaction", "timestamp", 1, START, START, {}),
    IncidentWrite("CP1", START, "faulted", "1.1", 1, 1, {"error_code": "GroundFailure"}),
    RunWrite("R1", START, after(60)),
    ConductWrite("CP1", START, "R1", {"calls": 3}),
    StationDayWrite("CP1", START, 0, {"online_s": 60.0}, {"online": True}, 91.5),
    HealthWrite("CP1", START, 91.5, {"findings": []}),
    ImportWrite("k1", "S9", "old", "17", START, {"line": 2}),
    a_held(),
    a_delivery(),
    RecordWrite("tokens", "tag1", {"status": "Accepted"}),
    NumbersWrite("transaction", 41),
]


async def test_a_station_comes_back_with_what_is_known_of_it(store):
    assert await store.load_station("CP1") is None
    await store.submit(
        [a_station(site="north", vendor="V"), InstalledWrite("CP1", {"profiles": []})]
    )
    stored = await store.load_station("CP1")
    assert load_station(stored.doc) == Station(id="CP1", created_at=START, site="north", vendor="V")
    assert (stored.installed, stored.last_start_at, stored.sessions) == ({"profiles": []}, None, [])


async def test_a_station_comes_back_with_its_running_sessions_and_their_limits(store):
    ended = replace(a_session("S0", 0, transaction_id="0"), state="ended")
    await store.submit([a_station(), ended, a_session("S1", 60), some_limits(60, a=16)])
    await store.submit([some_limits(120, a=10), an_event("start|1", at_s=60)])
    stored = await store.load_station("CP1")
    state = StationState.restore(stored)
    assert list(state.running) == ["S1"]
    assert state.last_start_at == after(60)
    track = state.running["S1"].track
    assert track.since == [after(60), after(120)]
    assert track.at(after(100)).limit_a == 16
    assert track.at(after(130)).limit_a == 10


async def test_the_newest_start_is_by_the_stations_clock(store):
    await store.submit([a_station(), an_event("b", at_s=500), an_event("a", at_s=100)])
    await store.submit([an_event("c", kind="Ended", at_s=900)])
    assert (await store.load_station("CP1")).last_start_at == after(500)
    unseen = a_session("S9", 700, started_at_station=after(690))
    await store.submit([a_session("S8", 600, started_at_station=after(800)), unseen])
    assert (await store.load_station("CP1")).last_start_at == after(690)


async def test_a_session_is_found_by_each_of_its_names(store):
    await store.submit([a_session("S1", 0, transaction_id="7"), an_event("start|7", "S1")])
    for found in (
        await store.find_session("S1"),
        await store.find_by_transaction("CP1", "7"),
        await store.find_by_event("CP1", "start|7"),
    ):
        assert found.doc["id"] == "S1"
    assert await store.find_session("S2") is None
    assert await store.find_by_transaction("CP2", "7") is None
    assert await store.find_by_transaction("CP1", "8") is None
    assert await store.find_by_event("CP1", "start|8") is None
    assert await store.find_by_event("CP2", "start|7") is None


async def test_an_id_that_was_used_again_names_the_newest_session(store):
    await store.submit([a_session("S2", 500), a_session("S1", 100)])
    assert (await store.find_by_transaction("CP1", "1")).doc["id"] == "S2"


async def test_an_event_without_a_session_names_none_until_it_has_one(store):
    await store.submit([an_event("stop|9", None), a_session()])
    assert await store.find_by_event("CP1", "stop|9") is None
    await store.submit([an_event("stop|9", "S1")])
    assert (await store.find_by_event("CP1", "stop|9")).doc["id"] == "S1"


async def test_a_session_comes_back_as_it_went(store):
    write = a_session("S1", 0.123456, token="Ä1", evse=1, flags={"b", "a"}, soc_now=55.5)
    await store.submit([write])
    live = LiveSession.restore(await store.find_session("S1"))
    assert live.write() == write


async def test_readings_are_those_of_the_session_each_once(store):
    await store.submit([a_reading(60, 100), a_reading(120, 130), a_reading(60, 100)])
    await store.submit([a_reading(120, 130), a_reading(90, 1, "S2"), a_reading(90, 1, None)])
    await store.submit([a_reading(60, 100, context=TRANSACTION_BEGIN)])
    await store.submit([SampleWrite("CP1", "S1", 1, after(0), a_sample(150, power_w=5.0))])
    found = sorted(await store.load_readings("S1"))
    assert found == [
        Reading(Place.BEGIN, after(60).timestamp(), 100_000),
        Reading(Place.SAMPLE, after(60).timestamp(), 100_000),
        Reading(Place.SAMPLE, after(120).timestamp(), 130_000),
    ]


async def test_samples_come_back_as_they_went_with_their_arrival(store):
    full = a_sample(
        60,
        wh=100.5,
        amps=(1.0, 2.0, None),
        power_w=11.5,
        soc_percent=40.0,
        voltages_v=(230.0, None, 231.0),
        extra={"Frequency": [{"value": "50"}]},
        assumed=("unit:kWh", "phase:L1"),
        interval_milliwh=7,
    )
    plain = a_sample(30, context=TRANSACTION_BEGIN, current_a=3.0)
    await store.submit([SampleWrite("CP1", "S1", 1, after(61), full), a_reading(30, 1, "S2")])
    await store.submit([SampleWrite("CP1", "S1", 1, after(99), plain)])
    await store.submit([SampleWrite("CP1", "S1", 1, after(99), full)])
    found = sorted(await store.load_samples("S1"), key=lambda each: each[1])
    assert [each[:3] for each in found] == [(full, after(61), 1), (plain, after(99), 1)]


@pytest.mark.parametrize("in_one_unit", [False, True])
async def test_of_a_sample_the_last_verdict_and_the_first_charging_state_count(store, in_one_unit):
    sample = a_sample(60, wh=1)
    writes = [
        SampleWrite("CP1", "S1", 1, after(61), sample, "over", "Charging"),
        SampleWrite("CP1", "S1", 1, after(61), sample),
        SampleWrite("CP1", "S1", 1, after(61), sample, "ok:taper", "SuspendedEV"),
    ]
    for unit in [writes] if in_one_unit else [[each] for each in writes]:
        await store.submit(unit)
    (found,) = await store.load_samples("S1")
    assert (found.verdict, found.charging_state) == ("ok:taper", "Charging")


async def test_the_alerts_of_a_session_come_back_as_they_are_now(store):
    def alert(number: int, session_id: str | None = "S1", at_s: float = 0) -> AlertWrite:
        doc = {"evse": 1, "cleared_at": after(9).isoformat(), "evidence": {"samples": [1.5]}}
        name = f"{session_id}-D{number}"
        return AlertWrite(
            name, "CP1", session_id, "OVER_LIMIT", "minor", "cleared", after(at_s), doc
        )

    await store.submit([alert(1), alert(2), alert(1, "S2"), alert(3, None)])
    earlier = alert(2, at_s=-60)
    await store.submit([earlier])
    found = sorted(await store.load_alerts("S1"), key=lambda each: each.alert_id)
    assert found == [alert(1), earlier]


async def test_a_sample_in_parts_is_one_sample(store):
    """Some stations send each measurand in a message of its own."""
    parts = [{"power_w": 5.0}, {"register_milliwh": 8_000}, {"register_milliwh": 7_000}]
    for part in parts:
        await store.submit([SampleWrite("CP1", "S1", 1, after(0), a_sample(60, **part))])
    assert [each.milliwh for each in await store.load_readings("S1")] == [8_000]
    await store.submit([SampleWrite("CP1", "S1", 1, after(0), a_sample(60, wh=9))])
    assert [each.milliwh for each in await store.load_readings("S1")] == [9_000]


@pytest.mark.parametrize("registers", [(8_000, 7_000), (7_000, 8_000)])
async def test_a_sample_in_parts_within_one_unit_is_one_sample(store, registers):
    parts = [{"power_w": 5.0}, *({"register_milliwh": each} for each in registers)]
    await store.submit(
        [SampleWrite("CP1", "S1", 1, after(0), a_sample(60, **part)) for part in parts]
    )
    assert [each.milliwh for each in await store.load_readings("S1")] == [8_000]


async def test_energies_of_intervals_are_readings(store):
    for at_s, context in ((60, "Sample.Periodic"), (90, "Sample.Clock")):
        sample = a_sample(at_s, context=context, interval_milliwh=250_000)
        await store.submit([SampleWrite("CP1", "S1", 1, after(0), sample)])
    assert sorted(await store.load_readings("S1")) == [
        Reading(Place.INTERVAL, after(60).timestamp(), 250_000),
        Reading(Place.ALIGNED_INTERVAL, after(90).timestamp(), 250_000),
    ]


async def test_records_are_kept_by_collection_and_deleted_by_name(store):
    await store.submit([RecordWrite("tokens", name, {"n": name}) for name in ("b", "a")])
    await store.submit([RecordWrite("profiles", "a", {}), RecordWrite("tokens", "b", None)])
    assert await store.load_records("tokens") == {"a": {"n": "a"}}
    assert await store.load_records("profiles") == {"a": {}}
    await store.submit([RecordWrite("tokens", "a", None), RecordWrite("tokens", "a", {"n": 2})])
    assert await store.load_records("tokens") == {"a": {"n": 2}}


async def test_the_last_state_of_a_unit_and_of_a_group_counts(store):
    first, second = a_session(), replace(a_session(), state="ended")
    futures = [store.submit([first]), store.submit([second]), store.submit([a_station()])]
    await asyncio.gather(*futures)
    assert (await store.load_station("CP1")).sessions == []


async def test_units_of_a_session_keep_their_order(store):
    futures = [
        store.submit([a_session("S1", 0, transaction_id=str(number))]) for number in range(1200)
    ]
    await asyncio.gather(*futures)
    assert (await store.find_session("S1")).doc["transaction_id"] == "1199"


@pytest.mark.parametrize("in_one_unit", [False, True])
async def test_what_is_told_of_a_variable_is_joined(store, in_one_unit):
    parts = [a_variable({"MaxSet": "9"}, mutability="ReadOnly"), a_variable(persistent=True)]
    for unit in [parts] if in_one_unit else [[each] for each in parts]:
        await store.submit(unit)
    [found] = (await everything(store))[_table(store, VariableWrite, "variables")]
    row = found if isinstance(found, dict) else asdict(found)
    assert row["told"] == {"MaxSet": "9", "Actual": "7"}
    assert row["attributes"] == {"Actual.mutability": "ReadOnly", "Actual.persistent": True}


@pytest.mark.parametrize("in_one_unit", [False, True])
async def test_violations_add_up_and_none_counts_twice(store, in_one_unit):
    def seen(at_s: float) -> ViolationWrite:
        return ViolationWrite("CP1", "k", "a", "f", 1, after(at_s), after(at_s), {"at": at_s})

    parts = [seen(1), seen(2)]
    for unit in [parts] if in_one_unit else [[each] for each in parts]:
        await store.submit(unit)
    await store.submit([seen(2)])
    [found] = (await everything(store))[_table(store, ViolationWrite, "violations")]
    row = found if isinstance(found, dict) else asdict(found)
    assert (row["count"], row["first_at"], row["last_at"]) == (2, after(1), after(2))


def _table(store: Any, kind: type[Write], name: str) -> str:
    return kind.__name__ if isinstance(store, MemoryStore) else name


async def test_an_empty_unit_is_durable_at_once(store):
    await asyncio.wait_for(store.submit([]), 1)


async def test_every_kind_of_write_may_come_twice(store):
    await store.submit(ONE_OF_EACH)
    before = await everything(store)
    await store.submit(ONE_OF_EACH)
    await asyncio.gather(store.submit(ONE_OF_EACH), store.submit(ONE_OF_EACH))
    assert await everything(store) == before
    assert {type(write) for write in ONE_OF_EACH} == set(Write.__args__)


async def everything(store: Any) -> dict[str, list[Any]]:
    """What the store holds, apart from the counts of repetitions."""
    if isinstance(store, MemoryStore):
        return {kind.__name__: list(rows.values()) for kind, rows in store.tables.items()}
    found: dict[str, list[Any]] = {}
    for table in TABLES:
        rows = await store.pool.fetch(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
        found[table] = [
            {name: value for name, value in row.items() if name not in {"repeats", "created_at"}}
            for row in rows
        ]
    return found


async def test_the_deliveries_that_wait_come_back_oldest_first_and_as_they_are_now(store):
    older, newer, other = a_delivery(1), a_delivery(2), a_delivery(3, hook="other")
    await store.submit([newer, older, other, a_delivery(4, 1, state="delivered")])
    await store.submit([a_delivery(2, 2)])
    await asyncio.gather(store.submit([a_delivery(2, 1)]), store.submit([newer]))
    assert await store.load_waiting(["ops"], 10) == [older, a_delivery(2, 2)]
    assert await store.load_waiting(["ops", "other"], 1) == [older]
    assert await store.load_waiting(["gone"], 10) == []


async def test_a_delivery_in_one_group_never_goes_back_to_an_older_state(store):
    await asyncio.gather(
        *(store.submit([a_delivery(1, version)]) for version in (0, 3, 2)),
        store.submit([a_delivery(2, 1), a_delivery(2, 0)]),
    )
    assert await store.load_waiting(["ops"], 10) == [a_delivery(1, 3), a_delivery(2, 1)]


async def test_open_alerts_are_told_with_kind_and_severity(store):
    for number, state in enumerate(("open", "cleared")):
        name = f"S1-D{number}"
        alert = AlertWrite(name, "CP1", "S1", "STALLED", "minor", state, after(0), {}, "raised")
        await store.submit([alert])
    assert await store.load_open_alerts() == [("S1-D0", "STALLED", "minor")]


async def test_what_goes_with_a_unit_is_as_durable_and_told_of_when_it_is(store):
    class Companion:
        def __init__(self) -> None:
            self.told: list[Any] = []

        def of(self, unit: Any) -> Any:
            return [a_delivery()] if any(type(each) is StationWrite for each in unit) else []

        def follow(self, added: Any, durable: asyncio.Future[None]) -> None:
            durable.add_done_callback(lambda _: self.told.extend(added))

    store.companion = companion = Companion()
    await store.submit([a_session()])
    assert (companion.told, await store.load_waiting(["ops"], 9)) == ([], [])
    await store.submit([a_station()])
    await asyncio.sleep(0)
    assert companion.told == [a_delivery()] == await store.load_waiting(["ops"], 9)


async def test_a_message_in_quarantine_stays_what_was_made_of_it(store):
    held, later = a_held(), a_held(state="waiting", received_at=after(60), doc={"more": 2})
    await store.submit([held])
    await store.submit([later])
    (found,) = await store.load_unresolved(after(90))
    assert (found.state, found.received_at, found.doc) == ("waiting", START, {"why": 1, "more": 2})
    attached = a_held(state="attached", session_id="S1")
    await asyncio.gather(store.submit([attached]), store.submit([held]))
    await store.submit([held])
    assert await store.load_unresolved(after(-90)) == []
    found = await store.find_quarantined("Q1")
    assert (found.state, found.session_id, found.payload) == ("attached", "S1", {"x": [1]})
    assert await store.find_quarantined("Q2") is None


async def test_sessions_that_ran_at_a_time_are_found_the_newest_first(store):
    for number, (begun, ended) in enumerate([(0, 10), (20, 30), (25, None), (50, None)], 1):
        ended_at = None if ended is None else after(ended)
        session = replace(a_session(f"S{number}", begun), ended_at=ended_at)
        await store.submit([session])
    await store.submit([replace(a_session("S9", 20), station_id="CP2")])
    found = await store.find_around("CP1", after(28), after(40))
    assert [each.doc["id"] for each in found] == ["S3", "S2"]


async def test_numbers_count_from_one_in_each_scope(store):
    numbers = BlockNumbers(store)
    assert [await numbers.next("a") for _ in range(45)] == list(range(1, 46))
    assert await numbers.next("b") == 1
    assert await numbers.next("transaction") == 1


async def test_numbers_never_repeat_after_a_crash(store):
    seen: list[int] = []
    for _ in range(5):
        numbers = BlockNumbers(store)
        seen += [await numbers.next("a") for _ in range(7)]
    assert len(set(seen)) == len(seen)


async def test_numbers_have_no_gap_after_an_orderly_stop(store):
    seen: list[int] = []
    for _ in range(5):
        numbers = BlockNumbers(store)
        seen += [await numbers.next("a") for _ in range(7)]
        await numbers.release()
    assert seen == list(range(1, 36))


async def test_numbers_that_others_have_passed_are_not_given_back(store):
    ours, theirs = BlockNumbers(store), BlockNumbers(store)
    seen = [await ours.next("a"), await theirs.next("a")]
    await ours.release()
    seen += [await BlockNumbers(store).next("a"), await theirs.next("a")]
    assert len(set(seen)) == 4


async def test_numbers_asked_for_at_once_are_all_different(store):
    numbers = BlockNumbers(store)
    found = await asyncio.gather(*(numbers.next("a") for _ in range(150)))
    assert sorted(found) == list(range(1, 151))


async def test_numbers_that_are_asked_for_fast_are_reserved_in_larger_blocks(store):
    numbers = BlockNumbers(store)
    for _ in range(20 + 40 + 1):
        last = await numbers.next("a")
    assert last == 61
    assert await BlockNumbers(store).next("a") == 20 + 40 + 80 + 1


# What follows only PostgreSQL can do wrong.


@pytest.fixture
async def database(postgres) -> AsyncIterator[PostgresStore]:
    async with connected(postgres.start()) as store:
        for table in TABLES:
            await store.pool.execute(f"TRUNCATE {table}")
        yield store


POISON: dict[str, Write] = {
    "NUL in a text": an_event(f"start|{NUL}"),
    "NUL in a document": RecordWrite("tokens", "x", {"text": NUL}),
    "a lone surrogate": an_event("start|\ud800"),
    "a lone surrogate in a document": an_event("start|8", text="\ud800"),
    "a number that no column holds": ConnectorWrite("CP1", 2**40, 1, "Available", START, {}),
    "a number that no JSON holds": AlertWrite(
        "A", "CP1", None, "K", "minor", "open", START, {"evse": 1j}
    ),
}


@pytest.mark.parametrize("name", POISON)
async def test_a_unit_that_cannot_be_stored_harms_no_other(database, name):
    good = [[a_session(f"S{number}", number)] for number in range(6)]
    units = [*good[:3], [a_session("BAD"), POISON[name]], *good[3:]]
    results = await asyncio.gather(
        *(database.submit(unit) for unit in units), return_exceptions=True
    )
    assert [type(each) for each in results] == [*[type(None)] * 3, UnitRefused, *[type(None)] * 3]
    rows = await database.pool.fetch("SELECT id FROM sessions ORDER BY id")
    assert [row["id"] for row in rows] == [f"S{number}" for number in range(6)]


async def test_times_of_clocks_that_lie_are_stored(database):
    for at in ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "1970-01-01T00:00:00Z"):
        when = type(START).fromisoformat(at)
        await database.submit(
            [SampleWrite("CP1", "S1", 1, START, a_sample(when, wh=1)), an_event(at)]
        )
    assert len(await database.load_readings("S1")) == 3


async def test_the_older_state_of_a_connector_does_not_win(database):
    def status(at_s: float, text: str) -> ConnectorWrite:
        return ConnectorWrite("CP1", 1, 1, text, after(at_s), {})

    await database.submit([status(60, "Charging")])
    await database.submit([status(0, "Available")])
    await asyncio.gather(
        database.submit([replace(status(90, "Finishing"), connector=2)]),
        database.submit([replace(status(0, "Available"), connector=2)]),
    )
    rows = await database.pool.fetch("SELECT connector, status FROM connectors ORDER BY connector")
    assert [row["status"] for row in rows] == ["Charging", "Finishing"]


async def test_units_of_many_are_written_together(database):
    await asyncio.gather(*(database.submit([a_session(f"S{n}", n)]) for n in range(400)))
    assert database.writer.units == 400
    assert database.writer.groups <= 3


async def test_what_comes_while_the_database_restarts_is_durable_in_the_end(postgres):
    async with connected(postgres.start()) as store:
        await store.pool.execute("TRUNCATE sessions")
        await store.submit([a_session("S0")])
        await asyncio.to_thread(postgres.stop)
        waiting = [store.submit([a_session(f"S{number}", number)]) for number in range(1, 50)]
        await asyncio.wait_for(asyncio.gather(*waiting), 20)
        assert store.is_behind
        back = asyncio.Event()
        store.on_back.append(back.set)
        await asyncio.to_thread(postgres.start)
        await asyncio.wait_for(back.wait(), 20)
        rows = await store.pool.fetch("SELECT id FROM sessions")
        assert {row["id"] for row in rows} == {f"S{number}" for number in range(50)}


async def test_a_writer_that_is_closed_writes_what_waits(postgres, tmp_path):
    options = StoreOptions(journal_dir=tmp_path / "journal")
    store = await PostgresStore.connect(postgres.start(), START, options)
    waiting = [store.submit([a_session(f"S{number}", number)]) for number in range(20)]
    store.writer.close()
    await asyncio.wait_for(store.writer.run(), 10)
    assert all(future.done() for future in waiting)
    with suppress(TimeoutError):
        await store.close()
