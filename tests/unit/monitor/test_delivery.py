"""UNDER_DELIVERY, STALLED and the words beside them, on cars that obey and cars that do not."""

from __future__ import annotations

from math import cos, exp, pi, sin

import orjson
import pytest

from csms.monitor.delivery import ceiling_a
from csms.monitor.episodes import Kind, Severity
from csms.monitor.scene import Circumstances
from csms.monitor.thresholds import Thresholds
from csms.monitor.watch import Watch, dump_watch, load_watch
from tests.builders import after
from tests.driving import Drive

HOUR = 3600
UNDER, STALLED = "UNDER_DELIVERY", "STALLED"
LOOSE = [(0, {"a": 32})]
KNOWN = {"ceiling_a": 16.0, "phases": 3}

FORMS = {
    "all": frozenset({"currents", "power", "register"}),
    "currents": frozenset({"currents"}),
    "power": frozenset({"power"}),
    "register": frozenset({"register"}),
}
EVERY_FORM = pytest.mark.parametrize("form", FORMS)


def three(amps: float) -> tuple[float, float, float]:
    return (amps, amps, amps)


def car(most: float = 16, *, then: float | None = None, at: float = HOUR):
    """A car that takes up to `most`, and from `at` on up to `then`."""
    return lambda s, offered: three(min(offered, most if then is None or s < at else then))


def drive(form: str = "all", **more) -> Drive:
    return Drive(tells=FORMS[form], noise=more.pop("noise", 0.1), **more).run()


def in_watts(limits):
    return [(since, {"w": limit["a"] * 690} if limit else {}) for since, limit in limits]


def words(drive: Drive, since: float, until: float) -> set[str]:
    return {word for at, word in drive.words.items() if since <= at <= until}


# What is to be found


@EVERY_FORM
@pytest.mark.parametrize("to_a", [6, 10])
@pytest.mark.parametrize("unit", ["A", "W"])
def test_a_car_held_down_is_found_within_twenty_minutes(form, to_a, unit):
    limits = [(0, {"a": 16})] if unit == "A" else [(0, {"w": 11040})]
    driven = drive(form, car=car(then=to_a), limits=limits, lasts_s=2 * HOUR)
    assert driven.kinds() == [UNDER]
    opened_s, confirmed_s = driven.at(UNDER)
    assert HOUR <= opened_s <= HOUR + 120
    assert HOUR + 900 <= confirmed_s <= HOUR + 1200
    (episode,) = driven.found.values()
    assert episode.severity is Severity.MINOR
    assert episode.evidence["expected"] > episode.evidence["measured"]


@pytest.mark.parametrize(("every_s", "within_s"), [(10, 1200), (300, 1800), (900, 3000)])
@pytest.mark.parametrize("form", ["currents", "register"])
def test_it_is_found_at_any_sampling(form, every_s, within_s):
    at = 2 * HOUR + 47
    driven = drive(form, car=car(then=6, at=at), lasts_s=3 * HOUR + 600, every_s=every_s)
    assert driven.kinds() == [UNDER]
    assert driven.at(UNDER)[1] <= at + within_s


@EVERY_FORM
def test_what_is_known_of_a_car_from_before_is_expected_from_the_start(form):
    driven = drive(form, car=car(10), known=KNOWN, lasts_s=HOUR)
    assert driven.kinds() == [UNDER]
    assert driven.at(UNDER)[1] <= 1200
    assert drive(form, car=car(10), lasts_s=HOUR).kinds() == []


@EVERY_FORM
def test_a_cap_that_stays_after_a_pause_is_found(form):
    limits = [(0, {"a": 16}), (1800, {"a": 0}), (HOUR, {"a": 16})]
    driven = drive(form, car=car(then=10), limits=limits, lasts_s=2 * HOUR)
    assert driven.kinds() == [UNDER]
    assert driven.at(UNDER)[1] <= HOUR + 1200


def test_a_car_that_ignores_a_higher_limit_is_no_response_and_nothing_else():
    limits = [(0, {"a": 16}), (1800, {"a": 10}), (HOUR, {"a": 16})]
    driven = drive(car=car(then=10), limits=limits, lasts_s=2 * HOUR)
    assert driven.kinds() == ["NO_RESPONSE"]


