"""PostgreSQL taken away in every way: nothing is lost, nothing is written late, order is kept."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from csms.engine.writes import EventWrite, MessageWrite, RecordWrite, StationWrite
from csms.errors import DatabaseUnavailable
from csms.store import drain, waiting
from csms.store.embedded import EmbeddedPostgres
from csms.store.embedded_remains import _servers_in
from csms.store.journal import Files
from csms.store.metrics import StoreMetrics
from csms.store.numbers import BlockNumbers
from csms.store.options import StoreOptions
from csms.store.postgres import PostgresStore
from tests.builders import START, after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

WAIT_S = 30


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="laddvakt-test-", dir="/tmp"))
    folder.chmod(0o755)
    options = {"max_connections": "12", "superuser_reserved_connections": "0"}
    made = EmbeddedPostgres(folder / "postgres", options={"fsync": "off", **options})
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@asynccontextmanager
async def a_store(server: EmbeddedPostgres, folder: Path) -> AsyncIterator[PostgresStore]:
    dsn = await asyncio.to_thread(server.start)
    options = StoreOptions(journal_dir=folder / "journal")
    store = await PostgresStore.connect(dsn, START, options)
    writing = asyncio.create_task(store.writer.run())
    try:
        yield store
    finally:
        store.writer.close()
        await asyncio.wait_for(writing, WAIT_S)
        await store.close()


@pytest.fixture
async def store(server, tmp_path) -> AsyncIterator[PostgresStore]:
    async with a_store(server, tmp_path) as made:
        for table in ("stations", "session_events", "records", "station_messages"):
            await made.pool.execute(f"TRUNCATE {table}")
        await made.pool.execute("DELETE FROM number_blocks")
        yield made


def state(number: int, station_id: str = "CP1") -> list[Any]:
    """A unit that overwrites one record and adds another, as every message does."""
    event = EventWrite(
        station_id, f"event {number}", None, "Updated", after(number), after(number), {}
    )
    return [StationWrite(station_id, {"number": number}), event]


class Talk:
    """A station that goes on talking; `answered` is the last number that is durable."""

    def __init__(self, store: PostgresStore, station_id: str = "CP1") -> None:
        self.store, self.station_id = store, station_id
        self.answered = 0
        self._task: asyncio.Task[None] | None = None

    async def say(self, count: int = 1) -> None:
        for _ in range(count):
            unit = state(self.answered + 1, self.station_id)
            await asyncio.wait_for(self.store.submit(unit), WAIT_S)
            self.answered += 1

    async def check(self) -> None:
        """What was answered is there, each once, and the record is the newest one."""
        rows = await self.store.pool.fetch(
            "SELECT doc FROM stations WHERE id = $1", self.station_id
        )
        assert [row["doc"] for row in rows] == [{"number": self.answered}]
        rows = await self.store.pool.fetch(
            "SELECT key, repeats FROM session_events WHERE station_id = $1", self.station_id
        )
        wanted = {f"event {number}" for number in range(1, self.answered + 1)}
        assert {row["key"] for row in rows} == wanted
        assert {row["repeats"] for row in rows} == {0}


async def back(store: PostgresStore) -> None:
    """Returns when everything is in PostgreSQL."""
    happened = asyncio.Event()
    store.on_back.append(happened.set)
    if store.is_behind:
        await asyncio.wait_for(happened.wait(), WAIT_S)
    store.on_back.remove(happened.set)
    assert not store.journal.units
    assert not list(store.journal.folder.glob("*.journal"))


async def test_stopped_and_started(server, store):
    talk = Talk(store)
    await talk.say(5)
    for _ in range(3):
        await asyncio.to_thread(server.stop)
        await talk.say(20)
        assert store.is_behind
        with pytest.raises(DatabaseUnavailable):
            await store.find_session("S1")
        await asyncio.to_thread(server.start)
        await back(store)
        await talk.say(3)
        await talk.check()


async def test_killed(server, store):
    talk = Talk(store)
    await talk.say(5)
    os.kill(server.pid, signal.SIGKILL)
    await talk.say(50)
    await asyncio.to_thread(server.wait, WAIT_S)
    await asyncio.to_thread(server.start)
    await back(store)
    await talk.say(3)
    await talk.check()


def stopped_processes(server: EmbeddedPostgres, number: int) -> None:
    for pid in _servers_in(server._wanted, server.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def test_frozen_without_a_word(server, store):
    talk = Talk(store)
    await talk.say(5)
    stopped_processes(server, signal.SIGSTOP)
    try:
        await talk.say(30)
        assert store.is_behind
    finally:
        stopped_processes(server, signal.SIGCONT)
    await talk.say(5)
    await back(store)
    await talk.say(3)
    await talk.check()


async def writer_pid(store: PostgresStore) -> int:
    return await store.pool.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'csms writer%'"
    )


async def test_a_backend_that_was_given_up_commits_nothing_late(server, store, monkeypatch):
    monkeypatch.setattr(drain, "_SIDE_S", 0.2)
    talk = Talk(store)
    await talk.say(5)
    gave_up = asyncio.Event()
    drop = store.writer._connection.drop

    def noted() -> None:
        drop()
        gave_up.set()

    monkeypatch.setattr(store.writer._connection, "drop", noted)
    pid = await writer_pid(store)
    os.kill(pid, signal.SIGSTOP)
    try:
        await talk.say(10)
        await asyncio.wait_for(gave_up.wait(), WAIT_S)
        assert store.is_behind
    finally:
        os.kill(pid, signal.SIGCONT)
    await back(store)
    await talk.say(3)
    assert await writer_pid(store) != pid
    await talk.check()


async def test_a_slow_statement_may_end_beside_the_journal(server, store):
    talk = Talk(store)
    await talk.say(5)
    openings = store.writer._connection.openings
    async with store.pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE stations IN EXCLUSIVE MODE")
        await talk.say(10)
        assert store.is_behind
    await back(store)
    assert store.writer._connection.openings == openings
    await talk.say(1)
    await talk.check()


async def test_out_of_connections(server, store):
    talk = Talk(store)
    await talk.say(5)
    dsn = await asyncio.to_thread(server.start)
    taken: list[asyncpg.Connection] = []
    await store.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE 'csms writer%'"
    )
    with suppress(asyncpg.TooManyConnectionsError):
        while len(taken) < 50:
            taken.append(await asyncpg.connect(dsn))
    assert len(taken) < 50
    await talk.say(10)
    assert store.is_behind
    for connection in taken:
        await connection.close()
    await back(store)
    await talk.say(1)
    await talk.check()


async def test_a_standby_after_a_failover(server, store):
    talk = Talk(store)
    await talk.say(5)
    await store.pool.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await store.pool.execute("SELECT pg_reload_conf()")
    try:
        await store.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE 'csms writer%'"
        )
        await talk.say(10)
        assert store.is_behind
    finally:
        dsn = await asyncio.to_thread(server.start)
        admin = await asyncpg.connect(dsn)
        await admin.execute("SET transaction_read_only = off")
        await admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()
    await back(store)
    await talk.say(1)
    await talk.check()


FAULTY = """
CREATE SEQUENCE tries;
CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') % 3 = 0 THEN RAISE EXCEPTION 'injected' USING ERRCODE = TG_ARGV[0]; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fault BEFORE INSERT ON stations FOR EACH ROW EXECUTE FUNCTION fault('{code}');
"""


@pytest.mark.parametrize("code", ["40001", "40P01", "53100", "57P01", "57014", "08006", "58030"])
async def test_errors_that_pass(server, store, code):
    talk = Talk(store)
    await store.pool.execute(FAULTY.format(code=code))
    try:
        await talk.say(20)
    finally:
        await store.pool.execute("DROP FUNCTION fault CASCADE; DROP SEQUENCE tries")
    await back(store)
    await talk.say(1)
    await talk.check()


async def test_a_single_conflict_is_tried_again_without_the_journal(server, store):
    talk = Talk(store)
    await store.pool.execute(FAULTY.format(code="40001"))
    try:
        await talk.say(20)
    finally:
        await store.pool.execute("DROP FUNCTION fault CASCADE; DROP SEQUENCE tries")
    assert store.writer.spilled == 0
    await talk.check()


async def test_what_was_answered_and_cannot_be_written_is_kept_in_a_file(server, store):
    talk = Talk(store)
    await asyncio.to_thread(server.stop)
    await talk.say(1)
    await store.submit([MessageWrite("CP2", START, "m1", "A\0B", {})])
    await talk.say(1)
    await asyncio.to_thread(server.start)
    await back(store)
    lines = (store.journal.folder / "refused.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["rows"][0][1][3] for line in lines] == ["A\0B"]
    await talk.check()


async def test_without_room_for_the_journal_answers_wait_and_nothing_is_lost(server, store):
    talk = Talk(store)
    await talk.say(2)
    is_full = True

    def write(fd: int, data: memoryview) -> int:
        if is_full:
            os.write(fd, data[:7])
            raise OSError(errno.ENOSPC, "no space left on device")
        return os.write(fd, data)

    store.journal.files = Files(write)
    await asyncio.to_thread(server.stop)
    waiting_s = asyncio.create_task(talk.say(5))
    done, _ = await asyncio.wait({waiting_s}, timeout=0.6)
    assert not done
    assert store.refuses_newcomers
    is_full = False
    await asyncio.wait_for(waiting_s, WAIT_S)
    await asyncio.to_thread(server.start)
    await back(store)
    await talk.check()


async def test_without_room_for_the_journal_the_database_takes_over_when_it_is_back(server, store):
    def write(fd: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    talk = Talk(store)
    store.journal.files = Files(write)
    await asyncio.to_thread(server.stop)
    talking = asyncio.create_task(talk.say(5))
    done, _ = await asyncio.wait({talking}, timeout=0.4)
    assert not done
    await asyncio.to_thread(server.start)
    await asyncio.wait_for(talking, WAIT_S)
    await back(store)
    await talk.check()


async def test_what_the_journal_holds_is_there_after_a_restart(server, tmp_path):
    async with a_store(server, tmp_path) as store:
        for table in ("stations", "session_events"):
            await store.pool.execute(f"TRUNCATE {table}")
        talk = Talk(store)
        await asyncio.to_thread(server.stop)
        await talk.say(30)
    async with a_store(server, tmp_path) as store:
        talk.store = store
        assert not store.is_behind
        await talk.check()
        assert (await store.load_all())["CP1"].doc == {"number": 30}


async def test_numbers_go_on_while_the_database_is_away(server, store):
    numbers, never_loaded = BlockNumbers(store), BlockNumbers(store)
    await numbers.load()
    found = [await numbers.next("a") for _ in range(5)]
    await asyncio.to_thread(server.stop)
    found += [await numbers.next("a") for _ in range(200)]
    fresh = [await numbers.next("b") for _ in range(50)]
    with pytest.raises(DatabaseUnavailable):
        await never_loaded.next("c")
    await asyncio.to_thread(server.start)
    await back(store)
    again = BlockNumbers(store)
    found += [await numbers.next("a") for _ in range(50)]
    found += [await again.next("a") for _ in range(50)]
    assert len(set(found)) == len(found)
    assert fresh == list(range(1, 51))
    assert await again.next("b") > 50


async def test_the_figures_tell_of_an_outage(server, store):
    registry = CollectorRegistry()
    registry.register(StoreMetrics(store))
    talk = Talk(store)
    await asyncio.to_thread(server.stop)
    await talk.say(4)
    text = generate_latest(registry).decode()
    assert "csms_database_behind 1.0" in text
    assert "csms_journal_units 4.0" in text
    await asyncio.to_thread(server.start)
    await back(store)
    text = generate_latest(registry).decode()
    assert "csms_database_behind 0.0" in text
    assert "csms_journal_units 0.0" in text
    assert "csms_units_spilled_total 4.0" in text


async def test_only_one_csms_writes_to_a_database(server, store, tmp_path, monkeypatch):
    monkeypatch.setattr(waiting, "_LOCK_S", 0.2)
    dsn = await asyncio.to_thread(server.start)
    options = StoreOptions(journal_dir=tmp_path / "other")
    with pytest.raises(
        DatabaseUnavailable,
        match=r"another csms already writes to this database \(process \d+, csms writer",
    ):
        await PostgresStore.connect(dsn, START, options)


async def test_a_start_waits_for_the_database(server, tmp_path):
    dsn = await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.stop)
    options = StoreOptions(journal_dir=tmp_path / "journal", database_wait_s=WAIT_S)
    connecting = asyncio.create_task(PostgresStore.connect(dsn, START, options))
    done, _ = await asyncio.wait({connecting}, timeout=0.3)
    assert not done
    await asyncio.to_thread(server.start)
    store = await asyncio.wait_for(connecting, WAIT_S)
    await store.close()


async def test_a_read_that_fails_has_the_store_come_back(server, store):
    """Whoever was turned away waits for `on_back`, also when nothing was written meanwhile."""
    await store.submit([RecordWrite("tokens", "t", {})])
    happened = asyncio.Event()
    store.on_back.append(happened.set)
    await asyncio.to_thread(server.stop)
    with pytest.raises(DatabaseUnavailable):
        await store.find_session("S1")
    await asyncio.to_thread(server.start)
    await asyncio.wait_for(happened.wait(), WAIT_S)
    assert await store.find_session("S1") is None


_PROGRAM = """
import asyncio, structlog, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from csms.store.postgres import PostgresStore
from csms.store.options import StoreOptions
from tests.builders import START
from tests.integration.test_outages import state

