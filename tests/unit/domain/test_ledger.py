"""The energy of a session from what its register said. Source of the cases: real stations."""

from __future__ import annotations

import orjson
import pytest

from csms.domain.ledger import Ledger, Place, Reading, Span
from csms.domain.readings import ReadingLine
from csms.domain.stored_ledger import load_ledger

RESET, RELATIVE, MENDED = "register_reset", "register_session_relative", "unit_mended"
ROLLOVER, OUTLIER, DISORDER = "register_rollover", "register_outlier", "register_disordered"
DOUBTFUL = ("energy_implausible", "estimated")
MINUTE, HOUR = 60.0, 3600.0


def a_ledger(
    start: float | None,
    samples: list[float | tuple[float, float]],
    stop: float | None,
    every_s: float = MINUTE,
) -> Ledger:
    """A ledger of registers in Wh; samples are `every_s` apart, or (second, Wh)."""
    timed = [
        each if isinstance(each, tuple) else (every_s * index, each)
        for index, each in enumerate(samples, 1)
    ]
    readings = [Reading(Place.SAMPLE, at, round(wh * 1000)) for at, wh in timed]
    if start is not None:
        readings.append(Reading(Place.START, 0.0, round(start * 1000)))
    if stop is not None:
        ended = every_s * (len(samples) + 1)
        readings.append(Reading(Place.STOP, ended, round(stop * 1000)))
    return Ledger.fold(readings)


def wh(energy_milliwh: int | None) -> float | None:
    return None if energy_milliwh is None else energy_milliwh / 1000


@pytest.mark.parametrize(
    ("start", "samples", "stop", "energy_wh", "flags"),
    [
        pytest.param(None, [], None, None, (), id="nothing known"),
        pytest.param(100, [], None, 0, (), id="only a start"),
        pytest.param(None, [], 350, 0, (), id="only a stop"),
        pytest.param(100, [], 350, 250, (), id="start and stop"),
        pytest.param(100, [150, 200], 350, 250, (), id="all agree"),
        pytest.param(100, [150, 200], None, 100, (), id="still running"),
        pytest.param(None, [15, 22, 30], None, 15, (), id="2.0.1: only samples"),
        pytest.param(None, [96], None, 0, (), id="one sample"),
        pytest.param(100, [100, 100], 100, 0, (), id="nothing flowed"),
        pytest.param(1.5, [1.501], 1.503, 0.003, (), id="to the milliwatt-hour"),
        pytest.param(100, [100.9, 250.9], 250, 150, (), id="ends without decimals"),
        # 11: units that are a factor of a thousand off.
        pytest.param(1807e3, [1807.2, 1807.5], 1807.5e3, 500, (MENDED,), id="11 kWh as Wh"),
        pytest.param(1807e3, [1807.1e6, 1807.4e6], 1807.5e3, 500, (MENDED,), id="11 Wh as kWh"),
        pytest.param(1807e3, [1807.1e3, 1807.4], None, 400, (MENDED,), id="11 changes"),
        pytest.param(1807e3, [1807.1, 1807.4e3], None, 400, (MENDED,), id="11 changes back"),
        pytest.param(0, [150e3, 300e3, 450e3], None, 450, (MENDED,), id="11 from 0"),
        pytest.param(0, [150e3, 300e3, 450], None, 450, (MENDED,), id="11 from 0, changes"),
        # 12: the samples count from the session's start, the transaction's readings do not.
        pytest.param(50e3, [0, 120, 300], 50_320, 320, (RELATIVE,), id="12 relative samples"),
        pytest.param(50e3, [10, 120, 300], 50_320, 320, (RELATIVE,), id="12 relative, from 10"),
        pytest.param(500, [0, 400, 900], 1_400, 900, (RELATIVE,), id="12 relative, young meter"),
        pytest.param(50e3, [0, 120, 300], None, 300, (RESET,), id="12 and still running"),
        pytest.param(0, [50e3, 50.3e3], 300, 300, (RELATIVE,), id="12 the other way"),
        # 13: a start of 0 must not bill the register of a lifetime.
        pytest.param(0, [50e3, 50.3e3], 50.3e3, 300, DOUBTFUL, id="13 start is 0"),
        pytest.param(None, [0, 50e3, 50.3e3], None, 300, DOUBTFUL, id="13 begin is 0"),
        pytest.param(0, [100, 300], 50e3, 300, DOUBTFUL, id="13 stop is the lifetime's"),
        pytest.param(0, [], 2e6, 0, DOUBTFUL, id="13 nothing but ends"),
        pytest.param(500, [], 500, 0, (), id="13 start equals stop"),
        pytest.param(500, [600, 900], 500, 400, (DISORDER,), id="13 start equals stop, it flowed"),
        # 15: registers that fall.
        pytest.param(311, [], 18, 0, (RESET,), id="15 stop below start"),
        pytest.param(311, [315, 320, 4, 10], 18, 9 + 6 + 8, (RESET,), id="15 reset"),
        pytest.param(5e6, [5.0001e6, 0, 90, 0, 50], 60, 250, (RESET,), id="15 reset twice"),
        pytest.param(5001, [0, 800, 1667], 1667, 1667, (RESET,), id="15 reset before samples"),
        pytest.param(100, [150, 149.5, 160], 200, 100, (), id="15 noise below a Wh"),
        pytest.param(100, [150, 140, 160], 200, 100, (DISORDER,), id="15 slightly lower"),
        pytest.param(100, [150], 120, 50, (DISORDER,), id="15 stop below the last sample"),
        pytest.param(9e6, [9.0001e6, 4e6, 4.0002e6], None, 300, (RESET,), id="15 another meter"),
        # Single readings that are off.
        pytest.param(9e3, [9.1e3, 0, 9.2e3], 9.3e3, 300, (OUTLIER,), id="a 0 in between"),
        pytest.param(9e3, [9.1e3, 8e6, 9.2e3], 9.3e3, 300, (OUTLIER,), id="a peak in between"),
        pytest.param(9e3, [8e6, 9.1e3], 9.3e3, 300, (OUTLIER,), id="a peak at first"),
        # Rollover is a fall from the top to the bottom.
        pytest.param(999_990, [], 12, 22, (ROLLOVER,), id="6 digits of Wh"),
        pytest.param(999_999_900, [999_999_950], 50, 150, (ROLLOVER,), id="6 digits of kWh"),
        pytest.param(9_999_999_900, [50], 80, 180, (ROLLOVER,), id="7 digits of kWh"),
        pytest.param(99_999_999_900, [50], 80, 180, (ROLLOVER,), id="8 digits of kWh"),
        pytest.param(2**31 - 10, [5], None, 15, (ROLLOVER,), id="31 bits"),
        pytest.param(2**32 - 10, [5], None, 15, (ROLLOVER,), id="32 bits"),
        pytest.param(600_000_000, [5], 25, 20, (RESET,), id="from the middle: reset"),
        # What cannot be.
        pytest.param(-5, [], 10, 0, ("register_negative",), id="negative start"),
        pytest.param(5, [-20, 10], 12, 7, ("register_negative",), id="negative sample"),
        pytest.param(5, [10], -1, 5, ("register_negative",), id="negative stop"),
        pytest.param(1e3, [1.1e3], 2_147_483_647, 100, DOUBTFUL, id="stop beyond all measure"),
        pytest.param(1e3, [1.1e3, 60e3, 60.1e3], None, 200, DOUBTFUL, id="jump"),
    ],
)
def test_energy_and_flags(start, samples, stop, energy_wh, flags):
    ledger = a_ledger(start, samples, stop)
    assert (wh(ledger.energy_milliwh), ledger.flags) == (energy_wh, flags)


