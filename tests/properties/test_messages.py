"""Every message of both versions, in both directions: as the official schemas and the `ocpp`
package's own types have it. What is drawn is read as it was drawn, and told apart from what is not.
"""

import copy
import json
import random
from dataclasses import asdict, fields
from decimal import Decimal

import ocpp.v16.call
import ocpp.v16.call_result
import ocpp.v201.call
import ocpp.v201.call_result
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.charge_point import camel_to_snake_case, remove_nones, snake_to_camel_case
from ocpp.messages import get_validator

from csms.ocppj.frames import Call, CallResult, encode
from csms.ocppj.peer import AnswerReceived, CallReceived, Peer
from csms.ocppj.repair import tidy
from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Role, Version
from tests.fuzz.mutate import ODD
from tests.messages import ACTIONS, a_payload, schema

TYPES = {
    Version.V16: (ocpp.v16.call, ocpp.v16.call_result),
    Version.V201: (ocpp.v201.call, ocpp.v201.call_result),
}
CHANGES = [each for each in ODD if each not in ("\x00", 1e308)]  # too large for a Decimal's context
DRAWS = settings(max_examples=10, deadline=None)
randoms = st.randoms(use_true_random=False)
names = [f"{version}-{action}" for version, action in ACTIONS]


def receiver(version, action):
    """The end that a call of this action arrives at."""
    role = Role.CSMS if action in STATION_ACTIONS[version] else Role.STATION
    return Peer(version, role)


def caller(version, action):
    role = Role.CSMS if action in CSMS_ACTIONS[version] else Role.STATION
    return Peer(version, role)


def by_package(version, action, payload, *, is_answer):
    """The payload as the package's own type writes it that was made from it."""
    kind = getattr(TYPES[version][is_answer], action)
    told = camel_to_snake_case(payload)
    # Some members are optional in the schema, and not in the package's type.
    made = kind(**{each.name: None for each in fields(kind)} | told)
    return snake_to_camel_case(remove_nones(asdict(made)))


@pytest.mark.parametrize(("version", "action"), ACTIONS, ids=names)
@given(random=randoms)
@DRAWS
def test_a_request_is_read_as_it_was_drawn(version, action, random):
    payload = a_payload(random, version, action)
    sent = caller(version, action).call("m1", action, copy.deepcopy(payload))
    received = receiver(version, action).receive(sent)
    assert isinstance(received, CallReceived)
    assert received.violation is None
    assert received.call == Call("m1", action, payload)
    assert encode(received.call) == sent
    assert by_package(version, action, payload, is_answer=False) == payload


@pytest.mark.parametrize(("version", "action"), ACTIONS, ids=names)
@given(random=randoms)
@DRAWS
def test_an_answer_is_read_as_it_was_drawn(version, action, random):
    payload = a_payload(random, version, action, is_answer=True)
    peer = caller(version, action)
    peer.call("m1", action, a_payload(random, version, action))
    sent = receiver(version, action).result(Call("m1", action, {}), copy.deepcopy(payload))
    received = peer.receive(sent)
    assert isinstance(received, AnswerReceived)
    assert received.violation is None
    assert received.answer == CallResult("m1", payload)
    assert by_package(version, action, payload, is_answer=True) == payload


def is_valid(version, action, payload):
    """What the package's validator says, which is another library over the same schemas."""
    exact = json.loads(json.dumps(payload), parse_float=Decimal)  # 8.1 is a multiple of 0.1
    return get_validator(2, action, version.value, parse_float=Decimal).is_valid(exact)


@pytest.mark.parametrize(("version", "action"), ACTIONS, ids=names)
@given(random=randoms)
@DRAWS
def test_what_the_schema_forbids_is_a_violation_and_nothing_else_is(version, action, random):
    payload = broken(random, a_payload(random, version, action))
    received = receiver(version, action).receive(json.dumps([2, "m1", action, payload]))
    assert isinstance(received, CallReceived)
    meant = copy.deepcopy(payload)
    tidy(version, meant)
    assert (received.violation is None) == is_valid(version, action, meant)
    if received.violation is not None:
        assert len(received.violation.message) <= 255
        assert received.violation.message.isascii()


def broken(random, payload):
    """A payload with one member changed, taken away or added."""
    places = [payload]
    for place in places:
        inner = place.values() if isinstance(place, dict) else place
        places += [each for each in inner if isinstance(each, dict | list) and each]
    place = random.choice(places)
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    change = random.randrange(3)
    if change == 0 or not keys:
        if isinstance(place, dict):
            place["notOfTheSchema"] = 1
    elif change == 1:
        del place[random.choice(keys)]
    else:
        place[random.choice(keys)] = random.choice(CHANGES)
    return payload


def test_the_draws_reach_every_member_of_every_message():
    source, missed = random.Random(1), []  # noqa: S311 - repeatable
    for version, action in ACTIONS:
        for is_answer in (False, True):
            wanted = set(schema(version, action, is_answer=is_answer).get("properties", {}))
            seen = set()
            for _ in range(200):
                seen |= set(a_payload(source, version, action, is_answer=is_answer))
            missed += [(action, name) for name in wanted - seen]
    assert missed == []
