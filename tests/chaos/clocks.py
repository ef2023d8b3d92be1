"""Stations whose clocks lie, beside some whose clocks are right, on a server whose time is fast."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.chaos import payloads
from tests.chaos.light import Link, Tally
from tests.chaos.plan import Limit, Outcome, zero
from tests.chaos.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.chaos.plan import Plan

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_WRONG_S = 60
_FLAG = "clock_suspect"
_TIMES = ("started_at_station", "started_received_at", "ended_at_station", "ended_received_at")


@dataclass(frozen=True)
class Fault:
    """How a clock lies: the station's time from the true one and from how far its run has come.

    `share` is 0 where the first session begins and 1 where it ends; of each session where it lies
    `each_time`.
    """

    name: str
    tell: Callable[[datetime, float], datetime]
    has_zone: bool = True
    reboots: bool = False
    is_wrong: bool = True
    cuts: bool = False
    is_offline: bool = False
    each_time: bool = False


def _by(**more: float) -> Callable[[datetime, float], datetime]:
    return lambda at, _share: at + timedelta(**more)


def _jump(at: datetime, share: float) -> datetime:
    """Three hours ahead in the middle of each session; a rest of a quarter lies between them."""
    return at + timedelta(hours=3 if 1 / 3 < share % 1.25 < 2 / 3 else 0)


def _drift(at: datetime, _share: float) -> datetime:
    """A second each minute, since it was last set right 5 hours before the hour."""
    since_s = 5 * 3600 + at.minute * 60 + at.second
    return at + timedelta(seconds=since_s / 60)


def _after_reboot(at: datetime, share: float) -> datetime:
    return at - timedelta(hours=0 if share < 0.5 else 5)


def _dst(at: datetime, share: float) -> datetime:
    return at + timedelta(hours=1 if share < 0.5 else 2)


def _from_1970(at: datetime, _share: float) -> datetime:
    return _1970 + timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


FAULTS = (
    Fault("1970", _from_1970),
    Fault("no-zone", _by(hours=1), has_zone=False),
    Fault("local-marked-z", _by(hours=2)),
    Fault("jump", _jump, each_time=True),
    Fault("drift", _drift),
    Fault("2099", _by(days=73 * 365.25)),
    Fault("back-after-reboot", _after_reboot, reboots=True),
    Fault("dst", _dst),
    Fault("1970-cut", _from_1970, cuts=True),
    Fault("local-cut", _by(hours=2), cuts=True),
    Fault("local-offline", _by(hours=2), is_offline=True),
    Fault("right", _by(), is_wrong=False),
    Fault("right-cut", _by(), is_wrong=False, cuts=True),
    Fault("right-offline", _by(), is_wrong=False, is_offline=True),
)


@dataclass
class Sun:
    """The true time, which is the server's."""

    noon: datetime
    at_s: float
    speed: float

    def now(self) -> datetime:
        passed_s = (time.monotonic() - self.at_s) * self.speed
        return self.noon + timedelta(seconds=passed_s)

    async def pass_s(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


@dataclass
class Played:
    """A session as it truly was."""

    began_at: datetime
    ended_at: datetime | None = None
    transaction: str = ""
    first_wh: int = 0
    last_wh: int = 0


@dataclass
class Station:
    """One charger with one fault. Its messages carry its own time; `played` has the true one."""

    fault: Fault
    version: str
    port: int
    sun: Sun
    random: Random
    length_s: float
    every_s: float
    played: list[Played] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    register_wh: int = 1000
    _first_at: datetime | None = None
    _queue: list[tuple[str, dict[str, Any]]] | None = None
    _number: int = 0

    @property
    def name(self) -> str:
        return f"CLOCK-{self.fault.name}-{self.version[4:]}"

    async def play(self, sessions: int) -> None:
        """Plays sessions with a rest before each."""
        await asyncio.sleep(self.random.uniform(0, 0.5))
        self.link = await self._connect()
        for _ in range(sessions):
            await self._session()
            await self.sun.pass_s(self.length_s / 4)
        self.link.close()

    async def _session(self) -> None:
        played = Played(self.sun.now(), first_wh=self.register_wh)
        self._first_at = self._first_at or played.began_at
        self.played.append(played)
        self._number = 0
        if self.fault.is_offline:
            self._go_offline()
        await self._start(played)
        steps = round(self.length_s / self.every_s)
        for step in range(1, steps):
            await self.sun.pass_s(self.every_s * self.random.uniform(0.8, 1.2))
            if step == steps // 2 and self.fault.reboots:
                self.link.abort()
                self.link = await self._connect()
            if step == steps // 4 and self.fault.cuts:
                self._go_offline()
            if step == steps * 3 // 4 and self.fault.cuts:
                await self._come_back()
            self.register_wh += self.random.randint(1, 300)
            await self._say(*self._meter(played))
        await self.sun.pass_s(self.every_s)
        self.register_wh += self.random.randint(1, 300)
        played.ended_at, played.last_wh = self.sun.now(), self.register_wh
        await self._say(*self._stop(played))
        if self.fault.is_offline:
            await self.sun.pass_s(self.length_s / 2)
            await self._come_back()

    def _time(self) -> str:
        """The station's own time, as it writes it."""
        now = self.sun.now()
        since = self.played[-1].began_at if self.fault.each_time and self.played else self._first_at
        passed_s = (now - (since or now)).total_seconds()
        told = payloads.stamp(self.fault.tell(now, passed_s / self.length_s))
        return told if self.fault.has_zone else told.removesuffix("Z")

    async def _connect(self) -> Link:
        link = Link(self.name, self.version, self.tally)
        await link.connect(self.port)
        await link.call("BootNotification", payloads.BOOTS[self.version])
        await link.call("StatusNotification", payloads.status(self.version, self._time()))
        return link

    def _go_offline(self) -> None:
        self.link.abort()
        self._queue = []

    async def _come_back(self) -> None:
        """Delivers what waited, as fast as it goes."""
        waiting, self._queue = self._queue or [], None
        self.link = await self._connect()
        for action, payload in waiting:
            late = {"offline": True} if action == "TransactionEvent" else {}
            if "transactionId" in payload:
                payload["transactionId"] = int(self.played[-1].transaction)
            await self._say(action, {**payload, **late})

    async def _say(self, action: str, payload: dict[str, Any]) -> None:
        if self._queue is not None:
            self._queue.append((action, payload))
            return
        answer = await self.link.call(action, payload)
        if action == "StartTransaction":
            self.played[-1].transaction = str(answer[2]["transactionId"])

    async def _start(self, played: Played) -> None:
        if self.version == payloads.V16:
            start = payloads.start_16(f"T{len(self.played)}", self.register_wh, self._time())
            await self._say("StartTransaction", start)
            return
        played.transaction = f"tx-{self.random.getrandbits(64):x}"
        await self._say("TransactionEvent", self._event("Started", played))

    def _meter(self, played: Played) -> tuple[str, dict[str, Any]]:
        if self.version == payloads.V201:
            return "TransactionEvent", self._event("Updated", played)
        known = int(played.transaction or 0)
        return "MeterValues", payloads.meter_16(known, self.register_wh, self._time())

    def _stop(self, played: Played) -> tuple[str, dict[str, Any]]:
        if self.version == payloads.V201:
            return "TransactionEvent", self._event("Ended", played)
        known = int(played.transaction or 0)
        return "StopTransaction", payloads.stop_16(known, self.register_wh, self._time())

    def _event(self, kind: str, played: Played) -> dict[str, Any]:
        number, self._number = self._number, self._number + 1
        return payloads.event_201(kind, played.transaction, number, self.register_wh, self._time())


async def run(plan: Plan) -> Outcome:
    speed = 20.0
    length_s, every_s = plan.pick(short=(150.0, 10.0), full=(1200.0, 60.0))
    server = Server(plan.folder, env={"CSMS_CLOCK_SPEED": f"{speed:g}"})
    await server.start()
    try:
        sun = await _sunrise(server, speed)
        stations = [
            Station(fault, version, server.port, sun, plan.draws(fault.name, version),
                    length_s, every_s)
            for fault in FAULTS
            for version in (payloads.V16, payloads.V201)
        ]  # fmt: skip
        plan.say(f"{len(stations)} stations charge at {speed:g} times the speed")
        await asyncio.gather(*(each.play(plan.pick(short=1, full=2)) for each in stations))
        await asyncio.sleep(plan.pick(short=1, full=4))
        figures = await _judge(plan, server, stations)
    finally:
        await server.stop()
    figures |= {"speed": speed, "troubles": len(server.troubles())}
    limits = zero("missing", "wh_difference", "not_flagged", "flagged_wrongly", "times_missing")
    limits += [
        Limit("duration_error_s", "<=", _WRONG_S),
        Limit("start_error_s", "<=", _WRONG_S),
        *zero("errors"),
    ]
    return Outcome(figures, limits)


async def _sunrise(server: Server, speed: float) -> Sun:
    link = await Link("CLOCK-SUN", payloads.V16).connect(server.port)
    sent_s = time.monotonic()
    answer = await link.call("BootNotification", payloads.BOOTS[payloads.V16])
    middle_s = (sent_s + time.monotonic()) / 2
    link.close()
    return Sun(datetime.fromisoformat(answer[2]["currentTime"]), middle_s, speed)


async def _judge(plan: Plan, server: Server, stations: list[Station]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "sessions": 0, "wrong_clocks": 0, "missing": 0, "wh_difference": 0, "not_flagged": 0,
        "flagged_wrongly": 0, "times_missing": 0, "duration_error_s": 0.0, "start_error_s": 0.0,
    }  # fmt: skip
    for station in stations:
        shown = {
            each["transaction_id"]: each
            for each in (await server.get("/sessions", station=station.name))["items"]
        }
        figures["missing"] += abs(len(shown) - len(station.played))
        for played in station.played:
            session = shown.get(played.transaction)
            if session is None:
                figures["missing"] += 1
                continue
            found = _compare(station.fault, played, session)
            if found["odd"]:
                plan.say(f"{station.name}: {found} flags {session['flags']}")
            figures["sessions"] += 1
            figures["wrong_clocks"] += station.fault.is_wrong
            for name in ("wh_difference", "not_flagged", "flagged_wrongly", "times_missing"):
                figures[name] += found[name]
            for name in ("duration_error_s", "start_error_s"):
                figures[name] = max(figures[name], found[name])
    figures["errors"] = sum(len(each.tally.errors) for each in stations)
    return figures


def _compare(fault: Fault, played: Played, session: dict[str, Any]) -> dict[str, Any]:
    assert played.ended_at is not None
    true_s = (played.ended_at - played.began_at).total_seconds()
    is_flagged = _FLAG in session["flags"]
    ended_at, began_at = session["ended_at"], session["started_at"]
    told_s = 0.0
    if ended_at is not None:
        told_s = (_instant(ended_at) - _instant(began_at)).total_seconds()
    found = {
        "wh_difference": abs((session["energy_wh"] or 0) - (played.last_wh - played.first_wh)),
        "not_flagged": int(fault.is_wrong and not is_flagged),
        "flagged_wrongly": int(is_flagged and not fault.is_wrong),
        "times_missing": sum(session.get(each) is None for each in _TIMES),
        "duration_error_s": round(abs(told_s - true_s), 1),
        "start_error_s": round(abs((_instant(began_at) - played.began_at).total_seconds()), 1),
    }
    if fault.is_wrong and fault.is_offline:
        found["start_error_s"] = 0.0  # nobody was there to look at the clock
    odd = any(found[name] for name in list(found)[:4])
    return found | {"odd": odd or max(found["duration_error_s"], found["start_error_s"]) > _WRONG_S}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