@EVERY_FORM
@pytest.mark.parametrize("rest_a", [0.0, 0.4])
def test_nothing_flows_though_it_says_so_is_stalled_after_ten_minutes(form, rest_a):
    """And it is not held down as well."""
    flows = lambda s, offered: three(offered) if s < HOUR else (rest_a, 0.0, 0.0)  # noqa: E731
    driven = drive(form, car=flows, lasts_s=2 * HOUR)
    assert driven.kinds() == [STALLED]
    opened_s, confirmed_s = driven.at(STALLED)
    assert HOUR <= opened_s <= HOUR + 60
    assert HOUR + 600 <= confirmed_s <= HOUR + 720


def test_a_car_that_never_begins_is_stalled():
    assert drive(car=car(0), lasts_s=HOUR).kinds() == [STALLED]


def test_a_car_that_recovers_ends_its_alert():
    flows = lambda s, o: three(min(o, 6 if HOUR < s < 2 * HOUR else 16))  # noqa: E731
    driven = drive(car=flows, lasts_s=3 * HOUR)
    (episode,) = driven.found.values()
    assert episode.cleared_because == "inside_limit"
    assert after(2 * HOUR) < episode.cleared_at <= after(2 * HOUR + 180)


def test_a_stall_ends_when_the_car_says_that_it_pauses():
    driven = drive(
        car=car(then=0), says=lambda s: "Charging" if s < 6000 else "SuspendedEV", lasts_s=2 * HOUR
    )
    (episode,) = driven.found.values()
    assert (episode.kind.value, episode.cleared_because) == (STALLED, "not_charging")


def test_a_limit_as_low_as_what_flows_ends_the_alert():
    driven = drive(car=car(then=6), limits=[(0, {"a": 16}), (6000, {"a": 6})], lasts_s=2 * HOUR)
    (episode,) = driven.found.values()
    assert (episode.kind.value, episode.cleared_because) == (UNDER, "inside_limit")


def test_too_little_is_major_where_the_car_will_not_be_ready():
    watch = Watch()
    watch.raise_now(Kind.DEADLINE_RISK, Severity.INFO, (after(0), after(0)), {})
    driven = drive(car=car(then=6), lasts_s=2 * HOUR, watch=watch)
    (episode,) = driven.found.values()
    assert (episode.kind.value, episode.severity) == (UNDER, Severity.MAJOR)


# What is the car's own affair


