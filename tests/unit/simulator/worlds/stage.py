"""A whole world in virtual time against a central system that always answers alike.

Run as a program it plays scenarios and prints a digest of all that was said and all that
happened, for each: `stage.py SEED NAME:STATIONS...`.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import sys
from collections import Counter
from datetime import timedelta

from csms.ocppj.version import Version
from simulator.station.outputs import CloseConnection, Happened, Send
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import load

BACK_AFTER_S = 5.0
ENDLESS_S = 7200.0


class World:
    """Plays members; `said` counts actions, `happened` events, `events` keeps those asked for."""

    def __init__(self, scenario, *, seed=1, count=None, keep=(), strict=False, truth=True):
        options = FleetOptions(
            seed=seed,
            count=count,
            speed=None,
            strict=strict,
            tells_truth=truth,
            switched_on=scenario.calendar.start_at,
        )
        self.start_at = scenario.calendar.start_at
        self.stations = [each.station for each in build(scenario, options)]
        self.said = Counter()
        self.happened = Counter()
        self.events = []
        self.calls = []
        self.keep = keep
        self.digest = hashlib.sha256()
        self.now = 0.0
        self._up = set()
        self._ids = 0
        self._queue = [(0.0, index) for index in range(len(self.stations))]

    def play(self, until_s):
        """Play up to a simulated second."""
        while self._queue and self._queue[0][0] <= until_s:
            at, index = heapq.heappop(self._queue)
            self.now = max(self.now, at)
            self._visit(index)
        return self

    def close(self):
        """Unplug all cars and let everything be said."""
        for index, station in enumerate(self.stations):
            station.shut_down(self.now)
            self._drain(index)

    def _visit(self, index):
        station = self.stations[index]
        station.advance(self.now)
        self._drain(index)
        if index not in self._up and station.wants_connection:
            self._up.add(index)
            station.connected(self.now)
            self._drain(index)
        wake_at = station.wake_at
        if index not in self._up:
            wake_at = min(wake_at, self.now + BACK_AFTER_S)
        heapq.heappush(self._queue, (max(wake_at, self.now), index))

    def _drain(self, index):
        station = self.stations[index]
        while outputs := station.take():
            for output in outputs:
                self.digest.update(repr(output).encode())
                match output:
                    case Send(text):
                        self._answer(station, text)
                    case CloseConnection():
                        self._up.discard(index)
                        station.disconnected(self.now)
                    case Happened():
                        self.happened[output.name] += 1
                        if output.name in self.keep:
                            self.events.append((self.now, output))

    def _answer(self, station, text):
        try:
            frame = json.loads(text)
        except ValueError:
            return
        if not isinstance(frame, list) or not frame or frame[0] != 2:
            return
        _, message_id, action, payload = frame
        self.said[action] += 1
        if action in self.keep:
            self.calls.append((self.now, station.id, payload))
        answer = self.answer(station, action, payload)
        station.received(json.dumps([3, message_id, answer]), self.now)

    def answer(self, station, action, payload):
        at = (self.start_at + timedelta(seconds=self.now)).isoformat().replace("+00:00", "Z")
        info = "idTagInfo" if station.dialect.version is Version.V16 else "idTokenInfo"
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": at, "interval": 7200}
            case "Heartbeat":
                return {"currentTime": at}
            case "StartTransaction":
                self._ids += 1
                return {"transactionId": self._ids, info: {"status": "Accepted"}}
            case "DataTransfer":
                return {"status": "Accepted"}
            case _ if action == "Authorize" or "idToken" in payload:
                return {info: {"status": "Accepted"}}
        return {}


def main(seed, *played):
    """Print a line for each scenario; samples are a quarter of an hour apart, for speed."""
    for each in played:
        name, _, count = each.partition(":")
        scenario = load(name).model_copy(update={"meter_interval_s": 900})
        world = World(scenario, seed=int(seed), count=int(count))
        world.play(min(scenario.length_s or ENDLESS_S, 86_400.0))
        world.close()
        sys.stdout.write(f"{name} {world.digest.hexdigest()} {sum(world.said.values())}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
