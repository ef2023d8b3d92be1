"""Certificates on the wire of both versions."""

import pytest

from csms.domain.certificate_effects import (
    CertificateDeleted,
    CertificateInstalled,
    CertificatesTold,
    CertificateTaken,
    InstalledCertificate,
)
from csms.domain.certificate_facts import CertificateUse, Contract, OcspQuestion
from csms.domain.operations.security import (
    CertificateHash,
    CertificateSigned,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
    RenewCertificate,
)
from csms.ocpp.effects import effect_of, effect_of_error
from csms.ocpp.operations import Limits, asked_for, encode_operation
from csms.ocpp.routes import ROUTES
from csms.ocpp.unreadable import CannotCarry
from csms.ocppj.frames import CallError
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version

V16, V201 = Version.V16, Version.V201
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
HASH = CertificateHash("SHA384", "ab" * 48, "CD" * 48, "0F")
WIRE = {
    "hashAlgorithm": "SHA384",
    "issuerNameHash": "ab" * 48,
    "issuerKeyHash": "CD" * 48,
    "serialNumber": "0F",
}
NAMED = ("SHA384", "ab" * 48, "CD" * 48, "0F")
QUESTION = {**WIRE, "responderURL": "http://ocsp"}


def encoded(version, operation):
    calls = encode_operation(version, operation, Limits())
    for action, payload in calls:
        assert request_violation(version, action, payload) is None
    return [tuple(each) for each in calls]


