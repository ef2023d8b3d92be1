"""Stations and cars that are odd and obey all the same: nothing must be found either."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.judge.book import hostile
from tests.judge.frames import repeat
from tests.judge.physics import Mains
from tests.judge.profiles import Period, Profile, clear, composite, send
from tests.judge.stage import HOUR, WITH_CURRENTS, Limit
from tests.judge.telling import ALL, Reading

if TYPE_CHECKING:
    from tests.judge.session import Session
    from tests.judge.stage import Stage

POWERED = frozenset({"power", "register"})


def _two_limits(stage: Stage) -> list[Limit]:
    return [
        Limit(stage.first_limit_s(), stage.amps(16, 32)),
        Limit(stage.between(1200, 2400), stage.amps(6, 14)),
    ]


@hostile
def clock_set_right(stage: Stage) -> None:
    """Half a minute slow, until the station takes over the system's time."""
    session, right = stage.session(), stage.between(900, 1800)
    stage.frames.clock = lambda at_s: -30.0 if at_s < session.at(right) else 0.0
    stage.play(session, _two_limits(stage))


@hostile
def slow_link(stage: Stage) -> None:
    stage.frames.latency_s = (0.5, 25)
    stage.play(stage.session(), _two_limits(stage))


@hostile
def two_evses_within_the_maximum(stage: Stage) -> None:
    limit = stage.amps(10, 14)
    top = Profile([Period(0, 2 * limit)], "Max", start_s=-60, evse=0, id=40)
    send(stage.frames, -60, top)
    for evse in (1, 2):
        session = stage.session(
            stage.car(32, 3, offset_a=stage.between(-0.3, 0.1)), WITH_CURRENTS, evse=evse
        )
        session.starts_s, session.every_s = 300.0 * evse, 60.0
        session.token += str(evse)
        stage.play(session, [Limit(5, limit)], [(-1, limit, None)], how="each")


@hostile
def maximum_shared_anew(stage: Stage) -> None:
    """What one EVSE gives up the other gets; their meters are read at different moments."""
    top = Profile([Period(0, 32)], "Max", start_s=-60, evse=0, id=40)
    send(stage.frames, -60, top)
    swap = stage.between(1500, 2100)
    for evse, first, second in ((1, 20, 10), (2, 11, 20)):
        session = stage.session(stage.car(32, 3), WITH_CURRENTS, evse=evse, starts_s=0.0)
        session.every_s = 60.0
        session.token += str(evse)
        limits = [Limit(5, first), Limit(swap + 15 * (evse - 1), second)]
        pilot = [(-1, float(first), None), *stage.obeyed(limits)[1:]]
        stage.play(session, limits, pilot, how="each")


@hostile
def inrush_in_one_sample(stage: Stage) -> None:
    session = stage.session(stage.car(16, 3), WITH_CURRENTS)
    session.telling.what = frozenset({"currents", "register"})
    spikes = [stage.between(600, 3000) for _ in range(3)]

    def distort(at_s: float, reading: Reading) -> None:
        if any(0 <= at_s - each < session.every_s for each in spikes):
            reading.amps = [each * 1.5 for each in reading.amps]

    session.distort = distort
    spikes.sort()
    spikes[1:] = [max(each, spikes[0] + 700 * n) for n, each in enumerate(spikes[1:], 1)]
    stage.play(session, [Limit(stage.first_limit_s(), 16)])


@hostile
def high_mains_under_watts(stage: Stage) -> None:
    """The limit in watts is converted at 230 V, as it shall be; the mains are well above."""
    session = stage.session(stage.car(32, 3), (ALL,))
    high = 230 * stage.between(1.05, 1.08)
    session.mains = Mains((high, high - 1, high + 1), 1.5, (900, 4000), 1)
    watts = float(stage.rng.randrange(6000, 20000, 100))
    stage.play(session, [Limit(stage.first_limit_s(), watts, "W", 3)])


