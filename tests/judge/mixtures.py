"""Draws of everything at once: what no scenario of a name of its own would put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judge.book import faulty, hostile
from tests.judge.stage import CURRENTS, HOUR, POWER, REGISTER, WITH_CURRENTS, Limit
from tests.judge.telling import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.judge.physics import Car
    from tests.judge.session import Session
    from tests.judge.stage import Stage

NOMINAL, FAULTY = 8, 6
ANY = (ALL, *WITH_CURRENTS, frozenset({"power", "register"}), POWER, REGISTER, CURRENTS)
# Watts for each ampere on three phases.
WATTS = 690.0


def _background(stage: Stage, every_s: tuple[int, ...], tells=ANY) -> Session:
    """A session on a link and with a clock and a meter that are as they happen to be."""
    rng, frames = stage.rng, stage.frames
    frames.latency_s = (0.05, rng.choice((0.5, 3.0, 12.0)))
    offset_s, drift = rng.choice((0.0, 0.0, rng.uniform(-50, 50))), rng.uniform(-8, 8) / HOUR
    frames.clock = lambda at_s: offset_s + drift * at_s
    session = stage.session(tells=tells, every_s=float(rng.choice(every_s)))
    session.lasts_s = max(1.2 * HOUR, 12 * session.every_s)
    session.meter.amps_step = rng.choice((0.01, 0.1, 0.1, 1.0))
    if "currents" in session.telling.what and session.every_s >= 60:
        session.meter.wh_step = rng.choice((1, 1, 10, 100))
    return session


def _shape(stage: Stage, car: Car) -> None:
    """What the car makes of its freedom."""
    what, top = stage.rng.randrange(6), car.rating_a
    low, wave_s = stage.between(0.4, 0.8) * top, stage.between(200, 450)
    full_s, warm_s = stage.between(0.4, 1) * HOUR, stage.between(300, 1200)
    shapes: dict[int, Callable[[float], float]] = {
        0: lambda at_s: top if at_s % (2 * wave_s) < wave_s else max(6.0, low),
        1: lambda at_s: top if at_s < full_s else 0.0,
        2: lambda at_s: min(top, 6 + (top - 6) * at_s / warm_s),
        3: lambda at_s: min(top, max(0.0, top * (1 - (at_s - full_s) / 2400))),
    }
    car.shape = shapes.get(what, car.shape)
    if what == 4:
        car.wakes_s = stage.between(60, 400)


def _limits(stage: Stage, lasts_s: float) -> list[Limit]:
    """Some changes, pauses among them, in amperes or watts."""
    unit, at_s, limits = stage.rng.choice(("A", "A", "W")), stage.first_limit_s(), []
    while at_s < lasts_s and len(limits) < 9:
        amps = stage.rng.choice((0.0, 6.0, 32.0, stage.amps(6, 16), stage.amps(6, 32)))
        if unit == "A":
            limits.append(Limit(at_s, amps))
        else:
            limits.append(Limit(at_s, round(amps * WATTS), "W", 3))
        at_s += stage.rng.choice((120, 400, 1200, 2400)) * stage.between(0.7, 1.4)
    return limits


def _obeying(stage: Stage) -> None:
    session = _background(stage, (10, 15, 30, 60, 60, 60, 120, 300, 600, 900))
    if session.every_s <= 60:
        # More, or of rarer ones, and three in a row are missing, which is a deviation.
        session.loses = stage.rng.choice((0.0, 0.0, 0.1, 0.15))
    _shape(stage, session.car)
    limits = _limits(stage, session.lasts_s - 300)
    if stage.rng.random() < 0.3:
        _cut(stage, session, limits)
    stage.play(session, limits, how=stage.rng.choice(("each", "schedule")))


def _cut(stage: Stage, session: Session, limits: list[Limit]) -> None:
    """Takes the link away for a while in which no limit would be sent."""
    away = stage.between(0.3, 0.5) * session.lasts_s
    back = away + stage.between(60, 1200)
    kept = [each for each in limits if not away - 30 < each.at_s < back + 30]
    limits[:] = kept
    stage.frames.outage(away, back)


def _disobeying(stage: Stage) -> None:
    """Obeys at first, and from a limit or a moment on no more; the car could take 32 A."""
    tells = (ALL, *WITH_CURRENTS, frozenset({"power", "register"}), POWER)
    session = _background(stage, (10, 30, 60, 60, 120, 300), tells)
    hears = "currents" in session.telling.what
    session.car = stage.car(32, stage.rng.choice((1, 3)) if hears else 3)
    session.meter.amps_step = min(session.meter.amps_step, 0.1)
    session.lasts_s = 1.5 * HOUR + 12 * session.every_s
    from_s = stage.between(0.35, 0.5) * session.lasts_s
    way = stage.rng.choice(("lost", "ignored", "pause"))
    first, low = Limit(stage.first_limit_s(), stage.amps(22, 32)), stage.amps(6, 12)
    if way == "lost":
        first = Limit(first.at_s, low)
        limits = [first]
        pilot = [*stage.obeyed(limits), (from_s, None, None)]
    else:
        limits = [first, Limit(from_s, low if way == "ignored" else 0.0)]
        pilot = stage.obeyed(limits[:1])
    stage.play(session, limits, pilot)
    kinds = {"lost": "OVER_LIMIT", "ignored": "NO_RESPONSE", "pause": "OUTSIDE_WINDOW"}
    stage.expect(kinds[way], session, from_s)


def _named(build: Callable[[Stage], None], name: str) -> Callable[[Stage], None]:
    def numbered(stage: Stage) -> None:
        build(stage)

    numbered.__name__ = name
    return numbered


for number in range(1, NOMINAL + 1):
    hostile(_named(_obeying, f"mixture_{number}"))
for number in range(1, FAULTY + 1):
    faulty(_named(_disobeying, f"faulty_mixture_{number}"))
