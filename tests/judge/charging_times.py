"""Sessions whose end can be foreseen, and some where it cannot; none of them disobeys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.judge.book import ending
from tests.judge.ends import End
from tests.judge.physics import Battery
from tests.judge.stage import HOUR, Limit
from tests.judge.telling import ALL

if TYPE_CHECKING:
    from tests.judge.physics import Car
    from tests.judge.session import Session
    from tests.judge.stage import Stage

ENERGY = (ALL, frozenset({"power", "register"}), frozenset({"currents", "register"}))
V201 = ("2.0.1",)


def _ac_car(stage: Stage, hours: float | None = None) -> Car:
    """A car on three phases that takes some hours at its rating."""
    car = stage.car(float(stage.rng.choice((16, 16, 32))), 3, offset_a=stage.between(-0.3, 0.1))
    soc, efficiency = stage.between(0.2, 0.6), stage.between(0.86, 0.93)
    hours = hours or stage.between(1.5, 4)
    wh = hours * car.rating_a * 690 * efficiency / (1 - soc)
    car.battery = Battery(min(wh, 100_000), soc, knee=stage.between(0.93, 0.98))
    car.battery.efficiency = efficiency
    return car


def _dc_car(stage: Stage, until: float = 1.0) -> Car:
    amps = stage.rng.choice((50_000, 75_000, 150_000)) / 690
    car = stage.car(amps, 3, offset_a=0.0)
    soc, share = stage.between(0.1, 0.4), stage.between(0.5, 0.9)
    wh = amps * 690 * stage.between(0.6, 1.0)
    car.rating_a = amps * share
    knee = stage.between(0.5, 0.6)
    car.battery = Battery(min(wh, 100_000), soc, until, knee, stage.between(0.92, 0.96))
    return car


def _session(stage: Stage, car: Car, **own: Any) -> Session:
    """One that ends some minutes after the car is full."""
    own.setdefault("tells", ENERGY)
    session = stage.session(car, rest_s=15.0, lasts_s=20 * HOUR, **own)
    session.unplugs_s = stage.between(60, 240)
    return session


def _label(stage: Stage, session: Session, sort: str) -> None:
    ended_s = session.at(session.charged_s or session.lasts_s)
    stage.ends.append(End(session.transaction, sort, session.starts_s, ended_s))


def _needs(stage: Stage, at_s: float, payload: dict[str, Any]) -> None:
    needs = {"evseId": 1, "maxScheduleTuples": 10, "chargingNeeds": payload}
    stage.frames.lane = 7
    stage.frames.call(at_s, "NotifyEVChargingNeeds", needs, {"status": "Accepted"})


def _to_go_wh(car: Car) -> float:
    battery = car.battery
    assert battery is not None
    return (battery.until - battery.soc) * battery.capacity_wh


@ending
def ac_with_charge_level(stage: Stage) -> None:
    """The car tells its charge level; its capacity shows in how that moves."""
    car = _ac_car(stage)
    session = _session(stage, car)
    session.tells_soc = True
    stage.play(session, [Limit(stage.first_limit_s(), stage.amps(12, 32))])
    _label(stage, session, "AC")


@ending
def ac_with_charge_level_and_schedule(stage: Stage) -> None:
    """The same under a schedule known from the start, with a pause and other limits in it."""
    car = _ac_car(stage)
    session = _session(stage, car)
    session.tells_soc = True
    times = sorted(stage.between(0.5, 4) * HOUR for _ in range(3))
    limits = [Limit(5, stage.amps(12, 16))] + [
        Limit(each, stage.rng.choice((0.0, stage.amps(8, 16), stage.amps(6, 12)))) for each in times
    ]
    limits.append(Limit(times[-1] + HOUR, 16))
    stage.play(session, limits, how="schedule")
    _label(stage, session, "AC")


@ending
def ac_with_history(stage: Stage) -> None:
    """A token whose car takes much the same each time; nothing tells the charge level."""
    car = _ac_car(stage, stage.between(1.5, 3))
    wanted_wh = _to_go_wh(car)
    for number in range(7):
        battery = car.battery
        assert battery is not None
        soc = 1 - wanted_wh * stage.between(0.93, 1.07) / battery.capacity_wh
        car.battery = Battery(
            battery.capacity_wh, soc, knee=battery.knee, efficiency=battery.efficiency
        )
        session = _session(stage, car, every_s=300.0 if number < 6 else 60.0)
        stage.play(session, [Limit(stage.first_limit_s(), stage.amps(12, 20))])
    _label(stage, session, "AC")


@ending(versions=V201)
def ac_with_request(stage: Stage) -> None:
    """The car asks for the energy that it then takes."""
    car = _ac_car(stage)
    assert car.battery is not None
    session = _session(stage, car)
    asked_wh = _to_go_wh(car) / car.battery.efficiency
    parameters = {
        "energyAmount": round(asked_wh),
        "evMinCurrent": 6,
        "evMaxCurrent": round(car.rating_a),
        "evMaxVoltage": 400,
    }
    limits = [Limit(5, stage.amps(12, 16)), Limit(stage.between(0.5, 1.5) * HOUR, 10)]
    stage.play(session, limits, how="schedule")
    _needs(
        stage,
        session.at(4),
        {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": parameters},
    )
    _label(stage, session, "AC")


@ending
def dc_with_charge_level(stage: Stage) -> None:
    """How full the driver wants it nobody says: the errors are shown, and there is no aim."""
    until = stage.rng.choice((0.8, 1.0))
    session = _session(stage, _dc_car(stage, until), tells=ENERGY[1], every_s=60.0)
    session.evse_max_a, session.tells_soc = 250.0, True
    stage.play(session, [Limit(5, 150_000, "W")])
    _label(stage, session, "DC open")


@ending(versions=V201)
def dc_with_needs(stage: Stage) -> None:
    """The car tells its capacity and how full it wants to be."""
    until = stage.rng.choice((0.8, 0.9, 1.0))
    car = _dc_car(stage, until)
    battery = car.battery
    assert battery is not None
    session = _session(stage, car, tells=ENERGY[1], every_s=60.0)
    session.evse_max_a, session.tells_soc = 250.0, True
    parameters = {
        "evMaxCurrent": 400,
        "evMaxVoltage": 450,
        "evMaxPower": round(car.rating_a * 690),
        "stateOfCharge": int(battery.soc * 100),
        "evEnergyCapacity": round(battery.capacity_wh),
        "energyAmount": round(_to_go_wh(car) / battery.efficiency),
        "fullSoC": round(until * 100),
    }
    stage.play(session, [Limit(5, 150_000, "W")])
    _needs(
        stage,
        session.at(4),
        {"requestedEnergyTransfer": "DC", "dcChargingParameters": parameters},
    )
    _label(stage, session, "DC")


@ending
def without_any_ground(stage: Stage) -> None:
    """No charge level, no request, no history: there is nothing to go by, only another's."""
    stranger = _session(stage, _ac_car(stage, 1.0), token="STRANGER", every_s=300.0)
    stage.play(stranger, [Limit(5, 16)])
    session = _session(stage, _ac_car(stage, 1.5))
    stage.play(session, [Limit(5, stage.amps(12, 32))])
    _label(stage, session, "none")
