"""Faults of clocks and of how times are written.

What a station shows of the time is bent on its way out: what it does at which time stays right,
but for the faults of which it is said.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span
from simulator.faults.kit import change_times
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.faults.bending import Bend, Bending

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL: Final = timedelta(hours=2)
_DRIFT: Final = 0.02
_FAR: Final = 2099
_LAST_DAY: Final = 31
_SUNDAY: Final = 6
_MARCH: Final = 3
_OCTOBER: Final = 10


def _written(write: Callable[[datetime], str]) -> Bend:
    return change_times(lambda at, _bending: write(at))


def _moved(move: Callable[[datetime, Bending], datetime]) -> Bend:
    return change_times(lambda at, bending: to_text(move(at, bending)))


def _ahead(seconds: float) -> Bend:
    return _moved(lambda at, _bending: at + timedelta(seconds=seconds))


def _since_1970(at: datetime, bending: Bending) -> datetime:
    """Return what a clock shows that began with 1970 when the station was switched on."""
    up = timedelta(seconds=bending.up_s) - (bending.at - at)
    return max(_EPOCH, _EPOCH + up)


def _drifting(at: datetime, bending: Bending) -> datetime:
    return at + timedelta(seconds=bending.up_s * _DRIFT)


def _in_2099(at: datetime, _bending: Bending) -> datetime:
    return at + timedelta(days=365.25 * (_FAR - at.year))


def _daylight_saving(at: datetime, _bending: Bending) -> datetime:
    """Return Central European time as if it was UTC."""
    is_summer = _last_sunday(at.year, _MARCH) <= at < _last_sunday(at.year, _OCTOBER)
    return at + timedelta(hours=2 if is_summer else 1)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, _LAST_DAY, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() - _SUNDAY) % 7)


def _unset_until_told(bending: Bending) -> None:
    if bending.was_clock_unset:
        _moved(_since_1970)(bending)


def _fault(name: str, summary: str, bend: Bend, quirk: int) -> Fault:
    return Fault(
        name,
        summary,
        Effects(bends=(bend,)),
        group=Group.CLOCKS,
        span=Span.STATION,
        quirks=(quirk,),
    )


FAULTS: Final = (
    _fault(
        "times-without-zone",
        "writes times without a zone, which are in UTC",
        _written(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S")),
        27,
    ),
    _fault(
        "times-with-short-offset",
        "writes local times with +02 behind them",
        _written(lambda at: f"{(at + _LOCAL).strftime('%Y-%m-%dT%H:%M:%S')}+02"),
        27,
    ),
    _fault(
        "local-times-as-utc",
        "writes local times, two hours ahead, with a Z behind them",
        _ahead(_LOCAL.total_seconds()),
        27,
    ),
    _fault(
        "times-with-space",
        "writes times as databases do: a space for the T, and no zone",
        _written(lambda at: at.strftime("%Y-%m-%d %H:%M:%S")),
        27,
    ),
    _fault(
        "times-with-microseconds",
        "writes times with microseconds and without a zone",
        _written(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%f")),
        29,
    ),
    _fault(
        "clock-of-1970",
        "has a clock that began with 1970 when the station was switched on",
        _moved(_since_1970),
        28,
    ),
    _fault(
        "clock-of-1970-until-told",
        "stamps with 1970 what happens between a power loss and the next answer to a boot",
        _unset_until_told,
        28,
    ),
    _fault("clock-of-2099", "has a clock that shows the year 2099", _moved(_in_2099), 28),
    _fault(
        "clock-drifts",
        "has a clock that gains 72 s an hour and takes no time from anybody",
        _moved(_drifting),
        28,
    ),
    _fault("clock-45-s-fast", "has a clock that is 45 s fast", _ahead(45), 28),
    _fault("clock-45-s-slow", "has a clock that is 45 s slow", _ahead(-45), 28),
    Fault(
        "clock-1-h-back",
        "sets its clock back an hour in the middle of a transaction, and never forward",
        Effects(bends=(_ahead(-3600),)),
        start_s=300.0,
        group=Group.CLOCKS,
        shows_as=("METER_ANOMALY",),
        quirks=(28,),
    ),
    _fault(
        "daylight-saving-clock",
        "shows Central European time as UTC, an hour or two ahead by the season",
        _moved(_daylight_saving),
        28,
    ),
    Fault(
        "daylight-saving-schedules",
        "follows profiles with absolute and daily times an hour early",
        Effects(schedule_shift_s=3600.0),
        group=Group.CLOCKS,
        span=Span.STATION,
        quirks=(28,),
        shows_as=("OVER_LIMIT", "OUTSIDE_WINDOW", "COMPOSITE_MISMATCH"),
    ),
    Fault(
        "plain-times-only",
        "takes no answer to a boot of which the time has not the form 2026-11-21T08:00:00Z",
        Effects(wants_plain_time=True),
        group=Group.CLOCKS,
        span=Span.STATION,
        quirks=(29,),
    ),
)
"""In the order in which they are listed."""
