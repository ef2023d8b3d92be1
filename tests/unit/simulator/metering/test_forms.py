"""The forms of meters on the wire, in both versions; the Lab checks each against the schemas."""

import base64
import itertools
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from simulator.metering import sampling
from simulator.metering.forms import METER_FORMS
from simulator.metering.signing import Signer

ENERGY, POWER, CURRENT, VOLTAGE = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
)


def told(lab, version, form, *, seconds=200, asked=None, **more):
    """Return the sampled values of a session's samples with a meter of this form."""
    room = lab(version, meter=form, **more)
    if asked is not None:
        choose(room, asked)
    room.run(seconds)
    return room, [
        sample
        for _, _, payload in room.calls
        for each in payload.get("meterValue", ())
        for sample in each["sampledValue"]
        if sample["context"] == "Sample.Periodic"
    ]


def choose(room, measurands):
    if room.version == "1.6":
        change = {"key": "MeterValuesSampledData", "value": measurands}
        assert room.command("ChangeConfiguration", change) == {"status": "Accepted"}
    else:
        set_variable(room, "SampledDataCtrlr", "TxUpdatedMeasurands", measurands)


def set_variable(room, component, name, text):
    data = {
        "component": {"name": component},
        "variable": {"name": name},
        "attributeValue": text,
    }
    answer = room.command("SetVariables", {"setVariableData": [data]})
    assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted", answer


def of(samples, measurand):
    return [each for each in samples if each["measurand"] == measurand]


def phases(samples, measurand):
    return {each.get("phase") for each in of(samples, measurand)}


def unit(sample):
    return sample.get("unit") or sample.get("unitOfMeasure", {}).get("unit")


@pytest.mark.parametrize("form", METER_FORMS)
def test_each_form_tells_the_energy_that_flowed(lab, version, form):
    room, samples = told(lab, version, form)
    registers = of(samples, ENERGY)
    assert len(registers) >= 3
    first, last = (in_wh(registers[0]), in_wh(registers[-1]))
    drawn_wh = room.station.bays[1].supply.delivered_wh
    assert 0 <= last - first <= drawn_wh + METER_FORMS[form].resolution_wh


def in_wh(sample):
    multiplier = sample.get("unitOfMeasure", {}).get("multiplier", 0)
    kilo = 1000 if unit(sample) == "kWh" else 1
    return float(sample["value"]) * kilo * 10**multiplier


MEASURED = {
    "register-only": {ENERGY},
    "register-100wh": {ENERGY},
    "currents-only": {ENERGY, CURRENT},
    "one-current": {ENERGY, CURRENT},
    "power-only": {ENERGY, POWER},
}


@pytest.mark.parametrize(("form", "measurands"), MEASURED.items())
def test_what_a_meter_has_not_is_not_told(lab, version, form, measurands):
    _, samples = told(lab, version, form)
    assert {each["measurand"] for each in samples} == measurands


EACH = {"L1", "L2", "L3"}
NAMES = [
    ("standard", CURRENT, EACH),
    ("standard", VOLTAGE, {"L1-N", "L2-N", "L3-N"}),
    ("plain-voltages", VOLTAGE, EACH),
    ("line-voltages", VOLTAGE, {"L1-L2", "L2-L3", "L3-L1"}),
    ("one-current", CURRENT, {None}),
    ("total-current", CURRENT, {None}),
    ("first-phase-only", CURRENT, {"L1"}),
    ("neutral", CURRENT, {*EACH, "N"}),
    ("per-phase-only", POWER, EACH),
    ("phases-and-totals", POWER, {None, *EACH}),
]


@pytest.mark.parametrize(("form", "measurand", "expected"), NAMES)
def test_phases_are_told_as_the_form_has_it(lab, version, form, measurand, expected):
    _, samples = told(lab, version, form)
    assert phases(samples, measurand) == expected


