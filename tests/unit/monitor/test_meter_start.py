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


def test_a_register_that_begins_at_0_with_each_session_says_nothing():
    assert not differ(0, 15_342, began_wh=0)
    assert differ(12_000, 15_342, began_wh=0)
