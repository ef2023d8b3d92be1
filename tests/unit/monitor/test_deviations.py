"""OVER_LIMIT and OUTSIDE_WINDOW in virtual time, one session at a time."""

from __future__ import annotations

import pytest

from csms.monitor.episodes import Change, Severity
from csms.monitor.thresholds import Thresholds
from profiles import Purpose, RateUnit
from tests.builders import Bench, a_cause

OVER, OUTSIDE, NO_RESPONSE = "OVER_LIMIT", "OUTSIDE_WINDOW", "NO_RESPONSE"
SETTLED = 600


def test_one_sample_over_the_limit_is_no_deviation():
    bench = Bench(a=16)
    bench.sample(SETTLED, amps=20)
    bench.run(SETTLED + 60, SETTLED + 600, amps=16)
    assert bench.log == []


@pytest.mark.parametrize(
    ("every_s", "raised_after_s"), [(10, 60), (30, 60), (45, 90), (60, 60), (300, 300)]
)
def test_over_limit_needs_two_samples_and_sixty_seconds(every_s, raised_after_s):
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 900, every_s, amps=20)
    assert bench.times(Change.RAISED, OVER) == [SETTLED + raised_after_s]
    episode = bench.episodes[0]
    assert (episode.opened_at - episode.confirmed_at).total_seconds() == -raised_after_s


def test_samples_that_deviate_must_be_consecutive():
    bench = Bench(a=16)
    for at_s in range(SETTLED, SETTLED + 1200, 120):
        bench.sample(at_s, amps=20)
        bench.sample(at_s + 60, amps=15)
    assert bench.log == []


def test_two_samples_at_the_same_instant_count_once():
    bench = Bench(a=16)
    bench.sample(SETTLED, amps=20)
    bench.sample(SETTLED, amps=20)
    bench.sample(SETTLED + 57, amps=20)
    assert bench.log == []


@pytest.mark.parametrize(
    ("limit_a", "tolerated_a"),
    [(6, 1.0), (10, 1.0), (16, 1.0), (20, 1.0), (32, 1.6), (63, 3.15)],
)
def test_tolerance_is_an_ampere_or_five_percent(limit_a, tolerated_a):
    inside, outside = Bench(a=limit_a), Bench(a=limit_a)
    inside.run(SETTLED, SETTLED + 600, amps=limit_a + tolerated_a - 0.01)
    outside.run(SETTLED, SETTLED + 600, amps=limit_a + tolerated_a + 0.01)
    assert inside.log == []
    assert [each.kind.value for each in outside.episodes] == [OVER]


def test_the_busiest_phase_counts():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=(10.0, 18.0, None))
    assert [each.kind.value for each in bench.episodes] == [OVER]


@pytest.mark.parametrize(
    ("limit", "measured", "is_over"),
    [
        ({"w": 11040}, {"power_w": 11770}, False),
        ({"w": 11040}, {"power_w": 11820}, True),
        ({"w": 4140}, {"power_w": 4820}, False),
        ({"w": 4140}, {"power_w": 4840}, True),
        ({"w": 3680, "phases": 1}, {"power_w": 3930}, False),
        ({"w": 3680, "phases": 1}, {"power_w": 3945}, True),
        ({"w": 22080}, {"power_w": 23600}, False),
        ({"w": 22080}, {"power_w": 23650}, True),
        # A voltage makes the power worth more than the nominal one: 5 % instead of 7 %.
        ({"w": 22080}, {"power_w": 23100, "voltages_v": (230.0, 230.0, 230.0)}, False),
        ({"w": 22080}, {"power_w": 23250, "voltages_v": (230.0, 230.0, 230.0)}, True),
        ({"a": 32}, {"power_w": 23600}, False),
        ({"a": 32}, {"power_w": 23650}, True),
        ({"a": 16, "phases": 1}, {"power_w": 3930}, False),
        ({"a": 16, "phases": 1}, {"power_w": 3945}, True),
        # Amperes alone against watts: the phases are summed up with the nominal voltage.
        ({"w": 11040}, {"currents_a": (17.1, 17.1, 17.1)}, False),
        ({"w": 11040}, {"currents_a": (17.2, 17.2, 17.2)}, True),
        ({"w": 11040}, {"currents_a": (32.0, None, None)}, False),
        # The limit's own unit decides where both are measured.
        ({"w": 11040}, {"power_w": 11040, "currents_a": (32.0, 16.0, 0.0)}, False),
        ({"a": 16}, {"power_w": 14000, "currents_a": (16.0, 16.0, 16.0)}, False),
        # Both units at once: each binds.
        ({"a": 32, "w": 11040}, {"power_w": 13800, "currents_a": (20.0,) * 3}, True),
        ({"a": 16, "w": 22080}, {"power_w": 13800, "currents_a": (20.0,) * 3}, True),
        ({"a": 20, "w": 13800}, {"power_w": 13800, "currents_a": (20.0,) * 3}, False),
    ],
)
def test_limits_are_judged_in_their_own_unit(limit, measured, is_over):
    bench = Bench(**limit)
    bench.run(SETTLED, SETTLED + 300, **measured)
    assert [each.kind.value for each in bench.episodes] == ([OVER] if is_over else [])


