"""What a run shows: problems once and counted, a live view, sentences for names got wrong."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from simulator.cli.display import Display, JsonDisplay, QuietDisplay
from simulator.cli.live import LiveDisplay
from simulator.cli.problems import Problems
from simulator.errors import SimulatorError
from simulator.naming import unknown
from simulator.running.figures import Figures
from simulator.running.fleet import Summary
from simulator.station.outputs import Happened

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SUMMARY = Summary(2, 8.0, Counter({"session.started": 3}), Counter({"Heartbeat": 4}))


def failed(station, kind="refused", reason="nobody listens there", **more):
    return Happened(AT, station, "connection.failed", {"reason": reason, "kind": kind, **more})


def booted(station, status):
    return Happened(AT, station, "boot.answered", {"status": status, "interval_s": 60})


def test_problem_is_told_once_with_what_to_do_and_then_counted():
    problems = Problems()
    assert problems.note(failed("CP-1")) == (
        "CP-1: nobody listens there; is the central system running, and is --url right?; "
        "trying again"
    )
    assert problems.note(failed("CP-2")) is None
    assert problems.again() == ["still: nobody listens there (2 attempts, 2 stations out)"]
    assert problems.again() == []
    assert problems.summary() == ["2 stations were never let in: nobody listens there (CP-1, CP-2)"]


@pytest.mark.parametrize(
    ("kind", "status", "option"),
    [
        ("http", 401, "--password"),
        ("http", 404, "--url"),
        ("http", 429, "--connect-rate"),
        ("tls", None, "--ca-file"),
        ("subprotocol", None, "--version"),
        ("ports", None, "--source"),
        ("name", None, "--url"),
    ],
)
def test_each_kind_of_failure_names_the_option_to_look_at(kind, status, option):
    assert option in Problems().note(failed("CP-1", kind, "it went wrong", status=status))


def test_station_that_is_let_in_later_is_no_problem_any_more():
    problems = Problems()
    problems.note(failed("CP-1"))
    problems.note(booted("CP-2", "Rejected"))
    assert problems.never_let_in == ["CP-1", "CP-2"]
    problems.note(booted("CP-1", "Accepted"))
    assert problems.never_let_in == ["CP-2"]
    assert problems.again() == [] or "answered Rejected" in problems.again()[0]
    [line] = problems.summary()
    assert line == "1 station was never let in: the BootNotification was answered Rejected (CP-2)"


def test_lines_leave_out_what_only_the_curious_want(capsys):
    shown = Display()
    shown.show(Happened(AT, "CP-1", "meter.sampled", {"power_w": 1}))
    shown.show(Happened(AT, "CP-1", "truth.session", {}))
    shown.show(Happened(AT, "CP-1", "car.left", {"charge_level": 80}))
    assert capsys.readouterr().out == "08:00:00 CP-1         car.left           charge_level=80\n"


def test_quiet_shows_problems_and_the_summary(capsys):
    shown = QuietDisplay()
    shown.show(Happened(AT, "CP-1", "car.left", {}))
    shown.show(failed("CP-1"))
    shown.summarise(SUMMARY)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:6] for line in lines] == ["! CP-1", "! 1 st", "2 stat"]


def test_json_has_nothing_but_objects_on_standard_output(capsys):
    shown = JsonDisplay()
    shown.show(failed("CP-1"))
    shown.tell("something else")
    shown.summarise(SUMMARY)
    told = capsys.readouterr()
    assert all(line.startswith("{") for line in told.out.splitlines())
    assert '"never_let_in":["CP-1"]' in told.out
    assert told.err == "simulator: something else\n"


def test_live_view_shows_the_figures_and_leaves_a_summary():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with LiveDisplay("office-day at ws://localhost", console) as shown:
        shown.show(Happened(AT, "CP-1", "session.stopped", {"reason": "Local", "energy_wh": 2500}))
        shown.show(failed("CP-2"))
        figures = Figures(
            stations=40,
            connected=30,
            accepted=28,
            charging=12,
            sessions=17,
            simulated_s=90_061,
            errors=Counter({"no-answer": 3}),
            latency_p50_ms=4.2,
            behind_s=12,
        )
        console.print(shown.picture(figures))
        shown.summarise(SUMMARY)
    text = out.getvalue()
    for part in (
        "stations 40",
        "offline 10",
        "waiting 2",
        "charging 12",
        "kWh 2.5",
        "1 d 01:01:01",
        "p50 4.2 ms",
        "no-answer 3",
        "12 simulated s behind",
        "CP-1 session.stopped",
        "! CP-2: nobody listens there",
        "2 stations, 3 sessions, 4 messages sent in 8 s",
    ):
        assert part in text


def test_unknown_names_are_answered_with_near_ones():
    known = [f"name-{number}" for number in range(20)]
    assert unknown("fault", "name-7x", known).startswith("there is no fault 'name-7x'; did you")
    listed = unknown("fault", "zzz", known, "simulator faults")
    assert listed == "there is no fault 'zzz'; `simulator faults` lists all 20"
    assert unknown("fault", "zzz", ["a", "b"]) == "there is no fault 'zzz'; known are a, b"


def test_output_that_fills_the_disk_is_told_once(monkeypatch):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        shown = Display()
        with pytest.raises(SimulatorError, match="standard output: No space left"):
            shown.show(booted("CP-1", "Accepted"))
        shown.show(booted("CP-2", "Accepted"))
