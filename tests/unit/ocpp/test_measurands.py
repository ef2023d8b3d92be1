from datetime import UTC, datetime

import pytest

from csms.ocpp.measurands import read_required_samples, read_samples, take_v16, take_v201
from csms.ocpp.reading import Notes
from csms.ocpp.unreadable import Unreadable

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = "2026-03-01T10:05:00Z"
REGISTER = "Energy.Active.Import.Register"


def read_v16(*values, timestamp=AT):
    return _read(take_v16, [{"timestamp": timestamp, "sampledValue": list(values)}])


def read_v201(*values):
    return _read(take_v201, [{"timestamp": AT, "sampledValue": list(values)}])


def _read(take, entries):
    notes = Notes()
    samples = read_samples({"meterValue": entries}, "meterValue", RECEIVED, take, notes)
    return samples, notes.all()


def one(reading):
    samples, anomalies = reading
    assert anomalies == ()
    assert len(samples) == 1
    return samples[0]


def refused(reading):
    """Returns kind and raw value of the one anomaly, where nothing was counted."""
    samples, anomalies = reading
    assert not any(sample.has_electricity for sample in samples)
    assert len(anomalies) == 1
    return anomalies[0].kind, anomalies[0].details["raw"]


def value(text="1", measurand=None, **members):
    return {"value": text, **({"measurand": measurand} if measurand else {}), **members}


def amount(number, measurand=None, unit=None, multiplier=None, **members):
    measure = {"unit": unit, "multiplier": multiplier}
    given = {name: each for name, each in measure.items() if each is not None}
    return value(number, measurand, **({"unitOfMeasure": given} if given else {}), **members)


def test_bare_value_is_the_register_in_wh():
    sample = one(read_v16({"value": "5"}))
    assert sample.register_milliwh == 5000
    assert sample.context == "Sample.Periodic"
    assert sample.at == datetime(2026, 3, 1, 10, 5, tzinfo=UTC)
    assert sample.assumed == (f"measurand:{REGISTER}", "unit:Wh")


def test_bare_number_of_201_is_the_register_in_wh():
    sample = one(read_v201({"value": 5.25}))
    assert sample.register_milliwh == 5250
    assert sample.assumed == (f"measurand:{REGISTER}", "unit:Wh")


def test_all_columns_of_16():
    sample = one(
        read_v16(
            value("1234.5", REGISTER, unit="kWh", location="Outlet", context="Trigger"),
            value("11.04", "Power.Active.Import", unit="kW", context="Trigger"),
            value("15.9", "Current.Import", unit="A", phase="L1", context="Trigger"),
            value("16", "Current.Import", unit="A", phase="L2", context="Trigger"),
            value("16.1", "Current.Import", unit="A", phase="L3", context="Trigger"),
            value("230.1", "Voltage", unit="V", phase="L1-N", context="Trigger"),
            value("231", "Voltage", unit="V", phase="L2", context="Trigger"),
            value("44", "SoC", unit="Percent", location="EV", context="Trigger"),
            value("11000", "Power.Offered", unit="W", context="Trigger"),
            value("16", "Current.Offered", unit="A", context="Trigger"),
        )
    )
    assert sample.context == "Trigger"
    assert sample.register_milliwh == 1_234_500_000
    assert sample.power_w == 11_040.0
    assert sample.currents_a == (15.9, 16.0, 16.1)
    assert sample.voltages_v == (230.1, 231.0, None)
    assert sample.soc_percent == 44.0
    assert (sample.power_offered_w, sample.current_offered_a) == (11_000.0, 16.0)
    assert sample.extra == {}
    assert sample.assumed == ()


def test_all_columns_of_201():
    sample = one(
        read_v201(
            amount(1234.5, REGISTER, "kWh"),
            amount(11.04, "Power.Active.Import", "kW"),
            amount(16, "Current.Import", "A"),
            amount(230, "Voltage", "V", phase="L3-N"),
            amount(44, "SoC", "Percent"),
            amount(11, "Power.Offered", "W", multiplier=3),
        )
    )
    assert sample.register_milliwh == 1_234_500_000
    assert sample.power_w == 11_040.0
    assert sample.current_a == 16.0
    assert sample.voltages_v == (None, None, 230.0)
    assert sample.soc_percent == 44.0
    assert sample.power_offered_w == 11_000.0
    assert sample.assumed == ()