@pytest.mark.parametrize(
    ("limit", "amps", "others", "lasts_s", "severity"),
    [
        ({"a": 16}, 18.0, (), 300, Severity.MINOR),
        ({"a": 16}, 19.1, (), 300, Severity.MINOR),
        ({"a": 16}, 19.3, (), 300, Severity.MAJOR),
        ({"a": 32}, 35.9, (), 300, Severity.MINOR),
        ({"a": 32}, 36.1, (), 300, Severity.MAJOR),
        ({"a": 16}, 18.0, (), 900, Severity.MINOR),
        ({"a": 16}, 18.0, (), 1020, Severity.MAJOR),
        ({"a": 16, "purpose": Purpose.STATION_MAX}, 18.0, (), 300, Severity.CRITICAL),
        ({"a": 16, "purpose": Purpose.EXTERNAL_CONSTRAINTS}, 18.0, (), 300, Severity.CRITICAL),
        # The station's limit is not the tightest one, and is broken all the same.
        ({"a": 16}, 25.0, (("max", 20.0),), 300, Severity.CRITICAL),
        ({"a": 16}, 20.5, (("max", 20.0),), 300, Severity.MAJOR),
        ({"a": 16}, 18.0, (("max", 32.0),), 300, Severity.MINOR),
    ],
)
def test_severity(limit, amps, others, lasts_s, severity):
    causes = [a_cause(value, RateUnit.A, Purpose.STATION_MAX, binding=False) for _, value in others]
    bench = Bench(**limit, others=causes)
    bench.run(SETTLED, SETTLED + lasts_s + 1, amps=amps)
    assert [each.severity for each in bench.episodes] == [severity]


def test_the_worst_severity_sticks_and_its_rise_is_told():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=18)
    bench.sample(SETTLED + 180, amps=32)
    bench.run(SETTLED + 240, SETTLED + 480, amps=18)
    assert bench.times(Change.CHANGED, OVER) == [SETTLED + 180]
    assert bench.episodes[0].severity is Severity.MAJOR
    assert [name for _, name in bench.episodes[0].evidence["severities"]] == ["minor", "major"]


@pytest.mark.parametrize("every_s", [10, 30, 60])
def test_a_lowered_limit_gives_ninety_seconds(every_s):
    bench = Bench(a=32)
    bench.limit(SETTLED, a=16)
    bench.run(0, SETTLED + 91, every_s, amps=32)
    bench.run(SETTLED + 91, SETTLED + 600, every_s, amps=16)
    assert bench.log == []


def test_a_lowered_limit_that_is_ignored_is_found():
    bench = Bench(a=32)
    bench.limit(SETTLED, a=16)
    bench.run(0, SETTLED + 600, amps=32)
    assert bench.times(Change.RAISED, NO_RESPONSE) == [SETTLED + 180]
    assert [each.severity for each in bench.episodes] == [Severity.MAJOR]


