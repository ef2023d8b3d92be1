"""A node in this process, real to the sockets: PostgreSQL, stations' port, the API on uvicorn."""

import asyncio
import contextlib
import json
import re
import shutil
import socket
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from jsonschema_rs import Draft202012Validator
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from csms.api.app import create_api
from csms.clock import Clock
from csms.engine.engine import Engine
from csms.engine.policy import Policy
from csms.engine.price_series import load_series
from csms.engine.records import load_policy_records
from csms.engine.tariffs import load_tariffs
from csms.link.counters import Counters
from csms.link.credentials import hash_password
from csms.link.hub import Hub
from csms.link.server import StationServer
from csms.store.archive import Archive
from csms.store.embedded import EmbeddedPostgres
from csms.store.numbers import BlockNumbers
from csms.store.options import StoreOptions
from csms.store.postgres import PostgresStore
from profiles import load_catalogue
from profiles.catalogue import SHIPPED

WAIT_S = 20
TABLES = (
    "stations, connectors, sessions, session_events, samples, session_limits, session_estimates, "
    "installed_profiles, alerts, commands, station_messages, anomalies, records, number_blocks, "
    "webhook_deliveries, variables, monitors, monitoring_events, violations, session_summaries, "
    "charge_records"
)
BOOTS = {
    "ocpp1.6": {"chargePointVendor": "Test", "chargePointModel": "T1"},
    "ocpp2.0.1": {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Test", "model": "T1"},
    },
}


