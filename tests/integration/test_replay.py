"""Recorded frames of real software: how many sessions, how much energy, always the same bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from csms.__main__ import app
from csms.engine.policy import Policy
from csms.link.frame_log import FrameLogError, read_frame_log
from csms.link.replay import Replay, ReplayResult

FRAMES = Path(__file__).parents[1] / "fixtures" / "frames"

# File, then token, energy in Wh, state and whether the register was reset, in order of the start.
RECORDED: dict[str, list[tuple[str | None, float | None, str, bool]]] = {
    "microocpp-16": [
        ("TAG1", 36, "ended", False),
        ("REMOTE1", 121, "ended", False),
        ("TAG3", 0, "ended", True),
        ("TAG4", 9, "ended", False),
        ("TAG6", 0, "ended", False),
        ("X", 16, "ended", False),
    ],
    "microocpp-201": [
        ("TAG1", 15, "ended", False),
        ("REM1", 60, "ended", False),
        ("TAG9", 0, "ended", False),
        ("TAG9", None, "ended", False),
    ],
    "libocpp-201": [
        ("TAG1", 101.32, "ended", False),
        ("OFFTAG", 88.61, "ended", False),
        ("TAG5", 0, "active", False),
        ("REM1", 12.22, "ended", False),
    ],
    "vcp-16": [("TAG1", 332, "ended", False), ("R2", 0, "active", False)],
    # Its kilowatt-hours are watt-hours; no session of it is ended but the second.
    "vcp-201": [
        ("REM1", 300.33, "active", False),
        ("REM2", 32.28, "ended", False),
        (None, None, "active", False),
    ],
    "shiv3-16": [
        ("TAG1", 5001, "ended", False),
        ("TAG001", 0, "ended", False),
        ("TAG2", 0, "ended", True),
        ("TAG3", 0, "ended", False),
    ],
    "shiv3-201": [("TAG1", 1667, "active", False), ("REM1", 0, "ended", False)],
}


def play(name: str) -> ReplayResult:
    log = read_frame_log(FRAMES / f"{name}.jsonl")
    return asyncio.run(Replay(Policy(accept_unknown_tokens=True)).run(log))


@pytest.mark.parametrize("name", RECORDED)
def test_sessions_and_energies_are_those_that_the_software_reported(name):
    sessions = play(name).sessions
    assert len(sessions) == len(RECORDED[name])
    for found, (token, energy_wh, state, is_reset) in zip(sessions, RECORDED[name], strict=True):
        assert found["state"] == state
        assert found["energy_wh"] is None or found["energy_wh"] >= 0
        assert ("register_reset" in found["flags"]) is is_reset
        if token is not None:
            assert found["token"] == token
        if energy_wh is not None:
            assert found["energy_wh"] == pytest.approx(energy_wh, abs=0.006)


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_software_raises_no_deviation_of_a_limit(name):
    kinds = {each["kind"] for each in play(name).deviations}
    assert kinds <= {"METER_MISSING"}


@pytest.mark.parametrize("name", ["microocpp-16", "libocpp-201"])
def test_the_same_file_gives_the_same_bytes(name):
    arguments = ["replay", str(FRAMES / f"{name}.jsonl"), "--format", "json", "--verbose"]
    first, second = (CliRunner().invoke(app, arguments) for _ in range(2))
    assert (first.exit_code, first.output) == (0, second.output)
    doc = orjson.loads(first.output)
    assert set(doc) == {"sessions", "deviations", "anomalies", "estimates", "differences"}
    assert len(doc["sessions"]) == len(RECORDED[name])


LINE: dict[str, Any] = {
    "at": "2026-11-21T08:00:00.000Z",
    "station": "CP1",
    "version": "1.6",
    "from": "station",
    "frame": [2, "1", "Heartbeat", {}],
}


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"at": None}, '"at"'),
        ({"at": "yesterday"}, '"at"'),
        ({"at": 1763712000}, '"at"'),
        ({"station": None}, '"station"'),
        ({"station": ""}, '"station"'),
        ({"station": 7}, '"station"'),
        ({"version": None}, '"version"'),
        ({"version": "2.1"}, '"version"'),
        ({"version": ["1.6"]}, '"version"'),
        ({"from": None}, '"from"'),
        ({"from": "charger"}, '"from"'),
        ({"from": "csms", "frame": None}, '"frame"'),
        ({"event": "rebooted"}, '"event"'),
    ],
)
def test_a_line_that_is_none_is_named_with_its_member(changed, member, tmp_path):
    line = {name: value for name, value in (LINE | changed).items() if value is not None}
    check_refused(tmp_path, orjson.dumps(line), member)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{", "no JSON"),
        (b"[]", "object"),
        (b"7", "object"),
        (b"\xff\xfe", "no JSON"),
        (b'{"at": NaN}', "no JSON"),
    ],
)
def test_a_line_that_is_no_object_is_named(raw, says, tmp_path):
    check_refused(tmp_path, raw, says)


def check_refused(folder: Path, raw: bytes, says: str) -> None:
    """One sentence that names file and line; the command line prints it without a trace."""
    file = folder / "log.jsonl"
    file.write_bytes(orjson.dumps(LINE) + b"\n\n" + raw + b"\n")
    with pytest.raises(FrameLogError) as refused:
        list(read_frame_log(file))
    assert str(refused.value).startswith(f"{file}:3: ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    result = CliRunner().invoke(app, ["replay", str(file)])
    assert isinstance(result.exception, FrameLogError)


@pytest.mark.parametrize(
    "frame", ["{", "", [2], [2, 7], [2, "1", "NoSuchAction", {}], [9], {}, 7, [3, "x", {}]]
)
def test_a_frame_that_is_none_is_played_all_the_same(frame, tmp_path):
    file = tmp_path / "log.jsonl"
    lines = [LINE, LINE | {"frame": frame}, LINE | {"from": "csms", "frame": frame}]
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    result = asyncio.run(Replay(Policy()).run(read_frame_log(file)))
    assert (result.sessions, result.deviations) == ([], [])


def test_an_empty_log_gives_nothing(tmp_path):
    file = tmp_path / "log.jsonl"
    file.touch()
    result = asyncio.run(Replay(Policy()).run(read_frame_log(file)))
    assert (result.sessions, result.deviations, result.anomalies) == ([], [], [])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FrameLogError, match=r"cannot read .*none\.jsonl"):
        list(read_frame_log(tmp_path / "none.jsonl"))
