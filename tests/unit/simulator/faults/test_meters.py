"""Each fault of meters, on the wire over many samples; the truth is told what really flowed."""

import itertools

import pytest
from unit.simulator.faults.book import shows, was_told

ENERGY = ("Energy.Active.Import.Register", None)
POWER = ("Power.Active.Import", None)
INTERVAL_S = 20
AMPERES_16_W = 16 * 3 * 230


def charging(lab, version, fault, *, seconds=400, **more):
    more = {"vehicle": "sedan-11kw", "interval": INTERVAL_S, **more}
    room = lab(version, faults=[fault], truth=True, **more)
    room.run(seconds)
    return room


def column(room, key, since=30.0):
    return [values[key] for at, _, values in room.samples() if at > since and key in values]


def periodic(room):
    """Return the registers of the samples between beginning and end."""
    return [
        float(sample["value"])
        for _, _, payload in room.calls
        for each in payload.get("meterValue", ())
        for sample in each["sampledValue"]
        if sample["measurand"] == ENERGY[0] and sample["context"] == "Sample.Periodic"
    ]


def ends(room):
    """Stop, and return what the wire says of the register at both ends."""
    room.station.shut_down(room.now)
    room.run(1)
    if room.version == "1.6":
        start, stop = room.said("StartTransaction")[0], room.said("StopTransaction")[0]
        return start["meterStart"], stop["meterStop"]
    events = room.said("TransactionEvent")
    return tuple(
        next(
            each["value"]
            for each in event["meterValue"][0]["sampledValue"]
            if each["measurand"] == ENERGY[0]
        )
        for event in (events[0], events[-1])
    )


def truth(room):
    """Return the session as it really was."""
    (session,) = [each.fields for each in room.happened("truth.session")]
    honest = session["register_stop_wh"] - session["register_start_wh"]
    assert honest == pytest.approx(session["drawn_wh"], abs=1)
    assert honest > 0
    return session


@shows("silent-meter")
def test_silent_meter_charges_without_a_word_and_then_speaks_again(lab, version):
    room = charging(lab, version, "silent-meter", seconds=1200)
    times = [at for at, _, values in room.samples() if POWER in values and at > 10]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert 880 <= max(gaps) <= 940
    assert times[-1] > 1100
    assert was_told(room, "silent-meter")


@shows("no-meter-values")
def test_no_values_come_between_beginning_and_end(lab, version):
    room = charging(lab, version, "no-meter-values")
    assert periodic(room) == []
    start, stop = ends(room)
    assert stop > start
    assert truth(room)["told_stop_wh"] == stop
    assert was_told(room, "no-meter-values")


JUMPS = {"register-back": -5_000, "register-jump": 50_000}


@shows(*JUMPS)
@pytest.mark.parametrize(("fault", "by"), JUMPS.items())
def test_register_leaps_once_and_stays_there(lab, version, fault, by):
    room = charging(lab, version, f"{fault}@120+60")
    told = periodic(room)
    steps = [later - sooner for sooner, later in itertools.pairwise(told)]
    leaps = [step for step in steps if abs(step) > 1000]
    assert leaps == [pytest.approx(by, abs=100)]
    start, stop = ends(room)
    session = truth(room)
    assert stop - start - by == session["register_stop_wh"] - session["register_start_wh"]
    assert was_told(room, fault)


@shows("register-frozen")
def test_register_stands_still_while_power_flows(lab, version):
    room = charging(lab, version, "register-frozen@120")
    told = periodic(room)[8:]
    assert len(set(told)) == 1
    assert min(column(room, POWER)) > 10_000
    start, stop = ends(room)
    session = truth(room)
    assert stop - start < session["drawn_wh"] / 2
    assert was_told(room, "register-frozen")


@shows("register-restarts")
def test_register_begins_anew(lab, version):
    room = charging(lab, version, "register-restarts@120")
    told = periodic(room)
    assert told[3] > 5_000
    assert max(told[8:]) < 1_000
    assert was_told(room, "register-restarts")
    ends(room)
    truth(room)


@shows("register-begins-at-0")
def test_beginning_is_0_and_the_rest_life_time(lab, version):
    room = charging(lab, version, "register-begins-at-0")
    assert min(periodic(room)) > 5_000
    start, stop = ends(room)
    assert start == 0
    assert stop > 5_000
    assert truth(room)["register_start_wh"] > 5_000
    assert was_told(room, "register-begins-at-0")


@shows("register-of-the-session")
def test_samples_count_from_0_between_life_time_ends(lab, version):
    room = charging(lab, version, "register-of-the-session")
    assert max(periodic(room)) < 2_000
    start, stop = ends(room)
    assert 5_000 < start < stop
    truth(room)
    assert was_told(room, "register-of-the-session")