@pytest.mark.parametrize(
    ("samples", "stop"),
    [
        # An hour back after half an hour; five minutes back; an hour forward, and back again.
        pytest.param([(600, 1100), (1200, 1600), (-2000, 1800), (-1400, 2300)], 2400, id="back"),
        pytest.param([(600, 1100), (1200, 1600), (1100, 1800), (1900, 2300)], 2400, id="a bit"),
        pytest.param([(600, 1100), (4800, 1600), (5400, 1800), (2400, 2300)], 2400, id="forth"),
    ],
)
def test_a_clock_that_jumps_changes_no_energy(samples, stop):
    ledger = a_ledger(1000, samples, stop)
    assert wh(ledger.energy_milliwh) == 1400
    assert RESET not in ledger.flags


def test_a_fast_station_is_no_fraud_and_a_slow_one_no_reason_to_bill():
    assert a_ledger(0, [100e3], 200e3, every_s=HOUR).flags == ()
    assert a_ledger(0, [], 100e3, every_s=MINUTE).energy_milliwh == 0


def test_14_begin_stands_first_and_end_last_whatever_their_times_say():
    begin = Reading(Place.BEGIN, 600.0, 5_000_000)
    periodic = [Reading(Place.SAMPLE, at, 5_000_000 + round(at) * 1000) for at in (60.0, 120.0)]
    end = Reading(Place.END, 30.0, 5_900_000)
    ledger = Ledger.fold([*periodic, end, begin])
    assert (ledger.first, ledger.last, ledger.energy_milliwh) == (begin, end, 900_000)
    assert ledger.flags == ()


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_stops_the_later_counts_then_the_larger(turned):
    for stops, energy_wh in (
        ([(600.0, 900), (660.0, 800)], 700),
        ([(600.0, 900), (600.0, 800)], 800),
    ):
        readings = [Reading(Place.STOP, at, each * 1000) for at, each in stops]
        ledger = Ledger.fold([Reading(Place.START, 0.0, 100_000)])
        for reading in reversed(readings) if turned else readings:
            assert ledger.add(reading)
        assert (wh(ledger.energy_milliwh), ledger.flags) == (energy_wh, ("stops_differ",))


