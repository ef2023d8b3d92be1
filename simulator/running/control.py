"""The control port: a fleet by hand over HTTP, with its events as a stream.

For tests and people beside it, so on the loopback interface unless told otherwise: there is no
password. Everything goes through the hand of `simulator.station.hand`.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import Body, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from simulator.errors import SimulatorError
from simulator.naming import unknown
from simulator.running import orders, problems
from simulator.running.bodies import JsonBodies
from simulator.running.fleet import Runner
from simulator.running.progress import TRUTH, as_json
from simulator.station.hand import Hand, HandError
from simulator.station.outputs import Happened
from simulator.station.view import state, view

_DEFAULT_HOST = "127.0.0.1"
_KEPT_EVENTS = 1000
_STILL_HERE_S = 15.0
_MOST_FOLLOWERS = 32
_DESCRIPTION = """\
Plug in, show tokens, unplug, break things: what a person beside the stations would do.
An order is answered with how the station stands right after it. Times are simulated seconds."""


class Follower:
    """One reader of the events; one that is too slow loses the oldest."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._waiting: deque[Happened] = deque(maxlen=_KEPT_EVENTS)
        self._woken = asyncio.Event()
        self._is_closed = False

    def note(self, happened: Happened) -> None:
        """Take an event."""
        if fnmatchcase(happened.station, self._pattern) and not happened.name.startswith(TRUTH):
            self._waiting.append(happened)
            self._woken.set()

    def close(self) -> None:
        """End the stream."""
        self._is_closed = True
        self._woken.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield events in the form of server-sent events."""
        yield b": connected\n\n"
        while not self._is_closed:
            try:
                async with asyncio.timeout(_STILL_HERE_S):
                    await self._woken.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            self._woken.clear()
            while self._waiting:
                each = self._waiting.popleft()
                yield f"event: {each.name}\ndata: {as_json(each)}\n\n".encode()


class Control:
    """What the port does with a fleet."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._followers: set[Follower] = set()

    def note(self, happened: Happened) -> None:
        """Hand an event to all who follow."""
        for each in self._followers:
            each.note(happened)

    def close(self) -> None:
        """End all streams."""
        for each in self._followers:
            each.close()

    def look(self, station_id: str) -> dict[str, Any]:
        """Return how a station stands. Raises: NotThere."""
        self._known(station_id)
        return asdict(self._runner.perform(station_id, view))

    def list(self, pattern: str) -> list[dict[str, Any]]:
        """Return the stations that match, in the fleet's order, in brief."""
        return [
            {
                "station": each.id,
                "version": each.dialect.version.value,
                "state": state(each),
                "evses": len(each.bays),
                "charging": each.charging_count(),
            }
            for each in self._runner.stations.values()
            if fnmatchcase(each.id, pattern)
        ]

    def give(self, station_id: str, order: orders.Order) -> dict[str, Any]:
        """Carry an order out and return how the station stands. Raises: NotThere, HandError."""
        self._known(station_id)
        self._runner.perform(station_id, lambda each, now: order.carry_out(Hand(each, now)))
        return self.look(station_id)

    def give_all(self, pattern: str, order: orders.Order) -> dict[str, Any]:
        """Carry an order out at all stations that match; tell where it could not be done."""
        matching = [each for each in self._runner.stations if fnmatchcase(each, pattern)]
        if not matching:
            raise problems.NotThere(f"no station matches {pattern!r}")
        refused = {}
        for each in matching:
            try:
                self.give(each, order)
            except HandError as error:
                refused[each] = str(error)
        return {"done": len(matching) - len(refused), "refused": refused}

    @contextlib.contextmanager
    def following(self, pattern: str) -> Iterator[Follower]:
        """Have a follower told as long as the block runs."""
        follower = Follower(pattern)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    @property
    def is_full(self) -> bool:
        """Whether no more followers are taken."""
        return len(self._followers) >= _MOST_FOLLOWERS

    def figures(self) -> dict[str, Any]:
        """Return how the fleet stands."""
        figures = self._runner.figures()
        # asdict takes a Counter for the pairs that it holds, and counts them.
        return {**asdict(figures), "errors": dict(figures.errors)}

    def _known(self, station_id: str) -> None:
        stations = self._runner.stations
        if station_id not in stations:
            raise problems.NotThere(unknown("station", station_id, stations, "list"))