def test_a_raised_limit_counts_a_minute_before():
    bench = Bench()
    bench.plan(0, (0, {"a": 10}), (SETTLED, {"a": 16}))
    bench.run(120, SETTLED - 60, 10, amps=10)
    bench.run(SETTLED - 60, SETTLED + 300, 10, amps=16)
    assert bench.log == []


def test_charging_by_the_raised_limit_too_early_is_over():
    bench = Bench()
    bench.plan(0, (0, {"a": 10}), (SETTLED, {"a": 16}))
    bench.run(120, SETTLED + 300, 10, amps=16)
    assert bench.times(Change.RAISED, OVER) == [180]


def test_a_random_delay_widens_the_window():
    bench = Bench(Thresholds(random_delay_s=600), a=32)
    bench.limit(1800, a=16)
    bench.run(0, 1800 + 690, amps=32)
    bench.run(1800 + 690, 1800 + 1800, amps=16)
    assert bench.log == []


def test_clearing_needs_two_samples_in_half_the_tolerance_and_sixty_seconds():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 120, amps=20)
    assert bench.sample(SETTLED + 120, amps=16.9) == []
    bench.run(SETTLED + 180, SETTLED + 600, amps=16.6)
    assert bench.times(Change.CLEARED, OVER) == []
    assert bench.sample(SETTLED + 600, amps=16.5) == []
    assert bench.sample(SETTLED + 630, amps=16.5) == []
    assert bench.sample(SETTLED + 660, amps=16.5) == [("cleared", OVER)]
    assert bench.episodes[0].cleared_because == "inside_limit"


def test_a_sample_between_half_and_whole_tolerance_starts_clearing_anew():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 120, amps=20)
    bench.sample(SETTLED + 120, amps=16)
    bench.sample(SETTLED + 180, amps=16.8)
    bench.sample(SETTLED + 240, amps=16)
    assert bench.sample(SETTLED + 297, amps=16) == []
    assert bench.sample(SETTLED + 299, amps=16) == [("cleared", OVER)]


@pytest.mark.parametrize(("pause_s", "episodes"), [(240, 1), (480, 2)])
def test_a_deviation_that_comes_back_within_five_minutes_is_the_same(pause_s, episodes):
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=20)
    cleared = SETTLED + 240
    bench.run(SETTLED + 180, cleared + 1, amps=16)
    bench.run(cleared + 60, cleared + pause_s - 60, amps=16)
    bench.run(cleared + pause_s - 60, cleared + pause_s + 180, amps=20)
    assert len(bench.episodes) == episodes
    assert len(bench.times(Change.RAISED, OVER)) == 2
    last = bench.episodes[-1]
    assert last.is_open
    assert last.evidence.get("reopened", 0) == 2 - episodes
    assert last.cleared_because is None


def test_a_deviation_that_comes_back_worse_is_worse():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=18)
    bench.run(SETTLED + 180, SETTLED + 300, amps=16)
    bench.sample(SETTLED + 300, amps=32)
    bench.sample(SETTLED + 360, amps=32)
    assert [each.severity for each in bench.episodes] == [Severity.MAJOR]


@pytest.mark.parametrize(
    ("limit", "measured", "is_outside"),
    [
        ({"a": 0}, {"amps": 0.4}, False),
        ({"a": 0}, {"amps": 1.0}, False),
        ({"a": 0}, {"amps": 1.1}, True),
        ({"a": 0}, {"power_w": 250.0}, False),
        ({"a": 0}, {"power_w": 260.0}, True),
        ({"w": 0}, {"amps": 1.1}, True),
        ({"w": 0}, {"power_w": 100.0}, False),
        ({"w": 0}, {"power_w": 260.0}, True),
        ({"a": 0}, {"power_w": 276.0, "amps": 0.4}, False),
        ({"a": 0}, {"power_w": 700.0, "amps": 0.4}, True),
        ({"a": 0}, {"power_w": 276.0, "amps": (0.4, 0.0, 0.0)}, True),
        ({"a": 0}, {"power_w": 2070.0, "amps": 3.0}, True),
        ({"a": 5.9}, {"amps": 0.4}, False),
        ({"a": 5.9}, {"amps": 5.0}, True),
        ({"a": 3}, {"amps": 0.0}, False),
        ({"a": 6}, {"amps": 6.0}, False),
        ({"w": 1300}, {"power_w": 1300.0}, True),
        ({"w": 1400}, {"power_w": 1400.0}, False),
    ],
)
def test_charging_through_a_pause_is_outside_the_window(limit, measured, is_outside):
    bench = Bench(**limit)
    bench.run(SETTLED, SETTLED + 300, **measured)
    assert [each.kind.value for each in bench.episodes] == ([OUTSIDE] if is_outside else [])
    assert all(each.severity is Severity.MAJOR for each in bench.episodes)