@hostile
def low_mains(stage: Stage) -> None:
    session = stage.session()
    low = 230 * stage.between(0.92, 0.95)
    session.mains = Mains((low, low - 2, low + 2), 2, (900, 4000), 2)
    stage.play(session, _two_limits(stage))


@hostile
def rotated_single_phase(stage: Stage) -> None:
    car = stage.car(32, 1)
    car.lines = (stage.rng.choice((1, 2)),)
    stage.play(stage.session(car, WITH_CURRENTS), _two_limits(stage))


@hostile
def every_sample_twice(stage: Stage) -> None:
    session = stage.session(every_s=60.0)
    stage.play(session, _two_limits(stage))
    for number in range(1, int(session.lasts_s / 60) - 2):
        if stage.rng.random() < 0.4:
            repeat(stage.frames, session.at(60.0 * number), changed=False)


@hostile
def never_wakes(stage: Stage) -> None:
    """After a pause the car sleeps on, and says so."""
    limit, pause = stage.amps(8, 32), stage.between(900, 1500)
    limits = [Limit(5, limit), Limit(pause, 0), Limit(pause + 900, limit)]
    stage.play(stage.session(stage.car(wakes_s=1e6)), limits)


@hostile
def offered_and_kept(stage: Stage) -> None:
    limits = _two_limits(stage)
    session = stage.session(tells=WITH_CURRENTS)
    session.offers = lambda _, pilot_a: 32.0 if pilot_a is None else pilot_a
    stage.play(session, limits)


@hostile
def every_15_min(stage: Stage) -> None:
    limits = [Limit(5, 32), Limit(1.2 * HOUR, 10), Limit(2.3 * HOUR, 0), Limit(3 * HOUR, 20)]
    stage.play(stage.session(every_s=900.0, lasts_s=4 * HOUR), limits)


@hostile
def small_car_under_32(stage: Stage) -> None:
    stage.play(stage.session(stage.car(10, 3)), [Limit(stage.first_limit_s(), 32)])


@hostile
def small_car_after_a_big_one(stage: Stage) -> None:
    """What another token's car could take says nothing of this one."""
    stage.known_car(stage.car(32, 3))
    session = stage.session(stage.car(10, 3), token="SMALL", every_s=60.0)
    stage.play(session, [Limit(stage.first_limit_s(), 32)])


@hostile
def slow_throttling(stage: Stage) -> None:
    """The current goes down by little and little, as it also does in a filling battery."""
    from_s, per_s = stage.between(900, 1500), stage.between(200, 400)
    top = stage.amps(20, 32)

    def shape(at_s: float) -> float:
        return max(7.0, top - max(0.0, at_s - from_s) / per_s)

    session = stage.session(stage.car(32, 3, shape=shape))
    session.celsius = lambda at_s: min(85.0, 35 + at_s / 60)
    stage.play(session, [Limit(stage.first_limit_s(), top)])


@hostile
def relative_schedule(stage: Stage) -> None:
    """Periods that count from the beginning of the session."""
    session = stage.session()
    low, up = stage.between(1200, 1800), stage.between(2400, 3000)
    steps = [Limit(0, 32), Limit(round(low), 8), Limit(round(up), 20)]
    stage.play(session, steps, [(-1, 32.0, None), *stage.obeyed(steps)[1:]], how="not")
    periods = [Period(int(each.at_s), each.limit or 0) for each in steps]
    profile = Profile(periods, kind="Relative", start_s=None)
    send(stage.frames, session.at(4), profile, session.transaction)


@hostile
def default_that_expires(stage: Stage) -> None:
    """A profile is valid for a while only; after it nothing limits."""
    ends, session = stage.between(1500, 2400), stage.session()
    profile = Profile([Period(0, 10)], "TxDefaultProfile", start_s=-60, evse=0, id=31)
    profile.valid = (-60, session.at(round(ends)))
    send(stage.frames, -60, profile)
    stage.play(session, [], [(-1, 10.0, None), (round(ends) + 5, None, None)], how="not")


@hostile
def profile_cleared(stage: Stage) -> None:
    limits = [Limit(5, stage.amps(6, 16)), Limit(stage.between(1200, 2400), None)]
    stage.play(stage.session(), limits, how="each")


