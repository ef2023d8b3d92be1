from datetime import UTC, datetime

import pytest

from csms.domain.facts import EventKind
from csms.domain.token import TokenRef
from csms.ocpp import Unreadable
from csms.ocpp.v16.transactions import decode_start, decode_stop

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def a_start(**members):
    return {
        "connectorId": 1,
        "idTag": "TAG1",
        "meterStart": 100,
        "timestamp": "2026-03-01T10:00:00Z",
        **members,
    }


def a_stop(**members):
    return {"transactionId": 7, "meterStop": 900, "timestamp": "2026-03-01T11:00:00Z", **members}


def without(payload, name):
    return {key: member for key, member in payload.items() if key != name}


def kinds(fact):
    return [anomaly.kind for anomaly in fact.anomalies]


def test_start():
    fact = decode_start(a_start(reservationId=3), RECEIVED)
    assert fact.kind is EventKind.STARTED
    assert (fact.at, fact.transaction_id, fact.sequence) == (AT, None, 0)
    assert (fact.evse, fact.connector, fact.reservation_id) == (1, 1, 3)
    assert fact.token == TokenRef("TAG1")
    assert fact.register_milliwh == 100_000
    assert (fact.trigger, fact.samples, fact.anomalies) == (None, (), ())


def test_stop():
    fact = decode_stop(a_stop(idTag="TAG1", reason="EVDisconnected"), RECEIVED)
    assert fact.kind is EventKind.ENDED
    assert (fact.transaction_id, fact.register_milliwh) == ("7", 900_000)
    assert (fact.stop_reason, fact.token) == ("EVDisconnected", TokenRef("TAG1"))
    assert (fact.evse, fact.details, fact.anomalies) == (None, {}, ())


def test_missing_stop_reason_means_local_and_is_noted():
    fact = decode_stop(a_stop(), RECEIVED)
    assert fact.stop_reason == "Local"
    assert fact.details == {"assumed": ["reason:Local"]}
    assert (fact.token, fact.anomalies) == (None, ())


def test_stop_brings_its_samples_in_their_order():
    fact = decode_stop(
        a_stop(
            transactionData=[
                {
                    "timestamp": f"2026-03-01T{hour}:00:00Z",
                    "sampledValue": [{"value": "5", "context": context}],
                }
                for hour, context in [(11, "Transaction.End"), (10, "Transaction.Begin")]
            ]
        ),
        RECEIVED,
    )
    assert [sample.context for sample in fact.samples] == ["Transaction.End", "Transaction.Begin"]


@pytest.mark.parametrize("number", [-1, 0, 2**63 - 1])
def test_stop_keeps_an_id_that_no_transaction_has(number):
    assert decode_stop(a_stop(transactionId=number), RECEIVED).transaction_id == str(number)


@pytest.mark.parametrize("raw", ["100", True, None, [], float("nan"), float("inf")])
def test_register_that_is_no_number_makes_a_start_unreadable(raw):
    payload = a_start(meterStart=raw)
    if isinstance(raw, float):
        assert decode_start(payload, RECEIVED).register_milliwh is None
        return
    with pytest.raises(Unreadable) as refusal:
        decode_start(payload, RECEIVED)
    assert refusal.value.field == "meterStart"


@pytest.mark.parametrize(
    ("name", "raw"),
    [("connectorId", "one"), ("connectorId", 1.5), ("timestamp", 1772359200)],
)
def test_start_with_a_member_that_may_mean_anything_is_unreadable(name, raw):
    with pytest.raises(Unreadable) as refusal:
        decode_start(a_start(**{name: raw}), RECEIVED)
    assert refusal.value.field == name


@pytest.mark.parametrize("name", ["connectorId", "meterStart"])
def test_start_without_connector_or_register_is_unreadable(name):
    with pytest.raises(Unreadable):
        decode_start(without(a_start(), name), RECEIVED)


def test_stop_without_register_is_unreadable():
    with pytest.raises(Unreadable):
        decode_stop(without(a_stop(), "meterStop"), RECEIVED)


def test_stop_without_an_id_names_no_transaction():
    fact = decode_stop(without(a_stop(), "transactionId"), RECEIVED)
    assert (fact.transaction_id, fact.id_is_ours) == (None, True)
    assert kinds(fact) == ["payload.missing"]


def test_start_without_token_or_time_is_kept():
    fact = decode_start(without(without(a_start(), "idTag"), "timestamp"), RECEIVED)
    assert (fact.token, fact.at) == (None, None)
    assert kinds(fact) == ["payload.missing", "time.unreadable"]


def test_a_start_without_a_zone_counts_as_utc_and_says_so():
    fact = decode_start({**a_start(), "timestamp": "2026-11-21T10:00:00"}, RECEIVED)
    assert fact.at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert kinds(fact) == ["time.no_zone"]


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30T10:00:00Z", "0000-01-01T00:00:00Z"])
def test_start_with_a_text_that_is_no_time_is_kept(text):
    fact = decode_start(a_start(timestamp=text), RECEIVED)
    assert fact.at is None
    assert [dict(each.details) for each in fact.anomalies] == [{"field": "timestamp", "raw": text}]


@pytest.mark.parametrize("connector", [0, -1])
def test_start_on_no_connector_is_kept_and_flagged(connector):
    fact = decode_start(a_start(connectorId=connector), RECEIVED)
    assert fact.connector == connector
    assert kinds(fact) == ["connector.implausible"]


@pytest.mark.parametrize(
    ("raw", "milliwh", "noted"),
    [
        (2**31, 2**31 * 1000, []),
        (-5, -5000, ["register.negative"]),
        (100.5, 100_500, ["payload.repaired"]),
        (2**63, None, ["register.implausible"]),
    ],
)
def test_odd_register_is_kept_and_flagged(raw, milliwh, noted):
    fact = decode_start(a_start(meterStart=raw), RECEIVED)
    assert fact.register_milliwh == milliwh
    assert kinds(fact) == noted


@pytest.mark.parametrize("tag", ["", "A" * 21, "TAG1\x00x", "\U0001f697", " TAG1 "])
def test_odd_token_is_kept_as_it_was_sent(tag):
    assert decode_start(a_start(idTag=tag), RECEIVED).token == TokenRef(tag)


def test_number_as_token_is_read_as_text_and_noted():
    fact = decode_start(a_start(idTag=12345), RECEIVED)
    assert fact.token == TokenRef("12345")
    assert kinds(fact) == ["payload.repaired"]


def test_members_of_a_vendor_are_no_anomaly():
    assert decode_start(a_start(vendorThing={"a": 1}), RECEIVED).anomalies == ()