@EVERY_FORM
@pytest.mark.parametrize("tau_s", [600, 1200, 2400])
def test_a_full_battery_declines_and_nobody_is_alarmed(form, tau_s):
    driven = drive(
        form,
        car=lambda s, o: three(min(o, 16 * exp(-max(s - HOUR, 0) / tau_s))),
        says=lambda s: "Charging" if s < HOUR + 2 * tau_s else "SuspendedEV",
        lasts_s=HOUR + 2 * tau_s,
    )
    assert driven.kinds() == []
    if form != "register":
        assert "ok:taper" in words(driven, HOUR + tau_s // 2, HOUR + tau_s)


@EVERY_FORM
def test_heat_that_comes_gradually_is_the_cars(form):
    hot = lambda s, o: three(min(o, max(10.0, 32 - max(s - HOUR, 0) / 80)))  # noqa: E731
    assert drive(form, car=hot, limits=LOOSE, lasts_s=3 * HOUR).kinds() == []
    waves = lambda s, o: three(min(o, 24 + 8 * cos(2 * pi * s / 2400)))  # noqa: E731
    assert drive(form, car=waves, limits=LOOSE, lasts_s=3 * HOUR).kinds() == []


@EVERY_FORM
@pytest.mark.parametrize("half_s", [200, 290])
def test_a_car_that_heats_its_battery_now_and_then_is_none(form, half_s):
    heats = lambda s, o: three(min(o, 7 if s > 1800 and (s // half_s) % 2 else 16))  # noqa: E731
    assert drive(form, car=heats, lasts_s=3 * HOUR).kinds() == []


@EVERY_FORM
def test_a_cold_car_that_is_known_to_take_more_has_its_time(form):
    cold = lambda s, o: three(min(o, 6 + s / 240))  # noqa: E731
    assert drive(form, car=cold, known=KNOWN, lasts_s=2 * HOUR).kinds() == []


@EVERY_FORM
@pytest.mark.parametrize("unit", ["A", "W"])
def test_one_phase_under_a_limit_of_three_is_a_third_and_right(form, unit):
    limits = [(0, {"a": 32}), (1800, {"a": 16}), (HOUR, {"a": 32})]
    one = lambda _, offered: (min(offered, 32), 0.0, 0.0)  # noqa: E731
    limits = limits if unit == "A" else in_watts(limits)
    assert drive(form, car=one, limits=limits, lasts_s=2 * HOUR).kinds() == []


@EVERY_FORM
def test_three_phases_to_one_and_back_are_no_loss(form):
    def switched(second, offered):
        return (offered, 0.0, 0.0) if HOUR < second < 2 * HOUR else three(offered)

    limits = [(since, {"a": 16, "phases": n}) for since, n in [(0, 3), (HOUR, 1), (2 * HOUR, 3)]]
    driven = drive(form, car=switched, limits=limits, lasts_s=3 * HOUR, follows_s=0)
    assert UNDER not in driven.kinds()


@EVERY_FORM
@pytest.mark.parametrize("every_s", [60, 300])
def test_limits_that_follow_the_sun_are_followed(form, every_s):
    sun = [(60 * i, {"a": round(11 + 5 * sin(i / 7), 1)}) for i in range(120)]
    driven = drive(form, car=car(), limits=sun, lasts_s=2 * HOUR, every_s=every_s)
    assert driven.kinds() == []


@EVERY_FORM
def test_a_car_may_wake_late_and_no_later(form):
    limits = [(0, {"a": 16}), (1800, {"a": 0}), (HOUR, {"a": 16})]

    def wakes(after_s):
        return lambda s, o: three(0.0 if 1800 < s < HOUR + after_s else o)

    driven = drive(form, car=wakes(300), limits=limits, lasts_s=2 * HOUR)
    assert driven.kinds() == []
    assert words(driven, 2400, 3500) == {"paused"}
    assert STALLED in drive(form, car=wakes(1200), limits=limits, lasts_s=2 * HOUR).kinds()


@EVERY_FORM
def test_a_car_that_pauses_by_itself_and_says_so_may(form):
    says = lambda s: "Charging" if s < HOUR else "SuspendedEV"  # noqa: E731
    driven = drive(form, car=car(then=0), says=says, lasts_s=2 * HOUR)
    assert driven.kinds() == []
    assert words(driven, HOUR + 120, 2 * HOUR) == {"ok:ev_paused"}


def test_what_a_car_takes_after_its_own_pause_is_its_own_choice():
    says = lambda s: "SuspendedEV" if HOUR <= s < 5400 else "Charging"  # noqa: E731
    flows = lambda s, o: three(o if s < HOUR else 0 if s < 5400 else 7)  # noqa: E731
    assert drive(car=flows, says=says, lasts_s=3 * HOUR).kinds() == []


@pytest.mark.parametrize("state", ["SuspendedEVSE", "EVConnected", "Idle", None])
def test_only_a_station_that_says_that_it_charges_can_stall(state):
    driven = drive(car=car(then=0), says=lambda s: "Charging" if s < HOUR else state)
    assert driven.kinds() == []


@pytest.mark.parametrize("state", [None, "EVConnected", "Idle"])
def test_without_any_later_word_energy_that_flows_is_charging(state):
    driven = drive(car=car(then=6), says=lambda _: state, lasts_s=2 * HOUR)
    assert driven.kinds() == [UNDER]


@pytest.mark.parametrize(
    ("is_dc", "soc", "kinds"),
    [(True, 79, [UNDER]), (True, 80, []), (False, 94, [UNDER]), (False, 95, [])],
)
def test_a_battery_that_is_nearly_full_excuses(is_dc, soc, kinds):
    driven = drive(
        "power",
        car=car(then=6),
        limits=[(0, {"w": 11040})],
        soc=lambda _: float(soc),
        known={"is_dc": is_dc},
        lasts_s=2 * HOUR,
    )
    assert driven.kinds() == kinds


def test_direct_current_is_held_against_watts_whatever_its_amperes():
    """125 A at 400 V are 50 kW, and no 125 A of the grid's."""
    amps = 50_000 / 690
    dc = Drive(
        lambda s, _: three(amps if s < HOUR else amps / 3),
        limits=[(0, {"w": 50_000})],
        tells=frozenset({"power", "register"}),
        known={"is_dc": True},
        lasts_s=2 * HOUR,
    )
    assert dc.run().kinds() == [UNDER]


def test_an_hour_without_samples_proves_nothing():
    driven = drive(car=car(then=6), lasts_s=2 * HOUR + 840, silent=(HOUR + 150, 2 * HOUR))
    assert driven.kinds() == []
    longer = drive(car=car(then=6), lasts_s=3 * HOUR, silent=(HOUR + 150, 2 * HOUR))
    assert longer.kinds() == [UNDER]


# What is known of a car


def test_the_ceiling_is_what_is_sustained_and_follows_a_decline():
    known = Circumstances(after(0))
    driven = drive(car=car(), limits=LOOSE, lasts_s=HOUR, noise=0.0)
    assert ceiling_a(driven.watch.delivery, known) == pytest.approx(16)
    assert ceiling_a(driven.watch.delivery, Circumstances(after(0), ceiling_a=20)) == 20
    hot = lambda s, o: three(min(o, max(10.0, 32 - max(s - HOUR, 0) / 80)))  # noqa: E731
    driven = drive(car=hot, limits=LOOSE, lasts_s=2 * HOUR, noise=0.0)
    assert ceiling_a(driven.watch.delivery, Circumstances(after(0), ceiling_a=32)) < 12
    assert driven.watch.delivery.peak == pytest.approx(32)


def test_a_moment_is_not_sustained():
    flash = lambda s, _: three(32.0 if 600 <= s < 680 else 10.0)  # noqa: E731
    driven = drive(car=flash, limits=LOOSE, noise=0.0)
    assert ceiling_a(driven.watch.delivery, Circumstances(after(0))) == pytest.approx(10)


def test_power_alone_tells_amperes_by_the_phases_that_it_takes():
    driven = drive("power", car=car(), lasts_s=HOUR, noise=0.0)
    assert driven.watch.delivery.phases == 3
    assert ceiling_a(driven.watch.delivery, Circumstances(after(0))) == pytest.approx(16)


def test_the_memory_is_small_stays_so_and_survives():
    driven = drive(car=car(then=6), lasts_s=2 * HOUR)
    dumped = dump_watch(driven.watch)
    assert load_watch(orjson.loads(dumped)).delivery == driven.watch.delivery
    short = drive(car=car(), lasts_s=HOUR).watch.delivery
    long = drive(car=car(), lasts_s=6 * HOUR).watch.delivery
    assert len(orjson.dumps(long)) <= len(orjson.dumps(short)) + 40
    assert len(orjson.dumps(long)) < 1000


def test_its_thresholds_are_settings():
    patient = Thresholds(under_confirm_s=4000)
    assert drive(car=car(then=6), lasts_s=2 * HOUR, thresholds=patient).kinds() == []
    generous = Thresholds(under_share=0.3)
    assert drive(car=car(then=6), lasts_s=2 * HOUR, thresholds=generous).kinds() == []
    hasty = Thresholds(stalled_s=120)
    driven = drive(car=car(then=0), lasts_s=2 * HOUR, thresholds=hasty)
    assert driven.at(STALLED)[1] <= HOUR + 240


@pytest.mark.parametrize("phases", [1, 2])
@pytest.mark.parametrize("form", ["power", "register"])
def test_a_car_that_follows_late_is_no_car_of_more_phases(form, phases):
    def late(s: float, offered: float) -> tuple[float, float, float]:
        amps = 16.0 if s < HOUR + 600 else min(offered, 16.0)
        return tuple(amps if phase < phases else 0.0 for phase in range(3))

    limits = [(0, {"a": 16}), (HOUR, {"a": 7})]
    driven = drive(form, car=late, limits=limits, lasts_s=3 * HOUR)
    assert UNDER not in driven.kinds()


@pytest.mark.parametrize("form", ["all", "currents", "power"])
@pytest.mark.parametrize("low_s", [30, 60, 100, 150, 200])
def test_a_car_that_came_up_late_and_is_held_down_then_is_found(form, low_s):
    def late(s: float, offered: float) -> tuple[float, float, float]:
        return three(6.0 if s > HOUR or s < low_s else min(offered, 16.0))

    limits = [(0, {"a": 16})]
    driven = drive(form, car=late, limits=limits, lasts_s=2 * HOUR, every_s=10)
    assert driven.kinds() == [UNDER]


@pytest.mark.parametrize("form", ["all", "currents", "power"])
def test_a_limit_that_is_raised_for_a_car_about_to_be_full_is_not_missed_by_it(form):
    def fills(s: float, offered: float) -> tuple[float, float, float]:
        most = 16.0 if s < HOUR else 10.7 * exp(-(s - HOUR) / 3000)
        return three(min(offered, max(most, 0.5)))

    limits = [(0, {"a": 16}), (1200, {"a": 8}), (HOUR, {"a": 25})]
    driven = drive(form, car=fills, limits=limits, lasts_s=3 * HOUR, every_s=60)
    assert driven.kinds() == []
