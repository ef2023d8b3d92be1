"""Every answer and every command fits the schemas; what stations agree to is understood."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from csms.domain import certificate_facts, facts
from csms.domain.commands import (
    AskCapabilities,
    AskProfiles,
    AskTransaction,
    ChangeCredentials,
    ClearProfiles,
    CredentialsRefused,
    InstallProfile,
    InstallRefused,
    ProfilesTold,
    StartRemotely,
    StopRemotely,
    Trigger,
)
from csms.domain.token import Authorization, TokenRef, TokenStatus
from csms.ocpp import (
    ROUTES,
    CannotCarry,
    answer_status,
    effect_of,
    effect_of_error,
    encode_command,
    status_reason,
)
from csms.ocppj.frames import CallError
from csms.ocppj.schemas import request_violation, response_violation
from csms.ocppj.version import STATION_ACTIONS, Version
from profiles import ChargingProfile, Kind, Period, Purpose, RateUnit, RecurrencyKind, Schedule

NOW = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)
V16, V201 = Version.V16, Version.V201
ACCEPTED = {"status": "Accepted"}


def a_profile(**members):
    return ChargingProfile(
        **{
            "id": 12,
            "stack_level": 1,
            "purpose": Purpose.TX,
            "kind": Kind.RELATIVE,
            "schedule": Schedule(RateUnit.A, (Period(0, 16.0), Period(60, 10.5, 3))),
            "transaction_id": "77",
            **members,
        }
    )


def a_recurring_profile(**members):
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    schedule = Schedule(RateUnit.W, (Period(0, 4200.0),), noon, 3600, 6.0)
    return a_profile(
        purpose=Purpose.STATION_MAX,
        kind=Kind.RECURRING,
        recurrency_kind=RecurrencyKind.DAILY,
        schedule=schedule,
        transaction_id=None,
        valid_from=noon,
        valid_to=noon.replace(year=2027),
        **members,
    )


@pytest.mark.parametrize("version", Version)
def test_only_actions_that_a_station_may_call_have_routes(version):
    assert set(ROUTES[version]) <= STATION_ACTIONS[version]
    assert all(action == route.action for action, route in ROUTES[version].items())
    kept = {action for action, route in ROUTES[version].items() if route.keeps}
    of_version = {V16: {"StartTransaction", "StopTransaction"}, V201: {"TransactionEvent"}}
    assert kept == {"MeterValues", *of_version[version]}


FULL = Authorization(TokenStatus.ACCEPTED, NOW, "PARENT", "GROUP", "ISO14443", (1, 2), "sv", "Hej")
ANSWERS = [
    *[
        (version, "BootNotification", facts.BootAnswer(registration, 300, NOW))
        for version in Version
        for registration in facts.Registration
    ],
    *[(version, "Heartbeat", facts.HeartbeatAnswer(NOW)) for version in Version],
    *[
        (version, "Authorize", facts.AuthorizationAnswer(Authorization(status)))
        for version in Version
        for status in TokenStatus
    ],
    *[(version, "Authorize", facts.AuthorizationAnswer(FULL)) for version in Version],
    *[
        (version, "Authorize", facts.AuthorizationAnswer(Authorization(FULL.status, NOW, "P" * 50)))
        for version in Version
    ],
    (V16, "StartTransaction", facts.TransactionAnswer("7", FULL)),
    (V16, "StartTransaction", facts.TransactionAnswer("7")),
    (V16, "StopTransaction", facts.TransactionAnswer("7", FULL)),
    (V16, "StopTransaction", facts.TransactionAnswer("7")),
    (V201, "TransactionEvent", facts.TransactionAnswer("abc", FULL)),
    (V201, "TransactionEvent", facts.TransactionAnswer("abc")),
    (V201, "TransactionEvent", facts.TransactionAnswer("abc", None, Decimal("12.30"))),
    *[
        (version, "DataTransfer", answer)
        for version in Version
        for answer in (
            facts.DataTransferAnswer("UnknownVendorId"),
            facts.DataTransferAnswer("Accepted", {"any": ["JSON"]}),
        )
    ],
    *[
        (V201, "NotifyEVChargingNeeds", facts.EvNeedsAnswer(status))
        for status in ("Accepted", "Processing", "Rejected")
    ],
    *[
        (V201, "NotifyEVChargingSchedule", facts.EvNeedsAnswer(status))
        for status in ("Accepted", "Rejected")
    ],
    *[
        (version, "SignCertificate", certificate_facts.CertificateRequestAnswer(*told))
        for version in Version
        for told in ((True, None), (False, None), (False, "why " * 500))
    ],
    *[
        (V201, "GetCertificateStatus", certificate_facts.CertificateStatusAnswer(*told))
        for told in (("MIIB" * 1375, None), (None, "why " * 500), (None, None))
    ],
    *[
        (V201, "Get15118EVCertificate", certificate_facts.EvCertificateAnswer(*told))
        for told in ((True, "A" * 7500), (False, "", "why " * 500), (False, "AA"))
    ],
    *[
        (V201, "Authorize", facts.AuthorizationAnswer(FULL, status))
        for status in certificate_facts.CertificateStatus
    ],
    *[
        (version, action, facts.Acknowledged())
        for version, action in [
            (V16, "MeterValues"),
            (V16, "StatusNotification"),
            (V16, "SecurityEventNotification"),
            (V201, "MeterValues"),
            (V201, "StatusNotification"),
            (V201, "NotifyReport"),
            (V201, "NotifyMonitoringReport"),
            (V201, "NotifyChargingLimit"),
            (V201, "ClearedChargingLimit"),
            (V201, "ReportChargingProfiles"),
            (V201, "ReservationStatusUpdate"),
            (V201, "NotifyEvent"),
            (V201, "SecurityEventNotification"),
            (V201, "LogStatusNotification"),
            (V201, "FirmwareStatusNotification"),
            (V201, "PublishFirmwareStatusNotification"),
            (V201, "NotifyCustomerInformation"),
            (V201, "NotifyDisplayMessages"),
            (V16, "DiagnosticsStatusNotification"),
            (V16, "FirmwareStatusNotification"),
            (V16, "LogStatusNotification"),
            (V16, "SignedFirmwareStatusNotification"),
        ]
    ],
]


@pytest.mark.parametrize(("version", "action", "answer"), ANSWERS)
def test_answers_fit_their_schemas(version, action, answer):
    payload = ROUTES[version][action].encode(answer)
    assert response_violation(version, action, payload) is None


def test_every_route_has_its_answer_tested():
    tested = {(version, action) for version, action, _ in ANSWERS}
    assert tested == {(version, action) for version in Version for action in ROUTES[version]}


@pytest.mark.parametrize("version", Version)
def test_current_time_is_whole_seconds_of_utc(version):
    answer = ROUTES[version]["Heartbeat"].encode(facts.HeartbeatAnswer(NOW))
    assert answer == {"currentTime": "2026-03-01T12:00:00Z"}


def test_start_of_16_is_answered_with_number_and_judgement():
    answer = facts.TransactionAnswer("1007", FULL)
    assert ROUTES[V16]["StartTransaction"].encode(answer) == {
        "transactionId": 1007,
        "idTagInfo": {
            "status": "Accepted",
            "expiryDate": "2026-03-01T12:00:00Z",
            "parentIdTag": "PARENT",
        },
    }


def test_stop_of_16_without_token_has_no_judgement_to_invent():
    assert ROUTES[V16]["StopTransaction"].encode(facts.TransactionAnswer("7")) == {}


def test_event_of_201_is_answered_with_judgement_and_group():
    answer = facts.TransactionAnswer("abc", FULL)
    assert ROUTES[V201]["TransactionEvent"].encode(answer) == {
        "idTokenInfo": {
            "status": "Accepted",
            "cacheExpiryDateTime": "2026-03-01T12:00:00Z",
            "evseId": [1, 2],
            "language1": "sv",
            "personalMessage": {"format": "UTF8", "content": "Hej"},
            "groupIdToken": {"idToken": "GROUP", "type": "ISO14443"},
        },
    }


def test_boot_of_16():
    fact = ROUTES[V16]["BootNotification"].decode(
        {
            "chargePointVendor": "V",
            "chargePointModel": "M",
            "chargeBoxSerialNumber": "S",
            "firmwareVersion": "1",
            "meterType": "T",
        },
        NOW,
    )
    assert (fact.vendor, fact.model, fact.serial_number, fact.reason) == ("V", "M", "S", None)
    assert fact.identity == {
        "charge_box_serial_number": "S",
        "firmware_version": "1",
        "meter_type": "T",
    }


def test_boot_of_201():
    fact = ROUTES[V201]["BootNotification"].decode(
        {
            "reason": "PowerUp",
            "chargingStation": {
                "vendorName": "V",
                "model": "M",
                "serialNumber": "S",
                "modem": {"iccid": "I"},
            },
        },
        NOW,
    )
    assert (fact.vendor, fact.model, fact.reason) == ("V", "M", "PowerUp")
    assert fact.identity == {"serial_number": "S", "iccid": "I"}


def test_status_of_both_versions():
    old = ROUTES[V16]["StatusNotification"].decode(
        {"connectorId": 0, "errorCode": "NoError", "status": "Available", "info": "fine"}, NOW
    )
    assert (old.evse, old.connector, old.at, old.error_code) == (0, 0, None, "NoError")
    assert (old.details, old.anomalies) == ({"info": "fine"}, ())
    new = ROUTES[V201]["StatusNotification"].decode(
        {
            "timestamp": "2026-03-01T10:00:00Z",
            "connectorStatus": "Occupied",
            "evseId": 2,
            "connectorId": 1,
        },
        NOW,
    )
    assert (new.evse, new.connector, new.status) == (2, 1, "Occupied")
    assert new.at == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_authorize_of_both_versions():
    old = ROUTES[V16]["Authorize"].decode({"idTag": "A"}, NOW)
    new = ROUTES[V201]["Authorize"].decode({"idToken": {"idToken": "A", "type": "eMAID"}}, NOW)
    assert (old.token, new.token) == (TokenRef("A"), TokenRef("A", "eMAID"))


def test_data_transfer_keeps_whatever_the_vendor_sends():
    fact = ROUTES[V201]["DataTransfer"].decode({"vendorId": "V", "data": [1, {"a": None}]}, NOW)
    assert (fact.vendor_id, fact.message_id, fact.content) == ("V", None, [1, {"a": None}])


def test_a_report_without_data_is_an_empty_part_and_the_last_one():
    payload = {"generatedAt": "2026-03-01T10:00:00Z", "seqNo": 0, "requestId": 1}
    for action in ("NotifyReport", "NotifyMonitoringReport"):
        fact = ROUTES[V201][action].decode(payload, NOW)
        assert (fact.request_id, fact.sequence, fact.is_last) == (1, 0, True)
        assert fact.at == datetime(2026, 3, 1, 10, tzinfo=UTC)


COMMANDS = [
    InstallProfile(1, a_profile()),
    InstallProfile(0, a_recurring_profile()),
    ClearProfiles(profile_id=12),
    ClearProfiles(evse=1, purpose=Purpose.TX_DEFAULT.value, stack_level=2),
    ClearProfiles(purpose=Purpose.STATION_MAX.value),
]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("command", COMMANDS)
def test_command_fits_its_schema_and_is_read_back_when_accepted(version, command):
    action, payload = encode_command(version, command)
    assert request_violation(version, action, payload) is None
    assert effect_of(version, action, payload, ACCEPTED) == command
    assert not isinstance(
        effect_of(version, action, payload, {"status": "Rejected"}), InstallProfile | ClearProfiles
    )


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"status": "Rejected"}, "Rejected", None),
        ({"status": "NotSupported"}, "NotSupported", None),
        ({"status": "Rejected", "statusInfo": {"reasonCode": "X"}}, "Rejected", "X"),
        ({}, "Unknown", None),
        ({"status": ["Accepted"]}, "Unknown", None),
    ],
)
def test_profile_that_was_not_accepted_was_refused(version, answer, status, reason):
    command = InstallProfile(1, a_profile())
    action, payload = encode_command(version, command)
    refused = InstallRefused(1, command.profile, status, reason)
    assert effect_of(version, action, payload, answer) == refused


@pytest.mark.parametrize("version", Version)
def test_profile_answered_with_an_error_was_refused_with_the_code(version):
    command = InstallProfile(1, a_profile())
    action, payload = encode_command(version, command)
    error = CallError("1", "FormationViolation", "no such level", {})
    assert effect_of_error(version, action, payload, error) == InstallRefused(
        1, command.profile, "FormationViolation", "no such level"
    )
    assert effect_of_error(version, "Reset", {"type": "Soft"}, error) is None
    assert effect_of_error(version, action, {}, error) is None


@pytest.mark.parametrize("version", Version)
def test_profile_that_the_station_does_not_know_is_gone(version):
    command = ClearProfiles(profile_id=12)
    action, payload = encode_command(version, command)
    assert effect_of(version, action, payload, {"status": "Unknown"}) == command
    assert effect_of(version, action, payload, {"status": "Failed"}) is None


ASKS = [
    (V16, StopRemotely("77")),
    (V201, StopRemotely("3e1b7d40-e07d-47f8-b7d9-3e9a329af2be")),
    (V201, AskProfiles(3)),
    (V201, AskProfiles(3, 0)),
    (V201, AskProfiles(3, 2)),
    (V201, Trigger("transaction")),
    (V201, Trigger("transaction", 2)),
    (V201, Trigger("status", 2)),
    (V16, Trigger("status")),
    (V16, Trigger("status", 2)),
    *[(version, AskCapabilities()) for version in Version],
    *[(version, Trigger("meter_values", evse)) for version in Version for evse in (None, 0, 2)],
]


@pytest.mark.parametrize(("version", "command"), ASKS)
def test_question_fits_its_schema(version, command):
    assert request_violation(version, *encode_command(version, command)) is None


def test_f06_fr_13_status_is_asked_of_a_connector():
    assert encode_command(V201, Trigger("status", 2)) == (
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}},
    )


def test_k09_fr_03_all_profiles_are_asked_by_every_source():
    assert encode_command(V201, AskProfiles(3)) == (
        "GetChargingProfiles",
        {"requestId": 3, "chargingProfile": {"chargingLimitSource": ["CSO", "EMS", "Other", "SO"]}},
    )


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ({"status": "Accepted"}, ProfilesTold(3, has_profiles=True)),
        ({"status": "NoProfiles"}, ProfilesTold(3, has_profiles=False)),
        ({"status": "Perhaps"}, None),
        ({}, None),
    ],
)
def test_whether_reports_of_profiles_follow(response, told):
    action, payload = encode_command(V201, AskProfiles(3))
    assert effect_of(V201, action, payload, response) == told


def test_clearing_all_profiles_is_an_empty_request_in_16():
    assert encode_command(V16, ClearProfiles()) == ("ClearChargingProfile", {})


@pytest.mark.parametrize("version", Version)
def test_empty_clearing_that_was_relayed_clears_all(version):
    assert effect_of(version, "ClearChargingProfile", {}, ACCEPTED) == ClearProfiles()


def test_profile_in_the_words_of_16():
    assert encode_command(V16, InstallProfile(1, a_profile())) == (
        "SetChargingProfile",
        {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 12,
                "transactionId": 77,
                "stackLevel": 1,
                "chargingProfilePurpose": "TxProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16.0},
                        {"startPeriod": 60, "limit": 10.5, "numberPhases": 3},
                    ],
                },
            },
        },
    )


def test_station_profile_has_its_own_name_in_16():
    _, payload = encode_command(V16, InstallProfile(0, a_recurring_profile()))
    profile = payload["csChargingProfiles"]
    assert profile["chargingProfilePurpose"] == "ChargePointMaxProfile"
    assert profile["validFrom"] == "2026-03-01T12:00:00Z"
    assert profile["chargingSchedule"]["startSchedule"] == "2026-03-01T12:00:00Z"


def test_profile_in_the_words_of_201():
    _, payload = encode_command(V201, InstallProfile(1, a_profile(transaction_id="abc")))
    assert payload == {
        "evseId": 1,
        "chargingProfile": {
            "id": 12,
            "transactionId": "abc",
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16.0},
                        {"startPeriod": 60, "limit": 10.5, "numberPhases": 3},
                    ],
                }
            ],
        },
    }


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("limit", "sent"), [(16.19, 16.1), (2.3, 2.3), (10.1, 10.1), (0.0, 0.0), (4166.6667, 4166.6)]
)
def test_limit_never_grows_and_has_one_decimal(version, limit, sent):
    profile = a_profile(schedule=Schedule(RateUnit.A, (Period(0, limit),)))
    action, payload = encode_command(version, InstallProfile(1, profile))
    effect = effect_of(version, action, payload, ACCEPTED)
    assert effect.profile.schedule.periods[0].limit == sent


@pytest.mark.parametrize("version", Version)
def test_every_tenth_of_an_ampere_fits_the_schema(version):
    periods = tuple(Period(tenths, tenths / 10) for tenths in range(1000))
    command = InstallProfile(1, a_profile(schedule=Schedule(RateUnit.A, periods)))
    assert request_violation(version, *encode_command(version, command)) is None


def test_profile_for_two_schedules_of_iso_15118_goes_to_201_only():
    other = Schedule(RateUnit.A, (Period(0, 6.0, 1, 2),), id=2)
    command = InstallProfile(1, a_profile(other_schedules=(other,)))
    action, payload = encode_command(V201, command)
    assert request_violation(V201, action, payload) is None
    assert effect_of(V201, action, payload, ACCEPTED) == command
    with pytest.raises(CannotCarry):
        encode_command(V16, command)


@pytest.mark.parametrize(
    ("version", "command"),
    [
        (V16, InstallProfile(1, a_profile(transaction_id="abc"))),
        (V16, InstallProfile(0, a_profile(purpose=Purpose.EXTERNAL_CONSTRAINTS))),
        (V16, InstallProfile(1, a_profile(schedule=Schedule(RateUnit.A, (Period(0, 6.0, 1, 2),))))),
        (V16, ClearProfiles(purpose=Purpose.EXTERNAL_CONSTRAINTS.value)),
        (V201, ClearProfiles(profile_id=12, evse=1)),
        (V201, ClearProfiles()),
        (V201, InstallProfile(0, a_profile(purpose=Purpose.LOCAL_GENERATION))),
        (V201, StartRemotely("TAG1", 1, None)),
        *[(each, InstallProfile(1, a_profile(kind=Kind.DYNAMIC))) for each in Version],
        *[
            (
                each,
                InstallProfile(1, a_profile(schedule=Schedule(RateUnit.A, (Period(0, None),)))),
            )
            for each in Version
        ],
        (V16, StopRemotely("abc")),
        (V16, AskProfiles(1)),
        (V16, AskTransaction("1")),
        (V16, Trigger("transaction", 1)),
        (V201, Trigger("status")),
        *[(each, Trigger("weather")) for each in Version],
        (V16, ChangeCredentials("short")),
        (V201, ChangeCredentials("short")),
    ],
)
def test_what_a_version_cannot_carry_is_said_in_a_sentence(version, command):
    with pytest.raises(CannotCarry, match=r"^[A-Z].*\.$"):
        encode_command(version, command)


def test_remote_start_of_16_with_its_profile():
    command = StartRemotely("TAG1", 1, a_profile(transaction_id=None))
    action, payload = encode_command(V16, command)
    assert action == "RemoteStartTransaction"
    assert request_violation(V16, action, payload) is None
    assert effect_of(V16, action, payload, ACCEPTED) == command


def test_remote_start_of_201_is_understood():
    profile = encode_command(V201, InstallProfile(1, a_profile(transaction_id=None)))[1]
    request = {
        "evseId": 2,
        "remoteStartId": 1,
        "idToken": {"idToken": "TAG1", "type": "Central"},
        "chargingProfile": profile["chargingProfile"],
    }
    effect = effect_of(V201, "RequestStartTransaction", request, ACCEPTED)
    assert effect == StartRemotely("TAG1", 2, a_profile(transaction_id=None), "Central", 1)


def test_password_travels_as_hexadecimal_in_16():
    action, payload = encode_command(V16, ChangeCredentials("correct-horse-42"))
    assert (action, payload["key"]) == ("ChangeConfiguration", "AuthorizationKey")
    assert bytes.fromhex(payload["value"]) == b"correct-horse-42"
    assert request_violation(V16, action, payload) is None
    effect = effect_of(V16, action, payload, ACCEPTED)
    assert effect == ChangeCredentials(payload["value"])
    assert encode_command(V16, effect) == (action, payload)


def test_other_configuration_keys_mean_nothing_to_us():
    request = {"key": "HeartbeatInterval", "value": "60"}
    assert effect_of(V16, "ChangeConfiguration", request, ACCEPTED) is None


def test_password_travels_as_text_in_201():
    command = ChangeCredentials("correct-horse-battery")
    action, payload = encode_command(V201, command)
    assert request_violation(V201, action, payload) is None
    result = {"attributeStatus": "Accepted", **payload["setVariableData"][0]}
    assert effect_of(V201, action, payload, {"setVariableResult": [result]}) == command


def test_only_the_variable_that_was_accepted_counts():
    def entry(name, **members):
        return {"component": {"name": "SecurityCtrlr"}, "variable": {"name": name}, **members}

    request = {
        "setVariableData": [
            entry("BasicAuthPassword", attributeValue="correct-horse-battery"),
            entry("Identity", attributeValue="x"),
        ]
    }
    results = [
        entry("BasicAuthPassword", attributeStatus="Rejected"),
        entry("Identity", attributeStatus="Accepted"),
    ]
    effect = effect_of(V201, "SetVariables", request, {"setVariableResult": results})
    assert effect == CredentialsRefused("correct-horse-battery")


def test_names_of_schedules_that_came_another_way_are_read():
    request = {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "ChargePointMaxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "chargingRateUnit": "W",
                "startSchedule": "2026-11-21T02:17:10+02:00",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9000}],
            },
        },
    }
    effect = effect_of(V16, "SetChargingProfile", request, ACCEPTED)
    assert effect.profile.purpose is Purpose.STATION_MAX
    assert effect.profile.schedule.start == datetime(2026, 11, 21, 0, 17, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("response", "status", "reason"),
    [
        ({"status": "Accepted"}, "Accepted", None),
        ({}, None, None),
        ({"status": 5, "statusInfo": "x"}, None, None),
        (
            {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidSchedule"}},
            "Rejected",
            "InvalidSchedule",
        ),
        (
            {"statusInfo": {"reasonCode": "TxNotFound", "additionalInfo": "no 7"}},
            None,
            "TxNotFound: no 7",
        ),
    ],
)
def test_status_and_reason_of_an_answer(response, status, reason):
    assert answer_status(response) == status
    assert status_reason(response) == reason