@hostile
def high_level_for_a_while(stage: Stage) -> None:
    """A profile of a higher level with a duration; then the lower one speaks again."""
    session, from_s, for_s = stage.session(), stage.between(900, 1500), 1200
    low, high = stage.amps(6, 12), stage.amps(18, 30)
    real = [Limit(5, high), Limit(from_s, low), Limit(from_s + for_s, high)]
    stage.play(session, real, how="not")
    base = Profile([Period(0, high)], start_s=session.at(4), id=8)
    over = Profile([Period(0, low)], start_s=session.at(from_s), duration_s=for_s, level=2, id=9)
    send(stage.frames, session.at(5), base, session.transaction)
    send(stage.frames, session.at(from_s), over, session.transaction)


@hostile
def thinned_by_an_outage(stage: Stage) -> None:
    """In the outage only every second event is kept."""
    away = stage.between(900, 1500)
    stage.frames.thins = True
    stage.frames.outage(away, away + stage.between(600, 1800))
    stage.play(stage.session(lasts_s=1.3 * HOUR), [Limit(5, stage.amps(8, 32))])


@hostile
def outage_without_a_queue(stage: Stage) -> None:
    """What was measured while the link was down is lost."""
    away, session = stage.between(900, 1500), stage.session()
    back = away + stage.between(900, 1800)
    stage.frames.outage(away, back)
    session.silent = [(away, back)]
    stage.play(session, [Limit(5, stage.amps(8, 32))])


@hostile
def reboot_in_a_session(stage: Stage) -> None:
    """The station restarts, keeps its profiles and goes on."""
    session, away = stage.session(), stage.between(900, 1800)
    stage.frames.outage(session.at(away), session.at(away + 40))
    session.silent = [(away, away + 45)]
    limit = Limit(5, stage.amps(8, 32))
    pilot = stage.obeyed([limit])
    amps = pilot[-1][1]
    stage.play(session, [limit], [*pilot, (away, 0.0, None), (away + 50, amps, None)])
    stage.frames.lane = 8
    stage.frames.reboot(session.at(away + 40.5))


@hostile
def short_sessions(stage: Stage) -> None:
    for _ in range(5):
        session = stage.session(lasts_s=stage.between(200, 600))
        stage.play(session, [Limit(stage.first_limit_s(), stage.amps(6, 32))])


@hostile
def local_times(stage: Stage) -> None:
    """Times with a zone of hours, to the second."""
    hours = stage.rng.choice((-5, 1, 2, 10))
    stage.frames.zone_h = lambda _: hours
    stage.play(stage.session(), _two_limits(stage))


@hostile
def composite_agrees(stage: Stage) -> None:
    """Asked what is in force, the station says the same, its maximum where nothing limits."""
    limit, session = stage.amps(8, 16), stage.session()
    ends = round(stage.between(1500, 2400))
    stage.play(session, [Limit(5, limit), Limit(ends, None)], how="not")
    profile = Profile([Period(0, limit)], start_s=session.at(4), duration_s=ends)
    send(stage.frames, session.at(5), profile, session.transaction)
    answer = [Period(0, limit), Period(ends - 600 + stage.rng.randint(0, 6), 32)]
    composite(stage.frames, session.at(600), answer)


@hostile
def from_1_phase_to_3(stage: Stage) -> None:
    limits = [
        Limit(stage.first_limit_s(), 16, "A", 1),
        Limit(stage.between(1200, 2400), 16, "A", 3),
    ]
    stage.play(stage.session(stage.car(16, 3), WITH_CURRENTS), limits)


@hostile
def full_from_the_start(stage: Stage) -> None:
    stage.play(stage.session(stage.car(shape=lambda _: 0.0)), [Limit(5, stage.amps(6, 32))])


@hostile
def paused_and_resumed_every_3_min(stage: Stage) -> None:
    limits = [Limit(5 + 180.0 * each, 0.0 if each % 2 else stage.amps(6, 16)) for each in range(18)]
    stage.play(stage.session(), limits)


