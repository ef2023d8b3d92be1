"""Whatever JSON a kept message holds: it is read, or refused as unreadable, and nothing else."""

import math
from dataclasses import fields
from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.facts import TransactionReported
from csms.ocpp import ROUTES, Unreadable, answer_status, effect_of, status_reason
from csms.ocpp.reading import Notes
from csms.ocppj.version import CSMS_ACTIONS, Version

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEPT = [
    (version, route) for version in Version for route in ROUTES[version].values() if route.keeps
]
WORDS = """
connectorId evseId transactionId idTag meterStart meterStop timestamp reason meterValue
transactionData sampledValue value context measurand phase location unit unitOfMeasure
multiplier format signedMeterValue eventType transactionInfo seqNo evse id idToken type
offline chargingState csChargingProfiles chargingProfile chargingSchedule status key
setVariableData setVariableResult component variable name attributeValue
"""
TEXTS = """
Energy.Active.Import.Register Power.Active.Import Current.Import Voltage SoC L1 L2-N N Wh
kWh kW A V Percent Outlet Body EV Raw SignedData Transaction.End 12.5 -1 nan 1e999 Started
Ended 2026-03-01T10:00:00Z 2026-03-01T10:00:00.123Z 9999-12-31T23:59:59-01:00 Accepted
"""
texts = st.sampled_from(TEXTS.split())
integers = st.integers(-(2**63), 2**64 - 1) | st.integers(-3, 3)
scalars = (
    st.none()
    | st.booleans()
    | integers
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.text(max_size=20)
)
names = st.sampled_from(WORDS.split()) | st.text(max_size=5)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=8),
    max_leaves=25,
)
payloads = st.dictionaries(names, json_values, max_size=10)

sampled_values = st.fixed_dictionaries(
    {"value": st.sampled_from([*TEXTS.split(), 5, 0.1, -7, 1e300, True, None]) | json_values},
    optional=dict.fromkeys(
        ("measurand", "phase", "location", "unit", "context", "format"), texts | json_values
    )
    | {"unitOfMeasure": st.dictionaries(st.sampled_from(["unit", "multiplier"]), texts | integers)},
)
meter_values = st.lists(
    st.fixed_dictionaries(
        {"timestamp": texts, "sampledValue": st.lists(sampled_values, max_size=5)}
    ),
    max_size=3,
)
transactions = st.fixed_dictionaries(
    {
        "connectorId": integers,
        "evseId": integers,
        "meterStart": integers | st.floats(allow_nan=False, allow_infinity=False),
        "meterStop": integers,
        "transactionId": integers,
        "timestamp": texts,
        "eventType": st.sampled_from(["Started", "Updated", "Ended"]),
        "transactionInfo": st.fixed_dictionaries({"transactionId": st.text(min_size=1)}),
        "meterValue": meter_values,
        "transactionData": meter_values,
    },
    optional=dict.fromkeys(("idTag", "idToken", "evse", "seqNo", "reason"), json_values),
)


@given(st.sampled_from(KEPT), payloads | transactions)
def test_kept_message_is_read_or_unreadable(case, payload):
    _, route = case
    before = orjson.dumps(payload)
    try:
        fact = route.decode(payload, RECEIVED)
    except Unreadable:
        return
    assert orjson.dumps(payload) == before
    orjson.dumps([anomaly.details for anomaly in fact.anomalies], default=dict)
    for sample in fact.samples:
        _check(sample)
    if isinstance(fact, TransactionReported):
        assert fact.sequence is not None
        assert fact.register_milliwh is None or abs(fact.register_milliwh) <= 10**15


@given(st.sampled_from(list(Version)), meter_values)
def test_samples_of_clear_messages_are_finite_and_unique(version, entries):
    decode = ROUTES[version]["MeterValues"].decode
    fact = decode({"connectorId": 1, "evseId": 1, "meterValue": entries}, RECEIVED)
    moments = [(sample.at, sample.context) for sample in fact.samples]
    assert len(set(moments)) == len(moments)
    for sample in fact.samples:
        _check(sample)


@given(
    st.sampled_from([(version, action) for version in Version for action in CSMS_ACTIONS[version]]),
    payloads,
    payloads | st.just({"status": "Accepted"}),
)
def test_no_answer_makes_the_reading_of_effects_fail(case, request, response):
    version, action = case
    effect_of(version, action, request, response)
    answer_status(response)
    status_reason(response)


@given(st.integers(0, 100))
def test_notes_never_grow_beyond_a_page(count):
    notes = Notes()
    for number in range(count):
        notes.add("value.unreadable", raw=number)
    assert len(notes.all()) <= 21


def _check(sample):
    assert sample.at.tzinfo is not None
    assert len(sample.context) <= 100
    assert sample.register_milliwh is None or abs(sample.register_milliwh) <= 2**62
    assert sample.soc_percent is None or 0 <= sample.soc_percent <= 100
    for field in fields(sample):
        value = getattr(sample, field.name)
        if isinstance(value, float):
            assert math.isfinite(value)
    for value in (*sample.currents_a, *sample.voltages_v):
        assert value is None or math.isfinite(value)
    orjson.dumps(dict(sample.extra))
