"""Certificates of stations, from the request to the certificate in use."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from http_service import an_http_service
from made_certificates import DER, PEM, a_csr, make, name

from csms.domain.certificate_facts import CertificateUse
from csms.link.certificate_authority import Authority
from csms.link.certificate_upkeep import CertificateUpkeep

ACCEPTED = (3, {"status": "Accepted"})
REJECTED = (3, {"status": "Rejected"})
V16, V201 = "ocpp1.6", "ocpp2.0.1"


async def ask(node, station, kind, body=None, **query):
    path = f"/stations/{station}/operations/{kind}"
    return await node.http.post(path, json=body or {}, params=query)


async def sent(station):
    return json.loads(await asyncio.wait_for(station.received.get(), 20))


def public(text):
    return x509.load_pem_x509_certificates(text.encode())


@pytest.mark.parametrize("protocol", [V16, V201])
async def test_a02_a_request_is_signed_and_the_certificate_follows_the_answer(node, protocol):
    async with node.station("CP1", protocol) as station:
        station.answers["CertificateSigned"] = ACCEPTED
        csr, key = a_csr("CP1", organization="Laddkraft")
        asked = {"csr": csr.replace("\n", "\r\n")}
        if protocol == V201:
            asked["certificateType"] = "ChargingStationCertificate"
        assert await station.call("SignCertificate", asked) == [3, "own-2", {"status": "Accepted"}]
        call = await sent(station)
        assert call[2] == "CertificateSigned"
        assert call[3].get("certificateType") == asked.get("certificateType")
        leaf, issuer = public(call[3]["certificateChain"])
        assert leaf.public_key() == key.public_key()
        assert leaf.subject == name("CP1", "Laddkraft")
        leaf.verify_directly_issued_by(issuer)
        note = await node.noted("certificate.accepted")
    issued = (await node.get("/certificates", station="CP1"))["items"]
    assert [each["serial"] for each in issued] == [note.fields["serial"]]
    assert issued[0]["state"] == "accepted"
    assert issued[0]["use"] == "ChargingStation"


async def test_a02_charging_station_and_v2g_certificates_have_chains_of_their_own(node):
    chains = {}
    async with node.station("CP1", V201) as station:
        station.answers["CertificateSigned"] = ACCEPTED
        for kind, subject in (("ChargingStationCertificate", "CP1"), ("V2GCertificate", "SECC-7")):
            csr, _ = a_csr(subject)
            await station.call("SignCertificate", {"csr": csr, "certificateType": kind})
            call = await sent(station)
            assert call[3]["certificateType"] == kind
            chains[kind] = public(call[3]["certificateChain"])
            await node.noted("certificate.accepted")
    issuers = {chain[0].issuer.rfc4514_string() for chain in chains.values()}
    assert len(issuers) == 2


@pytest.mark.parametrize(
    ("kind", "message", "told"),
    [
        ("ChargingStation", "SignChargingStationCertificate", "ChargingStationCertificate"),
        ("V2G", "SignV2GCertificate", "V2GCertificate"),
        ("Combined", "SignCombinedCertificate", None),
    ],
)
@pytest.mark.parametrize("is_raw", [False, True])
async def test_a02_fr_02_a_renewal_is_followed_to_its_outcome(node, kind, message, told, is_raw):
    async with node.station("CP1", V201) as station:
        station.answers |= {"TriggerMessage": ACCEPTED, "CertificateSigned": ACCEPTED}
        if is_raw:
            call = {"requestedMessage": message}
            await node.http.post("/stations/CP1/calls/TriggerMessage", json=call)
        else:
            answer = await ask(node, "CP1", "renew_certificate", {"type": kind})
            assert answer.json()["state"] == "accepted"
        assert (await sent(station))[2:] == ["TriggerMessage", {"requestedMessage": message}]
        csr, _ = a_csr("CP1")
        asked = {"csr": csr} if told is None else {"csr": csr, "certificateType": told}
        await station.call("SignCertificate", asked)
        assert (await sent(station))[3].get("certificateType") == told
        await node.noted("operation.done", operation="certificate_signed")
        done = "call:TriggerMessage" if is_raw else "renew_certificate"
    operation = (await node.get("/operations", operation=done))["items"][0]
    assert operation["state"] == "done"
    steps = [each["message"] for each in operation["progress"]]
    assert steps == ["SignCertificate", "CertificateSigned"]
    issued = (await node.get("/certificates"))["items"]
    assert [each["use"] for each in issued] == [kind]


async def test_a02_a_1_6_renewal_asks_without_a_connector(node):
    async with node.station("CP1") as station:
        station.answers |= {"ExtendedTriggerMessage": ACCEPTED, "CertificateSigned": REJECTED}
        refused = await ask(node, "CP1", "renew_certificate", {"type": "V2G"})
        assert refused.status_code == 409
        await ask(node, "CP1", "renew_certificate")
        wanted = {"requestedMessage": "SignChargePointCertificate"}
        assert (await sent(station))[2:] == ["ExtendedTriggerMessage", wanted]
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        assert (await sent(station))[2] == "CertificateSigned"
        event = {"type": "InvalidChargePointCertificate", "timestamp": "2026-11-21T08:00:00Z"}
        await node.noted("operation.failed", operation="renew_certificate")
        assert (await station.call("SecurityEventNotification", event))[2] == {}
    issued = (await node.get("/certificates"))["items"][0]
    assert (issued["state"], issued["reason"]) == ("rejected", "Rejected")
    operation = (await node.get("/operations", operation="renew_certificate"))["items"][0]
    assert "Rejected" in operation["reason"]
    events = (await node.get("/security-events", station="CP1"))["items"]
    assert [each["type"] for each in events] == ["InvalidChargePointCertificate"]
    alerts = (await node.get("/alerts", kind="SECURITY_EVENT"))["items"]
    assert alerts[0]["evidence"]["type"] == "InvalidChargePointCertificate"


BAD = {
    "no PEM": "this is none",
    "empty": "",
    "broken": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "name of another": a_csr("CP2")[0],
    "short RSA": a_csr("CP1", rsa.generate_private_key(65537, 1024))[0],  # noqa: S505 - to be refused
    "short EC": a_csr("CP1", ec.generate_private_key(ec.SECP192R1()))[0],
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("protocol", [V16, V201])
async def test_a02_fr_12_a_bad_request_is_rejected_and_the_link_stays(node, protocol, case):
    async with node.station("CP1", protocol) as station:
        answer = await station.call("SignCertificate", {"csr": BAD[case]})
        assert answer[2]["status"] == "Rejected"
        if protocol == V201:
            assert answer[2]["statusInfo"]["reasonCode"] == "InvalidCSR"
            assert answer[2]["statusInfo"]["additionalInfo"]
        assert (await station.call("Heartbeat", {}))[0] == 3
        assert station.received.empty()
    assert (await node.get("/certificates"))["items"] == []


async def test_a_request_signed_by_another_key_is_rejected(node):
    csr, _ = a_csr("CP1")
    raw = bytearray(x509.load_pem_x509_csr(csr.encode()).public_bytes(DER))
    raw[-3] ^= 1
    forged = x509.load_der_x509_csr(bytes(raw)).public_bytes(PEM).decode()
    async with node.station("CP1", V201) as station:
        answer = await station.call("SignCertificate", {"csr": forged})
    assert answer[2]["status"] == "Rejected"
    assert "signature" in answer[2]["statusInfo"]["additionalInfo"]


async def test_a_request_that_comes_again_gets_the_same_certificate(node):
    async with node.station("CP1", V201) as station:
        csr, _ = a_csr("CP1")
        await station.call("SignCertificate", {"csr": csr})
        first = await sent(station)
        await station.call("SignCertificate", {"csr": csr})
        assert (await node.get("/certificates"))["items"][0]["state"] == "issued"
        await station.socket.send(json.dumps([3, first[1], {"status": "Rejected"}]))
        again = await sent(station)
        assert again[3]["certificateChain"] == first[3]["certificateChain"]
        await station.socket.send(json.dumps([3, again[1], {"status": "Accepted"}]))
        await node.noted("certificate.accepted")
    assert len((await node.get("/certificates"))["items"]) == 1


async def test_a_certificate_can_be_revoked_once_and_for_all(node, restarted):
    async with node.station("CP1", V201) as station:
        station.answers["CertificateSigned"] = ACCEPTED
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        serial = (await node.noted("certificate.accepted")).fields["serial"]
    answer = await node.http.post(f"/certificates/{serial}/revoke", json={"reason": "stolen"})
    assert answer.json()["state"] == "revoked"
    unknown = await node.http.post("/certificates/ABC/revoke", json={})
    assert unknown.status_code == 404
    async with restarted() as again:
        book = again.hub.engine.certificates
        assert book.is_revoked(int(serial, 16))
        assert book.issued_to(int(serial, 16)) == "CP1"
        assert (await again.get(f"/certificates/{serial}"))["reason"] == "stolen"


ROOT = make("A root", ca=True)
LONG = make("A long one", ca=True, url="http://" + "x" * 5000)
HASH = {
    "hashAlgorithm": "SHA512",
    "issuerNameHash": "Ab" * 64,
    "issuerKeyHash": "cd" * 64,
    "serialNumber": "0a1B",
}
HASH_SNAKE = {
    "hash_algorithm": "SHA512",
    "issuer_name_hash": "Ab" * 64,
    "issuer_key_hash": "cd" * 64,
    "serial_number": "0a1B",
}


@pytest.mark.parametrize(
    ("protocol", "kind", "wire"),
    [
        (V16, "CSMSRootCertificate", "CentralSystemRootCertificate"),
        (V16, "CentralSystemRootCertificate", "CentralSystemRootCertificate"),
        (V16, "ManufacturerRootCertificate", "ManufacturerRootCertificate"),
        (V201, "CSMSRootCertificate", "CSMSRootCertificate"),
        (V201, "CentralSystemRootCertificate", "CSMSRootCertificate"),
        (V201, "MORootCertificate", "MORootCertificate"),
        (V201, "V2GRootCertificate", "V2GRootCertificate"),
    ],
)
async def test_m05_a_root_is_installed_with_plain_line_ends(node, protocol, kind, wire):
    async with node.station("CP1", protocol) as station:
        station.answers["InstallCertificate"] = ACCEPTED
        body = {"type": kind, "certificate": ROOT.pem.replace("\n", "\r\n")}
        answer = await ask(node, "CP1", "install_certificate", body)
        assert answer.json()["state"] == "done"
        call = await sent(station)
    assert call[3] == {"certificateType": wire, "certificate": ROOT.pem}
    shown = await node.get("/stations/CP1/certificates")
    assert [each["type"] for each in shown["installed"]] == [
        "CSMSRootCertificate" if "S" in kind[:8] else kind
    ]


async def test_m05_fr_07_a_rejected_root_is_not_recorded(node):
    async with node.station("CP1", V201) as station:
        station.answers["InstallCertificate"] = (3, {"status": "Failed"})
        body = {"type": "CSMSRootCertificate", "certificate": ROOT.pem}
        answer = await ask(node, "CP1", "install_certificate", body)
    assert (answer.json()["state"], answer.json()["status"]) == ("refused", "Failed")
    assert (await node.get("/stations/CP1/certificates"))["installed"] == []


async def test_m05_what_is_no_certificate_is_refused_by_name(node):
    async with node.station("CP1", V201) as station:
        broken = ROOT.pem.replace("MII", "AII")
        for text in ("nonsense", ROOT.pem + ROOT.pem, broken, LONG.pem):
            body = {"type": "CSMSRootCertificate", "certificate": text}
            answer = await ask(node, "CP1", "install_certificate", body)
            assert answer.status_code == 422
            assert [each["field"] for each in answer.json()["errors"]] == ["certificate"]
        assert station.received.empty()


async def test_m03_m04_2_0_1_certificates_are_listed_and_deleted_as_they_were_named(node):
    chain = {
        "certificateType": "V2GCertificateChain",
        "certificateHashData": HASH,
        "childCertificateHashData": [{**HASH, "serialNumber": "77"}],
    }
    async with node.station("CP1", V201) as station:
        found = {"status": "Accepted", "certificateHashDataChain": [chain]}
        station.answers["GetInstalledCertificateIds"] = (3, found)
        answer = await ask(node, "CP1", "get_installed_certificate_ids")
        assert (await sent(station))[3] == {}
        assert answer.json()["result"]["certificate_hash_data_chain"][0][
            "certificate_hash_data"
        ] == (HASH_SNAKE)
        shown = (await node.get("/stations/CP1/certificates"))["installed"]
        assert shown[0]["children"][0]["serial_number"] == "77"
        station.answers["DeleteCertificate"] = ACCEPTED
        await ask(node, "CP1", "delete_certificate", {"certificate": HASH_SNAKE})
        assert (await sent(station))[3] == {"certificateHashData": HASH}
        assert (await node.get("/stations/CP1/certificates"))["installed"] == []
        station.answers["GetInstalledCertificateIds"] = (3, {"status": "NotFound"})
        types = ["CSMSRootCertificate", "ManufacturerRootCertificate"]
        answer = await ask(node, "CP1", "get_installed_certificate_ids", {"types": types})
        assert (await sent(station))[3] == {"certificateType": types}
        assert (answer.json()["state"], answer.json()["status"]) == ("done", "NotFound")


async def test_a_station_that_is_forgotten_has_nothing_installed_when_it_comes_back(node):
    async with node.station("CP1", V201) as station:
        found = {"certificateType": "MORootCertificate", "certificateHashData": HASH}
        listed = {"status": "Accepted", "certificateHashDataChain": [found]}
        station.answers["GetInstalledCertificateIds"] = (3, listed)
        await ask(node, "CP1", "get_installed_certificate_ids")
    assert len((await node.get("/stations/CP1/certificates"))["installed"]) == 1
    assert (await node.http.delete("/stations/CP1")).status_code == 204
    await node.http.put("/stations/CP1", json={})
    assert (await node.get("/stations/CP1/certificates"))["installed"] == []
    assert "CP1" not in await node.store.load_records("installed-certificates")


async def test_m03_m04_1_6_asks_for_one_type_at_a_time(node):
    async with node.station("CP1") as station:
        found = {"status": "Accepted", "certificateHashData": [HASH]}
        station.answers["GetInstalledCertificateIds"] = (3, found)
        answer = await ask(node, "CP1", "get_installed_certificate_ids")
        asked = [(await sent(station))[3]["certificateType"] for _ in range(2)]
        assert asked == ["CentralSystemRootCertificate", "ManufacturerRootCertificate"]
        listed = answer.json()["result"]["certificate_hash_data_chain"]
        assert [each["certificate_type"] for each in listed] == [
            "CSMSRootCertificate",
            "ManufacturerRootCertificate",
        ]
        assert len((await node.get("/stations/CP1/certificates"))["installed"]) == 2
        station.answers["DeleteCertificate"] = (3, {"status": "NotFound"})
        raw = {"certificateHashData": {**HASH, "issuerNameHash": "AB" * 64}}
        await node.http.post("/stations/CP1/calls/DeleteCertificate", json=raw)
        assert (await sent(station))[3] == raw
        assert (await node.get("/stations/CP1/certificates"))["installed"] == []


async def test_a04_security_events_are_kept_and_listed(node):
    async with node.station("CP1", V201) as station, node.station("CP2") as old:
        for kind, other in (("StartupOfTheDevice", None), ("TamperDetectionActivated", "door")):
            event = {"type": kind, "timestamp": "2026-11-21T08:00:00Z"}
            event |= {} if other is None else {"techInfo": other}
            assert (await station.call("SecurityEventNotification", event))[2] == {}
        event = {"type": "SettingSystemTime", "timestamp": "2026-11-21T08:00:00Z"}
        assert (await old.call("SecurityEventNotification", event))[2] == {}
    listed = await node.get("/security-events", limit=2)
    kinds = [each["type"] for each in listed["items"]]
    more = await node.get("/security-events", limit=2, cursor=listed["next_cursor"])
    kinds += [each["type"] for each in more["items"]]
    assert kinds == ["SettingSystemTime", "TamperDetectionActivated", "StartupOfTheDevice"]
    only = (await node.get("/security-events", type="TamperDetectionActivated"))["items"]
    assert [(each["station_id"], each["tech_info"]) for each in only] == [("CP1", "door")]
    alerts = (await node.get("/alerts", kind="SECURITY_EVENT"))["items"]
    assert [each["station_id"] for each in alerts] == ["CP1"]


# Who signs


def by_service(*, other=False):
    """A signing service over an authority of its own; `other` signs for another key."""
    outside = Authority(None)

    def respond(body):
        asked = json.loads(body)
        csr = a_csr("CP1")[0] if other else asked["csr"]
        use, now = CertificateUse(asked["use"]), datetime.now(UTC)
        told = {"certificate_chain": outside.sign(csr, use, now, 30)}
        return 200, {}, json.dumps(told).encode()

    return outside, respond


async def test_a02_fr_04_an_outside_authority_signs(node):
    outside, respond = by_service()
    async with an_http_service(respond) as service, node.station("CP1", V201) as station:
        node.hub.engine.policy.certificates.signer_url = service.url
        station.answers["CertificateSigned"] = ACCEPTED
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        leaf, _ = public((await sent(station))[3]["certificateChain"])
        await node.noted("certificate.accepted")
    (sub,) = public(outside.certificates(datetime.now(UTC))["chargers-sub"])
    leaf.verify_directly_issued_by(sub)
    assert (await node.get("/certificates"))["items"][0]["source"] == "service"


async def test_a_certificate_waits_for_a_station_that_has_gone_meanwhile(node):
    _, respond = by_service()
    async with an_http_service(respond) as service:
        service.held = asyncio.Event()
        node.hub.engine.policy.certificates.signer_url = service.url
        csr, key = a_csr("CP1")
        async with node.station("CP1", V201) as station:
            await station.call("SignCertificate", {"csr": csr})
            await service.came.wait()
        service.held.set()
        await node.noted("operation.wanted", operation="certificate_signed")
        async with node.station("CP1", V201) as station:
            station.answers["CertificateSigned"] = ACCEPTED
            leaf, _ = public((await sent(station))[3]["certificateChain"])
            assert leaf.public_key() == key.public_key()
            await node.noted("certificate.accepted")


SERVICES = {
    "error": (lambda body: (500, {}, b""), "status 500"),
    "no JSON": (lambda body: (200, {}, b"hello"), "JSON"),
    "nested": (lambda body: (200, {}, b"[" * 60_000), "JSON"),
    "no chain": (lambda body: (200, {}, b"{}"), "no certificate_chain"),
    "nonsense": (lambda body: (200, {}, b'{"certificate_chain": "x"}'), "no PEM"),
    "another key": (by_service(other=True)[1], "not for the station's key"),
}


@pytest.mark.parametrize("case", SERVICES)
async def test_a02_what_an_outside_authority_fails_to_sign_is_told(node, case):
    respond, why = SERVICES[case]
    async with an_http_service(respond) as service, node.station("CP1", V201) as station:
        node.hub.engine.policy.certificates.signer_url = service.url
        station.answers["TriggerMessage"] = ACCEPTED
        await ask(node, "CP1", "renew_certificate")
        await sent(station)
        answer = await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        assert answer[2]["status"] == "Accepted"
        note = await node.noted("operation.failed", operation="renew_certificate")
        assert why in note.fields["reason"]
        assert station.received.empty()
    assert (await node.get("/certificates"))["items"] == []


async def test_a_command_may_sign(node, tmp_path):
    script = tmp_path / "sign"
    outside = Authority(None)
    csr, _ = a_csr("CP1")
    signed = outside.sign(csr, CertificateUse.STATION, datetime.now(UTC), 30)
    (tmp_path / "signed.pem").write_text(signed, "ascii")
    script.write_text(f'cat > "{tmp_path}/$1.csr"; cat "{tmp_path}/signed.pem"', "ascii")
    async with node.station("CP1") as station:
        node.hub.engine.policy.certificates.signer_command = ["sh", str(script)]
        station.answers["CertificateSigned"] = ACCEPTED
        await station.call("SignCertificate", {"csr": csr})
        assert (await sent(station))[3]["certificateChain"] == signed
        await node.noted("certificate.accepted")
        assert (tmp_path / "ChargingStation.csr").read_text("ascii") == csr
        node.hub.engine.policy.certificates.signer_command = ["false"]
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        await node.noted("certificate.not_signed", why="signer_command ended with code 1")
        node.hub.engine.policy.certificates.signer_command = [str(tmp_path / "none")]
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        await node.noted("certificate.not_signed")


# Which names


async def test_a00_fr_511_the_serial_number_told_at_boot_will_do(node):
    async with node.station("CP1", V201) as station:
        answer = await station.call("SignCertificate", {"csr": a_csr("SN-4711")[0]})
        assert answer[2]["status"] == "Rejected"
        boot = {
            "reason": "PowerUp",
            "chargingStation": {"vendorName": "T", "model": "T1", "serialNumber": "SN-4711"},
        }
        await station.call("BootNotification", boot)
        answer = await station.call("SignCertificate", {"csr": a_csr("SN-4711")[0]})
        assert answer[2]["status"] == "Accepted"


async def test_a_name_may_be_free_but_never_another_stations(node):
    node.hub.engine.policy.certificates.names = "unclaimed"
    await node.http.put("/stations/CP2", json={})
    async with node.station("CP1", V201) as station:
        for name_, status in (("anything", "Accepted"), ("cp2", "Rejected")):
            answer = await station.call("SignCertificate", {"csr": a_csr(name_)[0]})
            assert answer[2]["status"] == status


async def test_a_request_must_name_the_organization_that_is_set(node):
    node.hub.engine.policy.certificates.organization = "Laddkraft"
    async with node.station("CP1", V201) as station:
        for organization, status in ((None, "Rejected"), ("Laddkraft", "Accepted")):
            csr, _ = a_csr("CP1", organization=organization)
            assert (await station.call("SignCertificate", {"csr": csr}))[2]["status"] == status


async def test_a_station_that_asks_again_and_again_is_stopped(node):
    async with node.station("CP1") as station:
        station.answers["CertificateSigned"] = REJECTED
        told = [
            (await station.call("SignCertificate", {"csr": a_csr("CP1")[0]}))[2]["status"]
            for _ in range(22)
        ]
    assert told == ["Accepted"] * 20 + ["Rejected"] * 2


async def test_a02_fr_16_a_chain_is_no_longer_than_the_station_takes(node):
    async with node.station("CP1", V201) as station:
        told = {
            "requestId": 1,
            "generatedAt": "2026-11-21T08:00:00Z",
            "seqNo": 0,
            "reportData": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "MaxCertificateChainSize"},
                    "variableAttribute": [{"value": "1200"}],
                }
            ],
        }
        await station.call("NotifyReport", told)
        station.answers["CertificateSigned"] = ACCEPTED
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        chain = (await sent(station))[3]["certificateChain"]
        assert (len(public(chain)), len(chain) <= 1200) == (1, True)
        body = {"certificate_chain": ROOT.pem * 3}
        refused = await ask(node, "CP1", "certificate_signed", body)
        assert [each["field"] for each in refused.json()["errors"]] == ["certificate_chain"]


async def test_an_operators_own_certificate_is_recorded_with_what_became_of_it(node):
    async with node.station("CP1", V201) as station:
        station.answers["CertificateSigned"] = REJECTED
        body = {"certificate_chain": ROOT.pem, "type": "V2GCertificate"}
        answer = await ask(node, "CP1", "certificate_signed", body)
        assert (answer.json()["state"], answer.json()["status"]) == ("refused", "Rejected")
    (issued,) = (await node.get("/certificates", state="rejected"))["items"]
    assert (issued["source"], issued["subject"]) == ("operator", "CN=A root")


# Time


async def in_use(node, days):
    """A certificate of CP1 in use that ends in so many days."""
    async with node.station("CP1", V201) as station:
        node.hub.engine.policy.certificates.valid_days = days
        station.answers["CertificateSigned"] = ACCEPTED
        await station.call("SignCertificate", {"csr": a_csr("CP1")[0]})
        return (await node.noted("certificate.accepted")).fields["serial"]


async def test_a_certificate_that_ends_soon_is_warned_of_until_a_newer_one_is_in_use(node):
    upkeep = CertificateUpkeep(node.hub)
    await in_use(node, 100)
    await upkeep.look()
    assert (await node.get("/alerts", kind="CERTIFICATE_ENDS"))["items"] == []
    serial = await in_use(node, 5)
    await upkeep.look()
    await upkeep.look()
    (alert,) = (await node.get("/alerts", kind="CERTIFICATE_ENDS"))["items"]
    assert (alert["severity"], alert["state"]) == ("major", "open")
    assert alert["evidence"]["serial"] == serial
    await in_use(node, 100)
    await upkeep.look()
    (alert,) = (await node.get("/alerts", kind="CERTIFICATE_ENDS"))["items"]
    assert (alert["state"], alert["cleared_because"]) == ("cleared", "replaced")


async def test_a_station_is_asked_to_renew_only_if_that_is_the_policy(node):
    upkeep = CertificateUpkeep(node.hub)
    await in_use(node, 5)
    async with node.station("CP1", V201) as station:
        station.answers["TriggerMessage"] = ACCEPTED
        await upkeep.look()
        node.hub.engine.policy.certificates.renew_before_days = 10
        await upkeep.look()
        wanted = {"requestedMessage": "SignChargingStationCertificate"}
        assert (await sent(station))[2:] == ["TriggerMessage", wanted]
        await upkeep.look()
        assert (await station.call("Heartbeat", {}))[0] == 3
        assert station.received.empty()
    (asked,) = (await node.get("/operations", operation="renew_certificate"))["items"]
    assert asked["by"] == "csms"


async def test_roots_are_told_with_times_in_utc(node):
    root = (await node.get("/certificates/authorities"))["v2g-root"]
    body = {"type": "MORootCertificate", "certificate": root}
    made = await node.http.post("/certificates/roots", json=body)
    assert made.status_code == 201
    assert (await node.get("/certificates/roots"))["items"] == [made.json()]
    for member in ("not_after", "created_at"):
        assert made.json()[member].endswith("Z")
