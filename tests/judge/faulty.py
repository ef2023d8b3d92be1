"""Stations, cars and meters that do not do as they should, and what must be found.

The labels follow the conditions of each kind, not what any detector prints. A decrease of 2 A or
more of which less than half was made is NO_RESPONSE; a session that ignored its very first limit
has not changed from one limit to another, and NO_RESPONSE and OVER_LIMIT, one family, are both
right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judge.book import faulty
from tests.judge.nominal import outside_limit, seconds_until
from tests.judge.profiles import Period, Profile, send
from tests.judge.stage import HOUR, MINUTE, REGISTER, WITH_CURRENTS, Limit
from tests.judge.telling import ALL, Reading

if TYPE_CHECKING:
    from tests.judge.session import Session
    from tests.judge.stage import Stage

FAMILY = ("NO_RESPONSE", "OVER_LIMIT")
WITH_POWER = (ALL, frozenset({"currents", "power", "register"}))


def _big(stage: Stage, tells=None, **own) -> Session:
    """A session of a car that could take 32 A."""
    session = stage.session(tells=tells, **own)
    number = 3 if "currents" not in session.telling.what else stage.rng.choice((1, 3, 3))
    session.car = stage.car(32, number)
    return session


def _steady(stage: Stage, low: int = 8, high: int = 20) -> list[Limit]:
    return [Limit(stage.first_limit_s(), stage.amps(low, high))]


@faulty
def ignores_profile(stage: Stage) -> None:
    session, limits = _big(stage), _steady(stage)
    stage.play(session, limits, [])
    stage.expect(FAMILY, session, limits[0].at_s)


@faulty
def ignores_decrease(stage: Stage) -> None:
    session, drop = _big(stage), stage.between(1200, 2400)
    limits = [Limit(stage.first_limit_s(), stage.amps(24, 32)), Limit(drop, stage.amps(6, 14))]
    stage.play(session, limits, stage.obeyed(limits[:1]))
    stage.expect("NO_RESPONSE", session, drop)


@faulty
def follows_10_min_late(stage: Stage) -> None:
    session, drop = _big(stage), stage.between(1200, 2400)
    limits = [Limit(stage.first_limit_s(), stage.amps(24, 32)), Limit(drop, stage.amps(6, 14))]
    late = [limits[0], Limit(drop + 600, limits[1].limit)]
    stage.play(session, limits, stage.obeyed(late))
    stage.expect("NO_RESPONSE", session, drop)


def _more(stage: Stage, session: Session, limits: list[Limit], extra_a: float) -> None:
    """The EVSE allows more than the limit from some time on."""
    from_s = stage.between(600, 1500)
    limit = limits[0].limit or 0.0
    pilot = [*stage.obeyed(limits), (from_s, limit + extra_a, None)]
    session.car.offset_a = stage.between(-0.2, 0.2)
    stage.play(session, limits, pilot)
    stage.expect("OVER_LIMIT", session, from_s)


@faulty
def two_amperes_more(stage: Stage) -> None:
    _more(stage, _big(stage, WITH_CURRENTS), _steady(stage, 8, 20), 2.0)


@faulty
def ten_percent_more_at_32(stage: Stage) -> None:
    session = _big(stage, WITH_CURRENTS, evse_max_a=40.0)
    session.car.rating_a = 40.0
    _more(stage, session, [Limit(stage.first_limit_s(), 32)], 3.2)


@faulty
def charges_through_pause(stage: Stage) -> None:
    session, pause = stage.session(), stage.between(900, 2400)
    limits = [Limit(stage.first_limit_s(), stage.amps(10, 32)), Limit(pause, 0)]
    stage.play(session, limits, stage.obeyed(limits[:1]))
    stage.expect("OUTSIDE_WINDOW", session, pause)


@faulty
def trickles_3_amperes(stage: Stage) -> None:
    """The pilot goes down to what it can, and the car takes 3 A in the pause."""
    session, pause = _big(stage, WITH_CURRENTS), stage.between(900, 2400)
    limits = [Limit(stage.first_limit_s(), stage.amps(10, 32)), Limit(pause, 0)]
    session.car.stops_below_a = 1.0
    session.says = lambda at_s, state: state if at_s < pause else "Charging"
    stage.play(session, limits, [*stage.obeyed(limits[:1]), (pause + 6, 3.0, None)])
    stage.expect("OUTSIDE_WINDOW", session, pause)


@faulty
def profile_lost(stage: Stage) -> None:
    session, limits, lost = _big(stage), _steady(stage, 6, 16), stage.between(900, 2400)
    if stage.rng.random() < 0.5:
        stage.frames.outage(lost - 30, lost - 5)
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost)


@faulty
def three_phases_for_one(stage: Stage) -> None:
    session = stage.session(stage.car(16, 3), tells=WITH_CURRENTS)
    limits = [Limit(stage.first_limit_s(), stage.amps(8, 16), "A", 1)]
    stage.play(session, limits, [(each, amps, 3) for each, amps, _ in stage.obeyed(limits)])
    stage.expect("WRONG_PHASES", session, limits[0].at_s)


@faulty
def phase_lost(stage: Stage) -> None:
    session = stage.session(stage.car(16, 3), tells=WITH_CURRENTS)
    session.telling.only_used = False
    lost, limits = stage.between(1200, 2400), _steady(stage, 10, 20)
    pilot = stage.obeyed(limits)
    stage.play(session, limits, [*pilot, (lost, pilot[-1][1], 2)])
    stage.expect("WRONG_PHASES", session, lost)


@faulty
def derated_to_6_amperes(stage: Stage) -> None:
    session, from_s = _big(stage), stage.between(1200, 2400)
    limits = _steady(stage, 14, 32)
    session.lasts_s = from_s + 0.8 * HOUR
    stage.play(session, limits, [*stage.obeyed(limits), (from_s, 6.0, None)])
    stage.expect("UNDER_DELIVERY", session, from_s)


@faulty
def stops_but_says_charging(stage: Stage) -> None:
    session, from_s = stage.session(), stage.between(1200, 2400)
    session.car.shape = lambda at_s: 1e9 if at_s < from_s else 0.0
    session.says = lambda at_s, state: "Charging" if at_s > 60 else state
    session.lasts_s = from_s + 0.8 * HOUR
    stage.play(session, _steady(stage, 10, 32))
    stage.expect("STALLED", session, from_s)


def _broken(stage: Stage, distort, tells=WITH_POWER, kind: str = "METER_ANOMALY") -> None:
    """A meter that goes wrong at some time, in a session that obeys."""
    from_s = stage.between(900, 1800)
    session = stage.session(stage.car(16, 3), tells=tells)
    session.lasts_s = from_s + stage.between(0.7, 1.2) * HOUR
    session.distort = lambda at_s, reading: distort(reading) if at_s >= from_s else None
    stage.play(session, _steady(stage, 20, 32))
    stage.expect(kind, session, from_s)


@faulty
def register_back(stage: Stage) -> None:
    less = stage.between(200, 900)

    def distort(reading: Reading) -> None:
        reading.wh -= round(less)

    _broken(stage, distort, tells=None)


@faulty
def register_jumps_50_kwh(stage: Stage) -> None:
    def distort(reading: Reading) -> None:
        reading.wh += 50_000

    _broken(stage, distort, tells=None)


@faulty
def register_frozen(stage: Stage) -> None:
    frozen: list[float] = []

    def distort(reading: Reading) -> None:
        frozen.append(reading.wh)
        reading.wh = frozen[0]

    _broken(stage, distort, (*WITH_POWER, frozenset({"power", "register"})), "METER_ANOMALY soft")


@faulty
def power_doubled(stage: Stage) -> None:
    def distort(reading: Reading) -> None:
        reading.watts *= 2

    _broken(stage, distort, WITH_POWER, "METER_ANOMALY soft")


@faulty
def kilowatts_as_watts(stage: Stage) -> None:
    def distort(reading: Reading) -> None:
        reading.watts = round(reading.watts / 1000, 3)

    _broken(stage, distort, WITH_POWER, "METER_ANOMALY soft")


@faulty
def no_values_for_15_min(stage: Stage) -> None:
    from_s = stage.between(900, 1800)
    session = stage.session()
    session.silent = [(from_s, from_s + 900 + session.every_s)]
    stage.play(session, _steady(stage, 6, 32))
    stage.expect("METER_MISSING", session, from_s)


@faulty
def clock_leaps_an_hour_back(stage: Stage) -> None:
    session, from_s = stage.session(), stage.between(900, 2400)
    leap = session.at(from_s)
    stage.frames.clock = lambda at_s: 0.0 if at_s < leap else -HOUR
    stage.play(session, _steady(stage, 6, 32))
    stage.expect("METER_ANOMALY", session, from_s)


@faulty
def clock_an_hour_behind(stage: Stage) -> None:
    """The same error from the first message on."""
    stage.frames.clock = lambda _: -HOUR
    session = stage.session()
    stage.play(session, _steady(stage, 6, 32), how="each")
    stage.expect("METER_ANOMALY", session, 0)


@faulty
def watts_read_as_amperes(stage: Stage) -> None:
    """Thousands of watts are more amperes than there are: no limit at all."""
    session = stage.session(stage.car(32, 3))
    watts = float(stage.rng.randrange(4200, 12000, 100))
    limits = [Limit(stage.first_limit_s(), watts, "W", 3)]
    stage.play(session, limits, [])
    stage.expect(FAMILY, session, limits[0].at_s)


@faulty
def watts_per_phase(stage: Stage) -> None:
    """The total is taken as that of each phase."""
    session = stage.session(stage.car(32, 3))
    watts = float(stage.rng.randrange(4200, 10000, 100))
    limits = [Limit(stage.first_limit_s(), watts, "W", 3)]
    stage.play(session, limits, [(limits[0].at_s + 5, watts / 230, None)])
    stage.expect(FAMILY, session, limits[0].at_s)


@faulty
def ignores_increase_of_a_known_car(stage: Stage) -> None:
    """The car has taken more in an earlier session; the EVSE stays at the old limit."""
    car = stage.car(stage.rng.choice((24.0, 32.0)), stage.rng.choice((1, 3)))
    stage.known_car(car)
    session, rise = stage.session(car, WITH_CURRENTS), stage.between(1200, 2400)
    session.lasts_s = rise + 0.8 * HOUR
    limits = [Limit(stage.first_limit_s(), stage.amps(6, 10)), Limit(rise, stage.amps(16, 24))]
    stage.play(session, limits, stage.obeyed(limits[:1]))
    stage.expect("NO_RESPONSE up", session, rise)


@faulty
def stale_cap_of_10_amperes_for_a_known_car(stage: Stage) -> None:
    """Some forgotten profile caps the station all along; the limit has not changed."""
    car = stage.car(stage.rng.choice((20.0, 32.0)), stage.rng.choice((1, 3)))
    stage.known_car(car)
    session = stage.session(car, WITH_CURRENTS)
    limits = _steady(stage, 16, 32)
    stage.play(session, limits, [(-1, 10.0, None)])
    stage.expect("UNDER_DELIVERY", session, limits[0].at_s)


@faulty
def register_only_5_min_over(stage: Stage) -> None:
    session = _big(stage, REGISTER, every_s=300.0, lasts_s=3 * HOUR)
    lost, limits = stage.between(1, 1.5) * HOUR, _steady(stage, 8, 20)
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost)


@faulty
def register_only_15_min_through_pause(stage: Stage) -> None:
    session = stage.session(stage.car(16, 3), REGISTER, every_s=900.0, lasts_s=4 * HOUR)
    pause = stage.between(1, 2) * HOUR
    limits = [Limit(stage.first_limit_s(), 16), Limit(pause, 0)]
    stage.play(session, limits, stage.obeyed(limits[:1]))
    stage.expect("OUTSIDE_WINDOW", session, pause)


@faulty
def every_10_s_over(stage: Stage) -> None:
    session = _big(stage, WITH_CURRENTS, every_s=10.0, lasts_s=2400.0)
    lost, limits = stage.between(600, 1200), _steady(stage, 8, 20)
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost)


@faulty
def two_evses_over_the_maximum(stage: Stage) -> None:
    """Each keeps its own limit, and both together take more than the station may."""
    limit = stage.amps(13, 20)
    top = Profile([Period(0, round(limit * 1.5))], "Max", start_s=-60, evse=0, id=40)
    send(stage.frames, -60, top)
    second_s = stage.between(900, 1500)
    every_s = stage.every_s()
    for evse, starts_s in ((1, 0.0), (2, second_s)):
        car = stage.car(32, 3, offset_a=stage.between(-0.2, 0.2))
        session = stage.session(
            car, WITH_CURRENTS, evse=evse, starts_s=starts_s, every_s=every_s, lasts_s=HOUR
        )
        session.token += str(evse)
        limits = [Limit(stage.first_limit_s(), limit)]
        stage.play(session, limits, [(-1, limit, None)], how="each")
    stage.expect("OVER_LIMIT_STATION", session, 5, severity="critical")


@faulty
def external_limit_ignored(stage: Stage) -> None:
    on = stage.between(900, 1500)
    session = outside_limit(stage, on, obeyed=False)
    stage.expect("NO_RESPONSE", session, on, severity="critical")


@faulty
def window_closed_an_hour_late(stage: Stage) -> None:
    """The station counts the night by its own clock, which was set back in it."""
    opens = seconds_until(stage, 22)
    periods = [Period(0, 16), Period(8 * 3600, 0)]
    default = Profile(
        periods, "TxDefaultProfile", "RecurringDaily", start_s=opens - 3 * 86400, evse=0, id=30
    )
    send(stage.frames, -60, default)
    session = stage.session(stage.car(16, 3), starts_s=opens - HOUR, rest_s=20, lasts_s=11 * HOUR)
    closes = 9 * HOUR
    pilot = [(-1, 0.0, None), (HOUR + 5, 16.0, None), (closes + HOUR, 0.0, None)]
    stage.play(session, [], pilot, how="not")
    stage.expect("OUTSIDE_WINDOW", session, closes)


@faulty
def never_any_value(stage: Stage) -> None:
    """A session of which the station measures nothing."""
    session = stage.session()
    session.silent = [(-1, 1e9)]
    stage.play(session, _steady(stage, 6, 32))
    stage.expect("METER_MISSING", session, 0)


@faulty
def over_in_the_outage(stage: Stage) -> None:
    """The profile is lost while the link is down; only what comes afterwards shows it."""
    away = stage.between(900, 1500)
    back = away + stage.between(1500, 2700)
    stage.frames.outage(away, back)
    session, lost = _big(stage, lasts_s=back + 0.5 * HOUR), away + stage.between(300, 900)
    limits = _steady(stage, 8, 16)
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost, seen_s=back)


@faulty
def hour_long_outage_with_limit_drop_ignored(stage: Stage) -> None:
    away = stage.between(900, 1500)
    stage.frames.outage(away, away + HOUR)
    drop = away + stage.between(600, 2400)
    session = _big(stage, lasts_s=2 * HOUR)
    limits = [Limit(stage.first_limit_s(), 32), Limit(drop, stage.amps(6, 14))]
    stage.play(session, limits, stage.obeyed(limits[:1]), how="schedule")
    stage.expect("NO_RESPONSE", session, drop, seen_s=away + HOUR)


@faulty
def meter_swapped(stage: Stage) -> None:
    """Between two sessions: the second begins at another register than the first ended with."""
    stage.play(stage.session(stage.car(16, 3), tells=ALL, lasts_s=2400.0), _steady(stage, 10, 20))
    stage.meter().true_wh = stage.between(0, 300)
    session = stage.session(stage.car(16, 3), tells=ALL)
    stage.play(session, _steady(stage, 10, 20))
    stage.expect("METER_ANOMALY", session, 0)


@faulty
def thermal_throttling(stage: Stage) -> None:
    """Too hot: the station cuts the current by half at once, and recovers much later."""
    hot, limits = stage.between(1200, 2400), _steady(stage, 20, 32)
    session = _big(stage)
    session.lasts_s = hot + 1.2 * HOUR
    session.celsius = lambda at_s: min(92.0, 40 + 50 * at_s / hot)
    cool = hot + stage.between(25, 40) * MINUTE
    limit = limits[0].limit or 0.0
    cut = max(6.0, limit * stage.between(0.4, 0.6))
    stage.play(session, limits, [*stage.obeyed(limits), (hot, cut, None), (cool, limit, None)])
    stage.expect("UNDER_DELIVERY", session, hot)


@faulty
def profile_rejected(stage: Stage) -> None:
    """Three tries, and three times no; the session goes on as the default has it."""
    default = Profile([Period(0, 32)], "TxDefaultProfile", start_s=-60, evse=0, id=31)
    send(stage.frames, -60, default)
    session = stage.session()
    stage.play(session, [], [(-1, 32.0, None)], how="not")
    first = stage.between(5, 900)
    status = "NotSupported" if stage.is_v16 and stage.rng.random() < 0.3 else "Rejected"
    wanted = Profile([Period(0, stage.amps(6, 14))], start_s=session.at(first))
    for number in range(3):
        send(stage.frames, session.at(first + 40 * number), wanted, session.transaction, status)
    stage.expect("PROFILE_REFUSED", session, first)