@hostile
def steps_of_10_wh(stage: Stage) -> None:
    session = stage.session(tells=frozenset({"register"}), every_s=60.0)
    session.meter.wh_step = 10
    stage.play(session, _two_limits(stage))


def _direct_current(stage: Stage, soc: float, kilowatts: float) -> Session:
    """A fast charger, where amperes are those that make its power of 230 V and three phases."""
    amps = kilowatts * 1000 / 690
    car = stage.car(amps, 3, offset_a=0.0)
    until = stage.between(0.8, 0.95)
    car.battery = stage.battery(soc, 0.6, amps * 690, knee=0.55, efficiency=0.94, until=until)
    session = stage.session(car, POWERED, evse_max_a=amps)
    session.tells_soc = True
    session.lasts_s = HOUR
    return session


@hostile
def direct_current_tapers(stage: Stage) -> None:
    session = _direct_current(stage, stage.between(0.1, 0.4), stage.rng.choice((50.0, 150.0)))
    stage.play(session, [Limit(stage.first_limit_s(), 160_000.0, "W")])


@hostile
def direct_current_wants_little(stage: Stage) -> None:
    """The car takes a fifth of what it may, all along."""
    session = _direct_current(stage, 0.3, 50.0)
    session.car.shape = lambda _: 14.0
    stage.play(session, [Limit(stage.first_limit_s(), 50_000.0, "W")])


@hostile
def grid_dimmed(stage: Stage) -> None:
    """Down to 4.2 kW for some time, which is a little more than 6 A on three phases."""
    from_s = stage.between(900, 1800)
    limits = [
        Limit(5, 11_000, "W", 3),
        Limit(from_s, 4_200, "W", 3),
        Limit(from_s + 1200, 11_000, "W", 3),
    ]
    stage.play(stage.session(stage.car(16, 3)), limits)


@hostile
def new_profile_every_15_min(stage: Stage) -> None:
    """A profile for each quarter of an hour, always with the same ID, as prices ask for it."""
    limits = [Limit(5 + 900.0 * each, stage.amps(6, 32)) for each in range(8)]
    session = stage.session(lasts_s=2.2 * HOUR)
    stage.play(session, limits, how="each")
    last = Profile([Period(0, 32)], start_s=session.at(session.lasts_s - 5), id=8)
    clear(stage.frames, session.at(session.lasts_s - 4), last)


@hostile
def samples_by_the_clock(stage: Stage) -> None:
    """Values of the quarter hours, besides those of each minute, of moments that may coincide."""
    session = stage.session(every_s=60.0)
    session.clock_every_s = 900.0
    stage.play(session, _two_limits(stage))


@hostile
def first_limit_after_minutes(stage: Stage) -> None:
    """Charges with all it has for some minutes until the system's first profile comes."""
    stage.play(stage.session(), [Limit(stage.between(120, 900), stage.amps(6, 16))])


@hostile
def driver_stops_and_goes(stage: Stage) -> None:
    """The car charges, rests for a while of its own will and says so, and charges again."""
    rest_s = stage.between(600, 1500)
    again_s = rest_s + stage.between(300, 1500)
    car = stage.car(shape=lambda at_s: 0.0 if rest_s <= at_s < again_s else 1e9)
    stage.play(stage.session(car), [Limit(stage.first_limit_s(), stage.amps(6, 32))])


@hostile
def watts_for_a_lone_phase(stage: Stage) -> None:
    """Limits in watts that name one phase, for a car that uses one."""
    watts = float(stage.rng.randrange(1400, 5000, 100))
    limits = [Limit(5, 7300, "W", 1), Limit(stage.between(1200, 2400), watts, "W", 1)]
    stage.play(stage.session(stage.car(32, 1), WITH_CURRENTS), limits)


@hostile
def started_from_afar(stage: Stage) -> None:
    """The profile comes with the remote start, before there is a transaction."""
    limit, session = stage.amps(6, 16), stage.session()
    remote_start(stage, session, limit)
    stage.play(session, [], [(-1, limit, None)], how="not")


