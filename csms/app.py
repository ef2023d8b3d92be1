"""The composition root: makes every part, ties them together, and takes them down in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
import uvicorn

from csms import log as logs
from csms import simulated_time
from csms.clock import Clock
from csms.domain.times import format_time
from csms.engine.engine import Engine
from csms.engine.haste import hasten
from csms.engine.joining import catch_up
from csms.engine.price_series import load_series
from csms.engine.records import load_policy_records
from csms.engine.tariffs import load_tariffs
from csms.errors import DatabaseUnavailable, SettingsError
from csms.link.asking import Asker
from csms.link.certificate_upkeep import CertificateUpkeep
from csms.link.counters import Counters
from csms.link.credentials import Verifier, load_key
from csms.link.gate import Gate
from csms.link.hub import Hub
from csms.link.price_fetching import PriceFetcher
from csms.link.record_keeping import RecordKeeper
from csms.link.recorder import Recorder
from csms.link.server import StationServer
from csms.link.tls_setup import make_proxies, make_tls, warn_of_open_doors
from csms.policy_files import make_policy
from csms.reports.health_rounds import HealthRounds
from csms.reports.schedule import arrange
from csms.stopping import Signals
from csms.store.archive import Archive
from csms.store.embedded import EmbeddedPostgres
from csms.store.metrics import StoreMetrics
from csms.store.numbers import BlockNumbers
from csms.store.options import StoreOptions
from csms.store.people import PeopleHistory
from csms.store.postgres import PostgresStore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from fastapi import FastAPI

    from csms.config import Settings
    from csms.engine.policy import Policy

T = TypeVar("T")

log = structlog.get_logger("app")

_UPKEEP = timedelta(hours=1)
_START_AGAIN_S = 2.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


async def serve(settings: Settings, before_stop: Callable[[], None] | None = None) -> None:
    """Runs the central system until it is told to stop by SIGINT or SIGTERM.

    `before_stop` is called then, on a thread, while stations are still served.

    Raises:
        LaddvaktError: if it cannot start; the message says why and what to do.
    """
    policy = make_policy(settings)
    _api_host(settings)
    clock = Clock(settings.clock_speed)
    if settings.clock_start is not None:
        clock.begin(settings.clock_start)
    hasten(policy, settings.clock_speed)
    if clock.is_simulated:
        logs.configure(settings.log_format, settings.log_level, lambda: format_time(clock.now()))
    stop = Signals()
    async with AsyncExitStack() as stack:
        importing = asyncio.create_task(asyncio.to_thread(_api_maker))
        dsn = await _database(settings, stack)
        store = await _until(
            stop.first, PostgresStore.connect(dsn, clock.now(), _options(settings))
        )
        if store is None:
            return
        stack.push_async_callback(store.close)
        await simulated_time.begin(clock, settings.clock_start, store)
        node = await _assemble(settings, policy, clock, store, await importing)
        await node.start(settings)
        await simulated_time.note(clock, settings.clock_start, store)
        await _until_stopped(stop.first, node.tasks)
        if before_stop is not None:
            await asyncio.to_thread(before_stop)
        log.info("server.stopping", stations=len(node.hub.sessions))
        await node.stop(settings, stop.second)
    log.info("server.stopped")


def _api_maker() -> Callable[..., FastAPI]:
    """Returns what makes the API.

    To import it takes longer than all the rest together; on a thread, while PostgreSQL starts.
    """
    from csms.api.app import create_api  # noqa: PLC0415 - see above

    return create_api


async def _assemble(
    settings: Settings,
    policy: Policy,
    clock: Clock,
    store: PostgresStore,
    create_api: Callable[..., FastAPI],
) -> _Node:
    """Makes every part of a node over one store, and ties them together."""
    from_files = dict(policy.catalogue)
    await load_policy_records(store, policy)
    await load_tariffs(store, policy.tariffs, policy.prices, clock.now())
    await load_series(store, policy)
    recorder = None if settings.record is None else Recorder(settings.record, clock.now())
    numbers = BlockNumbers(store)
    await numbers.load()
    verifier = Verifier(_secret(settings))
    engine = Engine(store, numbers, policy, verifier.hash_password)
    counters = Counters()
    counters.registry.register(StoreMetrics(store))
    hub = Hub(engine, store, clock, counters, recorder)
    counters.count_alerts(hub.webhooks)
    stations = StationServer(
        hub,
        accept_unknown=settings.accept_unknown_stations,
        ping_interval_s=settings.ping_interval_s,
        ping_timeout_s=settings.ping_timeout_s,
        idle_timeout_s=settings.idle_timeout_s,
        gate=Gate(settings.admit_per_s, settings.admit_per_s, asyncio.get_running_loop().time),
        verifier=verifier,
        tls=make_tls(settings),
        proxies=make_proxies(settings),
        organization=settings.tls_client_organization,
    )
    api = create_api(hub, Archive(store), token=settings.api_token, files=from_files)
    hub.listeners.append(api.state.events.take)
    api.state.health_rounds = HealthRounds(hub, store)
    arrange(api.state.services.reports, settings.reports, settings.report_schedules)
    server, listening = _api_server(settings, api)
    return _Node(store, numbers, hub, stations, api, server, listening)


@dataclass(slots=True)
class _Node:
    """All parts of one node. `tasks` run as long as it does; the first one writes."""

    store: PostgresStore
    numbers: BlockNumbers
    hub: Hub
    stations: StationServer
    api: FastAPI
    api_server: uvicorn.Server
    api_socket: socket.socket
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self, settings: Settings) -> None:
        """Begins to serve stations and operators."""
        self.tasks.append(asyncio.create_task(self.store.writer.run()))
        await self.hub.engine.preload()
        self._catch_up()
        self.store.on_back.append(self._catch_up)
        await self.hub.operator.start()
        self.hub.tell_doubts()
        scheduler = self.api.state.services.reports.scheduler
        hooks = [each.hook() for each in settings.webhooks]
        await self.hub.webhooks.start([*hooks, *scheduler.hooks])
        await self.hub.intake.second_look.start()
        warn_of_open_doors(settings, self.hub.engine.stations.values())
        port = await self.stations.start(settings.host, settings.port)
        tls_port = None
        if settings.tls_port is not None:
            host = settings.tls_host or settings.host
            tls_port = self.stations.start_tls(host, settings.tls_port)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.stations.reload_tls)
        self.tasks += [
            asyncio.create_task(self.api_server.serve(sockets=[self.api_socket])),
            asyncio.create_task(self.hub.run_deadlines()),
            asyncio.create_task(self.stations.run()),
            asyncio.create_task(Asker(self.hub).run()),
            asyncio.create_task(RecordKeeper(self.hub).run()),
            asyncio.create_task(PriceFetcher(self.hub).run()),
            asyncio.create_task(CertificateUpkeep(self.hub).run()),
            asyncio.create_task(self.hub.webhooks.run()),
            asyncio.create_task(scheduler.run()),
            asyncio.create_task(self.api.state.health_rounds.run()),
            asyncio.create_task(_upkeep(self.store, self.hub.clock, self.hub.recorder)),
        ]
        _settle_garbage()
        _announce(settings, (port, tls_port), self.api_socket.getsockname()[1])

    def _catch_up(self) -> None:
        """Has what was decided about vehicles and accounts reach the sessions of the past."""
        engine, now = self.hub.engine, self.hub.clock.now()
        self.hub.spawn(catch_up(engine, PeopleHistory(self.store), now))

    async def stop(self, settings: Settings, hurry: asyncio.Event) -> None:
        """Answers what was received, closes every connection, and writes what is left."""
        writing, serving, *others = self.tasks
        await self.stations.stop(settings.shutdown_s, settings.drain_window_s, hurry)
        self.api.state.events.close()
        self.api_server.should_exit = True
        await asyncio.wait({serving}, timeout=5)
        for task in (serving, *others):
            task.cancel()
        await self.api.state.health_rounds.end()
        self.store.writer.close()
        await asyncio.wait({writing}, timeout=10)
        with contextlib.suppress(DatabaseUnavailable):
            await self.numbers.release()
        if self.hub.recorder is not None:
            self.hub.recorder.close()


def _secret(settings: Settings) -> bytes | None:
    """Returns the secret under which marks of passwords are kept; None if there can be none."""
    file = settings.data_dir.absolute() / "password-marks.key"
    try:
        return load_key(file)
    except OSError as error:
        log.warning(
            "secret.unusable",
            file=str(file),
            why=error.strerror,
            hint="each station costs a slow hash after a restart; set --data-dir to our own",
        )
        return None


def _options(settings: Settings) -> StoreOptions:
    folder = settings.journal_dir or settings.data_dir / "journal"
    return StoreOptions(
        journal_dir=folder.absolute(),
        journal_max_bytes=settings.journal_max_mb * 1024**2,
        journal_max_age_s=settings.journal_max_age_h * 3600,
        spill_after_s=settings.spill_after_ms / 1000,
        database_wait_s=settings.database_wait_s,
    )


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Returns what comes of the work, or None if the program is told to stop before."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task})
    return None


async def _database(settings: Settings, stack: AsyncExitStack) -> str:
    """Returns the DSN, of a PostgreSQL of our own if none was named."""
    if settings.database_url is not None:
        return settings.database_url
    postgres = EmbeddedPostgres(
        settings.data_dir.absolute() / "postgres", bin_dir=settings.postgres_bin
    )
    dsn = await asyncio.to_thread(postgres.start)
    stack.callback(postgres.stop)
    keeper = asyncio.create_task(_keep_running(postgres))
    stack.push_async_callback(_cancelled, keeper)
    return dsn


async def _keep_running(postgres: EmbeddedPostgres) -> None:
    """Starts the embedded PostgreSQL again if it ends while we run."""
    while True:
        if await asyncio.to_thread(postgres.wait, 1.0):
            log.error("postgres.ended", hint="it is started again; its log is beside its data")
            try:
                await asyncio.to_thread(postgres.start)
            except DatabaseUnavailable as error:
                log.error("postgres.not_started", why=str(error))  # noqa: TRY400 - its message tells
                await asyncio.sleep(_START_AGAIN_S)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _api_host(settings: Settings) -> str:
    """Returns where the API listens.

    Raises:
        SettingsError: if that is open to others, and no token guards it.
    """
    host = settings.api_host or ("127.0.0.1" if settings.api_token is None else "0.0.0.0")  # noqa: S104 - guarded by a token
    if settings.api_token is None and host not in _LOOPBACK:
        raise SettingsError(
            f"--api-host {host} is open to others: set --api-token, or use 127.0.0.1"
        )
    return host


def _api_server(settings: Settings, api: FastAPI) -> tuple[uvicorn.Server, socket.socket]:
    host = _api_host(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, settings.api_port))
        listening.listen(2048)  # who is told that we listen is not refused
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"cannot listen on {host}:{settings.api_port} for the API: {error.strerror}; "
            "choose another with --api-port"
        ) from None
    config = uvicorn.Config(
        api,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    server = _ApiServer(config)
    return server, listening


class _ApiServer(uvicorn.Server):
    """A uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


