"""What happens, as it happens: server-sent events, for consoles and scripts that wait."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from csms.api.answers import with_z
from csms.api.context import Api
from csms.api.problems import unavailable
from csms.domain.times import format_time

if TYPE_CHECKING:
    from csms.engine.work import Note

_QUEUE = 1000
_MOST_CLIENTS = 200
_HEARTBEAT_S = 15.0

router = APIRouter(tags=["events"])


class EventQuery(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")

    event: str = Field("", description="Beginning of the event's name, such as `deviation.`")
    station: str = ""
    session: str = ""

    def wants(self, event: str, fields: Mapping[str, Any]) -> bool:
        """Tells whether the client has asked for this one."""
        return (
            event.startswith(self.event)
            and self.station in {"", fields.get("station")}
            and self.session in {"", fields.get("session")}
        )


class Client:
    """One who listens: the newest events that have not left yet."""

    def __init__(self, query: EventQuery) -> None:
        self.query = query
        self.dropped = 0
        self.is_closed = False
        self._frames: deque[bytes] = deque(maxlen=_QUEUE)
        self._wake = asyncio.Event()

    def put(self, frame: bytes) -> None:
        """Queues an event; the oldest is dropped when a slow client has too many waiting."""
        self.dropped += len(self._frames) == _QUEUE
        self._frames.append(frame)
        self._wake.set()

    def close(self) -> None:
        """Has the stream end."""
        self.is_closed = True
        self._wake.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """Yields what to send until the client is closed."""
        yield b"retry: 2000\n: connected\n\n"
        while not self.is_closed:
            try:
                async with asyncio.timeout(_HEARTBEAT_S):
                    await self._wake.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            yield self._take()

    def _take(self) -> bytes:
        self._wake.clear()
        frames = list(self._frames)
        self._frames.clear()
        if self.dropped:
            frames.insert(0, _frame("events.dropped", {"count": self.dropped}))
            self.dropped = 0
        return b"".join(frames)


class Broadcaster:
    """Hands every event to all who listen; costs nothing while nobody does."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._clients: set[Client] = set()

    def publish(self, event: str, fields: Mapping[str, Any]) -> None:
        """Tells everybody who asked for it. Never waits, never raises for a slow client."""
        if not self._clients:
            return
        members = {"event": event, "at": format_time(self._now()), **with_z(dict(fields))}
        frame = _frame(event, members)
        for client in self._clients:
            if client.query.wants(event, fields):
                client.put(frame)

    def take(self, note: "Note") -> None:
        """Publishes a line of the log; to be called by the hub for each note."""
        self.publish(note.event, note.fields)

    def close(self) -> None:
        """Ends all streams, so that the server can stop."""
        for client in self._clients:
            client.close()

    @property
    def is_full(self) -> bool:
        """Tells whether no more clients are taken."""
        return len(self._clients) >= _MOST_CLIENTS

    @contextmanager
    def listening(self, client: Client) -> Iterator[Client]:
        """Has the client told of events as long as the block runs."""
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    async def follow(self, query: EventQuery) -> AsyncIterator[bytes]:
        """Yields the events of one client."""
        with self.listening(Client(query)) as client:
            async for chunk in client.stream():
                yield chunk


@router.get("/events", response_class=StreamingResponse, responses={200: {"description": "SSE"}})
async def follow(api: Api, query: Annotated[EventQuery, Query()]) -> StreamingResponse:
    """Live events of sessions, deviations, profiles and stations, as server-sent events.

    Each has `event`, `at` and the members of the log line of the same name. A client that reads
    too slowly loses the oldest, and is told how many by `events.dropped`.
    """
    if api.events.is_full:
        raise unavailable(f"{_MOST_CLIENTS} clients follow events already")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        api.events.follow(query), media_type="text/event-stream", headers=headers
    )


def _frame(event: str, members: Mapping[str, Any]) -> bytes:
    body = orjson.dumps(members, default=str, option=orjson.OPT_NON_STR_KEYS)
    return b"event: " + event.encode() + b"\ndata: " + body + b"\n\n"
