"""A laboratory: one station core, a central system in a few lines, and time that is ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from csms.ocppj.schemas import request_violation, response_violation
from csms.ocppj.version import Version
from simulator.faults.options import parse_option
from simulator.station.outputs import CloseConnection, Happened, Send
from simulator.worlds.build import FleetOptions, build
from simulator.worlds.scenario import parse

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

SCENARIO = """
name = "lab"
meter_interval_s = {interval}
[[stations]]
id = "LAB-1"
version = "{version}"
current = "{current}"
phases = {phases}
max_a = {max_a}
max_kw = 150
evses = {evses}
{meter}
[[stations.cars]]
token = "TAG-1"
vehicle = "{vehicle}"
arrives_s = 5
soc_percent = {soc}
{wants}
{stays}
leaves_after_s = 10
"""


STATUS_ALONE = {
    "DataTransfer": {},
    "Get15118EVCertificate": {"exiResponse": "AA=="},
    "NotifyEVChargingNeeds": {},
    "NotifyEVChargingSchedule": {},
    "SignCertificate": {},
}
"""What is answered with a status, and what else must be there."""


class Lab:
    """Runs one station against answers that `answer` gives; `calls` is what it said."""

    def __init__(
        self,
        version="1.6",
        *,
        vehicle="sedan-11kw",
        current="AC",
        phases=3,
        max_a=32,
        evses=1,
        soc=30,
        wants="",
        stays="",
        interval=60,
        faults=(),
        seed=1,
        online=True,
        retries=None,
        tells_messages=False,
        truth=False,
        meter=None,
    ):
        text = SCENARIO.format(
            version=version,
            vehicle=vehicle,
            current=current,
            phases=phases,
            max_a=max_a,
            evses=evses,
            soc=soc,
            wants=f"wants_kwh = {wants}" if wants else "",
            stays=f"stays_s = {stays}" if stays else "",
            interval=interval,
            meter=f'meter = "{meter}"' if meter else "",
        )
        options = FleetOptions(
            seed=seed,
            faults=tuple(parse_option(each) for each in faults),
            retries=retries,
            tells_messages=tells_messages,
            tells_truth=truth,
        )
        self.version = Version(version)
        self.station = build(parse(text, "lab"), options)[0].station
        self.now = 0.0
        self.calls = []
        self.events = []
        self.answers = {}
        self.open = {}
        self.is_up = False
        self.mute = False
        self.refused = set()
        self.ids = []
        self.statuses = {}
        self.infos = {}
        self._transactions = 100
        self._commands = 0
        if online:
            self.connect()

    def connect(self):
        self.is_up = True
        self.station.connected(self.now)
        self._drain()

    def drop(self):
        self.is_up = False
        self.station.disconnected(self.now)
        self._drain()

    def run(self, seconds):
        end = self.now + seconds
        while self.station.wake_at <= end:
            self.now = max(self.now, self.station.wake_at)
            self.station.advance(self.now)
            self._drain()
        self.now = end
        self.station.advance(end)
        self._drain()

    def command(self, action, payload):
        assert request_violation(self.version, action, payload) is None
        self._commands += 1
        message_id = f"c{self._commands}"
        self.station.received(json.dumps([2, message_id, action, payload]), self.now)
        self._drain()
        frame = self.answers.pop(message_id)
        if frame[0] == 3:
            assert response_violation(self.version, action, frame[2]) is None
        return frame[2]

    def said(self, action):
        return [payload for _, name, payload in self.calls if name == action]

    def samples(self):
        """Return (seconds since the start, measurand, phase) -> number for all meter values."""
        found = []
        for at, action, payload in self.calls:
            for meter_value in payload.get("meterValue", ()):
                values = {
                    (each["measurand"], each.get("phase")): float(each["value"])
                    for each in meter_value["sampledValue"]
                }
                found.append((at, action, values))
        return found

    def currents(self):
        """Return (time, L1 amperes) of periodic samples."""
        return [
            (at, values[("Current.Import", "L1")])
            for at, _, values in self.samples()
            if ("Current.Import", "L1") in values
        ]

    def happened(self, name):
        return [each for each in self.events if each.name == name]

    def _drain(self):
        while outputs := self.station.take():
            for output in outputs:
                match output:
                    case Send(text):
                        self._receive(json.loads(text))
                    case CloseConnection():
                        self.is_up = False
                    case Happened():
                        self.events.append(output)

    def _receive(self, frame):
        if frame[0] != 2:
            self.answers[frame[1]] = frame
            return
        _, message_id, action, payload = frame
        assert request_violation(self.version, action, payload) is None, payload
        self.calls.append((self.now, action, payload))
        self.ids.append(message_id)
        if self.mute:
            return
        if action in self.refused:
            refusal = [4, message_id, "InternalError", "", {}]
            self.station.received(json.dumps(refusal), self.now)
            return
        answer = self.answer(action, payload)
        assert response_violation(self.version, action, answer) is None
        self.station.received(json.dumps([3, message_id, answer]), self.now)

    def answer(self, action, payload):
        at = (START + timedelta(seconds=self.now)).isoformat().replace("+00:00", "Z")
        status = self.statuses.get(action, "Accepted")
        info = "idTagInfo" if self.version is Version.V16 else "idTokenInfo"
        if action in STATUS_ALONE:
            return {"status": status, **STATUS_ALONE[action]}
        match action:
            case "BootNotification":
                return {"status": status, "currentTime": at, "interval": 300}
            case "Heartbeat":
                return {"currentTime": at}
            case "StartTransaction":
                self._transactions += 1
                told = self.info_of(payload, status)
                return {"transactionId": self._transactions, info: told}
            case _ if self.asks_of_token(action, payload):
                return {info: self.info_of(payload, status)}
        return {}

    def asks_of_token(self, action, payload):
        """Whether something is to be said of the token; of 1.6's stops where `infos` has it."""
        is_stop = action == "StopTransaction" and payload.get("idTag") in self.infos
        return is_stop or action == "Authorize" or "idToken" in payload

    def info_of(self, payload, status):
        """Return what `infos` has of a token, else the status alone."""
        token = payload.get("idTag") or payload.get("idToken", {}).get("idToken")
        return self.infos.get(token, {"status": status})

    def tx_profile(self, limit, *, profile_id=1, level=0, pauses=()):
        """Install a TxProfile: `limit`, and (start, limit) periods after it."""
        return self.install("TxProfile", [(0, limit), *pauses], profile_id=profile_id, level=level)

    def install(self, purpose, periods, **how):
        return self.command("SetChargingProfile", self.request(purpose, periods, **how))["status"]

    def request(self, purpose, periods, *, profile_id=1, level=0, evse=None, unit="A"):
        """Return a SetChargingProfile."""
        schedule = {
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [
                {"startPeriod": start, "limit": limit} for start, limit in periods
            ],
        }
        profile = {
            "stackLevel": level,
            "chargingProfilePurpose": purpose,
            "chargingProfileKind": "Relative",
        }
        if "Max" in purpose:
            profile["chargingProfileKind"] = "Absolute"
            schedule["startSchedule"] = START.isoformat()
        target = 1 if purpose == "TxProfile" else 0
        target = target if evse is None else evse
        if purpose == "TxProfile":
            profile["transactionId"] = self.transaction_id()
        if self.version is Version.V16:
            profile |= {"chargingProfileId": profile_id, "chargingSchedule": schedule}
            return {"connectorId": target, "csChargingProfiles": profile}
        profile |= {"id": profile_id, "chargingSchedule": [{"id": 1, **schedule}]}
        return {"evseId": target, "chargingProfile": profile}

    def transaction_id(self):
        transaction = self.station.bays[1].transaction
        return transaction.csms_id if self.version is Version.V16 else transaction.id


@pytest.fixture
def lab():
    return Lab


@pytest.fixture(params=["1.6", "2.0.1"])
def version(request):
    return request.param
