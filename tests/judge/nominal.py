"""Stations and cars that do as they should: nothing must be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judge.book import nominal
from tests.judge.profiles import Period, Profile, clear, external, send
from tests.judge.stage import CURRENTS, HOUR, MINUTE, POWER, REGISTER, WITH_CURRENTS, Limit
from tests.judge.telling import Telling

if TYPE_CHECKING:
    from tests.judge.stage import Stage


def _change(stage: Stage, first: float, second: float, **own) -> None:
    """A limit, and after 20 to 40 minutes another one."""
    limits = [Limit(stage.first_limit_s(), first), Limit(stage.between(1200, 2400), second)]
    stage.play(stage.session(**own), limits)


@nominal
def constant(stage: Stage) -> None:
    stage.play(stage.session(), [Limit(stage.first_limit_s(), stage.amps(6, 32))])


@nominal
def from_32_to_16(stage: Stage) -> None:
    _change(stage, 32, 16)


@nominal
def from_10_to_16(stage: Stage) -> None:
    _change(stage, 10, 16)


@nominal
def pause_and_resume(stage: Stage) -> None:
    limit = stage.amps(8, 32)
    pause = stage.between(900, 1800)
    limits = [
        Limit(stage.first_limit_s(), limit),
        Limit(pause, 0),
        Limit(pause + stage.between(600, 1500), limit),
    ]
    stage.play(stage.session(), limits)


@nominal
def one_phase_under_32(stage: Stage) -> None:
    car = stage.car(16, 1)
    stage.play(stage.session(car, tells=WITH_CURRENTS), [Limit(stage.first_limit_s(), 32)])


@nominal
def two_phases(stage: Stage) -> None:
    session = stage.session(stage.car(16, 2))
    stage.play(session, [Limit(stage.first_limit_s(), stage.amps(10, 32))])


@nominal
def taper(stage: Stage) -> None:
    car = stage.car(phases=3)
    car.battery = stage.battery(
        stage.between(0.80, 0.9), stage.between(0.8, 1.2), car.rating_a * 690
    )
    session = stage.session(car, lasts_s=2 * HOUR)
    session.tells_soc = stage.rng.random() < 0.5
    stage.play(session, [Limit(stage.first_limit_s(), 32)])


@nominal
def battery_full(stage: Stage) -> None:
    full_s = stage.between(1500, 2700)
    car = stage.car(shape=lambda at_s: 1e9 if at_s < full_s else 0.0)
    stage.play(stage.session(car), [Limit(stage.first_limit_s(), stage.amps(10, 32))])


@nominal
def wakes_five_minutes_late(stage: Stage) -> None:
    limit, pause = stage.amps(8, 32), stage.between(900, 1500)
    car = stage.car(wakes_s=stage.between(240, 360))
    limits = [
        Limit(stage.first_limit_s(), limit),
        Limit(pause, 0),
        Limit(pause + stage.between(600, 1200), limit),
    ]
    stage.play(stage.session(car), limits)


@nominal
def limit_of_3_amperes(stage: Stage) -> None:
    _change(stage, stage.amps(8, 32), 3)


@nominal
def register_only_15_min(stage: Stage) -> None:
    limits = [Limit(stage.first_limit_s(), 32), Limit(stage.between(1.5, 2.5) * HOUR, 16)]
    stage.play(stage.session(tells=REGISTER, every_s=900.0, lasts_s=4 * HOUR), limits)


@nominal
def register_only_1_min(stage: Stage) -> None:
    _change(stage, 32, stage.amps(8, 20), tells=REGISTER, every_s=60.0)


@nominal
def register_only_5_min_100_wh(stage: Stage) -> None:
    limits = [Limit(stage.first_limit_s(), 32), Limit(stage.between(1, 2) * HOUR, 16)]
    session = stage.session(tells=REGISTER, every_s=300.0, lasts_s=3.5 * HOUR)
    session.meter.wh_step = 100
    stage.play(session, limits)


def _off(stage: Stage, clock_s: float) -> None:
    stage.frames.clock = lambda _: clock_s
    first, second = stage.between(1000, 2000), stage.between(2400, 3000)
    limits = [Limit(stage.first_limit_s(), 32), Limit(first, 16), Limit(second, 24)]
    stage.play(stage.session(), limits)


@nominal
def clock_45_s_ahead(stage: Stage) -> None:
    _off(stage, 45)


@nominal
def clock_45_s_behind(stage: Stage) -> None:
    _off(stage, -45)


@nominal(settings={"CSMS_DEVIATIONS__RANDOM_DELAY_S": "600"})
def declared_random_delay(stage: Stage) -> None:
    """Each switch of load waits for up to ten minutes, as the settings say."""
    limits = [Limit(5, 24), Limit(stage.between(1500, 1800), 10), Limit(3600, 24)]
    delayed = [
        (each.at_s + (0 if each.at_s < 60 else stage.between(0, 590)), each.limit, None)
        for each in limits
    ]
    stage.play(stage.session(lasts_s=2 * HOUR), limits, delayed)


@nominal
def new_limit_every_minute(stage: Stage) -> None:
    limits = [Limit(60.0 * each + 5, stage.amps(6, 32)) for each in range(60)]
    stage.play(stage.session(), limits)


@nominal
def preconditioning(stage: Stage) -> None:
    """The car heats its battery now and then, and takes more when it does."""
    low, on, off = stage.between(5, 9), stage.between(180, 480), stage.between(180, 480)
    car = stage.car(16, 3, shape=lambda at_s: 1e9 if at_s % (on + off) < on else low)
    stage.play(stage.session(car), [Limit(stage.first_limit_s(), stage.amps(16, 32))])


@nominal
def watts_with_power_only(stage: Stage) -> None:
    low = float(stage.rng.randrange(4200, 9000, 100))
    limits = [
        Limit(stage.first_limit_s(), 22000, "W", 3),
        Limit(stage.between(1200, 2400), low, "W", 3),
    ]
    stage.play(stage.session(stage.car(32, 3), tells=POWER), limits)


@nominal
def a_fifth_lost(stage: Stage) -> None:
    limits = [Limit(stage.first_limit_s(), 32), Limit(stage.between(1200, 2400), 16)]
    stage.play(stage.session(loses=0.2), limits)


@nominal
def integer_amperes(stage: Stage) -> None:
    session = stage.session(tells=WITH_CURRENTS)
    session.meter.amps_step = 1.0
    limits = [Limit(stage.first_limit_s(), stage.amps(10, 32)), Limit(1800, stage.amps(6, 16))]
    stage.play(session, limits)


@nominal
def from_3_phases_to_1(stage: Stage) -> None:
    limits = [
        Limit(stage.first_limit_s(), 16, "A", 3),
        Limit(stage.between(1200, 2400), stage.amps(8, 16), "A", 1),
    ]
    stage.play(stage.session(stage.car(16, 3), tells=WITH_CURRENTS), limits)


@nominal
def standby_of_0_4_amperes(stage: Stage) -> None:
    limits = [Limit(stage.first_limit_s(), 16), Limit(stage.between(900, 1500), 0)]
    stage.play(stage.session(stage.car(standby_a=0.4)), limits)


@nominal
def slow_cold_ramp(stage: Stage) -> None:
    minutes = stage.between(8, 20)
    car = stage.car(phases=3, shape=lambda at_s: 6 + 26 * at_s / (minutes * MINUTE))
    stage.play(stage.session(car), [Limit(stage.first_limit_s(), stage.amps(16, 32))])


@nominal
def every_10_s(stage: Stage) -> None:
    first, second = stage.between(900, 1400), stage.between(1800, 2400)
    limits = [Limit(stage.first_limit_s(), 32), Limit(first, 10), Limit(second, 32)]
    stage.play(stage.session(every_s=10.0, lasts_s=3000.0), limits)


@nominal
def currents_only_every_5_min(stage: Stage) -> None:
    limits = [Limit(stage.first_limit_s(), 32), Limit(stage.between(3000, 4000), 16)]
    stage.play(stage.session(tells=CURRENTS, every_s=300.0, lasts_s=2 * HOUR), limits)


@nominal
def overnight_daily_window(stage: Stage) -> None:
    """16 A from 22:00 to 06:00, nothing else, by a schedule that began days ago."""
    overnight(stage)


def overnight(stage: Stage) -> None:
    opens = seconds_until(stage, 22)
    periods = [Period(0, 16), Period(8 * 3600, 0)]
    default = Profile(
        periods, "TxDefaultProfile", "RecurringDaily", start_s=opens - 3 * 86400, evse=0
    )
    default.id = 30
    send(stage.frames, -60, default)
    starts = opens - stage.between(0.7, 2.5) * HOUR
    session = stage.session(stage.car(standby_a=0.1), starts_s=starts, lasts_s=12 * HOUR, rest_s=20)
    session.every_s = float(stage.rng.choice((60, 300)))
    before = opens - starts
    limits = [Limit(before, 16), Limit(before + 8 * HOUR, 0)]
    stage.play(session, limits, [(-1, 0, None), *stage.obeyed(limits)], how="not")


def seconds_until(stage: Stage, hour: int) -> float:
    day_s = (stage.base.hour * 60 + stage.base.minute) * 60 + stage.base.second
    return float((hour * 3600 - day_s) % 86400)


@nominal
def daylight_saving_night(stage: Stage) -> None:
    """The overnight window; the station writes local times, and those leap in that night."""
    stage.frames.zone_h = local_hours(stage)
    overnight(stage)


def local_hours(stage: Stage):
    """The zone of central Europe: hours before UTC, changing at 01:00 UTC of that night."""
    autumn = stage.base.month > 6
    change = stage.base.replace(hour=1, minute=0, second=0).timestamp() + 86400

    def hours(instant) -> int:
        return (
            2 - (instant.timestamp() >= change) if autumn else 1 + (instant.timestamp() >= change)
        )

    return hours


@nominal
def tx_profile_above_tx_default(stage: Stage) -> None:
    """The default allows less; the session's own profile replaces it."""
    default = Profile([Period(0, 10)], "TxDefaultProfile", "Absolute", start_s=-60, evse=0)
    default.id = 31
    send(stage.frames, -60, default)
    stage.purpose = "TxProfile"
    at_s, limit = stage.between(60, 900), stage.amps(16, 32)
    stage.play(
        stage.session(), [Limit(at_s, limit)], [(-1, 10, None), *stage.obeyed([Limit(at_s, limit)])]
    )


