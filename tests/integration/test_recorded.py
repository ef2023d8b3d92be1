"""Recordings of real charger software, played over real sockets, recorded once more, replayed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from running import Charger, Running, charger, connected, running

from csms.engine.policy import Policy
from csms.link.frame_log import read_frame_log
from csms.link.replay import Replay

FRAMES = Path(__file__).parents[1] / "fixtures" / "frames"
HOSTILE = FRAMES.parent / "hostile" / "rpc.json"
NAMES = sorted(file.stem for file in FRAMES.glob("*.jsonl"))
SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
ACCEPTED = {"status": "Accepted"}
REFUSED = {"NotSupported", "OccurrenceConstraintViolation"}
"""For reports of charging profiles, and for inventories that are empty lists."""


class Player:
    """Says what a recorded station said; waits for answers where it did.

    Transaction IDs of 1.6 are ours: the latest start that was answered with an ID counts.
    """

    def __init__(self, server: Running, lines: list[dict[str, Any]]) -> None:
        self._server, self._lines = server, lines
        self._recorded = _answers(lines)
        self._ids: dict[int, int] = {}
        self._charger: Charger | None = None

    async def play(self) -> None:
        async with AsyncExitStack() as stack:
            for number, line in enumerate(self._lines):
                if line.get("event") == "disconnected" and self._charger is not None:
                    await self._charger.socket.close()
                    self._charger = None
                elif line.get("from") == "station":
                    await self._say(stack, number, line)

    async def _say(self, stack: AsyncExitStack, number: int, line: dict[str, Any]) -> None:
        if self._charger is None:
            made = connected(self._server, line["station"], SUBPROTOCOLS[line["version"]])
            self._charger = await stack.enter_async_context(made)
        match line["frame"]:
            case [2, _, "StartTransaction", _] if number not in self._recorded:
                return  # it was lost on the way then, and its transaction has no ID
            case [2, str(message_id), str(action), dict(payload)]:
                await self._call(number, message_id, action, payload)
            case str(text):
                await self._charger.socket.send(text)

    async def _call(self, number: int, message_id: str, action: str, payload) -> None:
        known = payload.get("transactionId")
        if known in self._ids:
            payload = {**payload, "transactionId": self._ids[known]}
        assert self._charger is not None
        await self._charger.socket.send(json.dumps([2, message_id, action, payload]))
        while True:
            frame = await self._charger.receive()
            if frame[0] == 2:
                await self._charger.answer(frame, ACCEPTED)
            elif frame[1] == message_id:
                break
        assert frame[0] == 3 or frame[2] in REFUSED, frame
        recorded = self._recorded.get(number, {})
        if action == "StartTransaction" and "transactionId" in recorded and frame[0] == 3:
            self._ids[recorded["transactionId"]] = frame[2]["transactionId"]


def _answers(lines: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """What each call was answered with then, by the number of its line."""
    waiting: dict[str, int] = {}
    found: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines):
        match line.get("from"), line.get("frame"):
            case "station", [2, str(message_id), *_]:
                waiting[message_id] = number
            case "csms", [3, str(message_id), dict(payload)] if message_id in waiting:
                found[waiting.pop(message_id)] = payload
    return found


def lines_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FRAMES / f"{name}.jsonl").read_text().splitlines()]


def replayed(file: Path, *flags: str) -> bytes:
    command = [sys.executable, "-m", "csms", "replay", str(file), "--format", "json", *flags]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def energies(sessions: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    told = [(each["started_at_station"], each["token"], each["energy_wh"]) for each in sessions]
    return sorted(told, key=str)


async def test_recorded_stations_come_out_as_they_went_in(tmp_path) -> None:
    """All of them on one server that limits each session; and so does the replay of its log."""
    (tmp_path / "rules.toml").write_text('[[rule]]\nprofile = "fixed-current-16a"\n')
    config = tmp_path / "csms.toml"
    config.write_text(f'assignments_file = "{tmp_path / "rules.toml"}"\n')
    flags = ["--accept-unknown-stations", "--accept-unknown-tokens", "--config", str(config)]
    async with running(*flags, "--record", "log") as server:
        live = {}
        for name in NAMES:
            lines = lines_of(name)
            await Player(server, lines).play()
            found = (await server.get("/sessions", station=lines[0]["station"]))["items"]
            original = await Replay(Policy(accept_unknown_tokens=True)).run(
                read_frame_log(FRAMES / f"{name}.jsonl")
            )
            assert energies(found) == energies(original.sessions), name
            live |= {each["id"]: each for each in found}
        alerts = (await server.get("/alerts", limit=1000))["items"]
        assert await asyncio.to_thread(server.stop) == 0
        assert server.troubles() == []
        (log,) = (server.folder / "log").glob("*.jsonl")
        played = replayed(log, "--config", str(config))
        assert replayed(log, "--config", str(config)) == played
    again = json.loads(played)
    for each in again["sessions"]:
        assert lasting(each) == lasting(live.pop(each["id"]))
    assert live == {}
    assert again["deviations"] == alerts


async def test_a_log_of_hostile_frames_replays_into_the_same_sessions() -> None:
    cases = [case for case in json.loads(HOSTILE.read_text()) if "raw" in case]
    spread = {"1.6": json.dumps([2, "lines", "Heartbeat", {}], indent=1)}
    async with running("--accept-unknown-stations", "--record", "log") as server:
        await server.put("/tokens/TAG1")
        for case in cases:
            name = f"{case['name']}-{case['version']}"
            protocol = SUBPROTOCOLS[case["version"]]
            async with charger(server, name, protocol) as station:
                await station.socket.send(spread.get(case["version"], case["raw"]))
                await station.socket.send(case["raw"])
                await station.socket.send('[2,"probe","Heartbeat",{}]')
                while (await station.receive())[1] != "probe":
                    pass
        live = (await server.get("/sessions", limit=1000))["items"]
        assert await asyncio.to_thread(server.stop) == 0
        (log,) = (server.folder / "log").glob("*.jsonl")
        again = json.loads(replayed(log))["sessions"]
    untold = {"duration_s", "token_status"}
    found, expected = (
        {each["id"]: {k: v for k, v in each.items() if k not in untold} for each in sessions}
        for sessions in (again, live)
    )
    assert found == expected


def lasting(session: dict[str, Any]) -> dict[str, Any]:
    """A session without how long it has lasted so far, if it still goes on.

    Its limit has whole seconds, and an answer is logged a little after it came. What its time went
    to is reckoned anew some seconds after late samples: the server was asked before that.
    """
    varying = {"usage"} if session["ended_at"] else {"usage", "duration_s"}
    known = {name: value for name, value in session.items() if name not in varying}
    if known["limit_now"] is not None:
        times = ("from", "to")
        known["limit_now"] = {k: v for k, v in known["limit_now"].items() if k not in times}
    return known