class Station:
    """A station whose answers to our calls are given: `answers` by action, none means silence."""

    def __init__(self, websocket):
        self.socket = websocket
        self.answers = {}
        self.received = asyncio.Queue()
        self._open = {}
        self._count = 0

    async def call(self, action, payload):
        self._count += 1
        message_id = f"own-{self._count}"
        self._open[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        return await asyncio.wait_for(self._open[message_id], WAIT_S)

    async def read(self):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._take(await self.socket.recv())

    async def _take(self, text):
        frame = json.loads(text)
        if frame[0] != 2:
            self._open.pop(frame[1]).set_result(frame)
            return
        self.received.put_nowait(text)
        answer = self.answers.get(frame[2])
        if answer is not None:
            await self.socket.send(json.dumps([answer[0], frame[1], *answer[1:]]))

    async def start_v16(self, tag="TAG1", register=1000, at=None):
        """Starts a transaction and returns its ID on the wire."""
        at = at or datetime.now(UTC)
        start = {
            "connectorId": 1,
            "idTag": tag,
            "meterStart": register,
            "timestamp": at.isoformat(),
        }
        answer = await self.call("StartTransaction", start)
        return answer[2]["transactionId"]

    async def stop_v16(self, transaction, register):
        stop = {
            "transactionId": transaction,
            "meterStop": register,
            "timestamp": datetime.now(UTC).isoformat(),
        }
        await self.call("StopTransaction", stop)

    async def meter_v16(self, transaction, register, at=None):
        at = at or datetime.now(UTC)
        sample = {"timestamp": at.isoformat(), "sampledValue": [{"value": str(register)}]}
        payload = {"connectorId": 1, "transactionId": transaction, "meterValue": [sample]}
        await self.call("MeterValues", payload)


class Documented:
    """Holds every JSON answer of a test against the OpenAPI document."""

    def __init__(self, document):
        self._components = document["components"]
        self._operations = [
            (method.upper(), _pattern(path), operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]

    async def check(self, response):
        media_type = response.headers.get("content-type", "")
        if "json" not in media_type or response.url.path.endswith("openapi.json"):
            return
        operation = self._operation(response.request)
        if operation is None:
            assert media_type == "application/problem+json"
            return
        told = operation["responses"]
        content = told.get(str(response.status_code), told.get("default"))["content"]
        schema = {**content[media_type]["schema"], "components": self._components}
        Draft202012Validator(schema).validate(json.loads(await response.aread()))

    def _operation(self, request):
        for method, path, operation in self._operations:
            if method == request.method and path.fullmatch(request.url.path):
                return operation
        return None


@cache
def documented():
    return Documented(create_api(SimpleNamespace(clock=Clock()), None, token=None).openapi())


def _pattern(path):
    any_text = path.replace("{token}", ".+")
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", any_text))


class Node:
    """What a test talks to: `http` for the API, `station` for a charger."""

    def __init__(self, hub, store, app, http, port, api_port):
        self.hub, self.store, self.app, self.http = hub, store, app, http
        self.port, self.api_port = port, api_port
        self._notes, self._noted = [], asyncio.Event()
        hub.listeners.append(self._take_note)

    @asynccontextmanager
    async def station(self, station_id, protocol="ocpp1.6"):
        url = f"ws://127.0.0.1:{self.port}/{station_id}"
        async with connect(url, subprotocols=[protocol], compression=None) as websocket:
            station = Station(websocket)
            reading = asyncio.create_task(station.read())
            await self.noted("station.connected", station=station_id)
            await station.call("BootNotification", BOOTS[protocol])
            yield station
            await websocket.close()
            await reading
        await self.noted("station.disconnected", station=station_id)

    async def noted(self, event, **fields):
        """Waits for a line of the log, and takes it."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for note in self._notes:
                    if note.event == event and fields.items() <= note.fields.items():
                        self._notes.remove(note)
                        return note
                self._noted.clear()
                await self._noted.wait()

    def _take_note(self, note):
        self._notes.append(note)
        self._noted.set()

    async def a_session(self, station_id="CP1", **start):
        """A session that has ended after 500 Wh; returns its ID."""
        async with self.station(station_id) as station:
            transaction = await station.start_v16(**start)
            register = start.get("register", 1000)
            await station.meter_v16(transaction, register + 250)
            await station.stop_v16(transaction, register + 500)
        return (await self.get("/sessions", station=station_id))["items"][0]["id"]

    async def get(self, path, **query):
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def dsn():
    folder = Path(tempfile.mkdtemp(prefix="laddvakt-test-", dir="/tmp"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "var" / "postgres")
    try:
        yield postgres.start()
    finally:
        postgres.stop()
        shutil.rmtree(folder)


@pytest.fixture
async def node(dsn):
    async with a_node(dsn) as made:
        yield made


@pytest.fixture
async def guarded(dsn):
    """A node whose API wants a token."""
    async with a_node(dsn, token="let-me-in") as made:
        yield made


@pytest.fixture
def restarted(dsn, node):
    """Starts the node once more, on what the one before has written; that one no longer writes."""

    @asynccontextmanager
    async def again(**values):
        await node.store.writer.end()
        async with a_node(dsn, is_fresh=False, **values) as other:
            yield other

    return again


@asynccontextmanager
async def a_node(dsn, token=None, *, is_fresh=True, hooks=(), speed=1.0):
    clock = Clock(speed)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options = StoreOptions(journal_dir=folder / "journal", spill_after_s=5)
        store = await PostgresStore.connect(dsn, clock.now(), options)
        stack.push_async_callback(store.close)
        if is_fresh:
            await store.pool.execute(f"TRUNCATE {TABLES}")
        writing = asyncio.create_task(store.writer.run())
        policy = Policy(catalogue=load_catalogue(SHIPPED), accept_unknown_tokens=True)
        await load_policy_records(store, policy)
        await load_tariffs(store, policy.tariffs, policy.prices, clock.now())
        await load_series(store, policy)
        counters = Counters()
        hub = Hub(Engine(store, BlockNumbers(store), policy, hash_password), store, clock, counters)
        counters.count_alerts(hub.webhooks)
        await hub.engine.preload()
        await hub.operator.start()
        await hub.webhooks.start(hooks)
        beside = [hub.webhooks.run()] if speed == 1.0 else [hub.webhooks.run(), hub.run_deadlines()]
        running = {asyncio.create_task(each) for each in beside}
        stations = StationServer(hub, accept_unknown=True, ping_interval_s=0, ping_timeout_s=0)
        app = create_api(hub, Archive(store), token=token)
        hub.listeners.append(app.state.events.take)
        port = await stations.start("127.0.0.1", 0)
        listening = socket.create_server(("127.0.0.1", 0))
        api_port = listening.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{api_port}/api/v1",
            timeout=WAIT_S,
            event_hooks={"response": [documented().check]},
        )
        async with http:
            yield Node(hub, store, app, http, port, api_port)
        await stations.stop(5)
        app.state.events.close()
        server.should_exit = True
        await asyncio.wait_for(serving, WAIT_S)
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        store.writer.close()
        await writing


def ago(**span):
    return datetime.now(UTC) - timedelta(**span)
