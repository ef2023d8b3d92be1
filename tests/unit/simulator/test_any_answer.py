"""Whatever a central system answers, a station lives on, and works once it is answered well."""

import json
from random import Random

import pytest

from simulator.station.retries import RETRIES
from simulator.station.transaction import Token
from tests.messages import a_payload
from tests.unit.simulator.conftest import Lab

NUMBERS = (0, -1, 2**31, 2**53, 2**63, -(2**63), 10**30, 1e308, 1.5, 300.0, None, "300", [], {})
TEXTS = (None, "", 5, "x" * 3000, [], {}, "Accepted", "Pending", "Rejected")
TIMES = (
    "",
    "yesterday",
    "0001-01-01T00:00:00+14:00",
    "1970-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-21T08:00:00",
    "8999-12-31T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    None,
    5,
)


def odd(random, given, share):
    """Return an answer of which some members are something else, or gone."""
    if isinstance(given, dict):
        kept = {name: each for name, each in given.items() if random.random() > share / 5}
        return {name: odd(random, each, share) for name, each in kept.items()}
    if isinstance(given, list):
        return [odd(random, each, share) for each in given] * random.choice([1, 1, 0, 2])
    if random.random() > share:
        return given
    if isinstance(given, int | float):
        return random.choice(NUMBERS)
    return random.choice(TIMES if "T" in str(given) else TEXTS)


class OddLab(Lab):
    """Answers well as long as `is_honest`; then as `random` has it."""

    def __init__(self, random, *args, **how):
        self.random, self.is_honest = random, True
        super().__init__(*args, **how)

    def _receive(self, frame):
        if frame[0] != 2 or self.is_honest:
            super()._receive(frame)
            return
        _, message_id, action, payload = frame
        self.calls.append((self.now, action, payload))
        text = self._answer_to(message_id, action, payload)
        if text is not None:
            self.station.received(text, self.now)

    def _answer_to(self, message_id, action, payload):
        random = self.random
        drawn = a_payload(random, self.version, action, is_answer=True)
        answer = odd(
            random,
            random.choice([self.answer(action, payload), drawn]),
            random.choice([0, 0.1, 0.5]),
        )
        frame = json.dumps([3, message_id, answer])
        refusal = [4, message_id, random.choice(["InternalError", None, 5, ""]), None, []]
        return random.choices(
            [frame, json.dumps(refusal), frame[:-2], json.dumps([3, message_id]), None],
            [16, 1, 1, 1, 1],
        )[0]


def befall(random, room):
    """Have something happen that a central system must answer."""
    station = room.station
    match random.randrange(4):
        case 0:
            station.lifecycle.power_cut(room.now, 2.0)
            room.run(3)
        case 1 if room.is_up:
            room.drop()
        case _:
            station.bays[1].take_token(Token("TAG-1"), room.now)
            station.advance(room.now)
            room._drain()
    if not room.is_up:
        room.connect()


@pytest.mark.parametrize("retries", sorted(RETRIES))
def test_odd_answers_harm_no_station(version, retries):
    random = Random(f"{version}/{retries}")  # noqa: S311 - no secrets
    room = OddLab(random, version, evses=2, retries=retries, truth=True)
    room.run(60)
    room.is_honest = False
    for _ in range(25):
        room.run(random.choice([5, 40, 120]))
        befall(random, room)
    assert room.happened("answer.invalid")
    room.is_honest = True
    if room.is_up:
        room.drop()
    room.connect()
    room.run(900)
    assert room.station.is_accepted
    assert not room.station.has_waiting_transaction_messages