@nominal
def transaction_ending_in_fault(stage: Stage) -> None:
    session = stage.session(reason="EmergencyStop", ends_as="Faulted")
    stage.play(session, [Limit(stage.first_limit_s(), stage.amps(6, 32))])


@nominal
def reconnect_with_replay(stage: Stage) -> None:
    """The link fails for a while; what was measured comes afterwards, with its own times."""
    away = stage.between(900, 1500)
    back = away + stage.between(300, 1500)
    stage.frames.outage(away, back)
    limits = [Limit(stage.first_limit_s(), 32), Limit(back + stage.between(300, 600), 16)]
    stage.play(stage.session(), limits, how="each")


@nominal
def multiplier(stage: Stage) -> None:
    """Power and energy in thousands: by the multiplier in 2.0.1, by the unit in 1.6."""
    session = stage.session(tells=frozenset({"currents", "power", "register"}))
    session.telling = Telling(session.telling.what, kilo=stage.is_v16, multiplied=not stage.is_v16)
    limits = [Limit(stage.first_limit_s(), 32), Limit(stage.between(1200, 2400), 16)]
    stage.play(session, limits)


@nominal
def solar_every_300_s(stage: Stage) -> None:
    """A limit after the sun, down to a pause, and samples that are rarer than its changes."""
    times = [5.0]
    while times[-1] < 3 * HOUR:
        times.append(times[-1] + stage.between(180, 900))
    limits = [
        Limit(each, stage.rng.choice((0.0, 6.0, stage.amps(6, 16), stage.amps(6, 16))))
        for each in times
    ]
    stage.play(stage.session(every_s=300.0, lasts_s=3.2 * HOUR), limits, how="each")


