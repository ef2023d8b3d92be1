"""A laboratory for odd stations: a central system that takes everything and notes what it was."""

from __future__ import annotations

import json

from unit.simulator.conftest import Lab

from csms.ocppj.peer import CallReceived, Peer, ReplyDue
from csms.ocppj.version import Role, Version
from simulator.station.outputs import CloseConnection, Happened, Ping, Send
from simulator.station.transaction import StopReason

NEXT_CAR = """{stays}
leaves_after_s = 5
[[stations.cars]]
token = "TAG-2"
vehicle = "sedan-11kw"
arrives_s = {arrives}
"""

CALL = 2
KINDS = {"Start": "Started", "Update": "Updated", "Stop": "Ended"}


class OddLab(Lab):
    """Runs a station whose messages may be anything; comes back by itself when a link is lost.

    `texts` is all that it said, `calls` what could be read as a call, `violations` what was wrong
    with those, `unread` what was answered with a CALLERROR. `closings` and `pings` are when.
    """

    def __init__(self, version, fault, *, next_car_s=None, stays="", **more):
        self.texts = []
        self.unread = []
        self.violations = []
        self.closings = []
        self.pings = []
        self.replies = {}
        self.stays_away = False
        self._reader = Peer(Version(version), Role.CSMS)
        if next_car_s is not None:
            stays = NEXT_CAR.format(stays=stays, arrives=next_car_s)
        faults = [fault] if isinstance(fault, str) else list(fault or ())
        super().__init__(version, faults=faults, stays=stays, interval=10, truth=True, **more)

    def run(self, seconds):
        end = self.now + seconds
        while self.now < end:
            if not self.is_up and self.station.wants_connection and not self.stays_away:
                self.connect()
            super().run(min(end - self.now, 1.0))

    def ask(self, action, payload):
        """Send a request and return its ID; answers come to `replies` whenever they do."""
        self._commands += 1
        message_id = f"c{self._commands}"
        self.station.received(json.dumps([2, message_id, action, payload]), self.now)
        self._drain()
        return message_id

    def of(self, action):
        """Return the payloads of an action; `Start` and `Stop` are those of the version."""
        if action not in KINDS:
            return self.said(action)
        if self.version is Version.V16:
            return self.said(f"{action}Transaction")
        kind = KINDS[action]
        return [each for each in self.said("TransactionEvent") if each.get("eventType") == kind]

    def raw(self):
        """Return the payloads of all calls that are JSON, before anybody has mended them."""
        frames = [read(text) for _, text in self.texts]
        return [frame[3] for frame in frames if frame is not None and frame[0] == CALL]

    def values(self):
        """Return the sampled values of all messages, as they were sent."""
        return [
            sample
            for payload in self.raw()
            for each in payload.get("meterValue", ())
            if isinstance(each, dict)
            for sample in each["sampledValue"]
        ]

    def stop(self):
        """End the transaction at the station."""
        self.station.bays[1].stop(StopReason.LOCAL, self.now)
        self.station.advance(self.now)
        self._drain()

    def _drain(self):
        while outputs := self.station.take():
            for output in outputs:
                match output:
                    case Send(text):
                        self._take(text)
                    case CloseConnection():
                        self.is_up = False
                        self.closings.append((self.now, output))
                    case Ping():
                        self.pings.append(self.now)
                    case Happened():
                        self.events.append(output)

    def _take(self, text):
        self.texts.append((self.now, text))
        if text[:2] in ("[3", "[4"):
            frame = json.loads(text)
            self.replies.setdefault(frame[1], []).append((self.now, frame))
            self.answers[frame[1]] = frame
            return
        match self._reader.receive(text):
            case CallReceived(call, violation):
                self._call(call, violation)
            case ReplyDue(reply, reason):
                self.unread.append((self.now, text, reason))
                if not self.mute:
                    self.station.received(reply, self.now)

    def _call(self, call, violation):
        self.calls.append((self.now, call.action, call.payload))
        self.ids.append(call.message_id)
        if violation is not None:
            self.violations.append((self.now, call.action, violation))
        if self.mute:
            return
        if call.action in self.refused:
            refusal = [4, call.message_id, "InternalError", "", {}]
            self.station.received(json.dumps(refusal), self.now)
            return
        answer = self.answer(call.action, call.payload)
        self.station.received(json.dumps([3, call.message_id, answer]), self.now)


def read(text):
    """Return a frame, None for what is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None