@pytest.mark.parametrize("purpose", [Purpose.STATION_MAX, Purpose.EXTERNAL_CONSTRAINTS])
def test_charging_through_a_pause_of_the_whole_station_is_critical(purpose):
    bench = Bench(a=0, purpose=purpose)
    bench.run(SETTLED, SETTLED + 300, amps=6)
    assert [each.severity for each in bench.episodes] == [Severity.CRITICAL]


def test_a_pause_is_cleared_by_stopping_or_by_its_end():
    stopped, lifted = Bench(a=0), Bench(a=0)
    for bench in (stopped, lifted):
        bench.run(SETTLED, SETTLED + 180, amps=16)
    stopped.run(SETTLED + 180, SETTLED + 400, amps=0.3)
    lifted.limit(SETTLED + 180, a=16)
    lifted.run(SETTLED + 180, SETTLED + 400, amps=16)
    assert stopped.times(Change.CLEARED, OUTSIDE) == [SETTLED + 240]
    assert lifted.times(Change.CLEARED, OUTSIDE) == [SETTLED + 240]
    assert [each.kind.value for each in lifted.episodes] == [OUTSIDE]


def test_a_car_that_goes_over_stops_being_over_when_it_pauses():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=20)
    bench.limit(SETTLED + 180, a=0)
    bench.run(SETTLED + 180, SETTLED + 600, amps=0)
    assert bench.times(Change.CLEARED, OVER) == [SETTLED + 240]
    assert not bench.watch.open_episodes


def test_an_episode_is_over_when_its_limit_is_lifted():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=32)
    bench.limit(SETTLED + 180)
    bench.run(SETTLED + 180, SETTLED + 600, amps=32)
    assert bench.times(Change.CLEARED, OVER) == [SETTLED + 240]
    assert bench.episodes[0].cleared_because == "no_limit"


def test_suspicion_does_not_outlast_a_time_without_limit():
    bench = Bench(a=16)
    bench.sample(SETTLED, amps=20)
    bench.limit(SETTLED + 30)
    bench.run(SETTLED + 60, SETTLED + 1800, amps=32)
    bench.limit(SETTLED + 1800, a=16)
    bench.run(SETTLED + 1800, SETTLED + 1890, amps=32)
    assert bench.sample(SETTLED + 1920, amps=20) == []
    assert bench.sample(SETTLED + 1980, amps=20) == [("raised", OVER)]


def test_suspicion_does_not_outlast_a_pause():
    bench = Bench(a=16)
    bench.sample(SETTLED, amps=20)
    bench.limit(SETTLED + 30, a=0)
    bench.run(SETTLED + 180, SETTLED + 240, amps=20)
    bench.limit(SETTLED + 240, a=16)
    assert bench.sample(SETTLED + 360, amps=20) == []


def test_the_end_of_the_session_clears_what_is_open():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=32)
    assert bench.end(SETTLED + 200) == [("cleared", OVER)]
    assert bench.episodes[0].cleared_because == "session_ended"
    assert bench.end(SETTLED + 200) == []


def test_an_end_that_is_told_late_clears_nothing_before_it_was_raised():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 180, amps=32)
    bench.end(SETTLED - 900)
    assert bench.episodes[0].cleared_at == bench.episodes[0].opened_at


def test_a_session_without_limit_never_deviates():
    bench = Bench()
    bench.run(0, 7200, amps=80)
    assert bench.log == []