def test_single_phase_is_named_where_the_form_does(lab, version):
    _, plain = told(lab, version, "standard", phases=1)
    _, named = told(lab, version, "named-single-phase", phases=1)
    assert (phases(plain, CURRENT), phases(named, CURRENT)) == ({None}, {"L1"})
    assert (phases(plain, VOLTAGE), phases(named, VOLTAGE)) == ({None}, {"L1-N"})


def test_amounts_are_rounded_as_the_form_has_it(lab, version):
    _, amperes = told(lab, version, "integer-amperes")
    assert all(float(each["value"]).is_integer() for each in of(amperes, CURRENT))
    _, watts = told(lab, version, "coarse-power")
    assert all(float(each["value"]) % 100 == 0 for each in of(watts, POWER))
    _, coarse = told(lab, version, "register-100wh")
    assert all(float(each["value"]) % 100 == 0 for each in of(coarse, ENERGY))


def test_kilo_and_multiplier_say_what_the_numbers_are(lab, version):
    _, kilo = told(lab, version, "kilo")
    assert {unit(each) for each in of(kilo, ENERGY)} == {"kWh"}
    assert {unit(each) for each in of(kilo, POWER)} == {"kW"}
    assert all(5 < float(each["value"]) < 12 for each in of(kilo, POWER)[1:])
    room, scaled = told(lab, version, "multiplier")
    if version == "2.0.1":
        assert {each["unitOfMeasure"]["multiplier"] for each in of(scaled, ENERGY)} == {3}
    register = room.station.bays[1].supply.meter.register_wh
    assert in_wh(of(scaled, ENERGY)[-1]) == pytest.approx(register, abs=100)


def test_location_is_that_of_the_meter(lab, version):
    _, samples = told(lab, version, "inlet")
    assert {each["location"] for each in samples} == {"Inlet"}


ALL_OF_BOTH = [name for name in sampling._SOURCES if sampling.is_known(name)]


def test_every_measurand_can_be_asked_for(lab, version):
    ac = ",".join(name for name in ALL_OF_BOTH if name != "SoC")
    _, samples = told(lab, version, "standard", asked=ac)
    assert {each["measurand"] for each in samples} == set(ac.split(","))
    intervals = [float(each["value"]) for each in of(samples, "Energy.Active.Import.Interval")]
    registers = [in_wh(each) for each in of(samples, ENERGY)]
    steps = [later - sooner for sooner, later in itertools.pairwise(registers)]
    assert intervals[1:] == pytest.approx(steps)
    (factor,) = {float(each["value"]) for each in of(samples, "Power.Factor")}
    assert 0.9 < factor <= 1
    assert all(49 < float(each["value"]) < 51 for each in of(samples, "Frequency"))


def test_1_6_knows_temperature_and_fan_and_one_phase_alone(lab):
    _, samples = told(lab, "1.6", "standard", asked="Temperature,RPM,Voltage.L2,Current.Import.L3")
    assert {each["measurand"] for each in samples} == {"Temperature", "RPM", VOLTAGE, CURRENT}
    assert phases(samples, VOLTAGE) == {"L2-N"}
    assert phases(samples, CURRENT) == {"L3"}


def test_numbers_are_told_without_an_exponent():
    value = sampling.Value(ENERGY, 12_345_678.0, "Wh")
    assert value.text == "12345678"
    assert sampling.Value(ENERGY, 12_345.678, "kWh").text == "12345.678"
    assert sampling.Value(ENERGY, 0.000_01, "kWh").text == "0.00001"
    assert sampling.Value(ENERGY, 1.5, "Wh", multiplier=3).text == "1500"