@pytest.mark.parametrize(
    ("version", "operation", "calls"),
    [
        (
            V16,
            RenewCertificate(),
            [("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})],
        ),
        (
            V201,
            RenewCertificate("V2G", evse=2),
            [("TriggerMessage", {"requestedMessage": "SignV2GCertificate", "evse": {"id": 2}})],
        ),
        (
            V16,
            CertificateSigned(PEM.replace("\n", "\r\n")),
            [("CertificateSigned", {"certificateChain": PEM})],
        ),
        (
            V201,
            CertificateSigned(PEM, "V2GCertificate"),
            [
                (
                    "CertificateSigned",
                    {"certificateChain": PEM, "certificateType": "V2GCertificate"},
                )
            ],
        ),
        (
            V16,
            InstallCertificate("CSMSRootCertificate", "\n" + PEM.replace("\n", " \r")),
            [
                (
                    "InstallCertificate",
                    {"certificateType": "CentralSystemRootCertificate", "certificate": PEM},
                )
            ],
        ),
        (
            V201,
            InstallCertificate("CentralSystemRootCertificate", PEM),
            [
                (
                    "InstallCertificate",
                    {"certificateType": "CSMSRootCertificate", "certificate": PEM},
                )
            ],
        ),
        (
            V16,
            GetInstalledCertificateIds(["CSMSRootCertificate", "CentralSystemRootCertificate"]),
            [("GetInstalledCertificateIds", {"certificateType": "CentralSystemRootCertificate"})],
        ),
        (
            V201,
            GetInstalledCertificateIds(["V2GCertificateChain", "MORootCertificate"]),
            [
                (
                    "GetInstalledCertificateIds",
                    {"certificateType": ["V2GCertificateChain", "MORootCertificate"]},
                )
            ],
        ),
        (V201, GetInstalledCertificateIds(), [("GetInstalledCertificateIds", {})]),
        (V16, DeleteCertificate(HASH), [("DeleteCertificate", {"certificateHashData": WIRE})]),
        (V201, DeleteCertificate(HASH), [("DeleteCertificate", {"certificateHashData": WIRE})]),
    ],
)
def test_operations_are_written_in_the_words_of_the_version(version, operation, calls):
    assert encoded(version, operation) == calls


@pytest.mark.parametrize(
    "operation",
    [
        RenewCertificate("V2G"),
        RenewCertificate("Combined"),
        RenewCertificate(evse=1),
        CertificateSigned(PEM, "V2GCertificate"),
        InstallCertificate("MORootCertificate", PEM),
        GetInstalledCertificateIds(["V2GCertificateChain"]),
    ],
)
def test_what_1_6_does_not_know_is_refused_in_a_sentence(operation):
    with pytest.raises(CannotCarry, match=r"^OCPP 1\.6 "):
        encode_operation(V16, operation, Limits())


@pytest.mark.parametrize(
    ("version", "action", "message", "use"),
    [
        (V16, "ExtendedTriggerMessage", "SignChargePointCertificate", "ChargingStation"),
        (V201, "TriggerMessage", "SignChargingStationCertificate", "ChargingStation"),
        (V201, "TriggerMessage", "SignV2GCertificate", "V2G"),
        (V201, "TriggerMessage", "SignCombinedCertificate", "Combined"),
    ],
)
def test_a_relayed_trigger_is_followed_too_and_lets_the_request_in(version, action, message, use):
    asked = asked_for(version, action, {"requestedMessage": message})
    assert asked.follow is not None
    assert (asked.follow.subject, asked.follow.number) == ("certificate", use)
    assert asked.invites == {"SignCertificate"}


@pytest.mark.parametrize(
    ("kind", "use"),
    [
        ("ChargingStationCertificate", CertificateUse.STATION),
        ("V2GCertificate", CertificateUse.V2G),
        (None, None),
    ],
)
def test_a_request_says_what_it_is_for(kind, use):
    payload = {"csr": "x"} if kind is None else {"csr": "x", "certificateType": kind}
    assert ROUTES[V201]["SignCertificate"].decode(payload, None).use is use
    assert ROUTES[V16]["SignCertificate"].decode({"csr": "x"}, None).use is CertificateUse.STATION


def test_a_contract_comes_as_a_chain_as_hashes_or_not_at_all():
    token = {"idToken": {"idToken": "X", "type": "eMAID"}}
    decode = ROUTES[V201]["Authorize"].decode
    question = OcspQuestion(*NAMED, "http://ocsp")
    assert decode(token, None).contract is None
    assert decode({**token, "certificate": PEM}, None).contract == Contract(PEM)
    hashes = {"iso15118CertificateHashData": [QUESTION]}
    assert decode({**token, **hashes}, None).contract == Contract(None, (question,))


@pytest.mark.parametrize(
    ("version", "action", "request_", "response", "effect"),
    [
        (
            V16,
            "GetInstalledCertificateIds",
            {"certificateType": "CentralSystemRootCertificate"},
            {"status": "Accepted", "certificateHashData": [WIRE]},
            CertificatesTold(
                frozenset({"CSMSRootCertificate"}),
                (InstalledCertificate("CSMSRootCertificate", *NAMED),),
            ),
        ),
        (
            V201,
            "GetInstalledCertificateIds",
            {},
            {
                "status": "Accepted",
                "certificateHashDataChain": [
                    {
                        "certificateType": "V2GCertificateChain",
                        "certificateHashData": WIRE,
                        "childCertificateHashData": [WIRE],
                    }
                ],
            },
            CertificatesTold(
                None,
                (
                    InstalledCertificate(
                        "V2GCertificateChain",
                        *NAMED,
                        (InstalledCertificate("V2GCertificateChain", *NAMED),),
                    ),
                ),
            ),
        ),
        (
            V201,
            "GetInstalledCertificateIds",
            {"certificateType": ["MORootCertificate"]},
            {"status": "NotFound"},
            CertificatesTold(frozenset({"MORootCertificate"}), ()),
        ),
        (
            V16,
            "InstallCertificate",
            {"certificateType": "ManufacturerRootCertificate", "certificate": PEM},
            {"status": "Accepted"},
            CertificateInstalled("ManufacturerRootCertificate", PEM),
        ),
        (
            V201,
            "InstallCertificate",
            {"certificateType": "MORootCertificate", "certificate": PEM},
            {"status": "Rejected"},
            None,
        ),
        (
            V201,
            "DeleteCertificate",
            {"certificateHashData": WIRE},
            {"status": "NotFound"},
            CertificateDeleted(InstalledCertificate("", *NAMED)),
        ),
        (V16, "DeleteCertificate", {"certificateHashData": WIRE}, {"status": "Failed"}, None),
        (
            V201,
            "CertificateSigned",
            {"certificateChain": PEM},
            {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}},
            CertificateTaken(PEM, "Rejected", "InvalidCertificate"),
        ),
        (V16, "InstallCertificate", {"certificateType": 7}, {"status": "Accepted"}, None),
    ],
)
def test_answers_tell_what_is_on_the_station(version, action, request_, response, effect):
    assert effect_of(version, action, request_, response) == effect


def test_a_station_that_lists_without_end_is_believed_in_part():
    entry = {**WIRE, "issuerNameHash": "a" * 9000}
    chain = {
        "certificateType": "V2GCertificateChain",
        "certificateHashData": entry,
        "childCertificateHashData": [entry] * 50,
    }
    answer = {"status": "Accepted", "certificateHashDataChain": [chain] * 900}
    told = effect_of(V201, "GetInstalledCertificateIds", {}, answer)
    assert len(told.certificates) == 500
    assert len(told.certificates[0].children) == 8
    assert len(told.certificates[0].issuer_name_hash) == 128


@pytest.mark.parametrize("version", Version)
def test_a_certificate_answered_with_an_error_was_not_taken(version):
    error = CallError("1", "InternalError", "no room", {})
    told = effect_of_error(version, "CertificateSigned", {"certificateChain": PEM}, error)
    assert told == CertificateTaken(PEM, "InternalError", "no room")
