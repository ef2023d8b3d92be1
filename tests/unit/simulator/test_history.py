import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.errors import SimulatorError
from simulator.station.outputs import Happened
from simulator.truth.history import History
from simulator.truth.log import TruthLog


def test_history_holds_messages_and_ends_of_transactions_only(lab, tmp_path):
    room = lab("1.6", wants=0.3, interval=0, tells_messages=True)
    room.run(900)
    path = tmp_path / "history.jsonl"
    before = datetime.now(UTC)
    with History(path) as history:
        for each in room.events:
            history.note(each)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["event"] for each in lines] == [
        "connection.opened",
        "message.sent",
        "message.answered",
        "transaction.ended",
        "message.sent",
        "message.answered",
    ]
    assert {each["station"] for each in lines} == {"LAB-1"}
    started = lines[1]
    assert (started["action"], started["attempt"]) == ("StartTransaction", 1)
    assert started["payload"]["meterStart"] == lines[3]["register_start_wh"]
    assert lines[2]["payload"]["transactionId"] == 101
    assert lines[2]["message_id"] == started["message_id"]
    assert datetime.fromisoformat(started["wall"]).timestamp() >= int(before.timestamp())


def test_history_is_appended_to(lab, tmp_path):
    path = tmp_path / "history.jsonl"
    for _ in range(2):
        with History(path) as history:
            history.note(lab("1.6").events[0])
    assert len(path.read_text().splitlines()) == 2


def test_file_that_fills_the_disk_is_told_once():
    told = Happened(datetime.now(UTC), "CP-1", "connection.opened", {})
    with (
        pytest.raises(SimulatorError, match="--history /dev/full: No space left"),
        History(Path("/dev/full")) as log,
    ):
        log.note(told)
    log.note(told)
    with pytest.raises(SimulatorError, match="--truth /dev/full: No space left"):
        TruthLog(Path("/dev/full"))