@nominal
def external_limit_obeyed(stage: Stage) -> None:
    """Somebody else limits the station for a while: by its own word, in 1.6 by the maximum."""
    on = stage.between(900, 1500)
    outside_limit(stage, on, obeyed=True)


def outside_limit(stage: Stage, on_s: float, *, obeyed: bool):
    """A session at 16..32 A, with a lower limit from elsewhere between two times."""
    high, low, off_s = stage.amps(20, 32), stage.amps(6, 13), on_s + stage.between(900, 1500)
    limits = [Limit(stage.first_limit_s(), high)]
    real = [*limits, Limit(on_s, low), Limit(off_s, high)]
    session = stage.session(stage.car(32), tells=WITH_CURRENTS)
    stage.play(session, limits, stage.obeyed(real if obeyed else limits), how="each")
    if stage.is_v16:
        top = Profile([Period(0, low)], "Max", start_s=session.at(on_s), evse=0, id=40)
        send(stage.frames, session.at(on_s), top)
        clear(stage.frames, session.at(off_s), top)
    else:
        external(stage.frames, session.at(on_s), low)
        external(stage.frames, session.at(off_s), None)
    return session


@nominal
def hour_long_outage_with_limit_drop(stage: Stage) -> None:
    """The schedule's next period begins while the link is down, and is obeyed."""
    away = stage.between(900, 1500)
    stage.frames.outage(away, away + HOUR)
    drop = away + stage.between(600, 2400)
    limits = [Limit(stage.first_limit_s(), 32), Limit(drop, stage.amps(6, 16))]
    stage.play(stage.session(lasts_s=2 * HOUR), limits, how="schedule")
