"""What no station should send, against a running server: the answer due, and life goes on."""

from __future__ import annotations

import asyncio
import json
import random
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import BOOTS, WAIT_S, Charger, Running, charger, connected, serving

HOSTILE = Path(__file__).parents[1] / "fixtures" / "hostile"
CASES = [
    *json.loads((HOSTILE / "rpc.json").read_text()),
    *json.loads((HOSTILE / "dialogues.json").read_text()),
]
OWN_TEST = {"resp.flood_20000", "boot.flood_200", "tx.start_replay_concurrent"}
PROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
PROBE = '[2,"probe","Heartbeat",{}]'
START_16 = (
    '[2,"start","StartTransaction",{"connectorId":1,"idTag":"TAG1","meterStart":%d,'
    '"timestamp":"2026-03-01T09:59:00Z"}]'
)


@pytest.fixture(scope="module")
def server():
    with serving("--accept-unknown-stations") as found:
        httpx.put(f"{found.api}/tokens/TAG1", json={}).raise_for_status()
        yield found


@dataclass
class Stage:
    """The stations of one case, and what has happened so far. `B` is the other station."""

    server: Running
    case: dict[str, Any]
    stack: AsyncExitStack
    chargers: dict[str, Charger] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    commands: list[asyncio.Task[httpx.Response]] = field(default_factory=list)

    @property
    def protocol(self) -> str:
        return PROTOCOLS[self.case["version"]]

    def name(self, which: str) -> str:
        return f"{self.case['name']}-{self.case['version']}{which}"

    async def charger(self, which: str = "") -> Charger:
        if which not in self.chargers:
            self.chargers[which] = found = await self.connect(which)
            if self.case.get("pre") != "never_booted":
                answer = await found.call("BootNotification", BOOTS[self.protocol])
                assert answer[2]["status"] == "Accepted"
        return self.chargers[which]

    async def connect(self, which: str) -> Charger:
        made = connected(self.server, self.name(which), self.protocol)
        return await self.stack.enter_async_context(made)

    async def play(self, step: str) -> list[list[Any]]:
        """Does one step, and returns what the server has answered to it."""
        verb, _, rest = step.partition(" ")
        name, _, which = verb[1:].partition("@")
        match name if verb.startswith("@") else "":
            case "":
                return await self.say(step)
            case "B":
                return await self.say(rest, "B")
            case "reconnect":
                await (await self.charger()).socket.close()
                self.chargers[""] = await self.connect("")
            case "start":
                register = int(re.sub(r"\D", "", rest) or 100)
                answers = await self.say(START_16 % register, which)
                self.values["$TX" + (f"@{which}" if which else "")] = answers[0][2]["transactionId"]
            case "csms_call":
                await self.command(rest, which)
            case _:
                raise AssertionError(step)
        return []

    async def say(self, text: str, which: str = "") -> list[list[Any]]:
        """Sends a text; whatever comes before the answer to the probe is the answer to it."""
        for known, value in sorted(self.values.items(), reverse=True):
            text = text.replace(known, str(value))
        station = await self.charger(which)
        await station.socket.send(text)
        await station.socket.send(PROBE)
        answers = []
        while (frame := await station.receive())[1] != "probe":
            answers.append(frame)
        assert "currentTime" in frame[2] or self.case.get("pre") == "never_booted"
        return answers

    async def command(self, action: str, which: str) -> None:
        """Has the server send a call, which stays open."""
        payload = {"Reset": {"type": "Soft" if self.case["version"] == "1.6" else "Immediate"}}
        path = f"/stations/{self.name(which)}/calls/{action}?timeout_s=3"
        station = await self.charger(which)
        asking = self.server.request("POST", path, json=payload[action])
        self.commands.append(asyncio.create_task(asking))
        sent = await station.next_call(action)
        self.values["$LAST" + (f"@{which}" if which else "")] = sent[1]


def accepted(expect: dict[str, Any]):
    """Yields (kind, possible IDs, possible codes) for each outcome that is as good."""
    ids = {expect.get("id")} | ({"-1"} if expect.get("alt_minus1") else set())
    if "alt_id" in expect:
        ids.add(expect["alt_id"])
    yield expect["reply"], ids, set(expect.get("codes", [None]))
    if expect.get("alt_none"):
        yield "none", {None}, {None}
    if "alt" in expect:
        yield from accepted(expect["alt"])


