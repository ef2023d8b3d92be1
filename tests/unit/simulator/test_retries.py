"""Each dialect against what its firmware is known to do, in virtual time.

The shares are of messages made evenly over an outage of 600 s, each alone in its queue. With
"silence" the call that is open when the outage ends is answered then, as by a central system
that hung; lost is what was given up before.
"""

import json
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.v16 import call as call16
from ocpp.v201 import call as call201

from csms.ocppj.peer import AnswerReceived, Peer
from csms.ocppj.version import Role, Version
from simulator.errors import SimulatorError
from simulator.station.deliveries import Outcome, Reason
from simulator.station.outbox import Outbox, Outgoing
from simulator.station.retries import MIXED, RETRIES, heeded_s, retry_dialect

OUTAGE_S = 600.0
STEP_S = 2.0
AT = "2026-11-21T08:00:00Z"


def chance(seed):
    return Random(seed)  # noqa: S311 - a simulation, no secrets


class Charger:
    """An outbox with a clock, and a central system that does as `policy` says."""

    def __init__(self, dialect, version="1.6", *, scale=1.0):
        self.told = []
        self.outbox = Outbox(
            chance(1),
            timeout_s=30.0,
            strict=True,
            retries=RETRIES[dialect].scaled(scale),
            tell=self.told.append,
        )
        self.version = Version(version)
        self.now = 0.0
        self.peer = None
        self.frames = []
        self.policy = "answer"

    def connect(self):
        self.peer = Peer(self.version, Role.STATION)

    def cut(self):
        self.peer = None
        self.outbox.link_lost(self.now)

    def say(self, action="MeterValues", transaction="T1", *, at=None):
        self.now = self.now if at is None else at
        message = MESSAGES[action]
        outgoing = Outgoing(action, lambda: message, is_durable=True, transaction=transaction)
        self.outbox.add(outgoing, self.now)
        self.pump()
        return outgoing

    def run(self, until, policy=None):
        """Let time pass; everything that is due happens at its own time."""
        self.policy = self.policy if policy is None else policy
        self.pump()
        while (due := self._wake_at()) <= until:
            self.now = max(self.now, due)
            self.outbox.expire(self.peer, self.now)
            self.pump()
        self.now = until

    def pump(self):
        while self.peer is not None:
            text = self.outbox.next_text(self.peer, self.now, is_accepted=True)
            if text is None:
                return
            frame = json.loads(text)
            self.frames.append((self.now, frame))
            if self.policy != "silence":
                self.hear(frame[1])

    def hear(self, message_id):
        answer = [3, message_id, ANSWERS.get(self.peer.open_call.action, {})]
        if self.policy == "error":
            answer = [4, message_id, "InternalError", "", {}]
        received = self.peer.receive(json.dumps(answer))
        if isinstance(received, AnswerReceived):
            self.outbox.answered(received, self.now)

    def times(self):
        return [at for at, _ in self.frames]

    def ids(self):
        return [frame[1] for _, frame in self.frames]

    def lost(self):
        return [each.number for each in self.told if each.outcome is Outcome.DISCARDED]

    def _wake_at(self):
        if self.peer is None:
            return self.outbox.deadline
        return self.outbox.wake_at(is_accepted=True)


MESSAGES = {
    "StartTransaction": call16.StartTransaction(1, "TAG", 0, AT),
    "MeterValues": call16.MeterValues(
        1, [{"timestamp": AT, "sampledValue": [{"value": "1"}]}], transaction_id=1
    ),
    "StopTransaction": call16.StopTransaction(1, AT, 1),
    "TransactionEvent": call201.TransactionEvent(
        event_type="Started",
        timestamp=AT,
        trigger_reason="Authorized",
        seq_no=0,
        offline=False,
        transaction_info={"transactionId": "T1"},
    ),
}


ANSWERS = {"StartTransaction": {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}}


def share_lost(dialect, policy):
    made = [STEP_S * n for n in range(int(OUTAGE_S / STEP_S))]
    return sum(is_lost(dialect, policy, at) for at in made) / len(made)