@pytest.mark.parametrize(
    ("text", "unit", "milliwh"),
    [
        ("0.30000000000000004", "kWh", 300_000),
        ("0.15003999999999998", "kWh", 150_040),
        ("1015.2777709960938", "Wh", 1_015_278),
        ("999999999999", "Wh", 999_999_999_999_000),
        ("999999999999", "kWh", 999_999_999_999_000_000),
        ("0.1", "Wh", 100),
        ("-5", "Wh", -5000),
        ("+7.", "Wh", 7000),
        (".5", "Wh", 500),
        ("0.0004", "Wh", 0),
    ],
)
def test_register_is_exact_to_the_milliwatt_hour(text, unit, milliwh):
    assert one(read_v16(value(text, REGISTER, unit=unit))).register_milliwh == milliwh


@pytest.mark.parametrize(
    ("number", "unit", "milliwh"),
    [
        (0.30000000000000004, "kWh", 300_000),
        (1027.990234375, "Wh", 1_027_990),
        (1e-05, "kWh", 10),
        (123456789, "Wh", 123_456_789_000),
        (0, "kWh", 0),
    ],
)
def test_register_of_201_is_exact_to_the_milliwatt_hour(number, unit, milliwh):
    assert one(read_v201(amount(number, REGISTER, unit))).register_milliwh == milliwh


@pytest.mark.parametrize(
    ("multiplier", "milliwh"), [(3, 5_300_000), (0, 5300), (-3, 5), (6, 5_300_000_000)]
)
def test_multiplier_is_a_power_of_ten(multiplier, milliwh):
    sample = one(read_v201(amount(5.3, REGISTER, "Wh", multiplier=multiplier)))
    assert sample.register_milliwh == milliwh


@pytest.mark.parametrize("multiplier", [13, -13, 1.5, "3", True, [1]])
def test_absurd_multiplier_leaves_the_value_out(multiplier):
    kind, raw = refused(read_v201(amount(5.3, REGISTER, "Wh", multiplier=multiplier)))
    assert kind == "unit.unexpected"
    assert raw == (multiplier if not isinstance(multiplier, list) else "list")


@pytest.mark.parametrize(
    "text",
    [
        *["nan", "inf", "-Infinity", "1_000", "\u0663", "\uff15", "5,3", "", "abc", "1e999"],
        *["1e3", " 5 ", "0x10", "9" * 5000, "--1", ".", "5\n", "1.2.3"],
    ],
)
def test_t13_what_is_no_decimal_is_no_value(text):
    kind, raw = refused(read_v16({"value": text}))
    assert kind == "value.unreadable"
    assert raw == text[:100]


@pytest.mark.parametrize("raw", [None, True, [], {}, ["5"]])
def test_value_of_another_type_is_no_value(raw):
    for reading in (read_v16({"value": raw}), read_v201({"value": raw})):
        assert refused(reading)[0] == "value.unreadable"


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), 1e400, 1e308, 10**30])
def test_number_that_no_meter_shows_is_no_value(raw):
    assert refused(read_v201({"value": raw}))[0] in {"value.unreadable", "value.implausible"}


def test_unreadable_value_is_kept_as_it_was_sent():
    (sample,), _ = read_v16({"value": "n/a", "unit": "Wh"})
    assert sample.extra == {REGISTER: [{"value": "n/a", "unit": "Wh"}]}


def test_number_instead_of_text_is_taken_and_noted():
    sample = one(read_v16({"value": 5.5, "measurand": REGISTER, "unit": "Wh"}))
    assert sample.register_milliwh == 5500
    assert sample.assumed == ("value:number",)


def test_text_instead_of_number_is_taken_and_noted():
    sample = one(read_v201(amount("5.5", REGISTER, "Wh")))
    assert sample.register_milliwh == 5500
    assert sample.assumed == ("value:text",)


@pytest.mark.parametrize(
    ("measurand", "unit", "assumed"),
    [
        (REGISTER, "kwh", "unit:kWh"),
        (REGISTER, " KWH ", "unit:kWh"),
        ("Power.Active.Import", "KW", "unit:kW"),
        ("SoC", "%", "unit:Percent"),
    ],
)
def test_misspelt_unit_is_understood_and_noted(measurand, unit, assumed):
    assert one(read_v16(value("5", measurand, unit=unit))).assumed == (assumed,)


def test_power_and_current_without_unit_are_watts_and_amperes():
    sample = one(read_v16(value("7000", "Power.Active.Import"), value("10", "Current.Import")))
    assert (sample.power_w, sample.current_a) == (7000.0, 10.0)
    assert sample.assumed == ("unit:W", "unit:A")


