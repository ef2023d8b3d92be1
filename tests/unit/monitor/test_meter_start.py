"""The register from one session to the next."""

from __future__ import annotations

import pytest

from csms.monitor.meter_start import Begin, End, compare

HOUR = 3600.0


def differ(first_wh: float, before_wh: float, **more: float) -> bool:
    end = End(
        "LS-1",
        at=0,
        first_milliwh=round(more.pop("began_wh", 1000) * 1000),
        milliwh=round(before_wh * 1000),
        unread_s=more.pop("end_unread_s", 0),
    )
    begin = Begin(more.pop("after_s", HOUR), round(first_wh * 1000), more.pop("unread_s", 0))
    return compare(end, begin) is not None


@pytest.mark.parametrize(
    ("first_wh", "more"),
    [
        (15_342, {}),
        (15_352, {}),
        (15_333, {}),
        (15_300, {}),
        (15_582, {"after_s": 24 * HOUR}),
        (15_700, {"unread_s": 60}),
        (15_700, {"end_unread_s": 60}),
        (12, {"after_s": -60}),
    ],
)
def test_a_register_that_goes_on_is_none(first_wh, more):
    assert not differ(first_wh, 15_342, **more)


@pytest.mark.parametrize(
    ("first_wh", "more"),
    [
        (15_331, {}),
        (15_363, {}),
        (15_700, {}),
        (0, {}),
        (123, {"unread_s": 900}),
        (900_000, {"unread_s": 900, "end_unread_s": 900}),
    ],
)
def test_another_register_is_told(first_wh, more):
    assert differ(first_wh, 15_342, **more)


def test_a_register_that_begins_at_0_with_each_session_or_restart_says_nothing():
    assert not differ(0, 15_342, began_wh=0)
    assert differ(12_000, 15_342, began_wh=0)
    end, begin = End("LS-1", 0, 1_000_000, 15_342_000), Begin(HOUR, 0, is_booted=True)
    assert compare(end, begin) is None
    assert compare(end, begin._replace(milliwh=12_000_000)) is not None


@pytest.mark.parametrize(("rise_wh", "is_told"), [(154, False), (20_000, False), (40_000, True)])
def test_while_a_station_was_away_it_may_have_charged(rise_wh, is_told):
    end = End("LS-1", 0, 1_000_000, 15_342_000)
    begin = Begin(HOUR, 15_342_000 + rise_wh * 1000, was_away=True)
    assert (compare(end, begin) is not None) is is_told