def is_lost(dialect, policy, at):
    charger = Charger(dialect)
    if policy != "refused":
        charger.connect()
    charger.policy = policy
    charger.say(at=at)
    charger.run(OUTAGE_S)
    charger.policy = "answer"
    if policy == "refused":
        charger.connect()
    if charger.peer.open_call is not None:
        charger.hear(charger.ids()[-1])
    charger.run(OUTAGE_S + 7200)
    assert charger.outbox.is_empty
    return bool(charger.lost())


@pytest.mark.parametrize(
    ("dialect", "policy", "share"),
    [
        ("libocpp-shipped", "error", 1.0),
        ("libocpp", "error", 0.85),
        ("microocpp", "error", 0.70),
        ("tfocpp", "error", 0.95),
        ("default", "error", 0.95),
        # One attempt and 30 + 10 s of patience.
        ("libocpp-shipped", "silence", 560 / 600),
        # 60, 90 and 120 s of patience, no pause between: the pauses are over by then.
        ("libocpp", "silence", 330 / 600),
        # The third attempt goes out at 180 s and is given up 40 s later.
        ("microocpp", "silence", 380 / 600),
        ("tfocpp", "silence", 0.0),
        # 30 s of patience thrice, pauses of 10 and 20 s.
        ("default", "silence", 480 / 600),
        *[(dialect, "refused", 0.0) for dialect in RETRIES],
        *[(dialect, "answer", 0.0) for dialect in RETRIES],
    ],
)
def test_share_of_messages_lost_in_an_outage_of_600_s(dialect, policy, share):
    assert share_lost(dialect, policy) == pytest.approx(share, abs=2 * STEP_S / OUTAGE_S)


@pytest.mark.parametrize(
    ("dialect", "is_kept"),
    [(name, name != "libocpp-shipped") for name in RETRIES],
)
def test_socket_closed_with_the_call_unanswered_loses_it_where_one_attempt_is_all(dialect, is_kept):
    charger = Charger(dialect)
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.cut()
    charger.now = 1.0
    charger.connect()
    charger.run(600, "answer")
    assert charger.outbox.is_empty
    assert (charger.lost() == []) is is_kept


@pytest.mark.parametrize("dialect", ["libocpp", "libocpp-shipped", "microocpp", "tfocpp"])
def test_call_in_flight_keeps_its_timer_over_a_cut_and_blocks_the_queue(dialect):
    charger = Charger(dialect)
    charger.connect()
    charger.policy = "silence"
    charger.say("StartTransaction")
    deadline = charger.outbox.deadline
    charger.cut()
    charger.say(at=2.0)
    charger.connect()
    charger.policy = "answer"
    charger.run(deadline - 0.5)
    assert len(charger.frames) == 1
    charger.run(1000)
    assert charger.times()[1] >= deadline


def test_default_sends_what_was_cut_off_as_soon_as_the_link_is_back():
    charger = Charger("default")
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.cut()
    charger.now = 3.0
    charger.connect()
    charger.run(3.0, "answer")
    assert charger.times() == [0.0, 3.0]
    assert charger.outbox.is_empty


def test_libocpp_burns_the_attempts_of_an_old_backlog_at_once():
    charger = Charger("libocpp")
    for number in range(50):
        charger.say(at=float(number))
    charger.now = 3600.0
    charger.connect()
    charger.run(3600.0, "error")
    assert len(charger.lost()) == 50
    assert len(charger.frames) == 150


def test_libocpp_lets_later_messages_overtake_one_that_waits():
    charger = Charger("libocpp")
    charger.connect()
    charger.policy = "error"
    charger.say("StartTransaction")
    charger.policy = "answer"
    charger.say("StopTransaction", at=5.0)
    charger.run(100)
    sent = [(at, frame[2]) for at, frame in charger.frames]
    assert sent == [
        (0.0, "StartTransaction"),
        (5.0, "StopTransaction"),
        (30.0, "StartTransaction"),
    ]


@pytest.mark.parametrize("dialect", ["default", "microocpp", "tfocpp"])
def test_others_keep_the_order(dialect):
    charger = Charger(dialect)
    charger.connect()
    charger.policy = "error"
    charger.say("StartTransaction")
    charger.policy = "answer"
    charger.say("StopTransaction", at=5.0)
    charger.run(100)
    actions = [frame[2] for _, frame in charger.frames]
    assert actions == ["StartTransaction", "StartTransaction", "StopTransaction"]


