from datetime import UTC, datetime

import pytest

from csms.domain.facts import EventKind
from csms.domain.token import TokenRef
from csms.ocpp import Unreadable
from csms.ocpp.v201.transactions import decode_event

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def an_event(info=None, **members):
    return {
        "eventType": "Updated",
        "timestamp": "2026-03-01T10:00:00Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 4,
        "transactionInfo": {"transactionId": "T1", **(info or {})},
        **members,
    }


def kinds(fact):
    return [anomaly.kind for anomaly in fact.anomalies]


def test_event_with_all_that_the_version_has():
    fact = decode_event(
        an_event(
            info={"chargingState": "Charging", "remoteStartId": 11, "timeSpentCharging": 90},
            eventType="Started",
            offline=True,
            numberOfPhasesUsed=3,
            cableMaxCurrent=32,
            reservationId=5,
            evse={"id": 2, "connectorId": 1},
            idToken={
                "idToken": "TAG1",
                "type": "ISO14443",
                "additionalInfo": [{"additionalIdToken": "x", "type": "y"}],
            },
            meterValue=[
                {"timestamp": "2026-03-01T10:00:00Z", "sampledValue": [{"value": 1.5}]},
            ],
        ),
        RECEIVED,
    )
    assert fact.kind is EventKind.STARTED
    assert fact.at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (fact.transaction_id, fact.sequence) == ("T1", 4)
    assert (fact.evse, fact.connector) == (2, 1)
    assert fact.token == TokenRef("TAG1", "ISO14443")
    assert [sample.register_milliwh for sample in fact.samples] == [1500]
    assert (fact.trigger, fact.charging_state) == ("MeterValuePeriodic", "Charging")
    assert (fact.is_offline, fact.reservation_id, fact.remote_start_id) == (True, 5, 11)
    assert fact.details == {
        "time_spent_charging_s": 90,
        "number_of_phases_used": 3,
        "cable_max_current_a": 32,
        "additional_info": [{"additional_id_token": "x", "type": "y"}],
    }
    assert (fact.register_milliwh, fact.anomalies) == (None, ())


def test_ended_event_without_reason_was_local():
    fact = decode_event(an_event(eventType="Ended", meterValue=[]), RECEIVED)
    assert (fact.kind, fact.stop_reason, fact.samples) == (EventKind.ENDED, "Local", ())
    assert (fact.token, fact.evse, fact.details) == (None, None, {})


def test_token_of_type_no_authorization_has_an_empty_text():
    fact = decode_event(an_event(idToken={"idToken": "", "type": "NoAuthorization"}), RECEIVED)
    assert fact.token == TokenRef("", "NoAuthorization")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"eventType": "Paused"}, "eventType"),
        ({"eventType": None}, "eventType"),
        ({"eventType": ["Started"]}, "eventType"),
        ({"transactionInfo": None}, "transactionInfo"),
        ({"transactionInfo": "T1"}, "transactionInfo"),
        ({"transactionInfo": {}}, "transactionId"),
        ({"transactionInfo": {"transactionId": ""}}, "transactionId"),
        ({"transactionInfo": {"transactionId": 7}}, "transactionId"),
        ({"transactionInfo": {"transactionId": "x" * 37}}, "transactionId"),
        ({"timestamp": 1772359200}, "timestamp"),
    ],
)
def test_event_whose_transaction_kind_or_time_is_unclear_is_unreadable(members, field):
    with pytest.raises(Unreadable) as refusal:
        decode_event(an_event(**members), RECEIVED)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("members", "noted"),
    [
        ({"seqNo": -1}, ["sequence.implausible"]),
        ({"seqNo": None}, ["sequence.implausible"]),
        ({"seqNo": "3"}, ["payload.repaired"]),
        ({"timestamp": "soon"}, ["time.unreadable"]),
        ({"evse": 1}, ["payload.ignored"]),
        ({"evse": {"id": "1"}}, ["payload.repaired"]),
        ({"idToken": "TAG1"}, ["payload.ignored"]),
        ({"idToken": {"type": "ISO14443"}}, ["payload.missing"]),
        ({"offline": "yes"}, ["payload.ignored"]),
        ({"meterValue": "x"}, ["payload.ignored"]),
        ({"triggerReason": "Whim"}, []),
    ],
)
def test_event_that_is_clear_but_for_a_member_is_kept(members, noted):
    fact = decode_event(an_event(**members), RECEIVED)
    assert fact.transaction_id == "T1"
    assert kinds(fact) == noted