@pytest.mark.parametrize(
    ("measurand", "unit"), [(REGISTER, "W"), ("Power.Active.Import", "VA"), ("Voltage", "Hz")]
)
def test_unit_of_another_dimension_leaves_the_value_out(measurand, unit):
    reading = read_v16(value("5", measurand, unit=unit))
    assert refused(reading) == ("unit.unexpected", unit)
    assert reading[0][0].extra == {measurand: [value("5", measurand, unit=unit)]}


def test_total_register_is_preferred_to_its_phases():
    sample = one(
        read_v16(
            value("10", REGISTER, unit="Wh", phase="L1"),
            value("31", REGISTER, unit="Wh"),
            value("20", REGISTER, unit="Wh", phase="L2"),
        )
    )
    assert sample.register_milliwh == 31_000
    assert len(sample.extra[REGISTER]) == 2
    assert sample.assumed == ()


def test_phases_are_summed_where_no_total_is_given():
    sample = one(
        read_v16(
            value("1.5", "Power.Active.Import", unit="kW", phase="L1-N"),
            value("1500", "Power.Active.Import", unit="W", phase="L3"),
            value("10", REGISTER, unit="Wh", phase="L2"),
        )
    )
    assert (sample.power_w, sample.register_milliwh) == (3000.0, 10_000)
    assert sample.assumed == ("register:L2", "power:L1+L3")


def test_voltage_without_phase_is_that_of_l1_and_noted():
    sample = one(read_v16(value("228", "Voltage", unit="V")))
    assert sample.voltages_v == (228.0, None, None)
    assert sample.assumed == ("voltage:L1",)


@pytest.mark.parametrize("phase", ["N", "L1-L2", "L9", "", ["L1"], 1])
def test_other_phases_are_kept_as_they_were_sent(phase):
    for measurand in ("Current.Import", "Voltage", "Power.Active.Import", REGISTER):
        sent = value("5", measurand, phase=phase)
        sample = one(read_v16(sent))
        assert sample.extra == {measurand: [sent]}
        assert not sample.has_electricity
        assert sample.voltages_v == (None, None, None)


@pytest.mark.parametrize("text", ["-0.1", "100.1", "65535"])
def test_charge_level_outside_0_to_100_is_no_charge_level(text):
    samples, anomalies = read_v16(value(text, "SoC", unit="Percent"))
    assert samples[0].soc_percent is None
    assert [(each.kind, each.details["raw"]) for each in anomalies] == [("value.implausible", text)]


def test_energy_of_an_interval_is_read_and_kept():
    name = "Energy.Active.Import.Interval"
    sent = value("0.25", name, unit="kWh")
    sample = one(read_v16(sent))
    assert (sample.interval_milliwh, sample.register_milliwh) == (250_000, None)
    assert sample.has_electricity
    assert sample.extra == {name: [sent]}
    phases = [value("100", name, unit="Wh", phase=phase) for phase in ("L1", "L2", "L3")]
    sample = one(read_v16(*phases))
    assert (sample.interval_milliwh, sample.assumed) == (300_000, ("interval:L1+L2+L3",))


@pytest.mark.parametrize(
    "measurand",
    [
        "Energy.Active.Export.Register",
        "Power.Reactive.Import",
        "Power.Active.Export",
        "Temperature",
        "CurrentMax",
    ],
)
def test_other_measurands_are_kept_as_they_were_sent(measurand):
    sent = value("12,5 hot", measurand, unit="Celcius", location="Body")
    sample = one(read_v16(sent))
    assert sample.extra == {measurand: [sent]}
    assert not sample.has_electricity


def test_inlet_values_stay_out_of_the_columns():
    sent = value("5000", REGISTER, unit="Wh", location="Inlet")
    sample = one(read_v16(sent, value("7", "Current.Import", unit="A")))
    assert sample.register_milliwh is None
    assert sample.current_a == 7.0
    assert sample.extra == {REGISTER: [sent]}


def test_body_values_count_where_the_outlet_gives_none():
    sample = one(
        read_v16(
            value("9", "Current.Import", unit="A", location="Body"),
            value("5", REGISTER, unit="Wh", location="Body"),
            value("6", REGISTER, unit="Wh", location="Outlet"),
        )
    )
    assert sample.current_a == 9.0
    assert sample.register_milliwh == 6000
    assert sample.assumed == ("location:Body",)
    assert list(sample.extra) == [REGISTER]