async def main():
    options = StoreOptions(journal_dir=Path(sys.argv[2]), spill_after_s=float(sys.argv[4]))
    store = await PostgresStore.connect(sys.argv[1], START, options)
    writing = asyncio.ensure_future(store.writer.run())
    rows = await store.pool.fetch("SELECT doc FROM stations WHERE id = 'CP1'")
    number = rows[0]["doc"]["number"] if rows else 0
    print("began", number, flush=True)
    while True:
        number += 1
        await store.submit(state(number))
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("kills", [6])
async def test_killed_at_any_moment_of_spilling_and_draining(server, tmp_path, kills):
    """With a patience of no time at all, every group is spilled and drained all the time."""
    dsn = await asyncio.to_thread(server.start)
    admin = await asyncpg.connect(dsn)
    await admin.execute("TRUNCATE stations, session_events")
    answered = 0
    for kill in range(kills):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, dsn, str(tmp_path / "journal"),
            str(Path(__file__).parents[2]), "0.0001",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        began = int((await asyncio.wait_for(process.stdout.readline(), WAIT_S)).split()[1])
        assert began >= answered
        for _ in range(1 + 7 * kill):
            answered = int(await asyncio.wait_for(process.stdout.readline(), WAIT_S))
        process.kill()
        for line in (await process.stdout.read()).splitlines(keepends=True):
            answered = int(line) if line.endswith(b"\n") else answered
        await process.wait()
    async with a_store(server, tmp_path) as store:
        rows = await store.pool.fetch("SELECT doc FROM stations WHERE id = 'CP1'")
        assert rows[0]["doc"]["number"] >= answered
        talk = Talk(store)
        talk.answered = rows[0]["doc"]["number"]
        await talk.check()
    await admin.close()


_RECOVERING = """
import asyncio, structlog, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from csms.store import drain
from csms.store.postgres import PostgresStore
from csms.store.options import StoreOptions
from tests.builders import START
drain._BATCH = 20
apply_next = drain.Drain._apply_next

async def told(self):
    print("batch", flush=True)
    await apply_next(self)

drain.Drain._apply_next = told
asyncio.run(PostgresStore.connect(sys.argv[1], START, StoreOptions(journal_dir=Path(sys.argv[2]))))
"""


async def test_killed_while_a_start_brings_the_journal_in(server, tmp_path):
    async with a_store(server, tmp_path) as store:
        await store.pool.execute("TRUNCATE stations, session_events")
        await asyncio.to_thread(server.stop)
        talk = Talk(store)
        await asyncio.gather(*(store.submit(state(number)) for number in range(1, 2001)))
        talk.answered = 2000
    dsn = await asyncio.to_thread(server.start)
    for batches in (1, 5, 2, 9, 3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RECOVERING, dsn, str(tmp_path / "journal"),
            str(Path(__file__).parents[2]),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        for _ in range(batches):
            await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        process.kill()
        await process.communicate()
    async with a_store(server, tmp_path) as store:
        talk.store = store
        await talk.check()
