"""That the parts of `make chaos` notice what they are there to notice."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.check import _compare, _Stored
from tests.chaos.history import METER, START, STOP, History, Message, Played
from tests.chaos.plan import Outcome, Plan, at_least, below, percentile, zero
from tests.chaos.proxy import Proxy, Way

START_AT = datetime(2026, 11, 21, 8, tzinfo=UTC)


def a_session(version="1.6"):
    session = Played("CP1", version, 1, 1, "TAG1", transaction_id="7")
    for number, (kind, wh) in enumerate([(START, 100), (METER, 150), (STOP, 190)]):
        at = START_AT + timedelta(minutes=number)
        session.messages.append(Message(session, kind, at, wh, number, [f"m{number}"], answers=1))
    return session


def rows_of(session):
    """What a database holds of a session when all went well."""
    stored = _Stored()
    for message in session.messages:
        if session.version == "1.6" and message.kind == METER:
            stored.samples["CP1", message.at] += 1
        else:
            kind = {START: "Started", METER: "Updated", STOP: "Ended"}[message.kind]
            stored.events["CP1", kind, message.at] += 1
    stored.sessions["CP1", "7"].append({"state": "ended", "energy_milliwh": 90_000})
    return stored


def compared(session, stored):
    figures = _compare(stored, History(sessions=[session]))
    return {name: figure for name, figure in figures.items() if figure}


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_good_record_shows_nothing(version):
    session = a_session(version)
    assert compared(session, rows_of(session)) == {"sessions_stored": 1}


@pytest.mark.parametrize("number", range(3))
def test_an_answered_message_that_is_not_stored_is_lost(number):
    session = a_session()
    stored = rows_of(session)
    for kept in (stored.events, stored.samples):
        for key in [key for key in kept if key[-1] == session.messages[number].at]:
            del kept[key]
    assert compared(session, stored)["lost"] == 1
    session.messages[number].answers = 0
    assert "lost" not in compared(session, stored)
    session.messages[number].answers = 1
    stored.held.add(("CP1", f"m{number}"))
    assert "lost" not in compared(session, stored)


def test_a_second_row_is_doubled():
    session = a_session()
    stored = rows_of(session)
    stored.samples["CP1", session.messages[1].at] += 1
    assert compared(session, stored)["doubled"] == 1


def test_a_session_that_nobody_started_is_doubled():
    session = a_session()
    stored = rows_of(session)
    stored.sessions["CP1", "8"].append({"state": "ended", "energy_milliwh": 0})
    assert compared(session, stored)["doubled"] == 1


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"state": "ended", "energy_milliwh": 90_001}, {"wh_difference": 0.001}),
        ({"state": "ended", "energy_milliwh": None}, {"wh_difference": 90.0}),
        ({"state": "active", "energy_milliwh": 90_000}, {"sessions_missing": 1}),
    ],
)
def test_a_wrong_bill_is_told(row, found):
    session = a_session()
    stored = rows_of(session)
    stored.sessions["CP1", "7"] = [row]
    assert found.items() <= compared(session, stored).items()


def test_a_limit_is_missed_by_another_value_and_by_none(tmp_path):
    limits = [*zero("lost", "doubled"), below("p99_ms", 250), at_least("sessions", 5)]
    outcome = Outcome({"lost": 0, "doubled": 1, "p99_ms": 250.0}, limits)
    assert outcome.missed() == [
        "doubled is 1, not = 0",
        "p99_ms is 250.0, not < 250",
        "sessions is None, not >= 5",
    ]
    assert len(outcome.missed(with_times=False)) == 2


def test_the_same_seed_gives_the_same_plan(tmp_path):
    one, other = (Plan("cut", 7, tmp_path) for _ in range(2))
    assert one.random.random() == other.random.random()
    assert one.draws("a").random() == other.draws("a").random() != one.draws("b").random()
    assert Plan("cut", 8, tmp_path).random.random() != Plan("cut", 7, tmp_path).random.random()


def test_a_percentile_is_one_of_the_values():
    values = [*range(50, 100), *range(50)]
    assert percentile(values, 0.99) == 99
    assert percentile(values, 0.5) == 50
    assert percentile([], 0.5) == 0


class Echo:
    """A server that sends back what it gets. `heard` counts the bytes of each connection."""

    def __init__(self):
        self.heard: Counter[int] = Counter()
        self.ended = asyncio.Event()
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self._server.close()

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        number = len(self.heard)
        self.heard[number] = 0
        while data := await reader.read(100):
            self.heard[number] += len(data)
            writer.write(data)
        writer.close()
        self.ended.set()


@asynccontextmanager
async def through(**faults):
    """An echo, a proxy before it with these faults, and a connection to that."""
    async with Echo() as echo:
        proxy = Proxy(echo.port)
        for name, value in faults.items():
            setattr(proxy, name, value)
        await proxy.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        yield echo, proxy, reader, writer
        writer.close()
        await proxy.stop()


async def test_a_link_is_cut_after_exactly_that_many_bytes_up():
    cut = {"on_link": lambda link: link.cut_after(Way.UP, 7)}
    async with through(**cut) as (echo, _, reader, writer):
        writer.write(b"0123456789")
        assert b"0123456".startswith(await reader.read(-1))
        await echo.ended.wait()
        assert echo.heard[0] == 7


async def test_a_link_is_cut_after_exactly_that_many_bytes_down():
    cut = {"on_link": lambda link: link.cut_after(Way.DOWN, 7)}
    async with through(**cut) as (_, _, reader, writer):
        writer.write(b"0123456789")
        assert await reader.read(-1) == b"0123456"


async def test_a_blackhole_passes_nothing_until_it_heals():
    async with through() as (_, proxy, reader, writer):
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        proxy.blackhole()
        writer.write(b"b")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.2)
        proxy.heal()
        assert await reader.readexactly(1) == b"b"


async def test_twins_are_heard_twice_and_answered_once():
    async with through(twins=True) as (echo, _, reader, writer):
        writer.write(b"abc")
        assert await reader.readexactly(3) == b"abc"
        writer.write_eof()
        assert await reader.read(-1) == b""
        assert list(echo.heard.values()) == [3, 3]


async def test_a_refusing_proxy_resets():
    async with through(is_refusing=True) as (_, _, reader, _):
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
