"""What a case plays on: its stations, and the operator, who has nothing but the HTTP API."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.conformance.charger import SILENCE, WAIT_S, Answer, Charger, Error, Expected, Payload
from tests.conformance.patterns import check, filled
from tests.conformance.schemas import request_fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from tests.conformance.book import Case
    from tests.conformance.servers import Server

TYPED, RAW = "typed", "raw"
AGREED = {
    "Accepted",
    "AcceptedCanceled",
    "EmptyResultSet",
    "NoProfiles",
    "RebootRequired",
    "Scheduled",
    "Unlocked",
    "Unpublished",
}
_LINGER_S = 0.3
_LOOK_S = 0.05
_COUNT = itertools.count(1)

Call = tuple[str, Any]


@dataclass
class Operated:
    """An operation that was asked of a station. `requests` are the payloads that it received."""

    stage: Stage
    id: str
    view: dict[str, Any]
    requests: list[Payload]
    answer: dict[str, Any] = field(default_factory=dict)
    """The answer of the raw relay; empty in mode typed."""

    @property
    def request(self) -> Payload:
        """The payload of the first call."""
        return self.requests[0]

    @property
    def result(self) -> dict[str, Any]:
        """What the station told, as last seen."""
        found: dict[str, Any] = self.view["result"]
        return found

    async def look(self) -> dict[str, Any]:
        """Returns the operation as it is now."""
        self.view = await self.stage.get(f"/operations/{self.id}")
        return self.view

    async def comes_to(self, state: str = "done") -> dict[str, Any]:
        """Waits until it is in a state, such as done, failed or accepted."""

        async def is_there() -> bool:
            return bool((await self.look())["state"] == state)

        await self.stage.until(is_there, lambda: f"{self.id} is not {state}: {self.view}")
        return self.view

    async def told(self, **step: Any) -> dict[str, Any]:
        """Waits until a step of its progress has these members."""

        async def is_there() -> bool:
            return any(step.items() <= each.items() for each in (await self.look())["progress"])

        await self.stage.until(is_there, lambda: f"{self.id} has no step {step}: {self.view}")
        return self.view


class Stage:
    """The stage of one play of one case."""

    def __init__(self, case: Case, mode: str, server: Server) -> None:
        self.case, self.mode, self.server = case, mode, server
        self.version, self.variant = case.version, case.variant
        self.chargers: list[Charger] = []
        self.has_operated = False
        self._count = itertools.count(1)
        self._play = next(_COUNT)

    @property
    def is_typed(self) -> bool:
        """Whether operations are asked by their own endpoints, not relayed."""
        return self.mode == TYPED

    def unique(self, stem: str = "TAG") -> str:
        """Returns a name that no other play uses, of at most 20 characters."""
        return f"{stem[:9]}-{self._play}-{next(self._count)}"

    # Stations

    async def charger(
        self,
        *,
        boot: bool = True,
        connect: bool = True,
        connectors: tuple[tuple[int, int], ...] = ((1, 1),),
        **record: Any,
    ) -> Charger:
        """Returns a station of the case's version that is known to the server.

        By default it has connected, booted and told its connectors. `record` are members of
        PUT /stations/{id}, such as `password`, `registration`, `items_per_message`.
        """
        short = self.case.id.removeprefix("TC_").removesuffix("_CSMS")[:16]
        station_id = self.unique(f"{short}").replace("[", "").replace("]", "")
        made = Charger(
            self.server.url(station_id),
            station_id,
            self.version,
            password=record.get("password"),
            connectors=connectors,
        )
        self.chargers.append(made)
        await self.put(f"/stations/{station_id}", **record)
        if connect:
            await made.connect()
            if boot:
                await made.boot()
        return made

    async def token(self, text: str | None = None, **decided: Any) -> str:
        """Has a token be known, by default an accepted one of its own; returns its text."""
        text = text or self.unique()
        await self.put(f"/tokens/{quote(text, safe='')}", **decided)
        return text

    # The operator

    async def operate(
        self,
        charger: Charger,
        name: str,
        body: dict[str, Any] | None = None,
        *,
        sends: Call | list[Call],
        answer: Answer | list[Answer] = None,
        relays: Call | list[Call] | None = None,
        status: str | None = None,
    ) -> Operated:
        """Has the operator ask something of a station, typed or relayed, as the play's mode is.

        `body` is that of POST /operations/{name}; `sends` are the calls that must arrive, as
        patterns, each answered with its `answer` (the last one goes for those that follow). In
        mode raw `relays`, by default `sends`, is what the operator relays. Then the answer, and
        the record of the operation, are held against what the station answered; `status` is the
        word that the record must have, by default the one that the station answered.
        """
        self.has_operated = True
        calls = sends if isinstance(sends, list) else [sends]
        given = answer if isinstance(answer, list) else [answer]
        answers = [given[min(at, len(given) - 1)] for at in range(len(calls))]
        if self.is_typed:
            return await self._operate_typed(charger, name, body or {}, calls, answers, status)
        relayed = None if relays is None else (relays if isinstance(relays, list) else [relays])
        return await self._operate_raw(charger, calls, answers, relayed, status)

    async def _operate_typed(
        self,
        charger: Charger,
        name: str,
        body: dict[str, Any],
        calls: list[Call],
        answers: list[Answer],
        status: str | None,
    ) -> Operated:
        expected = [
            charger.expects(action, pattern, said)
            for (action, pattern), said in zip(calls, answers, strict=True)
        ]
        path = f"/stations/{charger.id}/operations/{name}"
        view = await self.post(path, body, params={"wait_s": WAIT_S}, told=(200,))
        operated = Operated(self, view["id"], view, await _all(expected))
        assert view["operation"] == name
        await self._hold(operated, charger, expected, answers, status)
        return operated

    async def _operate_raw(
        self,
        charger: Charger,
        calls: list[Call],
        answers: list[Answer],
        relayed: list[Call] | None,
        status: str | None,
    ) -> Operated:
        said: dict[str, Any] = {}
        expected: list[Expected] = []
        if relayed is None:
            for (action, pattern), answer in zip(calls, answers, strict=True):
                payload = filled(pattern)
                expected.append(charger.expects(action, None, answer, order=payload))
                said = await self.relay(charger, action, payload)
        else:
            for (action, pattern), answer in zip(calls, answers, strict=True):
                expected.append(charger.expects(action, pattern, answer))
            for action, payload in relayed:
                said = await self.relay(charger, action, filled(payload))
        name = f"call:{calls[-1][0]}"
        found = await self.get("/operations", station=charger.id, operation=name, limit=1)
        view = found["items"][0]
        operated = Operated(self, view["id"], view, await _all(expected), said)
        await self._hold(operated, charger, expected, answers, status)
        return operated

    async def relay(self, charger: Charger, action: str, payload: Payload) -> dict[str, Any]:
        """Relays a call as it is, and returns what the API answers; the charger must expect it."""
        fault = request_fault(self.version, action, payload)
        assert fault is None, f"the case itself is wrong: {fault}"
        path = f"/stations/{charger.id}/calls/{action}"
        told: dict[str, Any] = await self.post(path, payload, params={"timeout_s": WAIT_S})
        return told

    async def _hold(
        self,
        operated: Operated,
        charger: Charger,
        expected: list[Expected],
        answers: list[Answer],
        status: str | None,
    ) -> None:
        """Holds the record of an operation against what left and what was answered."""
        view = operated.view
        left = [(each["action"], each["payload"]) for each in view["requests"]]
        if "BasicAuthPassword" not in json.dumps(left) and "AuthorizationKey" not in json.dumps(
            left
        ):
            arrived = [(each.action, each.found.result()) for each in expected]
            is_last = not self.is_typed and len(arrived) > len(left)
            check(arrived[-1:] if is_last else arrived, _lists(left), "the recorded requests")
        last = answers[-1]
        if isinstance(last, Error):
            assert view["status"] == last.code, f"an error {last} is recorded as {view}"
            assert view["state"] in {"refused", "failed"}, f"an error is recorded as {view}"
            if operated.answer:
                assert operated.answer["outcome"] == "error"
                assert operated.answer["error_code"] == last.code
            return
        word = status
        if word is None and isinstance(last, dict) and isinstance(last.get("status"), str):
            word = last["status"]
        if word is not None:
            assert view["status"] == word, f"the station said {word}, recorded is {view}"
            states = {"done", "accepted"} if word in AGREED else {"refused"}
            assert view["state"] in states, f"{word} is recorded as {view}"
        if operated.answer:
            assert operated.answer["outcome"] == "result", operated.answer
            if isinstance(last, dict) and len(answers) == 1:
                assert operated.answer["payload"] == last, operated.answer

    async def refused(
        self, charger: Charger, name: str, body: dict[str, Any], told: int = 409
    ) -> dict[str, Any]:
        """Asks for an operation that must be refused before it leaves; returns the problem."""
        self.has_operated = True
        path = f"/stations/{charger.id}/operations/{name}"
        problem: dict[str, Any] = await self.post(path, body, told=(told,))
        assert problem["detail"], problem
        return problem

    # The API

    async def get(self, path: str, **query: Any) -> Any:
        """Returns what the API answers to a GET, which must be a 200."""
        return (await self.request("GET", path, params=query)).json()

    async def put(self, path: str, **body: Any) -> Any:
        """Returns what the API answers to a PUT."""
        return (await self.request("PUT", path, json=body, told=(200, 201))).json()

    async def post(
        self, path: str, body: Any = None, told: tuple[int, ...] = (200,), **more: Any
    ) -> Any:
        """Returns what the API answers to a POST."""
        return (await self.request("POST", path, json=body, told=told, **more)).json()

    async def delete(self, path: str) -> None:
        """Deletes something by the API."""
        await self.request("DELETE", path, told=(200, 204))

    async def request(
        self, method: str, path: str, told: tuple[int, ...] = (200,), **options: Any
    ) -> httpx.Response:
        """Asks the API; its status must be one of `told`."""
        assert self.server.http is not None
        answer = await self.server.http.request(method, f"{self.server.api}{path}", **options)
        assert answer.status_code in told, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    async def station(self, charger: Charger) -> dict[str, Any]:
        """Returns the station as the API shows it."""
        found: dict[str, Any] = await self.get(f"/stations/{charger.id}")
        return found

    async def connector(self, charger: Charger, evse: int = 1, connector: int = 1) -> str:
        """Returns the state that the API shows of a connector."""
        for each in (await self.station(charger))["connectors"]:
            if (each["evse"], each["connector"]) == (evse, connector):
                return str(each["status"])
        raise AssertionError(f"connector {evse}/{connector} is unknown")

    async def sessions(self, charger: Charger) -> list[dict[str, Any]]:
        """Returns the station's sessions, the newest first."""
        found: list[dict[str, Any]] = (await self.get("/sessions", station=charger.id))["items"]
        return found

    async def session(self, charger: Charger, **members: Any) -> dict[str, Any]:
        """Waits for the newest session of the station to have these members, and returns it."""
        found: list[dict[str, Any]] = []

        async def is_so() -> bool:
            found[:] = await self.sessions(charger)
            return bool(found) and members.items() <= found[0].items()

        await self.until(is_so, lambda: f"the session is {found[:1]}, not {members}")
        return found[0]

    async def until(
        self, is_so: Callable[[], Awaitable[bool]], otherwise: Callable[[], str]
    ) -> None:
        """Looks again and again, as an operator's page does, until something is so."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not await is_so():  # noqa: ASYNC110 - the API is all there is
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise AssertionError(otherwise()) from None

    # The end

    async def close(self) -> None:
        """Ends all connections, after a moment in which nothing may come uninvited."""
        if any(each.is_connected for each in self.chargers):
            await asyncio.sleep(_LINGER_S)
        for each in self.chargers:
            await each.disconnect()

    def faults(self) -> list[str]:
        """Returns what the stations had to complain about."""
        found = [f"{each.id}: {fault}" for each in self.chargers for fault in each.faults]
        for each in self.chargers:
            found += [f"{each.id}: {action} never came" for action in each.unheard()]
        if not self.server.is_alive:
            found.append("the server's process has ended")
        return found

    def transcript(self) -> str:
        """Returns all that was said."""
        return "\n".join(line for each in self.chargers for line in each.transcript)


async def _all(expected: list[Expected]) -> list[Payload]:
    return [await each for each in expected]


def _lists(pairs: list[tuple[str, Any]]) -> list[list[Any]]:
    return [list(each) for each in pairs]


__all__ = ["RAW", "SILENCE", "TYPED", "Error", "Operated", "Stage"]