def outcome(answers: list[list[Any]]) -> tuple[str, str | None, str | None]:
    match answers:
        case []:
            return "none", None, None
        case [[3, message_id, dict()]]:
            return "callresult", message_id, None
        case [[4, message_id, code, description, details]]:
            assert len(description) <= 255
            assert details == {}
            return "callerror", message_id, code
    raise AssertionError(answers)


def text_of(case: dict[str, Any]) -> str:
    if "raw" in case:
        return case["raw"]
    parts = case["gen"]
    middle = parts["repeat"] * parts["n"] + parts.get("repeat2", "") * parts.get("n2", 0)
    return parts.get("prefix", "") + middle + parts.get("suffix", "")


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["name"] not in OWN_TEST],
    ids=lambda case: f"{case['name']}-{case['version']}",
)
async def test_hostile_frame_gets_the_answer_due(server: Running, case):
    async with AsyncExitStack() as stack:
        stage = Stage(server, case, stack)
        answers: list[list[Any]] = []
        for step in case.get("steps") or [text_of(case)]:
            answers = await stage.play(step)
        kind, message_id, code = outcome(answers)
        wanted = list(accepted(case["expect"]))
        if case["expect"].get("id") == "h" and "steps" in case:
            wanted = [(how, {message_id}, codes) for how, _, codes in wanted]
        assert any(
            kind == how and message_id in ids and code in codes for how, ids, codes in wanted
        ), answers
        assert len(json.dumps(answers)) < 2048
        for task in stage.commands:
            task.cancel()
        await asyncio.gather(*stage.commands, return_exceptions=True)


async def sessions_of(server: Running, station: str) -> list[dict[str, Any]]:
    """The sessions of a station, oldest first."""
    found = (await server.get("/sessions", station=station, limit=1000))["items"]
    return found[::-1]


def rss_kib(server: Running) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def start_v16(**changes: Any) -> dict[str, Any]:
    stamp = "2026-03-01T10:00:00Z"
    return {"connectorId": 1, "idTag": "TAG1", "meterStart": 100, "timestamp": stamp, **changes}


def stop_v16(transaction: int, register: int, at: str = "2026-03-01T11:00:00Z") -> dict[str, Any]:
    return {"transactionId": transaction, "meterStop": register, "timestamp": at}


def event(transaction: str, sequence: int, kind: str = "Updated", **more: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": f"2026-03-01T10:0{sequence}:00Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": sequence,
        "transactionInfo": {"transactionId": transaction},
        "evse": {"id": 1, "connectorId": 1},
        **more,
    }


@pytest.mark.parametrize("version", PROTOCOLS)
async def test_t14_a_flood_of_stray_answers_costs_nothing(server: Running, version):
    async with charger(server, f"flood-{version}", PROTOCOLS[version]) as station:
        before = rss_kib(server)
        for number in range(20_000):
            await station.socket.send(f'[3,"u{number}",{{"a":"x"}}]')
        await station.call("Heartbeat", {})
        assert rss_kib(server) - before < 5 * 1024
        asking = asyncio.create_task(
            server.request("POST", f"/stations/flood-{version}/calls/ClearCache", json={})
        )
        await station.answer(await station.next_call("ClearCache"), {"status": "Accepted"})
        assert (await asking).json()["payload"] == {"status": "Accepted"}


async def test_many_boots_in_a_row_are_one_station(server: Running):
    async with charger(server, "boots") as station:
        for number in range(200):
            await station.socket.send(
                json.dumps([2, f"b{number}", "BootNotification", BOOTS["ocpp1.6"]])
            )
        answers = [await station.receive() for _ in range(200)]
    assert [each[:2] for each in answers] == [[3, f"b{number}"] for number in range(200)]
    assert {each[2]["status"] for each in answers} == {"Accepted"}