def test_nothing_is_said_of_samples_older_than_the_last_one():
    bench = Bench(a=16)
    bench.sample(SETTLED + 300, amps=16)
    bench.run(SETTLED, SETTLED + 300, amps=32)
    assert bench.log == []


def test_evidence_holds_what_an_operator_asks_for():
    bench = Bench(a=16)
    bench.run(SETTLED, SETTLED + 360, amps=20)
    evidence = bench.episodes[0].evidence
    assert (evidence["limit"], evidence["unit"], evidence["tolerance"]) == (16, "A", 1.0)
    assert evidence["peak_excess_a"] == 4
    assert evidence["causes"][0]["purpose"] == "TxProfile"
    # Five minutes at 4 A over, on three phases; the first sample counts from the second on.
    assert evidence["energy_over_wh"] == pytest.approx(4 * 230 * 3 * 300 / 3600, rel=0.01)
    stamps = [each["at"] for each in evidence["samples"]]
    assert len(stamps) == len(set(stamps)) == 6


class TestOneCurrentForAll:
    """Meters that tell one current, which is that of the busiest phase or the sum of all."""

    @pytest.mark.parametrize(
        ("told", "is_over"),
        [
            # The sum of three phases, by the power beside it.
            ({"current_a": 48.0, "power_w": 11_040.0}, False),
            ({"current_a": 54.0, "power_w": 12_420.0}, True),
            # The busiest of three, and of two.
            ({"current_a": 16.0, "power_w": 11_040.0}, False),
            ({"current_a": 18.0, "power_w": 12_420.0}, True),
            ({"current_a": 18.0, "power_w": 8_280.0}, True),
            ({"current_a": 18.0}, True),
        ],
    )
    def test_power_tells_which_it_is(self, told, is_over):
        bench = Bench(a=16)
        bench.run(SETTLED, SETTLED + 300, **told)
        assert [each.kind.value for each in bench.episodes] == ([OVER] if is_over else [])

    def test_a_direct_current_is_no_sum(self):
        bench = Bench(a=100)
        told = {"current_a": 120.0, "voltages_v": (400.0, None, None), "power_w": 48_000.0}
        bench.run(SETTLED, SETTLED + 300, **told)
        assert OVER in [each.kind.value for each in bench.episodes]

    @pytest.mark.parametrize(("limit_a", "is_over"), [(16, False), (14, True)])
    def test_the_register_tells_which_it_is_where_no_power_does(self, limit_a, is_over):
        bench = Bench()
        for minute in range(60):
            if minute == 20:
                bench.limit(minute * 60, a=limit_a)
            bench.sample(minute * 60, current_a=48.0, wh=1000 + 184 * minute)
        assert [each.kind.value for each in bench.episodes] == ([OVER] if is_over else [])

    def test_the_register_shows_that_it_is_that_of_the_busiest_phase(self):
        bench = Bench()
        for minute in range(60):
            if minute == 20:
                bench.limit(minute * 60, a=16)
            bench.sample(minute * 60, current_a=32.0, wh=1000 + 368 * minute)
        assert [each.kind.value for each in bench.episodes] == [OVER]


class TestEnergiesOfIntervals:
    """Meters that tell only what an interval came to."""

    @pytest.mark.parametrize(("interval_wh", "is_over"), [(920, False), (1100, True), (1840, True)])
    def test_the_energy_of_an_interval_is_a_power(self, interval_wh, is_over):
        bench = Bench(a=16)
        for index in range(1, 8):
            bench.sample(300 * index, interval_milliwh=interval_wh * 1000 + 1000)
        assert [each.kind.value for each in bench.episodes] == ([OVER] if is_over else [])