async def _upkeep(store: PostgresStore, clock: Clock, recorder: Recorder | None) -> None:
    """Makes partitions ahead, and has the frame log reach the disk."""
    due_at = clock.now() + _UPKEEP
    while True:
        await asyncio.sleep(1)
        if recorder is not None:
            recorder.flush()
        _ = store.refuses_newcomers  # has an operator told in time that room runs out
        if clock.now() >= due_at:
            due_at = clock.now() + _UPKEEP
            await store.upkeep(clock.now())


def _settle_garbage() -> None:
    """Leaves what start-up made out of every collection, and collects less often.

    Messages make few cycles; by default collections took a twelfth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _until_stopped(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Returns when a signal came, or one of the tasks ended, which none should."""
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        if not task.cancelled() and task.exception() is not None:
            log.error("server.failed", exc_info=task.exception())


def _announce(settings: Settings, ports: tuple[int, int | None], api_port: int) -> None:
    host = "localhost" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared only
    port, tls_port = ports
    secure = {} if tls_port is None else {"tls_url": f"wss://{host}:{tls_port}/ocpp/{{station}}"}
    log.info(
        "server.listening",
        url=f"ws://{host}:{port}/ocpp/{{station}}",
        **secure,
        api_url=f"http://localhost:{api_port}/api/v1",
        docs=f"http://localhost:{api_port}/docs",
        database="embedded" if settings.database_url is None else "external",
        unknown_stations="accepted" if settings.accept_unknown_stations else "refused",
    )
