"""Whatever the schema allows to ask is answered, by the schema, and the station lives on."""

import json
from random import Random

import pytest

from csms.ocppj.schemas import response_violation
from csms.ocppj.version import CSMS_ACTIONS
from simulator.v16.keys import SETTINGS
from tests.fuzz.corpus import hostile
from tests.fuzz.mutate import mutated
from tests.messages import a_payload

ROUNDS = 3
NUMBERS = {
    "connectorId": (0, 1, 1, 2),
    "evseId": (0, 1, 1, 2),
    "id": (0, 1, 2),
    "reservationId": (0, 1, 2),
    "listVersion": (0, 1, 2, 3),
    "versionNumber": (0, 1, 2, 3),
    "stackLevel": (0, 1, 11),
    "startPeriod": (0, 0, 60),
    "duration": (-5, 0, 600, 2**31 - 1),
    "transactionId": (101, 102, 103),
    "retries": (0, 2),
    "retryInterval": (0, 30),
}
TEXTS = {
    "idTag": ("TAG-1", "A", "B"),
    "idToken": ("TAG-1", "A", "B"),
    "key": tuple(SETTINGS),
    "value": ("true", "false", "0", "30", "", "Voltage,SoC", "1.RST"),
    "location": ("https://files.example/fw.bin", "nowhere"),
    "remoteLocation": ("ftp://files.example/up", "", "http://[::1"),
}
TIMES = (
    "0001-01-01T00:00:00+14:00",
    "2026-11-21T08:02:00Z",
    "2026-11-21T09:30:00.5+01:00",
    "2026-11-22T00:00:00",
    "9999-12-31T23:59:59-14:00",
)


def likely(random, given):
    """Return a payload with numbers, tokens and times of which some mean something."""
    if isinstance(given, list):
        return [likely(random, each) for each in given]
    if not isinstance(given, dict):
        return given
    return {name: _likely(random, name, each) for name, each in given.items()}


def _likely(random, name, given):
    if random.random() < 0.2:
        return given
    if isinstance(given, int) and name in NUMBERS:
        return random.choice(NUMBERS[name])
    if isinstance(given, str) and name in TEXTS:
        return random.choice(TEXTS[name])
    if isinstance(given, str) and given[:2].isdigit() and "T" in given:
        return random.choice(TIMES)
    return likely(random, given)


def ask(room, action, payload, number):
    """Send a request, and return the answer's frame; a refusal has a code of its own."""
    message_id = f"any-{number}"
    room.station.received(json.dumps([2, message_id, action, payload]), room.now)
    room._drain()
    return room.answers.pop(message_id)


def live(room, seconds):
    """Let time pass; a link that is given up comes back."""
    for _ in range(max(1, seconds // 10)):
        room.run(min(10, seconds))
        if not room.is_up and room.station.wants_connection:
            room.connect()


def play(room, random, rounds):
    """Ask for everything, in any order, while time passes and the link comes back."""
    version = room.version
    for number in range(rounds * len(CSMS_ACTIONS[version])):
        if not room.is_up:
            live(room, 1)
            continue
        action = random.choice(sorted(CSMS_ACTIONS[version]))
        payload = likely(random, a_payload(random, version, action))
        frame = ask(room, action, payload, number)
        assert frame[0] in (3, 4), (action, payload)
        if frame[0] == 3:
            assert response_violation(version, action, frame[2]) is None, (action, payload)
        else:
            assert frame[2] != "InternalError", (action, payload, frame)
        room.run(random.choice([0.5, 5, 100]))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_asked_is_answered(lab, version, seed):
    room = lab(version, evses=2, seed=seed)
    room.run(30)
    play(room, Random(seed), ROUNDS)  # noqa: S311 - no secrets
    remembered = json.loads(json.dumps(room.station.memory.remember()))
    other = lab(version, evses=2, online=False)
    assert other.station.memory.recall(remembered) == []
    kept = other.station.memory.remember()
    # What ran has ended by then, which is for the queue to tell.
    assert kept | {"queue": None} == remembered | {"queue": None}


def test_no_text_hurts(lab, version):
    room = lab(version)
    room.run(30)
    random = Random(5)  # noqa: S311 - no secrets
    frames = [
        [2, f"m{number}", action, a_payload(random, room.version, action)]
        for number, action in enumerate(sorted(CSMS_ACTIONS[room.version]) * 5)
    ]
    for text in (*hostile(room.version), *(mutated(random, each, frames) for each in frames)):
        room.station.received(text, room.now)
        room._drain()
        live(room, 1)
    live(room, 600)
    assert room.station.is_accepted


def spoiled(random, given):
    """Return what was remembered with one place in it that makes no sense any more."""
    if isinstance(given, dict) and given and random.random() < 0.8:
        name = random.choice(sorted(given))
        return {**given, name: spoiled(random, given[name])}
    if isinstance(given, list) and given and random.random() < 0.8:
        place = random.randrange(len(given))
        return [*given[:place], spoiled(random, given[place]), *given[place + 1 :]]
    return random.choice([None, -1, 1e300, "x", "", [], {}, [[]], {"x": 1}, True])


def test_memory_that_was_spoiled_is_told_and_the_station_works(lab, version):
    random = Random(9)  # noqa: S311 - no secrets
    room = lab(version, evses=2)
    room.run(30)
    play(room, random, ROUNDS)
    remembered = json.loads(json.dumps(room.station.memory.remember()))
    for _ in range(40):
        other = lab(version, evses=2, online=False)
        name = random.choice(sorted(remembered))
        told = {**remembered, name: spoiled(random, remembered[name])}
        assert set(other.station.memory.recall(told)) <= {name}
        other.connect()
        other.run(60)
        assert other.station.is_accepted