class TestRegisterOnly:
    """Meters that only count."""

    def charge(self, bench, watts, every_s, upto_s, step_wh=1.0, *, start_s=0.0, base_wh=100_000.0):
        at_s = start_s
        while at_s < upto_s:
            exact = base_wh + watts * (at_s - start_s) / 3600
            bench.sample(at_s, wh=exact // step_wh * step_wh)
            at_s += every_s
        return base_wh + watts * (at_s - start_s) / 3600

    @pytest.mark.parametrize("every_s", [10, 60, 300, 900])
    @pytest.mark.parametrize("step_wh", [1, 10, 100])
    @pytest.mark.parametrize("watts", [11_040, 10_500, 3_680, 0])
    def test_power_within_the_limit_is_fine(self, every_s, step_wh, watts):
        bench = Bench(a=16)
        self.charge(bench, watts, every_s, 3 * 3600, step_wh, base_wh=123_456)
        assert bench.log == []

    @pytest.mark.parametrize("every_s", [60, 300, 600])
    @pytest.mark.parametrize("base_wh", [100_000, 100_050, 100_083, 100_099])
    def test_the_first_two_readings_of_a_coarse_meter_prove_nothing(self, every_s, base_wh):
        bench = Bench(a=16)
        self.charge(bench, 11_040, every_s, 3600, 100, start_s=600.0, base_wh=base_wh)
        assert bench.log == []

    @pytest.mark.parametrize(
        ("every_s", "step_wh", "within_s"),
        [(60, 1, 240), (60, 10, 360), (300, 1, 600), (300, 100, 2400), (900, 1, 1800)],
    )
    def test_power_over_the_limit_is_found(self, every_s, step_wh, within_s):
        bench = Bench(a=16)
        self.charge(bench, 22_080, every_s, 2 * 3600, step_wh)
        assert bench.times(Change.RAISED, OVER)[0] <= within_s

    def test_one_interval_is_enough(self):
        bench = Bench(a=16)
        reached = self.charge(bench, 11_000, 900, 3600)
        bench.sample(3600, wh=reached)
        assert bench.sample(4500, wh=reached + 22_080 / 4) == [("raised", OVER)]

    @pytest.mark.parametrize(("gained_wh", "is_outside"), [(50, False), (61, True)])
    def test_fifty_watt_hours_in_ten_minutes_end_a_pause(self, gained_wh, is_outside):
        bench = Bench(a=0)
        for index in range(4):
            bench.sample(600 * index, wh=10_001 + gained_wh * index)
        assert [each.kind.value for each in bench.episodes] == ([OUTSIDE] if is_outside else [])

    @pytest.mark.parametrize("every_s", [60, 300, 900, 1800])
    @pytest.mark.parametrize("step_wh", [1, 10, 100])
    @pytest.mark.parametrize("phase_wh", [0, 37, 99])
    def test_standby_under_a_pause_is_fine(self, every_s, step_wh, phase_wh):
        bench = Bench(a=0)
        self.charge(bench, 100, every_s, 6 * 3600, step_wh, base_wh=100_000 + phase_wh)
        assert bench.log == []

    @pytest.mark.parametrize(("every_s", "step_wh"), [(60, 1), (60, 10), (300, 100), (900, 1)])
    def test_a_pause_that_is_ignored_is_found(self, every_s, step_wh):
        bench = Bench(a=0)
        self.charge(bench, 3_680, every_s, 2 * 3600, step_wh)
        assert bench.times(Change.RAISED, OUTSIDE)[0] <= 240 + 1800 + 2 * every_s

    @pytest.mark.parametrize("every_s", [60, 300, 900])
    def test_an_interval_that_spans_a_lowered_limit_is_not_blamed(self, every_s):
        bench = Bench(a=32)
        reached = self.charge(bench, 22_080, every_s, 3600)
        bench.limit(3600, a=16)
        self.charge(bench, 11_040, every_s, 7200, start_s=3600.0, base_wh=reached)
        assert bench.log == []

    def test_a_register_that_falls_starts_anew(self):
        bench = Bench(a=16)
        self.charge(bench, 11_000, 60, 1800)
        self.charge(bench, 11_000, 60, 3600, start_s=1800.0, base_wh=0)
        assert [each.kind.value for each in bench.episodes] == ["METER_ANOMALY"]

    def test_a_meter_that_says_power_is_not_judged_by_its_register(self):
        bench = Bench(a=16)
        bench.sample(0, power_w=11_000.0, wh=0)
        bench.sample(300, wh=5000)
        bench.sample(600, wh=10_000)
        assert bench.log == []