async def test_a_start_sent_twice_is_one_session(server: Running):
    """Each start goes out twice at once, and once more on a new connection under a new ID."""
    starts = [start_v16(timestamp=f"2026-03-01T10:{n // 60:02}:{n % 60:02}Z") for n in range(100)]
    async with charger(server, "twice") as station:
        for number, start in enumerate(starts):
            for copy in "ab":
                frame = [2, f"{copy}{number}", "StartTransaction", start]
                await station.socket.send(json.dumps(frame))
        answers = [await station.receive() for _ in range(200)]
    async with connected(server, "twice") as station:
        again = [(await station.call("StartTransaction", start))[2] for start in starts]
    first = [answers[2 * number][2]["transactionId"] for number in range(100)]
    assert [answers[2 * number + 1][2]["transactionId"] for number in range(100)] == first
    assert [each["transactionId"] for each in again] == first
    assert len(set(first)) == 100
    assert len(await sessions_of(server, "twice")) == 100


async def test_starts_of_two_connectors_in_one_second_are_two(server: Running):
    async with charger(server, "two") as station:
        ids = {
            (await station.call("StartTransaction", start_v16(connectorId=connector)))[2][
                "transactionId"
            ]
            for connector in (1, 2)
        }
    assert len(ids) == 2
    assert [each["evse"] for each in await sessions_of(server, "two")] == [1, 2]


async def test_t10_a_stop_never_ends_the_session_of_another_station(server: Running):
    async with charger(server, "mine") as mine, charger(server, "theirs") as theirs:
        transaction = (await theirs.call("StartTransaction", start_v16()))[2]["transactionId"]
        answer = await mine.call("StopTransaction", stop_v16(transaction, 900))
        assert answer[0] == 3
    (session,) = await sessions_of(server, "theirs")
    assert session["ended_at"] is None
    assert session["energy_wh"] == 0
    assert await sessions_of(server, "mine") == []


async def test_t10_a_transaction_id_of_another_station_is_another_transaction(server: Running):
    protocol = "ocpp2.0.1"
    async with (
        charger(server, "mine-201", protocol) as mine,
        charger(server, "theirs-201", protocol) as theirs,
    ):
        await theirs.call("TransactionEvent", event("SHARED", 0, "Started"))
        await mine.call("TransactionEvent", event("SHARED", 1, "Ended"))
    (own,), (other,) = (
        await sessions_of(server, "mine-201"),
        await sessions_of(server, "theirs-201"),
    )
    assert own["ended_at"] is not None
    assert other["ended_at"] is None


async def test_a_stop_and_its_repetition_count_once(server: Running):
    async with charger(server, "stop-twice") as station:
        transaction = (await station.call("StartTransaction", start_v16()))[2]["transactionId"]
        sample = {"timestamp": "2026-03-01T10:30:00Z", "sampledValue": [{"value": "400"}]}
        meter = {"connectorId": 1, "transactionId": transaction, "meterValue": [sample]}
        for action, payload in (
            ("MeterValues", meter),
            ("StopTransaction", stop_v16(transaction, 900)),
            ("StopTransaction", stop_v16(transaction, 900)),
            ("MeterValues", meter),
        ):
            assert (await station.call(action, payload))[0] == 3
    (session,) = await sessions_of(server, "stop-twice")
    assert session["energy_wh"] == 800
    assert session["ended_at"] == "2026-03-01T11:00:00.000Z"
    samples = (await server.get(f"/sessions/{session['id']}/samples"))["items"]
    assert [each["at"] for each in samples] == ["2026-03-01T10:30:00.000Z"]


@pytest.mark.parametrize(
    ("first", "last", "flags", "energy"),
    [
        (999_990, 12, {"register_rollover"}, 22),
        (500_000, 12, {"register_reset"}, 0),
        (0, 2_147_483_647, {"energy_implausible", "estimated"}, 0),
        (-400, 600, {"register_negative"}, 0),
    ],
)
async def test_a_register_that_cannot_be_is_flagged(server: Running, first, last, flags, energy):
    name = f"register-{first}"
    async with charger(server, name) as station:
        answer = await station.call("StartTransaction", start_v16(meterStart=first))
        await station.call("StopTransaction", stop_v16(answer[2]["transactionId"], last))
    (session,) = await sessions_of(server, name)
    assert flags <= set(session["flags"])
    assert session["energy_wh"] == energy


