"""What stations keep over the end of their program, and what becomes of a damaged file."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from simulator.errors import SimulatorError
from simulator.running import memory
from simulator.running.memory import StateFile
from simulator.station.hand import Hand
from simulator.worlds.build import Member


def reborn(lab, version, old, path, **more):
    """Save the station of one laboratory, and build another that recalls it."""
    told = []
    state = StateFile(path, "lab", told.append)
    state.save([Member(old.station, "", None)])
    new = lab(version, online=False, **more)
    [member] = StateFile(path, "lab", told.append).recall([Member(new.station, "", None)])
    assert told == []
    return new, member


def test_register_goes_on_where_it_was(lab, version, tmp_path):
    old = lab(version)
    old.run(3600)
    old.station.shut_down(old.now)
    register_wh = old.station.bays[1].supply.meter.register_wh
    new, _ = reborn(lab, version, old, tmp_path / "state.json", seed=2)
    assert new.station.bays[1].supply.meter.register_wh == register_wh


def test_settings_live_on(lab, version, tmp_path):
    old = lab(version)
    if version == "1.6":
        old.command("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "17"})
    else:
        variable = {
            "component": {"name": "SampledDataCtrlr"},
            "variable": {"name": "TxUpdatedInterval"},
            "attributeValue": "17",
        }
        old.command("SetVariables", {"setVariableData": [variable]})
    new, _ = reborn(lab, version, old, tmp_path / "state.json")
    assert new.station.dialect.meter_interval_s == 17


def test_settings_of_repetitions_work_again(lab, version, tmp_path):
    old = lab(version)
    if version == "1.6":
        change = {"key": "TransactionMessageAttempts", "value": "7"}
        assert old.command("ChangeConfiguration", change) == {"status": "Accepted"}
    else:
        variable = {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "MessageAttempts", "instance": "TransactionEvent"},
            "attributeValue": "7",
        }
        old.command("SetVariables", {"setVariableData": [variable]})
    assert old.station.outbox.attempts == 7
    new, _ = reborn(lab, version, old, tmp_path / "state.json")
    assert new.station.outbox.attempts == 7


def test_lasting_profiles_live_on_and_those_of_transactions_do_not(lab, version, tmp_path):
    old = lab(version)
    old.run(120)
    assert old.install("TxDefaultProfile", [(0, 10)], profile_id=7) == "Accepted"
    assert old.tx_profile(8, profile_id=8) == "Accepted"
    new, _ = reborn(lab, version, old, tmp_path / "state.json")
    assert [each.profile.id for each in new.station.book.profiles] == [7]
    new.connect()
    new.run(600)
    assert new.currents()[-1][1] == pytest.approx(10, abs=1)


def test_password_that_was_set_is_used_again(lab, version, tmp_path):
    old = lab(version)
    old.station.change_password("a new password of some length")
    path = tmp_path / "state.json"
    _, member = reborn(lab, version, old, path)
    assert member.password == "a new password of some length"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_messages_that_nobody_took_are_sent_by_the_next_run(lab, version, tmp_path):
    old = lab(version, online=True)
    old.station.bays[1].driver.close()
    old.drop()
    for act in (lambda hand: hand.plug_in(), lambda hand: hand.present("OFF-LINE")):
        act(Hand(old.station, old.now))
    old.run(600)
    Hand(old.station, old.now).unplug()
    old.run(0)
    assert old.happened("session.stopped")
    new, _ = reborn(lab, version, old, tmp_path / "state.json")
    new.station.bays[1].driver.close()
    new.connect()
    new.run(60)
    if version == "1.6":
        [started], [stopped] = new.said("StartTransaction"), new.said("StopTransaction")
        assert started["idTag"] == "OFF-LINE"
        assert stopped["transactionId"] == 101, "the number that the answer gave"
        assert all(each["transactionId"] == 101 for each in new.said("MeterValues"))
        assert stopped["meterStop"] > started["meterStart"]
    else:
        told = new.said("TransactionEvent")
        assert [each["eventType"] for each in (told[0], told[-1])] == ["Started", "Ended"]
        assert [each["seqNo"] for each in told] == list(range(len(told)))
    assert not new.station.has_waiting_transaction_messages


def test_session_of_a_run_that_was_killed_is_ended_by_the_next_one(lab, version, tmp_path):
    old = lab(version)
    old.run(1800)
    register_wh = old.station.bays[1].supply.meter.register_wh
    new, _ = reborn(lab, version, old, tmp_path / "state.json", seed=2)
    new.station.bays[1].driver.close()
    new.connect()
    new.run(60)
    if version == "1.6":
        [stopped] = new.said("StopTransaction")
        assert stopped["transactionId"] == old.transaction_id()
        assert (stopped["reason"], stopped["meterStop"]) == ("PowerLoss", register_wh)
    else:
        [ended] = new.said("TransactionEvent")
        told = ended["transactionInfo"]
        assert told["transactionId"] == old.transaction_id()
        assert (ended["eventType"], told["stoppedReason"]) == ("Ended", "PowerLoss")
        assert ended["seqNo"] == old.said("TransactionEvent")[-1]["seqNo"] + 1


def test_messages_of_another_version_are_not_sent(lab, tmp_path):
    path, told = tmp_path / "state.json", []
    old = lab("1.6")
    old.run(600)
    old.drop()
    old.run(600)
    StateFile(path, "lab", told.append).save([Member(old.station, "", None)])
    new = lab("2.0.1", online=False)
    StateFile(path, "lab", told.append).recall([Member(new.station, "", None)])
    assert "queue" in told[0]
    assert not new.station.has_waiting_transaction_messages


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"laddvakt_simulator_state": 99}'])
def test_damaged_file_is_set_aside_with_a_sentence(lab, tmp_path, text):
    path, told = tmp_path / "state.json", []
    path.write_text(text)
    station = lab("1.6", online=False).station
    StateFile(path, "lab", told.append).recall([Member(station, "", None)])
    assert len(told) == 1
    assert "is no state of the simulator: it is kept as state.json.damaged" in told[0]
    assert (tmp_path / "state.json.damaged").read_text() == text


def test_damaged_part_is_told_and_the_rest_is_recalled(lab, tmp_path):
    path, told = tmp_path / "state.json", []
    old = lab("1.6")
    StateFile(path, "lab", told.append).save([Member(old.station, "", None)])
    document = json.loads(path.read_text())
    parts = document["stations"]["LAB-1"]
    parts["meter-1"] = {"energy_j": "a lot"}
    parts["profiles"] = ["nonsense"]
    parts["dialect"]["configuration"]["MeterValueSampleInterval"] = "23"
    path.write_text(json.dumps(document))
    new = lab("1.6", online=False)
    StateFile(path, "lab", told.append).recall([Member(new.station, "", None)])
    [sentence] = told
    assert "LAB-1: meter-1, profiles cannot be understood and begins anew" in sentence
    assert new.station.dialect.meter_interval_s == 23


def test_stations_of_other_runs_are_kept_in_the_file(lab, tmp_path):
    path = tmp_path / "state.json"
    old = lab("1.6", online=False)
    StateFile(path, "lab", print).save([Member(old.station, "", None)])
    document = json.loads(path.read_text())
    document["stations"]["ELSEWHERE"] = {"meter-1": {"energy_j": 1}}
    path.write_text(json.dumps(document))
    state = StateFile(path, "lab", print)
    state.save(state.recall([Member(old.station, "", None)]))
    assert set(json.loads(path.read_text())["stations"]) == {"LAB-1", "ELSEWHERE"}


def test_file_that_cannot_be_read_is_a_sentence(lab, tmp_path):
    with pytest.raises(SimulatorError, match=r"--state .*: Is a directory"):
        StateFile(tmp_path, "lab", print).recall([Member(lab("1.6").station, "", None)])


def test_what_is_no_file_is_no_state(tmp_path):
    with pytest.raises(SimulatorError, match="--state /dev/full: this is no file"):
        StateFile(Path("/dev/full"), "lab", print).recall([])


@pytest.mark.parametrize(
    ("part", "remembered"),
    [
        ("meter-1", {"energy_j": 1e300}),
        ("meter-1", {"energy_j": 0, "shift_wh": 10**18}),
        ("reservations", {"1": [1, "TAG", "Central", "2027-01-01T00:00:00Z", []]}),
        ("reservations", {"1": [1, 5, "Central", "2027-01-01T00:00:00Z", None]}),
    ],
)
def test_memory_that_no_station_can_have_begins_anew(lab, version, part, remembered):
    room = lab(version, online=False)
    assert room.station.memory.recall({part: remembered}) == [part]


async def test_new_password_is_written_down_at_once(lab, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_LOOK_EVERY_S", 0.0)
    path, saved = tmp_path / "state.json", asyncio.Event()

    class Watched(StateFile):
        def save(self, members):
            super().save(members)
            saved.set()

    room = lab("1.6")
    async with Watched(path, "lab", print).kept([Member(room.station, "", None)]):
        saved.clear()
        room.station.told_password = "another one"
        async with asyncio.timeout(10):
            await saved.wait()
        assert "another one" in path.read_text()
