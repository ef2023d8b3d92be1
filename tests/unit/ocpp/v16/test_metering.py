from datetime import UTC, datetime

import pytest

from csms.ocpp import Unreadable
from csms.ocpp.v16.metering import decode_meter_values

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def meter_values(**members):
    entry = {"timestamp": "2026-03-01T10:05:00Z", "sampledValue": [{"value": "5"}]}
    return {"meterValue": [entry], **members}


def test_meter_values_of_a_transaction():
    fact = decode_meter_values(meter_values(connectorId=2, transactionId=7), RECEIVED)
    assert (fact.evse, fact.connector, fact.transaction_id) == (2, 2, "7")
    assert [sample.register_milliwh for sample in fact.samples] == [5000]
    assert fact.anomalies == ()


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63 - 1])
def test_id_that_no_transaction_has_means_none(number):
    fact = decode_meter_values(meter_values(connectorId=1, transactionId=number), RECEIVED)
    assert fact.transaction_id is None
    assert [(each.kind, each.details["raw"]) for each in fact.anomalies] == [
        ("transaction_id.implausible", number)
    ]
    assert len(fact.samples) == 1


def test_absent_transaction_is_no_anomaly():
    fact = decode_meter_values(meter_values(connectorId=0), RECEIVED)
    assert (fact.evse, fact.connector, fact.transaction_id, fact.anomalies) == (0, 0, None, ())


def test_transaction_alone_says_whose_values_they_are():
    fact = decode_meter_values(meter_values(transactionId=7), RECEIVED)
    assert (fact.evse, fact.connector, fact.transaction_id) == (0, None, "7")


def test_values_of_nobody_are_unreadable():
    with pytest.raises(Unreadable, match="connectorId"):
        decode_meter_values(meter_values(transactionId=0), RECEIVED)