async def test_a_start_beside_a_running_session_keeps_both(server: Running):
    async with charger(server, "beside") as station:
        await station.call("StartTransaction", start_v16())
        await station.call("StartTransaction", start_v16(timestamp="2026-03-02T10:00:00Z"))
    older, newer = await sessions_of(server, "beside")
    assert "superseded" in older["flags"]
    assert "superseded" not in newer["flags"]


async def test_e53_an_event_sent_twice_is_kept_once(server: Running):
    async with charger(server, "events", "ocpp2.0.1") as station:
        for payload in (
            event("T1", 0, "Started"),
            event("T1", 0, "Started", offline=True),
            event("T1", 3, "Ended", offline=True),
            event("T1", 1, offline=True),
            event("T1", 2, offline=True),
            event("T1", 1, offline=True),
        ):
            assert (await station.call("TransactionEvent", payload))[0] == 3
    (session,) = await sessions_of(server, "events")
    assert session["ended_at"] == "2026-03-01T10:03:00.000Z"
    found = (await server.get(f"/sessions/{session['id']}/events"))["items"]
    told = sorted((each["at"], each["kind"], each["repeats"]) for each in found)
    assert [(kind, repeats) for _, kind, repeats in told] == [
        ("Started", 1),
        ("Updated", 1),
        ("Updated", 0),
        ("Ended", 0),
    ]


async def test_f38_a_stop_with_thousands_of_samples_is_one_message(server: Running):
    """What a station that was offline for days has gathered, in one frame of 300 kB."""
    async with charger(server, "days", max_size=None) as station:
        transaction = (await station.call("StartTransaction", start_v16()))[2]["transactionId"]
        samples = [
            {
                "timestamp": f"2026-03-01T10:{n // 60:02}:{n % 60:02}Z",
                "sampledValue": [{"value": str(100 + n)}],
            }
            for n in range(3600)
        ]
        stop = {**stop_v16(transaction, 3700), "transactionData": samples}
        assert (await station.call("StopTransaction", stop))[0] == 3
    (session,) = await sessions_of(server, "days")
    assert session["energy_wh"] == 3600
    newest = await server.get(f"/sessions/{session['id']}/samples", limit=1)
    assert newest["items"][0]["at"] == "2026-03-01T10:59:59.000Z"


@pytest.mark.parametrize("version", PROTOCOLS)
async def test_t11_thousands_of_broken_frames_break_nothing(server: Running, version):
    """Frames of every kind with bytes changed, cut out and doubled, always the same ones."""
    texts = [text_of(case) for case in CASES if case["version"] == version and "raw" in case]
    chance = random.Random(version)  # noqa: S311 - the same frames in each run
    async with charger(server, f"fuzz-{version}", PROTOCOLS[version]) as station:
        for _ in range(60):
            for _ in range(50):
                await station.socket.send(_mutated(chance, chance.choice(texts)))
            probe = f"probe-{chance.random()}"
            await station.socket.send(json.dumps([2, probe, "Heartbeat", {}]))
            while (frame := await station.receive())[1] != probe:
                # What a fuzzed session looks like may have it asked for its meter values, too.
                assert frame[0] in {2, 3, 4}
            assert "currentTime" in frame[2]


def _mutated(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        cut = text[at : at + chance.randint(1, 8)]
        instead = chance.choice(["", cut * 2, chance.choice('[]{},:"0123456789-.eE\\ntfu\x00\xe5')])
        text = text[:at] + instead + text[at + len(cut) :]
    return text


async def test_t12_everything_can_be_read_after_all_that(server: Running):
    async with httpx.AsyncClient(base_url=server.api, timeout=WAIT_S) as client:

        async def read(path: str) -> dict[str, Any]:
            answer = await client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            return answer.json()

        for path in ("/stations", "/alerts", "/tokens"):
            await read(f"{path}?limit=1000")
        sessions = (await read("/sessions?limit=1000"))["items"]
        assert sessions
        for session in sessions:
            if session["station_id"] != "twice":
                for part in ("samples", "limits", "deviations", "profile-pushes", "events"):
                    await read(f"/sessions/{session['id']}/{part}")
