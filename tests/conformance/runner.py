"""Plays cases, many at a time, on servers that are started when the first case wants them."""

from __future__ import annotations

import asyncio
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.conformance.servers import Database, Server
from tests.conformance.stage import RAW, TYPED, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conformance.book import Case

PASSED, FAILED = "passed", "failed"
_AT_A_TIME = 16
_STARTS_AT_A_TIME = 2
_CASE_S = 180.0


@dataclass(frozen=True)
class Result:
    """How one play of a case went. `seen` are the calls: (direction, action)."""

    case: Case
    mode: str | None
    outcome: str
    reason: str = ""
    transcript: str = ""
    took_s: float = 0.0
    seen: frozenset[tuple[str, str]] = frozenset()


@dataclass
class Played:
    """All results, and what the servers logged of errors of their own."""

    results: list[Result]
    troubles: list[str]
    took_s: float


class Servers:
    """The servers of a run, each started once, when it is wanted."""

    def __init__(self) -> None:
        self._shared: dict[str, asyncio.Task[Server]] = {}
        self._database = Database()
        self.troubles: list[str] = []

    async def of(self, case: Case) -> Server:
        """Returns the server that a case plays on."""
        if case.server.startswith("own"):
            return await self._started(case.server)
        if case.server not in self._shared:
            self._shared[case.server] = asyncio.create_task(self._started(case.server))
        return await asyncio.shield(self._shared[case.server])

    async def leave(self, server: Server) -> None:
        """Has a server of a case's own end with it."""
        if server.kind.startswith("own"):
            await self._end(server)

    async def end(self) -> None:
        """Ends all of them."""
        for task in self._shared.values():
            with suppress(RuntimeError):
                await self._end(await task)
        self._database.end()

    async def _started(self, kind: str) -> Server:
        server = Server(kind, await self._database.make())
        try:
            await server.start()
        except RuntimeError:
            await server.remove()
            raise
        return server

    async def _end(self, server: Server) -> None:
        await server.remove()
        self.troubles += [f"{server.kind}: {each}" for each in server.troubles()]


async def play_all(cases: Iterable[Case], at_a_time: int = _AT_A_TIME) -> Played:
    """Plays cases, typed and, where operators act, relayed too; returns how each went."""
    began = time.monotonic()
    servers, room = Servers(), asyncio.Semaphore(at_a_time)
    starts = asyncio.Semaphore(_STARTS_AT_A_TIME)

    async def one(case: Case) -> list[Result]:
        async with starts if case.server.startswith("own") else room:
            return await play(case, servers)

    try:
        found = await asyncio.gather(*(one(each) for each in cases))
    finally:
        await servers.end()
    results = [each for several in found for each in several]
    return Played(results, servers.troubles, time.monotonic() - began)


async def play(case: Case, servers: Servers) -> list[Result]:
    """Plays a case; once more through the relay if an operator acted in it."""
    first, has_operated = await _once(case, TYPED, servers)
    if not has_operated:
        return [first]
    return [first, (await _once(case, RAW, servers))[0]]


async def _once(case: Case, mode: str, servers: Servers) -> tuple[Result, bool]:
    began = time.monotonic()
    try:
        server = await servers.of(case)
    except Exception as error:  # noqa: BLE001 - told in the table
        return Result(case, None, FAILED, f"no server: {error}"), False
    stage = Stage(case, mode, server)
    reasons: list[str] = []
    try:
        async with asyncio.timeout(_CASE_S):
            await case.play(stage)
    except TimeoutError:
        reasons.append(f"it took more than {_CASE_S:.0f} s\n{traceback.format_exc(limit=-2)}")
    except AssertionError as wrong:
        reasons.append(f"{wrong or 'an assertion'}\n{_place(wrong)}")
    except Exception as error:  # noqa: BLE001 - whatever a case raises is its failure
        reasons.append(f"{error!r}\n{_place(error)}")
    finally:
        await stage.close()
        await servers.leave(server) if case.server.startswith("own") else None
    faults = (
        stage.faults()
        if not case.server.startswith("own")
        else [each for each in stage.faults() if not each.startswith("the server's process")]
    )
    reasons = [*faults, *reasons]
    seen = frozenset().union(*(each.seen for each in stage.chargers))
    result = Result(
        case,
        mode if stage.has_operated else None,
        FAILED if reasons else PASSED,
        "\n".join(reasons),
        stage.transcript(),
        time.monotonic() - began,
        seen,
    )
    return result, stage.has_operated


def _place(error: BaseException) -> str:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "/cases_" in frame.filename or "/states.py" in frame.filename:
            return f"  at {frame.filename.rsplit('/', 1)[1]}:{frame.lineno}: {frame.line}"
    return "".join(traceback.format_tb(error.__traceback__)[-2:])