def test_microocpp_throws_the_whole_session_away_but_not_the_next():
    charger = Charger("microocpp")
    charger.connect()
    charger.policy = "error"
    first = [charger.say("StartTransaction"), charger.say(), charger.say()]
    other = charger.say("StartTransaction", "T2", at=2.0)
    charger.run(179.0)
    charger.run(180.0)
    late = charger.say("StopTransaction")
    charger.run(1000, "answer")
    assert set(charger.lost()) == {each.number for each in [*first, late]}
    reasons = charger.outbox.discarded_for
    assert reasons == {Reason.CALL_ERROR: 1, Reason.SESSION_DROPPED: 3}
    answered = [each.number for each in charger.told if each.outcome is Outcome.ANSWERED]
    assert answered == [other.number]


def test_microocpp_gives_up_meter_values_alone():
    charger = Charger("microocpp")
    charger.connect()
    charger.policy = "error"
    meter = charger.say()
    charger.say("StopTransaction", at=1.0)
    charger.run(180.0)
    charger.run(1000, "answer")
    assert charger.lost() == [meter.number]


def test_tfocpp_repeats_the_same_call_for_ever_and_takes_a_late_answer():
    charger = Charger("tfocpp")
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.run(3600)
    assert charger.times()[:4] == [0.0, 10.0, 20.0, 30.0]
    assert len(charger.frames) == 361
    assert {json.dumps(frame) for _, frame in charger.frames} == {json.dumps(charger.frames[0][1])}
    charger.policy = "answer"
    charger.hear(charger.ids()[0])
    assert charger.outbox.is_empty


@pytest.mark.parametrize("dialect", ["default", "libocpp", "microocpp"])
def test_others_give_each_attempt_another_id(dialect):
    charger = Charger(dialect)
    charger.connect()
    charger.policy = "error"
    charger.say()
    charger.run(600)
    assert len(set(charger.ids())) == len(charger.ids()) == 3


@pytest.mark.parametrize("dialect", ["microocpp", "tfocpp"])
def test_ids_are_used_again_after_a_boot(dialect):
    charger = Charger(dialect)
    charger.connect()
    charger.say()
    charger.outbox.rebooted()
    charger.say()
    assert len(charger.ids()) == 2
    assert len(set(charger.ids())) == 1


@pytest.mark.parametrize("dialect", ["libocpp", "libocpp-shipped", "microocpp", "tfocpp"])
def test_boot_forgets_the_timer_of_a_cut_call_but_not_the_call(dialect):
    charger = Charger(dialect)
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.cut()
    charger.outbox.rebooted()
    charger.connect()
    charger.run(0.0, "answer")
    assert len(charger.frames) == 2
    assert charger.outbox.is_empty
    assert charger.lost() == []


def test_boot_on_a_live_link_leaves_the_open_call_alone():
    charger = Charger("libocpp")
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.cut()
    charger.connect()
    charger.run(60.0)
    assert len(charger.frames) == 2
    charger.outbox.rebooted()
    charger.policy = "answer"
    charger.hear(charger.ids()[-1])
    assert charger.outbox.is_empty


def test_tfocpp_counts_from_a_million():
    charger = Charger("tfocpp")
    charger.connect()
    charger.say()
    charger.say()
    assert charger.ids() == ["1000000", "1000001"]


@pytest.mark.parametrize(("dialect", "offline"), [("libocpp", True), ("default", False)])
def test_libocpp_marks_an_event_offline_that_was_cut_off(dialect, offline):
    charger = Charger(dialect, "2.0.1")
    charger.connect()
    charger.policy = "silence"
    charger.say("TransactionEvent")
    charger.cut()
    charger.connect()
    charger.run(600, "answer")
    payloads = [frame[3] for _, frame in charger.frames]
    assert [each["offline"] for each in payloads] == [False, offline]


def test_attempts_and_interval_can_be_set():
    charger = Charger("default")
    charger.outbox.attempts, charger.outbox.interval_s = 5, 2.0
    charger.connect()
    charger.policy = "error"
    charger.say()
    charger.run(600)
    assert charger.times() == [0.0, 2.0, 6.0, 12.0, 20.0]


