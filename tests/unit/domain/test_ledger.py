"""The energy of a session from what its register said. Source of the cases: real stations."""

from __future__ import annotations

import pytest

from csms.domain.ledger import Ledger, Place, Reading

RESET, RELATIVE = "register_reset", "register_session_relative"


def a_ledger(start: float | None, samples: list[float], stop: float | None) -> Ledger:
    """A ledger of registers in Wh; samples are a minute apart."""
    readings = [
        Reading(Place.SAMPLE, 60.0 * index, 0, round(wh * 1000))
        for index, wh in enumerate(samples, 1)
    ]
    if start is not None:
        readings.append(Reading(Place.START, 0.0, 0, round(start * 1000)))
    if stop is not None:
        readings.append(Reading(Place.STOP, 0.0, 0, round(stop * 1000)))
    return Ledger.fold(readings)


@pytest.mark.parametrize(
    ("start", "samples", "stop", "energy_wh", "flags"),
    [
        pytest.param(None, [], None, None, (), id="nothing known"),
        pytest.param(100, [], None, 0, (), id="only a start"),
        pytest.param(100, [], 350, 250, (), id="start and stop"),
        pytest.param(100, [150, 200], 350, 250, (), id="all agree"),
        pytest.param(100, [150, 200], None, 100, (), id="still running"),
        pytest.param(None, [15, 22, 30], None, 15, (), id="2.0.1: only samples"),
        pytest.param(None, [96], None, 0, (), id="one sample"),
        pytest.param(100, [100, 100], 100, 0, (), id="nothing flowed"),
        pytest.param(1.5, [1.501], 1.503, 0.003, (), id="to the milliwatt-hour"),
        # 12: the samples count from the session's start, the transaction's readings do not.
        pytest.param(50_000, [0, 120, 300], 50_320, 320, (RELATIVE,), id="12 relative samples"),
        pytest.param(50_000, [0, 120, 300], None, 300, (RESET,), id="12 and still running"),
        pytest.param(0, [50_000, 50_300], 50_300, 50_300, (), id="12 the other way"),
        pytest.param(0, [50_000, 50_300], 300, 300, (RELATIVE,), id="12 and stop agrees"),
        # 13: a start of 0 would bill the register of a lifetime; the session says implausible.
        pytest.param(0, [], 2_000_000, 2_000_000, (), id="13 begin is 0"),
        pytest.param(500, [], 500, 0, (), id="13 start equals stop"),
        # 15: registers that fall.
        pytest.param(311, [], 18, 0, (RESET,), id="15 stop below start"),
        pytest.param(311, [315, 320, 4, 10], 18, 9 + 6 + 8, (RESET,), id="15 reset in between"),
        pytest.param(5001, [0, 800, 1667], 1667, 1667, (RESET,), id="15 reset before samples"),
        pytest.param(100, [150, 149.5, 160], 200, 100.5, (RESET,), id="15 slightly lower"),
        pytest.param(-5, [], 10, 15, (), id="negative start"),
        pytest.param(100, [150], 120, 50, (RESET,), id="stop below the last sample"),
    ],
)
def test_energy_and_flags(start, samples, stop, energy_wh, flags):
    ledger = a_ledger(start, samples, stop)
    expected = None if energy_wh is None else round(energy_wh * 1000)
    assert (ledger.energy_milliwh, ledger.flags) == (expected, flags)


def test_the_newest_reading_is_the_register():
    assert a_ledger(100, [150], 200).register_milliwh == 200_000
    assert a_ledger(100, [150, 170], None).register_milliwh == 170_000
    assert a_ledger(100, [], None).register_milliwh == 100_000
    assert a_ledger(None, [], None).register_milliwh is None


def test_14_a_begin_sample_stands_before_the_others_of_its_second():
    begin = Reading(Place.SAMPLE, 60.0, -1, 5_000)
    periodic = Reading(Place.SAMPLE, 60.0, 0, 5_200)
    end = Reading(Place.SAMPLE, 60.0, 1, 5_900)
    ledger = Ledger.fold([periodic, end, begin])
    assert (ledger.first, ledger.energy_milliwh, ledger.flags) == (5_000, 900, ())


def test_a_reading_that_comes_too_late_asks_for_a_fold():
    ledger = a_ledger(100, [150, 200], None)
    assert not ledger.add(Reading(Place.SAMPLE, 90.0, 0, 180_000))
    assert ledger.energy_milliwh == 100_000


def test_a_reading_that_was_taken_before_changes_nothing():
    ledger = a_ledger(100, [150, 200], None)
    assert ledger.add(Reading(Place.SAMPLE, 120.0, 0, 200_000))
    assert ledger.energy_milliwh == 100_000