Pattern = Annotated[str, Query(description="As in BAY-*", alias="match")]


def application(control: Control) -> FastAPI:
    """Return the HTTP side of a control."""
    app = FastAPI(
        title="Simulator control",
        version="1",
        description=_DESCRIPTION,
        dependencies=[Depends(_of_no_other_page)],
    )
    problems.install(app)
    app.add_middleware(JsonBodies)

    @app.get("/figures", tags=["fleet"])
    async def figures() -> dict[str, Any]:
        """Connected stations, sessions, messages, latency, errors."""
        return control.figures()

    @app.get("/stations", tags=["fleet"])
    async def stations(match: Pattern = "*") -> list[dict[str, Any]]:
        """All stations in brief."""
        return control.list(match)

    @app.get("/events", tags=["fleet"], response_class=StreamingResponse)
    async def events(match: Pattern = "*") -> Response:
        """Everything that happens, as server-sent events; slow readers lose the oldest."""
        if control.is_full:
            raise HandError(f"{_MOST_FOLLOWERS} clients follow events already")
        return StreamingResponse(_followed(control, match), media_type="text/event-stream")

    @app.get("/stations/{station_id}", tags=["station"])
    async def station(station_id: str) -> dict[str, Any]:
        """One station with its EVSEs."""
        return control.look(station_id)

    for name, order in orders.ORDERS.items():
        _add(app, control, name, order)
    return app


def _of_no_other_page(request: Request) -> None:
    """Refuse what a page of elsewhere has a browser on this machine send."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(HTTPStatus.FORBIDDEN)


def _add(app: FastAPI, control: Control, name: str, order: type[orders.Order]) -> None:
    """Add the two routes of an order: at one station, and at all that match."""
    needs_body = any(each.is_required() for each in order.model_fields.values())
    body = Body() if needs_body else Body(default_factory=order)
    summary = (order.__doc__ or "").partition(".")[0]

    async def one(station_id: str, given: Any) -> dict[str, Any]:  # noqa: ANN401 - annotated below
        return control.give(station_id, given)

    async def many(given: Any, match: Pattern = "*") -> dict[str, Any]:  # noqa: ANN401 - likewise
        return control.give_all(match, given)

    for function in (one, many):
        function.__annotations__["given"] = Annotated[order, body]
        function.__doc__ = order.__doc__
    app.post(f"/stations/{{station_id}}/{name}", tags=["station"], summary=summary)(one)
    app.post(f"/fleet/{name}", tags=["fleet"], summary=f"{summary}, at all that match")(many)


async def _followed(control: Control, pattern: str) -> AsyncIterator[bytes]:
    with control.following(pattern) as follower:
        async for chunk in follower.stream():
            yield chunk


class _Server(uvicorn.Server):
    """A uvicorn that leaves the signals to the fleet."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def serving(where: str, runner: Runner) -> AsyncIterator[Callable[[Happened], None]]:
    """Serve the control port at `[HOST:]PORT` while the block runs; yields who takes events.

    Raises: SimulatorError for a port that cannot be had.
    """
    bound = _bound(where)
    control = Control(runner)
    config = uvicorn.Config(
        application(control), log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield control.note
    finally:
        control.close()
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task
        bound.close()


def _bound(where: str) -> socket.socket:
    host, colon, port = where.rpartition(":")
    host = host.strip("[]") if colon else _DEFAULT_HOST
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family)
    except (ValueError, OverflowError) as error:
        raise SimulatorError(f"--control {where}: write PORT or HOST:PORT, as in 9999") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise SimulatorError(f"--control {where}: {reason}") from error