def check(signed):
    """Verify a SignedMeterValueType with nothing but what it holds; return its readings."""
    _, text, proof = base64.b64decode(signed["signedMeterData"]).decode().split("|", 2)
    marker, encoding, kind, key = base64.b64decode(signed["publicKey"]).decode().split(":")
    assert (marker, encoding, kind) == ("oca", "base16", "asn1")
    public = load_der_public_key(bytes.fromhex(key))
    signature = bytes.fromhex(json.loads(proof)["SD"])
    public.verify(signature, text.encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(proof)["SA"] == "ECDSA-secp256r1-SHA256"
    assert (signed["signingMethod"], signed["encodingMethod"]) == ("", "OCMF")
    return json.loads(text)["RD"]


def test_signed_values_begin_and_end_a_transaction(lab):
    room = lab("1.6", meter="signed")
    room.run(200)
    room.station.shut_down(room.now)
    room.run(1)
    (stop,) = room.said("StopTransaction")
    signed = [
        json.loads(sample["value"])
        for each in stop["transactionData"]
        for sample in each["sampledValue"]
        if sample.get("format") == "SignedData"
    ]
    begin, end = check(signed[-1])
    assert (begin["TX"], end["TX"]) == ("B", "E")
    assert end["RV"] * 1000 == pytest.approx(stop["meterStop"])
    assert begin["RV"] < end["RV"]


def test_2_0_1_signs_when_it_is_asked_to(lab):
    room = lab("2.0.1", meter="signed")
    set_variable(room, "SampledDataCtrlr", "SignReadings", "true")
    set_variable(room, "OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", "EveryMeterValue")
    room.run(200)
    room.station.shut_down(room.now)
    room.run(1)
    signed = [
        sample["signedMeterValue"]
        for event in room.said("TransactionEvent")
        for each in event.get("meterValue", ())
        for sample in each["sampledValue"]
        if "signedMeterValue" in sample
    ]
    readings = [check(each) for each in signed]
    assert [row["TX"] for row in readings[-1]] == ["B", "E"]


def test_same_seed_signs_alike_and_another_does_not(lab):
    one, same, other = Signer(5), Signer(5), Signer(6)
    at = lab().station.at(0.0)
    signed = [each.sign("Transaction.Begin", 1_234_567, at, is_dc=False) for each in (one, same)]
    assert signed[0] == signed[1]
    assert one.public_key != other.public_key


def aligned(room):
    return [
        (each["timestamp"], payload)
        for _, _, payload in room.calls
        for each in payload.get("meterValue", ())
        if each["sampledValue"][0]["context"] == "Sample.Clock"
    ]


def choose_aligned(room, seconds):
    if room.version == "1.6":
        for key, text in (
            ("MeterValuesAlignedData", ENERGY),
            ("ClockAlignedDataInterval", str(seconds)),
        ):
            change = {"key": key, "value": text}
            assert room.command("ChangeConfiguration", change) == {"status": "Accepted"}
    else:
        set_variable(room, "AlignedDataCtrlr", "Measurands", ENERGY)
        set_variable(room, "AlignedDataCtrlr", "Interval", str(seconds))


def test_clock_aligned_values_come_at_round_times_with_and_without_a_transaction(lab, version):
    room = lab(version, stays=1_000)
    room.run(40)
    choose_aligned(room, 300)
    room.run(2_000)
    times = [at for at, _ in aligned(room)]
    assert [at[11:19] for at in times] == [f"08:{minute:02}:00" for minute in range(5, 31, 5)]
    if version == "2.0.1":
        triggers = {each.get("triggerReason") for _, each in aligned(room)}
        assert triggers == {"MeterValueClock", None}
    choose_aligned(room, 0)
    room.run(1_000)
    assert len(aligned(room)) == len(times)


def test_clock_aligned_values_may_be_for_idle_evses_alone(lab):
    room = lab("2.0.1", stays=1_000)
    choose_aligned(room, 300)
    set_variable(room, "AlignedDataCtrlr", "SendDuringIdle", "true")
    room.run(2_000)
    assert {each.get("triggerReason") for _, each in aligned(room)} == {None}
    assert min(at for at, _ in aligned(room)) > "2026-11-21T08:15"
