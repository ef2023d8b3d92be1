"""Frames of real charger software are read, and tell the energy that the software counted."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from csms.domain.commands import (
    CapabilitiesTold,
    ChangeCredentials,
    ClearProfiles,
    CompositeTold,
    InstallProfile,
    StartRemotely,
    TransactionTold,
)
from csms.domain.facts import EventKind, SamplesReported, TransactionReported
from csms.domain.ledger import Ledger, Place, Reading
from csms.domain.session import reading_of
from csms.ocpp import ROUTES, effect_of
from csms.ocppj.frames import CALL, CALL_RESULT
from csms.ocppj.repair import tidy
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version
from profiles import RateUnit

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"

ENERGIES_WH = {
    "libocpp-201": [("TAG1", 101.324), ("OFFTAG", 88.611), ("TAG5", 0), ("REM1", 12.222)],
    "microocpp-16": [
        ("TAG1", 36),
        ("REMOTE1", 121),
        ("TAG2", 0),
        ("TAG3", 0),
        ("TAG4", 9),
        ("TAG6", 0),
        ("X", 16),
    ],
    "microocpp-201": [("TAG1", 15), ("REM1", 60), ("TAG9", 0), ("TAG9", None)],
    "shiv3-16": [("TAG1", 5001), ("TAG001", 0), ("TAG2", 0), ("TAG3", 0)],
    "shiv3-201": [("TAG1", 0), ("REM1", 0)],
    "vcp-16": [("TAG1", 332), ("R2", 0)],
    "vcp-201": [("REM1", 300.33), ("REM2", 32.28), (None, None)],
}
"""What the recordings' own description says. The transaction of 300 Wh labels them kWh."""

AGREEMENTS = {InstallProfile, ClearProfiles, StartRemotely, TransactionTold, ChangeCredentials}
KNOWN_VIOLATIONS = {("vcp-201", "NotifyReport"), ("vcp-201", "TransactionEvent")}


class Recording:
    """Transactions of one recording, with the readings that belong to each."""

    def __init__(self, name):
        self.name = name
        self.tokens = {}
        self.readings = defaultdict(list)
        self.facts = []
        self.effects = []
        self._starts = {}
        self._ids = {}
        self._calls = {}
        for line in (FRAMES / f"{name}.jsonl").read_text().splitlines():
            entry = json.loads(line)
            frame = entry.get("frame")
            if isinstance(frame, list) and frame and frame[0] in (CALL, CALL_RESULT):
                version, at = Version(entry["version"]), datetime.fromisoformat(entry["at"])
                self._take(version, entry["from"], frame, at)

    def _take(self, version, side, frame, at):
        match side, frame:
            case "station", [2, message_id, action, payload] if action in ROUTES[version]:
                self._take_call(version, message_id, action, payload, at)
            case "csms", [2, message_id, action, payload]:
                self._calls[message_id] = (action, payload)
            case "csms", [3, message_id, {"transactionId": number}]:
                self._ids[str(number)] = self._starts[message_id]
            case "station", [3, message_id, payload] if message_id in self._calls:
                effect = effect_of(version, *self._calls.pop(message_id), payload)
                self.effects += [] if effect is None else [effect]

    def _take_call(self, version, message_id, action, payload, at):
        tidy(version, payload)
        route = ROUTES[version][action]
        if request_violation(version, action, payload) is not None:
            assert (self.name, action) in KNOWN_VIOLATIONS
            if not route.keeps:
                return
        fact = route.decode(payload, at)
        self.facts.append(fact)
        if isinstance(fact, TransactionReported | SamplesReported):
            self._take_readings(fact, message_id)

    def _take_readings(self, fact, message_id):
        key = self._ids.get(fact.transaction_id, fact.transaction_id)
        if isinstance(fact, TransactionReported):
            if key is None:
                key = self._starts[message_id] = (fact.token, fact.at, fact.register_milliwh)
            self.tokens.setdefault(key, fact.token and fact.token.text)
            if fact.register_milliwh is not None:
                place = Place.START if fact.kind is EventKind.STARTED else Place.STOP
                reading = Reading(place, fact.at.timestamp(), fact.register_milliwh)
                self.readings[key].append(reading)
        found = map(reading_of, fact.samples)
        self.readings[key] += [reading for reading in found if reading is not None]


@pytest.fixture(scope="module")
def recordings():
    return {name: Recording(name) for name in ENERGIES_WH}


@pytest.mark.parametrize("name", ENERGIES_WH)
def test_recording_tells_its_transactions_and_their_energy(recordings, name):
    recording = recordings[name]
    told = []
    for key, token in recording.tokens.items():
        milliwh = Ledger.fold(recording.readings[key]).energy_milliwh
        told.append((token, None if milliwh is None else milliwh / 1000))
    assert told == ENERGIES_WH[name]


@pytest.mark.parametrize("name", ENERGIES_WH)
def test_recording_holds_no_anomaly(recordings, name):
    found = [each for fact in recordings[name].facts for each in getattr(fact, "anomalies", ())]
    assert found == []


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("libocpp-201", "IIICCCTS"),
        ("microocpp-16", "ISICCCS"),
        ("microocpp-201", "S"),
        ("shiv3-16", "IIIICCC"),
        ("shiv3-201", "IIIIICCCTS"),
        ("vcp-16", "ICS"),
        ("vcp-201", "SITS"),
    ],
)
def test_recording_tells_which_profiles_the_station_agreed_to(recordings, name, kinds):
    agreed = [each for each in recordings[name].effects if type(each) in AGREEMENTS]
    assert "".join(type(effect).__name__[0] for effect in agreed) == kinds


@pytest.mark.parametrize(
    ("name", "read", "not_read"),
    [
        ("libocpp-201", 5, []),
        ("microocpp-16", 9, []),
        ("microocpp-201", 0, []),
        ("shiv3-16", 4, ["chargingSchedulePeriod is missing, empty or no list"]),
        ("shiv3-201", 4, ["schedule is missing or no object, though it accepted"]),
        ("vcp-16", 0, ["chargingSchedule is missing or no object, though it accepted"]),
        ("vcp-201", 0, ["schedule is missing or no object, though it accepted"]),
    ],
)
def test_composite_schedules_of_real_firmware_are_read(recordings, name, read, not_read):
    told = [each for each in recordings[name].effects if isinstance(each, CompositeTold)]
    assert len([each for each in told if each.schedule is not None]) == read
    assert [each.reason for each in told if each.schedule is None] == not_read


def test_capabilities_of_real_firmware_are_read(recordings):
    told = [each for each in recordings["microocpp-16"].effects if type(each) is CapabilitiesTold]
    assert told == [CapabilitiesTold(8, frozenset({RateUnit.W}), 24, 10)]


def test_signed_value_of_the_virtual_charge_point_is_kept_whole(recordings):
    stop = next(
        fact
        for fact in recordings["vcp-16"].facts
        if isinstance(fact, TransactionReported) and fact.samples
    )
    (signed,) = stop.samples[0].extra["Energy.Active.Import.Register"]
    assert len(signed["value"]) > 1000
    assert stop.samples[0].register_milliwh is None
    assert stop.register_milliwh == 332_000