def test_a_stop_that_is_repeated_is_no_other_stop():
    ledger = a_ledger(100, [150], 200)
    ledger.add(Reading(Place.STOP, 120.0, 200_000))
    assert ledger.flags == ()


def test_intervals_are_added_up_where_there_is_no_register():
    intervals = [Reading(Place.INTERVAL, at, 250_000) for at in (900.0, 1800.0, 1800.0, 2700.0)]
    ledger = Ledger.fold(intervals)
    assert (wh(ledger.energy_milliwh), ledger.flags) == (750, ("energy_from_intervals",))
    aligned = [Reading(Place.ALIGNED_INTERVAL, 1000.0, 9_000_000)]
    assert Ledger.fold([*intervals, *aligned]).energy_milliwh == 750_000
    assert Ledger.fold(aligned).energy_milliwh == 9_000_000
    registers = [Reading(Place.SAMPLE, at, round(at) * 1000) for at in (0.0, 600.0)]
    assert Ledger.fold([*intervals, *registers]).energy_milliwh == 600_000


@pytest.mark.parametrize(
    ("start", "samples", "stop", "span"),
    [
        (None, [], None, None),
        (100, [], None, (100, 100)),
        (100, [150, 200], 350, (100, 350)),
        (None, [15, 22, 30], None, (15, 30)),
        (50e3, [0, 120, 300], 50_320, (50e3, 50_320)),
        (50e3, [0, 120, 300], None, (50e3, 50_300)),
        (0, [50e3, 50.3e3], 300, (50e3, 50.3e3)),
        (0, [50e3, 50.3e3], 50.3e3, (50e3, 50.3e3)),
        (1807e3, [1807.2, 1807.5], None, (1807e3, 1807.5e3)),
        (999_990, [], 12, (999_990, 12)),
        (311, [320, 4], 18, (311, 18)),
    ],
)
def test_what_the_meter_showed_at_either_end(start, samples, stop, span):
    found = a_ledger(start, samples, stop).span
    assert found == (None if span is None else Span(*(round(1000 * each) for each in span)))


def test_the_newest_reading_is_the_register():
    assert a_ledger(100, [150], 200).register_milliwh == 200_000
    assert a_ledger(100, [150, 170], None).register_milliwh == 170_000
    assert a_ledger(100, [], None).register_milliwh == 100_000
    assert a_ledger(None, [], None).register_milliwh is None


def test_a_reading_that_comes_too_late_asks_for_a_fold():
    ledger = a_ledger(100, [150, 200], None)
    assert not ledger.add(Reading(Place.SAMPLE, 90.0, 180_000))
    assert not ledger.add(Reading(Place.BEGIN, 200.0, 180_000))
    assert not ledger.add(Reading(Place.SAMPLE, 120.0, 201_000))
    assert ledger.energy_milliwh == 100_000


def test_a_reading_that_was_taken_before_changes_nothing():
    ledger = a_ledger(100, [150, 200], None)
    assert ledger.add(Reading(Place.SAMPLE, 120.0, 200_000))
    assert ledger.energy_milliwh == 100_000


def test_a_ledger_comes_back_from_its_document():
    readings = [
        Reading(Place.START, 0.0, 100_000),
        Reading(Place.BEGIN, 0.5, 100_000),
        Reading(Place.SAMPLE, 60.0, 0),
        Reading(Place.STOP, 120.0, 300_000),
        Reading(Place.INTERVAL, 60.0, 5),
    ]
    ledger = Ledger.fold(readings)
    doc = orjson.loads(orjson.dumps(ledger, default=tuple))
    assert load_ledger(doc) == ledger


def test_a_ledger_of_the_first_version_goes_on():
    doc = {
        "start": 100_000,
        "stop": None,
        "first": 110_000,
        "last": [1, 60.0, 0, 150_000],
        "gained": 40_000,
        "falls": 0,
    }
    ledger = load_ledger(doc)
    assert (ledger.energy_milliwh, ledger.flags) == (50_000, ())
    ledger.add(Reading(Place.SAMPLE, 120.0, 180_000))
    ledger.add(Reading(Place.STOP, 180.0, 200_000))
    assert ledger.energy_milliwh == 100_000


def test_a_late_reading_costs_what_stands_behind_it():
    readings = [Reading(Place.SAMPLE, 60.0 * index, 1000 * index) for index in range(1000)]
    ledger = Ledger.fold([Reading(Place.START, 0.0, 0), *readings[500:]])
    line = ReadingLine(ledger, readings[500:])
    for reading in reversed(readings[:500]):
        ledger = line.refold(ledger, [reading])
    expected = Ledger.fold([Reading(Place.START, 0.0, 0), *readings])
    assert ledger == expected
    assert line.refold(ledger, [Reading(Place.STOP, 60_000.0, 1)]) == expected
