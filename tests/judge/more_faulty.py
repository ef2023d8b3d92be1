"""Further ways to disobey, of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judge.book import faulty
from tests.judge.faulty import FAMILY, _big, _broken, _steady
from tests.judge.frames import repeat
from tests.judge.hostile import needs, remote_start
from tests.judge.profiles import Period, Profile, composite, send
from tests.judge.stage import HOUR, POWER, WITH_CURRENTS, Limit
from tests.judge.telling import ALL, Reading

if TYPE_CHECKING:
    from tests.judge.stage import Stage


@faulty
def follows_only_partly(stage: Stage) -> None:
    """Most of the drop is made, and it is still too much: over, but no lack of response."""
    session, drop = _big(stage, WITH_CURRENTS), stage.between(1200, 2400)
    low = stage.amps(6, 12)
    limits = [Limit(stage.first_limit_s(), 32), Limit(drop, low)]
    rest = (32 - low) * stage.between(0.2, 0.35)
    stage.play(session, limits, [*stage.obeyed(limits[:1]), (drop + 5, low + rest, None)])
    stage.expect("OVER_LIMIT", session, drop)


@faulty
def maximum_of_the_station_ignored(stage: Stage) -> None:
    """A lone session takes more than the whole station may."""
    session, drop = _big(stage, WITH_CURRENTS), stage.between(1200, 2400)
    limits = [Limit(stage.first_limit_s(), 32)]
    stage.play(session, limits)
    top = Profile([Period(0, stage.amps(6, 14))], "Max", start_s=session.at(drop), evse=0, id=40)
    send(stage.frames, session.at(drop), top)
    stage.expect("NO_RESPONSE", session, drop, severity="critical")


@faulty
def watts_over_with_power_only(stage: Stage) -> None:
    session, lost = stage.session(stage.car(32, 3), POWER), stage.between(900, 2400)
    watts = float(stage.rng.randrange(4200, 11000, 100))
    limits = [Limit(stage.first_limit_s(), watts, "W", 3)]
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost)


@faulty
def draws_without_a_pilot_after_recovery(stage: Stage) -> None:
    """Resumes by itself in the middle of a pause that it kept at first."""
    session, pause = stage.session(), stage.between(900, 1500)
    again = pause + stage.between(600, 1500)
    limit = stage.amps(10, 16)
    limits = [Limit(stage.first_limit_s(), limit), Limit(pause, 0)]
    stage.play(session, limits, [*stage.obeyed(limits), (again, limit, None)])
    stage.expect("OUTSIDE_WINDOW", session, again)


@faulty
def window_ignored_all_night(stage: Stage) -> None:
    """The daily window has not opened yet, and the car charges from the start."""
    opens = stage.between(2, 4) * HOUR
    default = Profile(
        [Period(0, 16), Period(6 * 3600, 0)],
        "TxDefaultProfile",
        "RecurringDaily",
        start_s=round(opens) - 86400.0,
        evse=0,
        id=30,
    )
    send(stage.frames, -60, default)
    session = stage.session(stage.car(16, 3))
    stage.play(session, [], [], how="not")
    stage.expect("OUTSIDE_WINDOW", session, 0)


@faulty
def smaller_tx_default_kept(stage: Stage) -> None:
    """The station takes the smaller of default and session profile; the car is known."""
    car = stage.car(32, stage.rng.choice((1, 3)))
    stage.known_car(car)
    last = stage.sessions[-1]
    default = Profile([Period(0, 10)], "TxDefaultProfile", start_s=0.0, evse=0, id=31)
    send(stage.frames, last.at(last.lasts_s) + 60, default)
    stage.purpose = "TxProfile"
    session = stage.session(car, WITH_CURRENTS)
    stage.play(session, _steady(stage, 20, 32), [(-1, 10.0, None)], how="each")
    stage.expect("UNDER_DELIVERY", session, 5)


@faulty
def offered_more_than_allowed(stage: Stage) -> None:
    """The station says that it offers 32 A under a lower limit that a small car cannot break."""
    session, from_s = stage.session(stage.car(16, 3), WITH_CURRENTS), stage.between(900, 1800)
    limits = _steady(stage, 17, 24)
    limit = limits[0].limit or 0.0
    session.offers = lambda at_s, pilot_a: 32.0 if at_s >= from_s else min(limit, pilot_a or 32.0)
    stage.play(session, limits)
    stage.expect("OFFERED_MISMATCH", session, from_s)


@faulty
def voltage_impossible(stage: Stage) -> None:
    low = stage.between(90, 160)

    def distort(reading: Reading) -> None:
        reading.volts[0] = low

    _broken(stage, distort, (ALL,))


@faulty
def readings_of_one_instant_differ(stage: Stage) -> None:
    """One moment is told twice, with other values."""
    session, from_s = stage.session(stage.car(16, 3), (ALL,)), stage.between(900, 1800)
    stage.play(session, _steady(stage, 10, 20))
    repeated_s = repeat(stage.frames, session.at(from_s), changed=True)
    stage.expect("METER_ANOMALY", session, repeated_s - session.starts_s)


@faulty
def composite_looser(stage: Stage) -> None:
    """Asked what is in force, the station says more than we believe; it draws what we believe."""
    session, at_s = stage.session(stage.car(16, 3)), stage.between(600, 1800)
    limits = _steady(stage, 17, 24)
    stage.play(session, limits)
    composite(stage.frames, session.at(at_s), [Period(0, 32)])
    stage.expect("COMPOSITE_MISMATCH", session, at_s, severity="major")


@faulty
def first_push_ignored_by_watts(stage: Stage) -> None:
    """A limit in watts for one phase, which three phases break without breaking its amperes."""
    session = stage.session(stage.car(32, 3), WITH_CURRENTS)
    watts = float(stage.rng.randrange(4200, 9000, 100))
    limits = [Limit(stage.first_limit_s(), 22000.0, "W", 3), Limit(1500, watts, "W", 3)]
    stage.play(session, limits, stage.obeyed(limits[:1]))
    stage.expect("NO_RESPONSE", session, 1500)


@faulty
def follows_and_forgets(stage: Stage) -> None:
    """Obeys a decrease, and is back at the old limit ten minutes later."""
    session, drop = _big(stage), stage.between(1200, 1800)
    limits = [Limit(stage.first_limit_s(), 32), Limit(drop, stage.amps(6, 12))]
    back = drop + stage.between(500, 900)
    stage.play(session, limits, [*stage.obeyed(limits), (back, 32.0, None)])
    stage.expect("OVER_LIMIT", session, back)


@faulty
def over_under_a_first_limit_after_minutes(stage: Stage) -> None:
    """Charges without any limit for a while; the first one is not obeyed."""
    session, at_s = _big(stage), stage.between(600, 1200)
    limits = [Limit(at_s, stage.amps(6, 16))]
    stage.play(session, limits, [])
    stage.expect(FAMILY, session, at_s)


@faulty
def profile_of_the_remote_start_ignored(stage: Stage) -> None:
    session, limit = _big(stage), stage.amps(6, 16)
    remote_start(stage, session, limit)
    stage.play(session, [], [], how="not")
    stage.expect(FAMILY, session, 5)


@faulty
def draws_again_after_the_reconnect(stage: Stage) -> None:
    """The link fails in a pause; the station forgets it, and charges when it is back."""
    pause = stage.between(900, 1500)
    away = pause + stage.between(200, 400)
    stage.frames.outage(away, away + 120)
    session, limit = stage.session(), stage.amps(10, 16)
    limits = [Limit(stage.first_limit_s(), limit), Limit(pause, 0)]
    stage.play(session, limits, [*stage.obeyed(limits), (away + 125, limit, None)])
    stage.expect("OUTSIDE_WINDOW", session, away + 125)


@faulty
def one_phase_after_an_increase(stage: Stage) -> None:
    """Three phases until the limit rises, and some time later a lone one."""
    session, lost = stage.session(stage.car(16, 3), WITH_CURRENTS), stage.between(1800, 2400)
    session.telling.only_used = False
    limits = [Limit(stage.first_limit_s(), 10), Limit(900, 16)]
    stage.play(session, limits, [*stage.obeyed(limits), (lost, 16.0, 1)])
    stage.expect("WRONG_PHASES", session, lost)


@faulty
def below_the_least_current(stage: Stage) -> None:
    """A limit of 4 A, less than any car may be given: it goes on with 6."""
    session, drop = stage.session(stage.car(16, 3), WITH_CURRENTS), stage.between(1200, 2400)
    limits = [Limit(stage.first_limit_s(), 16), Limit(drop, 4)]
    stage.play(session, limits, [*stage.obeyed(limits[:1]), (drop + 5, 6.0, None)])
    stage.expect("OUTSIDE_WINDOW", session, drop)


@faulty
def register_runs_twice_as_fast(stage: Stage) -> None:
    """The register counts double what power and currents say."""
    base: list[float] = []

    def distort(reading: Reading) -> None:
        base.append(reading.wh)
        reading.wh = base[0] + 2 * (reading.wh - base[0])

    _broken(stage, distort, (ALL,), "METER_ANOMALY soft")


@faulty(versions=("2.0.1",))
def departure_too_soon(stage: Stage) -> None:
    """Under this limit the car cannot get half of what it asks for before it goes."""
    session = stage.session(stage.car(16, 3), (ALL,), lasts_s=1.5 * HOUR)
    stage.play(session, [Limit(5, 6)], how="each")
    needs(stage, session, 30_000, 3 * HOUR)
    stage.expect("DEADLINE_RISK", session, 5)


@faulty
def one_current_for_all_over(stage: Stage) -> None:
    session, lost = stage.session(stage.car(32, 3)), stage.between(900, 2400)
    session.telling.what = frozenset({"currents", "power", "register"})
    session.telling.lone = stage.rng.choice(("max", "sum"))
    limits = _steady(stage, 8, 20)
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost)


@faulty
def frequency_impossible(stage: Stage) -> None:
    wrong = stage.rng.choice((30.0, 83.3))

    def distort(reading: Reading) -> None:
        reading.hertz = wrong

    _broken(stage, distort, None)


@faulty
def queue_shows_a_lost_profile_in_any_order(stage: Stage) -> None:
    away = stage.between(900, 1500)
    back = away + stage.between(1500, 2700)
    stage.frames.shuffles_s = 40.0
    stage.frames.outage(away, back)
    session, lost = _big(stage, lasts_s=back + 0.5 * HOUR), away + stage.between(300, 900)
    limits = _steady(stage, 8, 16)
    stage.play(session, limits, [*stage.obeyed(limits), (lost, None, None)])
    stage.expect("OVER_LIMIT", session, lost, seen_s=back + 40)


@faulty
def over_on_the_second_evse(stage: Stage) -> None:
    """Two sessions at once; only the one on the second EVSE forgets its limit."""
    for evse in (1, 2):
        session, limits = _big(stage, evse=evse, starts_s=200.0 * evse), _steady(stage, 8, 16)
        session.token += str(evse)
        lost = stage.between(900, 2400)
        pilot = stage.obeyed(limits)
        stage.play(session, limits, [*pilot, (lost, None, None)] if evse == 2 else pilot)
    stage.expect("OVER_LIMIT", session, lost)
