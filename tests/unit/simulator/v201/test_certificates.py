"""Certificates of a station: installed, listed, deleted, asked for and taken."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.simulator.certificates import Authority

USES = [
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
]


@pytest.fixture(scope="module")
def root():
    return Authority()


@pytest.fixture
def room(lab):
    room = lab("2.0.1")
    room.run(1)
    return room


def install(room, use, pem):
    return room.command("InstallCertificate", {"certificateType": use, "certificate": pem})


def listed(room, *uses):
    asked = {"certificateType": list(uses)} if uses else {}
    return room.command("GetInstalledCertificateIds", asked)


def sign(room, trigger="SignChargingStationCertificate"):
    room.command("TriggerMessage", {"requestedMessage": trigger})
    room.run(1)
    return room.said("SignCertificate")[-1]


def give(room, chain, **more):
    return room.command("CertificateSigned", {"certificateChain": chain, **more})


@pytest.mark.parametrize("use", USES)
def test_m05_installed_root_is_listed_with_its_true_hashes_and_m04_deleted(room, root, use):
    assert install(room, use, root.pem) == {"status": "Accepted"}
    (told,) = listed(room, use)["certificateHashDataChain"]
    key = root.certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    issuer = root.certificate.issuer.public_bytes()
    assert told == {
        "certificateType": use,
        "certificateHashData": {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": hashlib.sha256(issuer).hexdigest(),
            "issuerKeyHash": hashlib.sha256(key).hexdigest(),
            "serialNumber": f"{root.certificate.serial_number:x}",
        },
    }
    wanted = {"certificateHashData": told["certificateHashData"]}
    assert room.command("DeleteCertificate", wanted) == {"status": "Accepted"}
    assert room.command("DeleteCertificate", wanted) == {"status": "NotFound"}
    assert listed(room) == {"status": "NotFound"}


def test_m03_only_what_is_asked_for_is_listed(room, root):
    install(room, USES[0], root.pem)
    assert listed(room, USES[1]) == {"status": "NotFound"}
    assert len(listed(room)["certificateHashDataChain"]) == 1


@pytest.mark.parametrize(
    "pem", ["x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_m05_fr_07_what_is_no_certificate_is_rejected(room, pem):
    answer = install(room, USES[2], pem)
    assert answer["status"] == "Rejected"
    assert answer["statusInfo"]["reasonCode"] == "InvalidCertificate"


def test_m05_fr_06_the_store_has_an_end_and_fr_17_the_same_again_is_fine(room, root):
    pems = [Authority(f"R{n}").pem for n in range(12)]
    assert {install(room, USES[2], pem)["status"] for pem in pems} == {"Accepted"}
    assert install(room, USES[2], root.pem)["status"] == "Rejected"
    assert install(room, USES[2], pems[0])["status"] == "Accepted"
    asked = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "CertificateEntries"}}
    (told,) = room.command("GetVariables", {"getVariableData": [asked]})["getVariableResult"]
    assert told["attributeValue"] == "12"


def test_expired_root_is_rejected(room):
    assert install(room, USES[2], Authority(until_days=-1).pem)["status"] == "Rejected"


@pytest.mark.parametrize(
    ("trigger", "use"),
    [
        ("SignChargingStationCertificate", "ChargingStationCertificate"),
        ("SignV2GCertificate", "V2GCertificate"),
    ],
)
def test_a02_certificate_is_asked_for_taken_and_held(room, root, trigger, use):
    asked = sign(room, trigger)
    assert asked["certificateType"] == use
    request = x509.load_pem_x509_csr(asked["csr"].encode())
    names = {each.rfc4514_attribute_name: each.value for each in request.subject}
    assert (names["O"], names["CN"]) == ("Simulated Charging", "LAB-1")
    answer = give(room, root.sign(asked["csr"]), certificateType=use)
    assert answer == {"status": "Accepted"}
    chain, key = room.station.upkeep.certificates.own(use).pem()
    assert "BEGIN CERTIFICATE" in chain
    assert "PRIVATE KEY" in key


def test_v2g_chain_is_listed_with_its_children_and_the_stations_own_stays(room, root):
    below = Authority("Sub", above=root)
    asked = sign(room, "SignV2GCertificate")
    give(room, below.sign(asked["csr"]) + below.pem, certificateType="V2GCertificate")
    (told,) = listed(room, "V2GCertificateChain")["certificateHashDataChain"]
    assert told["certificateType"] == "V2GCertificateChain"
    assert len(told["childCertificateHashData"]) == 1
    own = sign(room)
    give(room, root.sign(own["csr"]))
    store = room.station.upkeep.certificates
    (hashed,) = store.chain_hashes("ChargingStationCertificate")
    wanted = {
        "hashAlgorithm": hashed.algorithm,
        "issuerNameHash": hashed.issuer_name_hash,
        "issuerKeyHash": hashed.issuer_key_hash,
        "serialNumber": hashed.serial,
    }
    answer = room.command("DeleteCertificate", {"certificateHashData": wanted})
    assert answer == {"status": "Failed"}


def test_a02_fr_07_what_does_not_fit_is_rejected_and_told(room, root):
    asked = sign(room)
    other = Authority("Other")
    install(room, "CSMSRootCertificate", root.pem)
    for chain in ("x", root.pem, other.sign(asked["csr"]), root.sign(asked["csr"], -1)):
        assert give(room, chain)["status"] == "Rejected"
    room.run(1)
    told = [each["type"] for each in room.said("SecurityEventNotification")]
    assert told == ["InvalidChargingStationCertificate"] * 4
    assert give(room, root.sign(asked["csr"]))["status"] == "Accepted"
    assert give(room, root.sign(asked["csr"]))["status"] == "Rejected"


def test_a02_fr_17_to_19_it_asks_again_ever_later_and_then_no_more(room):
    sign(room)
    room.run(3000)
    times = [round(at) for at, name, _ in room.calls if name == "SignCertificate"]
    assert [later - times[0] for later in times] == [0, 60, 180, 420]


def test_keys_follow_from_the_seed_and_outlive_the_station(lab, root):
    csrs = []
    for _ in range(2):
        room = lab("2.0.1")
        room.run(1)
        csrs.append(sign(room)["csr"])
    assert csrs[0] == csrs[1]
    give(room, root.sign(csrs[1]))
    install(room, "CSMSRootCertificate", root.pem)
    again = lab("2.0.1", online=False)
    assert again.station.memory.recall(room.station.memory.remember()) == []
    store = again.station.upkeep.certificates
    assert len(store) == 1
    kept = room.station.upkeep.certificates.own("ChargingStationCertificate")
    assert store.own("ChargingStationCertificate").pem() == kept.pem()


def test_a_station_without_certificates_has_no_store(room):
    assert not room.station.upkeep.has_certificates