@pytest.mark.parametrize("dialect", RETRIES)
def test_interval_of_zero_comes_to_an_end(dialect):
    charger = Charger(dialect)
    charger.outbox.interval_s = 0.0
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.run(300)
    assert len(charger.frames) < 20


def test_scaled_is_the_same_in_another_time():
    charger = Charger("libocpp", scale=0.1)
    charger.connect()
    charger.policy = "silence"
    charger.say()
    charger.run(600)
    assert charger.times() == pytest.approx([0.0, 6.0, 15.0])
    assert charger.lost()


@pytest.mark.parametrize("dialect", ["libocpp", "libocpp-shipped", "microocpp", "tfocpp"])
def test_on_a_fast_clock_answers_get_their_real_time(dialect):
    slow, fast = RETRIES[dialect], RETRIES[dialect].on_clock(30)
    interval = slow.interval_s
    assert fast.waits_s(2, interval, 30) == pytest.approx(30 * slow.waits_s(2, interval, 30))


def pauses(name, count, seed=1):
    random, found = chance(seed), []
    for number in range(count):
        last = found[-1] if found else 0.0
        found.append(RETRIES[name].reconnect.delay_s(number, last, random))
    return found


def test_libocpp_comes_back_in_whole_seconds_up_to_eighteen():
    for seed in range(50):
        found = pauses("libocpp", 8, seed)
        assert 1 <= found[0] <= 3
        assert found[2] <= 18
        assert len(set(found[2:])) == 1
        assert all(each == int(each) for each in found)


def test_microocpp_and_tfocpp_come_back_without_spread():
    assert pauses("microocpp", 3) == [5.0] * 3
    assert pauses("tfocpp", 3) == [60.0] * 3


def test_default_doubles_with_spread_up_to_half_a_minute():
    found = pauses("default", 10)
    assert 0.5 <= found[0] <= 1.5
    assert max(found) <= 45.0
    assert found[5] > found[0]
    assert math.isfinite(RETRIES["default"].reconnect.delay_s(5000, 1.0, chance(1)))


def test_retry_after_is_heeded_by_default_and_by_no_known_firmware():
    asked = {name: heeded_s(each.reconnect, 7.0, chance(1)) for name, each in RETRIES.items()}
    for own in ("default", "small-memory"):
        assert 7.0 <= asked.pop(own) <= 8.0
    assert set(asked.values()) == {0.0}
    assert heeded_s(RETRIES["default"].reconnect, 0.0, chance(1)) == 0.0


def test_mixed_gives_each_its_turn_and_unknown_is_told():
    count = len(RETRIES)
    assert [retry_dialect(MIXED, n).name for n in range(count + 1)] == [*RETRIES, "default"]
    with pytest.raises(SimulatorError, match="libocpp-shipped"):
        retry_dialect("steve")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "cut", "connect", "boot", "answer", "error", "silence"]),
        st.sampled_from([0.0, 1.0, 15.0, 50.0, 200.0]),
    ),
    max_size=40,
)


@pytest.mark.parametrize("dialect", RETRIES)
@given(policy=st.sampled_from(["silence", "error"]), steps=STEPS)
@settings(deadline=None)
def test_each_message_ends_answered_or_thrown_away_and_only_once(dialect, policy, steps):
    charger = Charger(dialect)
    charger.policy = policy
    charger.connect()
    for step, pause_s in steps:
        match step:
            case "say":
                charger.say("StartTransaction", f"T{len(charger.told) % 5}")
            case "cut" | "boot" if charger.peer is not None:
                charger.cut()
                if step == "boot":
                    charger.outbox.rebooted()
            case "connect" if charger.peer is None:
                charger.connect()
            case "answer" | "error" | "silence":
                charger.policy = step
        charger.run(charger.now + pause_s)
    if charger.peer is None:
        charger.connect()
    charger.run(charger.now + 10_000, "answer")
    assert charger.outbox.is_empty
    ended = [
        each.number
        for each in charger.told
        if each.outcome in (Outcome.ANSWERED, Outcome.DISCARDED)
    ]
    said = sum(step == "say" for step, _ in steps)
    assert sorted(ended) == list(range(1, said + 1))
    assert charger.outbox.discarded == len(charger.lost())