@shows("register-ends-as-begun", "register-ends-below")
@pytest.mark.parametrize(
    ("fault", "difference"), [("register-ends-as-begun", 0), ("register-ends-below", -10)]
)
def test_end_denies_the_energy(lab, version, fault, difference):
    room = charging(lab, version, fault)
    start, stop = ends(room)
    assert stop - start == difference
    assert truth(room)["drawn_wh"] > 500
    assert was_told(room, fault)


@shows("register-jitters")
def test_register_falls_back_by_some_watt_hours(lab, version):
    room = charging(lab, version, "register-jitters", interval=2)
    told = periodic(room)
    falls = [s - t for s, t in itertools.pairwise(told) if t < s]
    assert len(falls) > 5
    assert max(falls) <= 8
    ends(room)
    truth(room)
    assert was_told(room, "register-jitters")


FACTORS = {"power-doubled": 2.0, "power-negative": -1.0, "kilowatts-as-watts": 0.001}


@shows(*FACTORS)
@pytest.mark.parametrize(("fault", "factor"), FACTORS.items())
def test_power_is_told_wrongly_and_energy_is_right(lab, version, fault, factor):
    room = charging(lab, version, fault)
    told = column(room, POWER)
    assert len(told) > 15
    assert all(each == pytest.approx(factor * AMPERES_16_W, rel=0.05) for each in told)
    start, stop = ends(room)
    assert stop - start == pytest.approx(truth(room)["drawn_wh"], abs=2)
    assert was_told(room, fault)


@shows("currents-halved")
def test_currents_are_half_of_what_flows(lab, version):
    room = charging(lab, version, "currents-halved")
    told = column(room, ("Current.Import", "L2"))
    assert all(each == pytest.approx(8, abs=0.3) for each in told)
    assert min(column(room, POWER)) > 10_000
    assert was_told(room, "currents-halved")


@shows("voltage-nonsense")
def test_voltages_are_half_of_what_is_there(lab, version):
    room = charging(lab, version, "voltage-nonsense")
    assert all(100 < each < 130 for each in column(room, ("Voltage", "L1-N")))
    assert was_told(room, "voltage-nonsense")


LABELS = {
    "watts-as-kilowatts": ("Power.Active.Import", "kW", 5_000, 20_000),
    "watt-hours-as-kilowatt-hours": (ENERGY[0], "kWh", 5_000, 6_000_000),
    "kilowatt-hours-as-watt-hours": (ENERGY[0], "Wh", 5, 6_000),
}


@shows(*LABELS)
@pytest.mark.parametrize(("fault", "expected"), LABELS.items())
def test_unit_is_another_than_the_numbers(lab, version, fault, expected):
    measurand, unit, low, high = expected
    room = charging(lab, version, fault)
    samples = [
        (float(sample["value"]), sample.get("unit") or sample["unitOfMeasure"]["unit"])
        for _, _, payload in room.calls
        for each in payload.get("meterValue", ())
        for sample in each["sampledValue"]
        if sample["measurand"] == measurand and sample["context"] == "Sample.Periodic"
    ]
    assert len(samples) > 15
    assert {each for _, each in samples} == {unit}
    assert all(low < each < high for each, _ in samples[1:])
    assert was_told(room, fault)


LEVELS = {"charge-level-65535": 65_535, "charge-level-0": 0}


@shows(*LEVELS)
@pytest.mark.parametrize(("fault", "percent"), LEVELS.items())
def test_charge_level_is_nonsense(lab, version, fault, percent):
    room = charging(lab, version, fault, current="DC", vehicle="sedan-dc-150kw")
    assert set(column(room, ("SoC", None))) == {percent}
    assert was_told(room, fault)


@shows("offer-stuck")
def test_offer_is_told_to_be_8_a_whatever_it_is(lab, version):
    room = charging(lab, version, "offer-stuck")
    room.tx_profile(13)
    room.run(100)
    assert set(column(room, ("Current.Offered", None))) == {8}
    assert column(room, ("Current.Import", "L1"))[-1] == pytest.approx(12.8, abs=0.4)
    assert was_told(room, "offer-stuck")


FORMS = {
    "one-current-only": {ENERGY, ("Current.Import", None)},
    "register-only-meter": {ENERGY},
}


@shows(*FORMS)
@pytest.mark.parametrize(("fault", "keys"), FORMS.items())
def test_little_is_told(lab, version, fault, keys):
    room = charging(lab, version, fault)
    told = [set(values) for at, _, values in room.samples() if at > 30 and values]
    assert len(told) > 15
    assert all(each == keys for each in told)
    assert was_told(room, fault)


@shows("power-by-phase-only")
def test_power_has_no_total(lab, version):
    room = charging(lab, version, "power-by-phase-only")
    for _, _, values in room.samples()[3:]:
        if not values:
            continue
        parts = [values[(POWER[0], f"L{phase}")] for phase in (1, 2, 3)]
        assert sum(parts) == pytest.approx(AMPERES_16_W, rel=0.05)
        assert POWER not in values
    assert was_told(room, "power-by-phase-only")
