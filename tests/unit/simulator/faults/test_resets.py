"""Resets, short absences, and queues that are too long, without any fault."""

import pytest
from unit.simulator.faults.odd import OddLab

from simulator.station.overflow import is_between


def reset(room, *, is_hard):
    kind = {"1.6": ("Soft", "Hard"), "2.0.1": ("OnIdle", "Immediate")}[room.version.value][is_hard]
    return room.command("Reset", {"type": kind})["status"]


@pytest.mark.parametrize("is_hard", [False, True])
def test_after_a_reset_nothing_is_said_before_the_boot_is_accepted(version, is_hard):
    room = OddLab(version, None, stays=20)
    room.run(60)
    assert reset(room, is_hard=is_hard) == "Accepted"
    room.statuses["BootNotification"] = "Pending"
    room.run(12)
    assert room.calls[-1][1] == "BootNotification"
    assert len(room.said("BootNotification")) == 2
    before = len(room.calls)
    room.run(200)
    assert len(room.calls) == before
    room.statuses.clear()
    room.run(400)
    assert room.station.is_accepted
    assert room.calls[-1][1] != "BootNotification"


@pytest.mark.parametrize("interval", [0, -5, 10**12])
@pytest.mark.parametrize("status", ["Pending", "Rejected", "Accepted"])
def test_no_interval_floods_the_central_system(version, status, interval):
    """B02.FR.07, B03.FR.05: with none the station chooses one of its own."""
    room = OddLab(version, None, online=False)
    honest = room.answer

    def answer(action, payload):
        told = honest(action, payload)
        is_boot = action == "BootNotification"
        return {**told, "status": status, "interval": interval} if is_boot else told

    room.answer = answer
    room.run(100)
    assert len(room.said("BootNotification")) <= 4
    assert len(room.calls) < 30


def test_a_soft_reset_without_a_link_boots_on_the_next_one(version):
    room = OddLab(version, None, stays=20)
    room.run(60)
    room.station.lifecycle.reset(room.now, is_hard=False)
    room.stays_away = True
    room.drop()
    room.run(30)
    assert len(room.said("BootNotification")) == 1
    room.stays_away = False
    room.run(30)
    assert len(room.said("BootNotification")) == 2


def test_reset_in_a_transaction_tells_its_end_before_the_boot(version):
    room = OddLab(version, None)
    room.run(60)
    room.station.lifecycle.reset(room.now, is_hard=True)
    room.run(60)
    (stop,) = room.of("Stop")
    reason = stop.get("reason") or stop["transactionInfo"]["stoppedReason"]
    assert reason in ("HardReset", "ImmediateReset")
    order = [action for _, action, _ in room.calls]
    last_boot = len(order) - 1 - order[::-1].index("BootNotification")
    assert order.index("StopTransaction" if version == "1.6" else "TransactionEvent") < last_boot


def test_states_are_told_again_after_a_long_absence():
    """B04.FR.01, B04.FR.02: after a short one, only what has changed."""
    room = OddLab("2.0.1", None, stays=20, next_car_s=4000)
    room.run(100)
    for away_s, expected in ((30, 0), (90, 1)):
        room.stays_away = True
        room.drop()
        room.run(away_s)
        before = len(room.said("StatusNotification"))
        room.stays_away = False
        room.run(20)
        assert len(room.said("StatusNotification")) == before + expected


def test_a_state_that_changed_in_a_short_absence_is_told():
    room = OddLab("2.0.1", None, stays=60)
    room.run(50)
    room.stays_away = True
    room.drop()
    room.run(30)
    before = len(room.said("StatusNotification"))
    room.stays_away = False
    room.run(20)
    (told,) = room.said("StatusNotification")[before:]
    assert told["connectorStatus"] == "Available"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_small_memory_keeps_starts_and_ends_and_thins_what_is_between(version):
    room = OddLab(version, None, retries="small-memory", stays=1500, next_car_s=1600)
    room.run(20)
    room.stays_away = True
    room.drop()
    room.run(2000)
    waiting = list(room.station.outbox._durable)
    assert len(waiting) <= 50
    assert sum(not is_between(each) for each in waiting) >= 2
    lost = [each.fields for each in room.happened("message.discarded")]
    assert {each["reason"] for each in lost} == {"queue-full"}
    assert {each["action"] for each in lost} <= {"MeterValues", "TransactionEvent"}
    room.stays_away = False
    room.run(60)
    assert len(room.of("Start")) == 2
    assert len(room.of("Stop")) == 1
    times = [
        payload["meterValue"][0]["timestamp"]
        for _, _, payload in room.calls
        if "meterValue" in payload and payload.get("eventType", "Updated") == "Updated"
    ]
    assert times == sorted(times)


def test_a_forgetful_station_loses_the_oldest(version):
    room = OddLab(version, None, retries="forgetful", stays=20, next_car_s=300)
    room.stays_away = True
    room.run(3)
    room.drop()
    room.run(1200)
    lost = [each.fields for each in room.happened("message.discarded")]
    assert lost[0]["number"] < lost[-1]["number"]
    assert len(room.station.outbox._durable) == 20