def remote_start(stage: Stage, session: Session, limit: float) -> None:
    """Asks the station to start a session under a limit."""
    profile = Profile([Period(0, limit)], kind="Relative", start_s=None, id=8)
    carried = profile.payload(stage.frames, None)
    if stage.is_v16:
        own = {"connectorId": 1, "idTag": session.token}
        own["chargingProfile"] = carried["csChargingProfiles"]
        action = "RemoteStartTransaction"
    else:
        own = {"evseId": 1, "remoteStartId": 77, "chargingProfile": carried["chargingProfile"]}
        own["idToken"] = {"idToken": session.token, "type": "ISO14443"}
        action = "RequestStartTransaction"
    stage.frames.command(session.starts_s - 8, action, own, {"status": "Accepted"})


@hostile
def one_current_for_all(stage: Stage) -> None:
    """A current without a phase: the highest one, or the sum where the power tells which."""
    session = stage.session(stage.car(32, 3), (frozenset({"currents", "power", "register"}),))
    session.telling.lone = stage.rng.choice(("max", "sum"))
    stage.play(session, _two_limits(stage))


@hostile
def queue_out_of_order(stage: Stage) -> None:
    """After an outage the values that were kept arrive in any order."""
    away = stage.between(900, 1500)
    stage.frames.shuffles_s = 40.0
    stage.frames.outage(away, away + stage.between(600, 1500))
    stage.play(stage.session(lasts_s=1.3 * HOUR), [Limit(5, stage.amps(8, 32))])


@hostile
def follows_after_50_s(stage: Stage) -> None:
    """Slower than it should be, and still no deviation that lasts."""
    session, limits = stage.session(stage.car(32, 3)), _two_limits(stage)
    slow = limits[1].at_s + stage.between(40, 50)
    stage.play(session, limits, [*stage.obeyed(limits[:1]), (slow, limits[1].limit, None)])


@hostile
def current_wobbles(stage: Stage) -> None:
    """A rectifier that hunts around the limit by a little more than half an ampere."""
    session = stage.session(stage.car(32, 3), WITH_CURRENTS)
    width, per_s = stage.between(0.4, 0.65), stage.between(5, 90)

    def distort(at_s: float, reading: Reading) -> None:
        wave = width * math.sin(at_s / per_s)
        reading.amps = [round(each + wave, 2) if each > 3 else each for each in reading.amps]

    session.telling.what = frozenset({"currents", "register"})
    session.distort = distort
    session.car.offset_a = stage.between(-0.4, 0.1)
    stage.play(session, _two_limits(stage))


@hostile
def temperature_and_frequency(stage: Stage) -> None:
    """Told beside the rest, and as they should be."""
    session = stage.session()
    session.celsius = lambda at_s: 20 + at_s / 200
    session.distort = lambda _, reading: setattr(reading, "hertz", 50.02)
    stage.play(session, _two_limits(stage))


@hostile(versions=("2.0.1",))
def departure_far_away(stage: Stage) -> None:
    """The car asks for little and leaves late."""
    session = stage.session(stage.car(16, 3), (ALL,))
    stage.play(session, [Limit(5, 16)], how="each")
    needs(stage, session, 5000, 10 * HOUR)


def needs(stage: Stage, session: Session, energy_wh: int, departs_s: float) -> None:
    """The car says what it wants, and when it goes."""
    parameters = {"energyAmount": energy_wh, "evMinCurrent": 6, "evMaxCurrent": 16}
    said = {
        "requestedEnergyTransfer": "AC_three_phase",
        "departureTime": stage.frames.true_stamp(session.at(departs_s)),
        "acChargingParameters": parameters | {"evMaxVoltage": 400},
    }
    told = {"evseId": 1, "maxScheduleTuples": 10, "chargingNeeds": said}
    stage.frames.lane = 7
    stage.frames.call(session.at(4), "NotifyEVChargingNeeds", told, {"status": "Accepted"})