def test_signed_value_is_kept_byte_by_byte_and_never_counted():
    text = '{"signedMeterData":"T0NN\\u00e4 12345"}  '
    sent = value(text, context="Transaction.End", format="SignedData")
    sample = one(read_v16(sent))
    assert sample.extra[REGISTER][0]["value"] == text
    assert sample.register_milliwh is None


def test_signed_digits_are_not_counted_either():
    assert one(read_v16(value("12345", format="SignedData"))).register_milliwh is None
    assert one(read_v16(value("OCMF|{}|{}"))).register_milliwh is None


def test_signed_value_of_201_is_kept_beside_its_number():
    signed = {"signedMeterData": "T0NNRnw=", "encodingMethod": "OCMF"}
    sent = amount(32.28, REGISTER, "Wh", signedMeterValue=signed)
    sample = one(read_v201(sent))
    assert sample.register_milliwh == 32_280
    assert sample.extra == {REGISTER: [sent]}


def test_unknown_context_is_kept_as_text():
    assert one(read_v16(value(context="CurrentMax"))).context == "CurrentMax"


def test_each_context_of_an_entry_is_a_sample_of_its_own():
    samples, _ = read_v16(
        value("1", context="Transaction.Begin"),
        value("9", context="Transaction.End"),
        value("7", "Current.Import", context="Transaction.Begin"),
    )
    begin, end = samples
    assert (begin.context, begin.register_milliwh, begin.current_a) == (
        "Transaction.Begin",
        1000,
        7.0,
    )
    assert (end.context, end.register_milliwh) == ("Transaction.End", 9000)


def test_entries_of_one_moment_are_one_sample():
    entries = [
        {"timestamp": AT, "sampledValue": [value("5", REGISTER, unit="Wh")]},
        {
            "timestamp": "2026-03-01T11:05:00+01:00",
            "sampledValue": [value("6", "Current.Import", unit="A", context="Sample.Periodic")],
        },
        {"timestamp": "2026-03-01T10:06:00Z", "sampledValue": [value("7")]},
    ]
    (first, second), anomalies = _read(take_v16, entries)
    assert anomalies == ()
    assert (first.register_milliwh, first.current_a) == (5000, 6.0)
    assert second.register_milliwh == 7000


def test_first_of_two_values_for_one_place_counts():
    sent = value("6", REGISTER, unit="Wh")
    samples, anomalies = read_v16(value("5", REGISTER, unit="Wh"), sent)
    assert samples[0].register_milliwh == 5000
    assert samples[0].extra == {REGISTER: [sent]}
    assert [each.kind for each in anomalies] == ["value.ambiguous"]


def test_the_same_value_twice_is_nothing_odd():
    same = value("5", REGISTER, unit="Wh")
    assert one(read_v16(same, same)).extra == {}


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", 1772359200, "2026-02-30T00:00:00Z"])
def test_sample_without_a_time_gets_the_time_of_receipt(timestamp):
    samples, anomalies = read_v16(value("5"), timestamp=timestamp)
    assert samples[0].at == RECEIVED
    assert samples[0].assumed[0] == "at:received"
    assert [(each.kind, each.details["raw"]) for each in anomalies] == [
        ("time.unreadable", timestamp)
    ]


@pytest.mark.parametrize("entries", [[], [{"timestamp": AT, "sampledValue": []}], None])
def test_empty_lists_are_no_sample_and_no_anomaly(entries):
    assert _read(take_v201, entries) == ((), ())


def test_f37_lone_objects_stand_for_lists_of_one():
    samples, anomalies = _read(take_v16, {"timestamp": AT, "sampledValue": value("5")})
    assert samples[0].register_milliwh == 5000
    assert [each.kind for each in anomalies] == ["payload.repaired", "payload.repaired"]


def test_f37_what_is_no_meter_value_is_left_out_and_the_rest_is_kept():
    entries = ["x", None, {"timestamp": AT, "sampledValue": [None, 7, value("5")]}]
    samples, anomalies = _read(take_v16, entries)
    assert samples[0].register_milliwh == 5000
    assert [each.kind for each in anomalies] == ["payload.ignored"] * 4


def test_anomalies_of_one_message_are_bounded():
    samples, anomalies = read_v16(*[value("x") for _ in range(500)])
    assert len(samples) == 1
    assert len(anomalies) == 21
    assert anomalies[-1].details == {"count": 480}


@pytest.mark.parametrize("raw", [None, "x", 5])
def test_message_without_meter_values_is_unreadable(raw):
    with pytest.raises(Unreadable, match="meterValue"):
        read_required_samples({"meterValue": raw}, "meterValue", RECEIVED, take_v16, Notes())
