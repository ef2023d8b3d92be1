"""What a session would have cost: under another tariff, at other hours, or as it is planned.

A course is how a session's energy came: points of (instant, energy so far, whether the car
charged up to there). It is made of the stored samples of one session, of a summary where there are
many, or of a plan; a tariff prices it as it would have priced the session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from csms.billing import Tally
from csms.domain.usage import charging_parts
from csms.engine import costs
from csms.engine.state import LiveSession
from csms.engine.tallying import points_of, zone_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, tzinfo

    from csms.billing import Bill, PriceSeries, Tariff
    from csms.domain.session import Session
    from csms.engine.engine import Engine
    from csms.engine.ports import StoredSample

_NONE = timedelta(0)


class CoursePoint(NamedTuple):
    """The energy that was reached at an instant, in mWh, and whether the car charged up to it."""

    at: datetime
    milliwh: int
    is_charging: bool


@dataclass(frozen=True, slots=True)
class Course:
    """A session from `started_at` to `ended_at`; its points are in order, from 0 energy on."""

    started_at: datetime
    ended_at: datetime
    points: tuple[CoursePoint, ...]

    @property
    def energy_milliwh(self) -> int:
        """All of its energy."""
        return self.points[-1].milliwh if self.points else 0

    def shifted(self, by: timedelta) -> Course:
        """Returns the same course at other hours."""
        points = tuple(point._replace(at=point.at + by) for point in self.points)
        return Course(self.started_at + by, self.ended_at + by, points)


class Slot(NamedTuple):
    """A part of a plan: energy that flows evenly from `start` to `end`, in mWh."""

    start: datetime
    end: datetime
    milliwh: int


def course_of_summary(
    started_at: datetime,
    ended_at: datetime,
    energy_milliwh: int,
    *,
    waiting_s: float = 0.0,
    idle_s: float = 0.0,
) -> Course:
    """Returns the course of a session of which only its summary is known.

    Its energy comes evenly between the waiting at its beginning and the idle time at its end.
    What waiting and idling leave no time for counts as charging all the while.
    """
    begun = started_at + timedelta(seconds=max(waiting_s, 0.0))
    done = ended_at - timedelta(seconds=max(idle_s, 0.0))
    if begun >= done:
        begun, done = started_at, ended_at
    return course_of_plan(started_at, ended_at, [Slot(begun, done, energy_milliwh)])


def course_of_plan(started_at: datetime, ended_at: datetime, slots: Iterable[Slot]) -> Course:
    """Returns the course of a stay in which energy flows in these slots, given in order."""
    points: list[CoursePoint] = []
    at, milliwh = started_at, 0
    for slot in slots:
        start, end = max(slot.start, at), min(slot.end, ended_at)
        if slot.milliwh <= 0 or end < start:
            continue
        if start > at:
            points.append(CoursePoint(start, milliwh, is_charging=False))
        milliwh += slot.milliwh
        points.append(CoursePoint(end, milliwh, is_charging=True))
        at = end
    if at < ended_at:
        points.append(CoursePoint(ended_at, milliwh, is_charging=False))
    return Course(started_at, ended_at, tuple(points))


def price_course(
    tariff: Tariff, zone: tzinfo, course: Course, series: Mapping[str, PriceSeries]
) -> Bill:
    """Returns the bill of a course under a tariff, in a time zone."""
    tally = Tally.begin(tariff, zone, course.started_at)
    for point in course.points:
        tally.take(point.at, point.milliwh, is_charging=point.is_charging)
    return tally.bill(course.ended_at, course.energy_milliwh, series)


def course_of(session: Session, samples: Iterable[StoredSample]) -> Course:
    """Returns the course of a session that is over, of its stored samples in any order."""
    started_at = session.started_at
    ended_at = max(session.ended_at or started_at, started_at)
    placed = sorted(
        ((each.sample, session.placed(each.sample.at, each.received_at)) for each in samples),
        key=lambda each: each[1],
    )
    found = [(point.at, point.milliwh, point.power_w) for point in points_of(session, placed)]
    found.append((ended_at, max(session.energy_milliwh or 0, 0), None))
    points: list[CoursePoint] = []
    at, milliwh, before_w = started_at, 0, None
    for point_at, energy, power_w in found:
        if point_at < at or energy < milliwh or (point_at == at and energy == milliwh):
            continue
        for part in charging_parts(
            session.usage.told,
            at.timestamp(),
            point_at.timestamp(),
            energy - milliwh,
            (before_w, power_w),
        ):
            milliwh += part.milliwh
            upto = min(at + timedelta(seconds=part.upto_s - at.timestamp()), point_at)
            points.append(CoursePoint(upto, milliwh, part.is_charging))
        if points:
            points[-1] = points[-1]._replace(at=point_at)
        at, milliwh = point_at, energy
        before_w = before_w if power_w is None else power_w
    return Course(started_at, ended_at, tuple(points))


async def price_of(
    engine: Engine, session_id: str, tariff: Tariff | None = None, shift: timedelta = _NONE
) -> Bill | None:
    """Returns what a session that is over would have cost: under that tariff, that much later.

    Without a tariff it is its own. None if there is no such session, or if it has no tariff.

    Raises:
        DatabaseUnavailable: if its samples cannot be read now.
    """
    stored = await engine.store.find_session(session_id)
    if stored is None:
        return None
    live = LiveSession.restore(stored)
    own = engine.policy.tariffs.frozen_of(live.session)
    if tariff is None and own is None:
        return None
    if tariff is None and not shift:
        return costs.bill_of(engine, live, live.session.ended_at or live.session.started_at)
    samples = await engine.store.load_samples(session_id)
    chosen = tariff if tariff is not None or own is None else own.tariff
    assert chosen is not None  # noqa: S101 - one of the two is there
    tally = live.session.tally
    zone = zone_named("UTC" if tally is None else tally["zone"])
    # A long session has thousands of readings: others shall not wait for them.
    course = (await asyncio.to_thread(course_of, live.session, samples)).shifted(shift)
    return await asyncio.to_thread(price_course, chosen, zone, course, dict(engine.policy.series))
