"""What a connector's meter moved is its sessions and the gaps between and within them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csms.domain.ledger import Span
from csms.domain.registers import Stay, connector_ledgers, reading_stay
from tests.builders import after


def a_stay(
    number: int, first: float, last: float, wh: float | None = None, *flags: str, evse: int = 1
) -> Stay:
    """A session of registers in Wh; it begins in its own hour, and delivers what it moved."""
    energy = round(1000 * (last - first if wh is None else wh))
    begun = 3600.0 * number
    span = Span(round(1000 * first), round(1000 * last))
    return Stay(f"S{number}", evse, after(begun), after(begun + 1800), span, energy, energy, flags)


def unread(number: int, wh: float) -> Stay:
    """A session whose register never came."""
    return replace(a_stay(number, 0, wh), span=None)


def the_ledger(*stays: Stay):
    (ledger,) = connector_ledgers(stays)
    assert ledger.difference_milliwh == 0
    return ledger


def gaps(*stays: Stay) -> list[tuple[str | None, str | None, float, str]]:
    found = the_ledger(*stays).gaps
    return [(gap.from_session, gap.to_session, gap.milliwh / 1000, gap.why) for gap in found]


def test_sessions_one_after_the_other_leave_no_gap():
    ledger = the_ledger(a_stay(1, 100, 350), a_stay(2, 350, 350), a_stay(3, 350, 1000))
    assert (ledger.first_milliwh, ledger.last_milliwh) == (100_000, 1_000_000)
    assert (ledger.sessions, ledger.sessions_milliwh, ledger.gaps) == (3, 900_000, ())


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([a_stay(1, 0, 10), a_stay(2, 60, 90)], [("S1", "S2", 50, "between_sessions")]),
        ([a_stay(1, 40, 90), a_stay(2, 30, 70)], [("S1", "S2", -60, "register_fell")]),
        ([a_stay(1, 0, 10), a_stay(2, 9.5, 20)], [("S1", "S2", -0.5, "rounding")]),
        (
            [a_stay(1, 100, 18, 27, "register_reset")],
            [("S1", "S1", -109, "register_reset")],
        ),
        (
            [a_stay(1, 999_990, 12, 22, "register_rollover")],
            [("S1", "S1", -1_000_000, "register_rollover")],
        ),
        (
            [a_stay(1, 0, 50_300, 300, "energy_implausible", "estimated")],
            [("S1", "S1", 50_000, "energy_implausible")],
        ),
        ([a_stay(1, 0, 10, 4)], [("S1", "S1", 6, "not_counted")]),
        ([a_stay(1, 0, 10), unread(2, 30), a_stay(3, 40, 60)], []),
        (
            [a_stay(1, 0, 10), unread(2, 30), a_stay(3, 50, 60)],
            [("S1", "S3", 10, "between_sessions")],
        ),
        ([a_stay(1, 0, 10), unread(2, 30)], [("S1", None, -30, "register_missing")]),
        (
            [reading_stay(1, after(0), 5_000), a_stay(1, 8, 10)],
            [(None, "S1", 3, "between_sessions")],
        ),
        (
            [a_stay(1, 8, 10), reading_stay(1, after(9000), 12_000)],
            [("S1", None, 2, "between_sessions")],
        ),
        # A reading while a session runs is no evidence that the session lacks.
        ([a_stay(1, 8, 10), reading_stay(1, after(3700), 9_000)], []),
    ],
)
def test_what_the_register_moved_besides_is_a_gap(stays, expected):
    assert gaps(*stays) == expected
    assert gaps(*reversed(stays)) == expected


def test_a_register_that_begins_anew_with_each_session_has_no_movement():
    ledger = the_ledger(a_stay(1, 0, 900), a_stay(2, 0, 300), a_stay(3, 0, 0))
    assert not ledger.is_continuous
    assert (ledger.first_milliwh, ledger.last_milliwh, ledger.gaps) == (None, None, ())
    assert ledger.sessions_milliwh == 1_200_000


def test_one_session_from_0_is_a_new_meter():
    assert the_ledger(a_stay(1, 0, 900)).is_continuous
    assert the_ledger(a_stay(1, 0, 0), a_stay(2, 0, 500)).is_continuous


def test_each_evse_has_its_own_ledger():
    found = connector_ledgers(
        [a_stay(1, 0, 10, evse=2), a_stay(2, 5, 6), a_stay(3, 10, 30, evse=2)]
    )
    assert [(each.evse, each.sessions_milliwh) for each in found] == [(1, 1_000), (2, 30_000)]


def test_a_session_that_repeats_another_one_is_none():
    again = replace(a_stay(2, 100, 350), billed_milliwh=0, flags=("duplicate",))
    assert the_ledger(a_stay(1, 100, 350), again).sessions_milliwh == 250_000


def test_a_record_that_says_something_else_than_its_readings_shows():
    (ledger,) = connector_ledgers([replace(a_stay(1, 0, 10), billed_milliwh=9_000)])
    assert ledger.difference_milliwh == 1_000
    assert ledger.gaps == ()
