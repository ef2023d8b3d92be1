"""METER_ANOMALY: each check finds its fault, and leaves alone what only looks like one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.monitor.episodes import Kind, Severity
from csms.monitor.meter_checks import load_meter_memory, look
from csms.monitor.meter_memory import MeterMemory
from csms.monitor.scene import Circumstances, Scene
from csms.monitor.thresholds import Thresholds
from csms.monitor.verdict import NOTHING
from tests.builders import VOLTS, a_sample, after

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.domain.sample import Sample
    from csms.monitor.signs import Sign

ELEVEN_KW = 16 * VOLTS * 3
BEGUN_WH = 812_345.0


class Outlet:
    """A meter under examination; its memory goes through JSON after each sample."""

    def __init__(self, **known: Any) -> None:
        self.memory, self.known = MeterMemory(), known
        self.told: list[tuple[float, Sign]] = []

    def take(self, at_s: float, received_s: float | None = None, **values: Any) -> list[Sign]:
        sample = a_sample(at_s, **values)
        received_at = after(at_s if received_s is None else received_s)
        signs = look(self.memory, scene(sample, Circumstances(received_at, **self.known)))
        self.told += [(at_s, sign) for sign in signs]
        self.memory = load_meter_memory(orjson.loads(orjson.dumps(self.memory)))
        return signs

    @property
    def found(self) -> dict[str, float]:
        """When each check was first found to fail, by its name."""
        first: dict[str, float] = {}
        for at_s, sign in self.told:
            if sign.is_sure:
                for check in sign.evidence["checks"]:
                    first.setdefault(check, at_s)
        return first


def scene(sample: Sample, known: Circumstances) -> Scene:
    return Scene(sample, sample.at, 0.0, NOTHING, (), None, None, None, known, Thresholds())


def charge(
    outlet: Outlet,
    lasts_s: float = 3600,
    every_s: float = 60,
    tells: str = "PIEU",
    amps: Callable[[float], float] = lambda _: 16.0,
    *,
    distort: Callable[[float, dict[str, Any]], None] = lambda _at_s, _values: None,
    step_wh: float = 1.0,
) -> dict[str, float]:
    """Plays a session second by second; P, I, E and U are what its meter tells."""
    wh = BEGUN_WH
    for second in range(1, int(lasts_s) + 1):
        current = amps(second)
        wh += current * VOLTS * 3 / 3600
        if second % every_s:
            continue
        told = {
            "P": ("power_w", round(current * VOLTS * 3, 1)),
            "I": ("amps", round(current, 1)),
            "E": ("wh", wh // step_wh * step_wh),
            "U": ("voltages_v", (VOLTS,) * 3),
        }
        values = dict(told[letter] for letter in tells)
        distort(second, values)
        outlet.take(second, **values)
    return outlet.found


def switching(period_s: float, high: float = 16, low: float = 7) -> Callable[[float], float]:
    return lambda second: high if (second % period_s) < period_s * 0.6 else low


def tapering(second: float) -> float:
    return 16.0 if second < 900 else 16 * math.exp(-(second - 900) / 700)


def each_minute_another(second: float) -> float:
    return 6 + ((second - 12) // 60 * 7 % 26)


CARS = {
    "steady": lambda _: 16.0,
    "at 6 A": lambda _: 6.0,
    "preconditioning": switching(420),
    "on and off": switching(240, low=0),
    "tapering": tapering,
    "limited anew each minute": each_minute_another,
    "paused": lambda second: 0.2 if 900 < second < 2400 else 16.0,
}


@pytest.mark.parametrize("car", CARS)
@pytest.mark.parametrize("tells", ["PIEU", "PE", "IE", "E", "PI"])
@pytest.mark.parametrize(("every_s", "step_wh"), [(10, 1), (60, 1), (60, 100), (300, 100)])
def test_a_sound_meter_is_never_suspected(car, tells, every_s, step_wh):
    outlet = Outlet()
    found = charge(outlet, 5400, every_s, tells, CARS[car], step_wh=step_wh)
    assert found == {}


def shifted(name: str, by: float) -> Callable[[dict[str, Any]], None]:
    def distort(values: dict[str, Any]) -> None:
        values[name] += by

    return distort


def scaled(name: str, factor: float) -> Callable[[dict[str, Any]], None]:
    def distort(values: dict[str, Any]) -> None:
        values[name] *= factor

    return distort


HARD = [
    ("register_down", "PIEU", shifted("wh", -500)),
    ("register_down", "E", scaled("wh", 0)),
    ("register_jump", "PIEU", shifted("wh", 50_000)),
    ("register_jump", "PE", shifted("wh", 2_000)),
    ("register_jump", "E", shifted("wh", 50_000)),
    ("unit_factor_1000", "PIEU", scaled("power_w", 0.001)),
    ("unit_factor_1000", "PE", scaled("power_w", 0.001)),
    ("unit_factor_1000", "PI", scaled("power_w", 0.001)),
    ("impossible_value", "PIEU", scaled("power_w", 1000)),
    ("impossible_value", "PIEU", scaled("power_w", -1)),
    ("impossible_value", "PE", shifted("power_w", 1e30)),
    ("impossible_value", "E", shifted("wh", -2e6)),
]


@pytest.mark.parametrize(("check", "tells", "fault"), HARD)
def test_one_sample_is_enough_for_what_cannot_be(check, tells, fault):
    outlet = Outlet()

    def distort(second: float, values: dict[str, Any]) -> None:
        if second >= 1200:
            fault(values)

    assert charge(outlet, tells=tells, distort=distort).get(check) == 1200
    sign = next(sign for _, sign in outlet.told if sign.is_sure)
    is_billed = check in {"register_down", "register_jump"}
    assert sign.severity is (Severity.MAJOR if is_billed else Severity.MINOR)
    assert sign.kind is Kind.METER_ANOMALY
    assert sign.evidence["check"] == check
    assert {"seen", "expected", "unit"} <= set(sign.evidence)


def frozen(values: dict[str, Any]) -> None:
    values["wh"] = BEGUN_WH + 4000


SOFT = [
    ("register_frozen", "PIEU", frozen),
    ("register_frozen", "PE", frozen),
    ("register_frozen", "IE", frozen),
    ("power_current_mismatch", "PI", scaled("power_w", 2)),
    ("power_current_mismatch", "PIEU", scaled("power_w", 0.7)),
    ("energy_power_mismatch", "PE", scaled("power_w", 2)),
    ("energy_power_mismatch", "PE", scaled("power_w", 0.5)),
    ("energy_power_mismatch", "PE", scaled("power_w", 1.3)),
]


@pytest.mark.parametrize(("check", "tells", "fault"), SOFT)
def test_ten_minutes_prove_a_contradiction(check, tells, fault):
    outlet = Outlet()

    def distort(second: float, values: dict[str, Any]) -> None:
        if second >= 1300:
            fault(values)

    at_s = charge(outlet, tells=tells, distort=distort)[check]
    assert 1300 + 540 <= at_s <= 1300 + 900
    sign = next(sign for _, sign in outlet.told if sign.is_sure)
    assert sign.severity is Severity.MINOR
    assert sign.since is not None
    assert after(1200) <= sign.since <= after(at_s - 540)


@pytest.mark.parametrize(("check", "tells", "fault"), SOFT)
def test_five_minutes_prove_nothing(check, tells, fault):
    def distort(second: float, values: dict[str, Any]) -> None:
        if 1300 <= second < 1600 and fault is not frozen:
            fault(values)

    assert check not in charge(Outlet(), tells=tells, distort=distort)


@pytest.mark.parametrize("every_s", [10, 60])
def test_a_power_that_the_register_denies_keeps_others_from_judging_by_it(every_s):
    outlet = Outlet()

    def distort(second: float, values: dict[str, Any]) -> None:
        if second >= 1200:
            values["power_w"] *= 2

    charge(outlet, every_s=every_s, tells="PE", distort=distort)
    doubted = {at_s for at_s, sign in outlet.told if sign.deviates}
    later = {float(at_s) for at_s in range(1200 + every_s, 1800, every_s)}
    assert later <= doubted


def test_a_register_that_stands_still_is_told_once_and_lets_others_judge():
    outlet = Outlet()
    charge(outlet, tells="PIEU", distort=lambda _, values: frozen(values))
    assert len([1 for _, sign in outlet.told if sign.deviates]) == 1


def test_it_is_clean_again_when_the_register_goes_on():
    outlet = Outlet()

    def distort(second: float, values: dict[str, Any]) -> None:
        if 600 <= second < 1800:
            values["wh"] = BEGUN_WH + 1800

    charge(outlet, tells="PIEU", distort=distort)
    assert outlet.memory.failing == []
    later = [sign.because for at_s, sign in outlet.told if at_s > 1800]
    assert later == ["meter_plausible"] * 30
    assert list(outlet.found) == ["register_frozen"]


@pytest.mark.parametrize("step_wh", [100, 1000])
def test_a_coarse_register_is_not_frozen_before_its_step(step_wh):
    found = charge(Outlet(), 3600, 60, "PE", lambda _: 6.0, step_wh=step_wh)
    assert found == {}


GRID = {"power_w": ELEVEN_KW, "amps": 16.0}


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"voltages_v": (VOLTS, 183.0, VOLTS)}, "voltage"),
        ({"voltages_v": (277.0, VOLTS, VOLTS)}, "voltage"),
        ({"voltages_v": (VOLTS, 0.0, VOLTS)}, "voltage"),
        ({"voltages_v": (120.0, None, None), "amps": (16.0, 0.0, 0.0), "power_w": 1920}, "voltage"),
        ({"extra": {"Frequency": [{"value": "44.9", "unit": "Hz"}]}}, "frequency"),
        ({"extra": {"Frequency": [{"value": 65.2}]}}, "frequency"),
        (
            {"extra": {"Frequency": [{"value": 5, "unitOfMeasure": {"multiplier": 2}}]}},
            "frequency",
        ),
        ({"amps": (500.0, 0, 0), "power_w": None}, "impossible_value"),
        ({"amps": (-5.0, 0, 0), "power_w": None}, "impossible_value"),
        ({"extra": {"Power.Active.Import": [{"value": "NaN"}]}}, "impossible_value"),
        ({"extra": {"Current.Import": [{"value": 1e30}]}}, "impossible_value"),
    ],
)
def test_a_reading_that_no_outlet_shows_is_found_at_once(values, check):
    outlet = Outlet()
    outlet.take(60, **(GRID | values))
    assert list(outlet.found) == [check]


@pytest.mark.parametrize(
    "values",
    [
        {"voltages_v": (207.0, 230.0, 253.0)},
        {"voltages_v": (VOLTS, 0.0, 0.0), "amps": (16.0, 0.0, 0.0), "power_w": 3680.0},
        {"voltages_v": (400.0, None, None), "assumed": ("voltage:L1",)},
        {"extra": {"Frequency": [{"value": "49.98", "unit": "Hz"}]}},
        {"extra": {"Frequency": [{"value": "0"}]}},
        {"extra": {"Frequency": [{"value": 5, "unitOfMeasure": {"multiplier": 1}}]}},
        {"extra": {"Frequency": ["odd", {"value": None}]}},
        {"power_w": -20.0, "amps": 0.0},
        {"power_w": -7000.0, "extra": {"Power.Active.Export": [{"value": "7000"}]}},
        {"extra": {"Power.Active.Import": [{"value": "3680", "phase": "L1"}]}},
        {
            "extra": {
                "Energy.Active.Import.Register": [{"value": "OCMF|{}|{}", "format": "SignedData"}]
            }
        },
        {"power_w": 3680.0, "amps": (16.0, None, None)},
        {"amps": None, "current_a": 16.0},
        {"amps": None, "current_a": 48.0},
        {"power_w": 1250.0, "amps": (6.0, 0.0, 0.0)},
        {"power_w": 3680.0, "assumed": ("power:L1",)},
    ],
)
def test_an_odd_reading_that_may_be_is_left_alone(values):
    outlet = Outlet()
    for at_s in range(60, 1500, 60):
        given = {name: value for name, value in (GRID | values).items() if value is not None}
        outlet.take(at_s, **given)
    assert outlet.found == {}


@pytest.mark.parametrize("power_w", [50_000.0, 150_000.0, 350_000.0])
def test_direct_current_is_judged_by_its_own_measure(power_w):
    outlet = Outlet()
    for at_s in range(60, 1800, 60):
        outlet.take(
            at_s,
            power_w=power_w,
            current_a=power_w / 400,
            voltages_v=(400.0, None, None),
            assumed=("voltage:L1",),
            soc_percent=40.0,
            wh=BEGUN_WH + power_w * at_s / 3600,
        )
    assert outlet.found == {}
    outlet.take(1860, wh=BEGUN_WH + 500_000, power_w=power_w)
    assert list(outlet.found) == ["register_jump"]


def test_an_hour_without_a_sample_is_no_jump():
    outlet = Outlet()
    outlet.take(60, wh=BEGUN_WH, **GRID)
    outlet.take(3660, wh=BEGUN_WH + 11_040, **GRID)
    assert outlet.found == {}


@pytest.mark.parametrize(
    ("before", "then"),
    [(15_342.7, 15_340.0), (15_342.7, 15_300.0), (15_342.7, 15_000.0), (15_342.0, 15_333.0)],
)
def test_rounding_is_no_fall(before, then):
    outlet = Outlet()
    outlet.take(60, wh=before)
    outlet.take(120, wh=then)
    assert outlet.found == {}


@pytest.mark.parametrize("first", [150_230.0, 4_812_345.0])
def test_a_first_step_from_zero_may_be_the_unit_or_the_life_of_the_meter(first):
    outlet = Outlet()
    outlet.take(60, wh=0)
    outlet.take(75, wh=first)
    outlet.take(90, wh=300.33 if first < 1e6 else first + 46)
    assert outlet.found == {}


@pytest.mark.parametrize("context", [TRANSACTION_BEGIN, TRANSACTION_END])
def test_begin_and_end_may_count_from_elsewhere(context):
    outlet = Outlet()
    outlet.take(60, wh=BEGUN_WH)
    outlet.take(120, wh=18, context=context)
    outlet.take(180, wh=BEGUN_WH + 300)
    assert outlet.found == {}


def test_a_fall_to_what_came_earlier_is_the_clocks():
    outlet = Outlet()
    outlet.take(60, wh=BEGUN_WH + 4000, received_s=3660)
    outlet.take(120, wh=BEGUN_WH, received_s=120)
    assert outlet.found == {}


def test_while_the_clock_is_wrong_nothing_is_cleared():
    outlet = Outlet(clock_offset_s=3600.0)
    assert outlet.take(60, wh=BEGUN_WH, **GRID) == []


def test_a_sample_that_is_not_the_next_one_says_nothing():
    outlet = Outlet()
    outlet.take(60, wh=BEGUN_WH)
    late = scene(a_sample(30, wh=0), Circumstances(after(90)))
    late.is_next = False
    assert look(outlet.memory, late) == []
    assert outlet.memory.wh == BEGUN_WH


def test_the_memory_does_not_grow():
    sizes = set()
    for lasts_s in (7_200, 36_000):
        outlet = Outlet()
        charge(outlet, lasts_s, 60, "PIEU", switching(420))
        sizes.add(len(orjson.dumps(outlet.memory)) // 100)
    assert len(sizes) == 1


@pytest.mark.parametrize("is_older", [True, False])
def test_a_reading_told_once_more_by_a_clock_that_is_ahead_is_no_fall(is_older):
    memory = MeterMemory()
    for at_s in range(60, 660, 60):
        look(memory, scene(a_sample(at_s, wh=1000 + at_s), Circumstances(after(at_s))))
    again = a_sample(560 if is_older else 640, wh=1437)
    at_its_arrival = replace(scene(again, Circumstances(after(640))), at=after(640))
    found = [sign.evidence["check"] for sign in look(memory, at_its_arrival) if sign.is_sure]
    assert found == ([] if is_older else ["register_down"])
