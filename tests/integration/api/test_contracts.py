"""Plug & Charge: contract certificates, OCSP answers, and certificates for vehicles."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp
from http_service import an_http_service
from made_certificates import a_delegate, an_ocsp_answer, make

from csms.domain.certificate_facts import OcspQuestion

V201 = "ocpp2.0.1"
EMAID = "DE-8AC-C12E45678-9"
OCSP = {"Content-Type": "application/ocsp-response"}
ROOT = make("MO root", ca=True)
SUB = make("MO sub", ROOT, ca=True)
NOWHERE = "http://127.0.0.1:9/none"


def answering(signer, statuses=(), **how):
    """Answers OCSP requests: `statuses` by serial number, the rest is good."""
    known = dict(statuses)

    def respond(body):
        asked = ocsp.load_der_ocsp_request(body)
        status = known.get(asked.serial_number, "GOOD")
        return 200, OCSP, an_ocsp_answer(asked, signer, status=status, **how)

    return respond


@asynccontextmanager
async def a_responder(signer=SUB, statuses=(), **how):
    async with an_http_service(answering(signer, statuses, **how)) as service:
        yield service


async def a_token(node, text=EMAID, **decided):
    answer = await node.http.put(f"/tokens/{text}", json={"type": "eMAID", **decided})
    assert answer.status_code in {200, 201}, answer.text


async def authorize(station, **members):
    asked = {"idToken": {"idToken": EMAID, "type": "eMAID"}, **members}
    answer = await station.call("Authorize", asked)
    assert answer[0] == 3, answer
    return answer[2]["idTokenInfo"]["status"], answer[2].get("certificateStatus")


async def trust(node, root=ROOT, kind="MORootCertificate"):
    body = {"type": kind, "certificate": root.pem}
    assert (await node.http.post("/certificates/roots", json=body)).status_code == 201


async def test_c07_fr_05_hashes_of_a_good_certificate_let_the_token_be_judged(node):
    leaf = make(EMAID, SUB)
    await a_token(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        hashes = [leaf.hash_data(responder.url), SUB.hash_data(responder.url, "SHA512")]
        assert await authorize(station, iso15118CertificateHashData=hashes) == (
            "Accepted",
            "Accepted",
        )
        serials = {ocsp.load_der_ocsp_request(each).serial_number for each in responder.asked}
        assert serials == {leaf.certificate.serial_number, SUB.certificate.serial_number}
        assert "application/ocsp-request" in responder.heads[0]
        event = {
            "eventType": "Started",
            "timestamp": "2026-11-21T08:00:00Z",
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "T1"},
            "idToken": {"idToken": EMAID, "type": "eMAID"},
        }
        told = (await station.call("TransactionEvent", event))[2]
    assert told["idTokenInfo"]["status"] == "Accepted"


async def test_c07_fr_16_a_revoked_certificate_makes_the_token_invalid(node):
    leaf = make(EMAID, SUB)
    await a_token(node)
    revoked = {leaf.certificate.serial_number: "REVOKED"}
    async with a_responder(SUB, revoked) as responder, node.station("CP1", V201) as station:
        hashes = [leaf.hash_data(responder.url)]
        told = await authorize(station, iso15118CertificateHashData=hashes)
    assert told == ("Invalid", "CertificateRevoked")


async def test_c07_fr_13_a_good_certificate_of_a_blocked_token_is_cancelled(node):
    leaf = make(EMAID, SUB)
    await a_token(node, status="Blocked")
    async with a_responder() as responder, node.station("CP1", V201) as station:
        hashes = [leaf.hash_data(responder.url)]
        told = await authorize(station, iso15118CertificateHashData=hashes)
    assert told == ("Blocked", "ContractCancelled")


@pytest.mark.parametrize("text", ["DE8ACC12E456789", "de-8ac-c12e45678-9"])
async def test_an_emaid_is_the_same_however_it_is_written(node, text):
    await a_token(node, text)
    leaf = make(EMAID, SUB)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        hashes = [leaf.hash_data(responder.url)]
        told = await authorize(station, iso15118CertificateHashData=hashes)
    assert told == ("Accepted", "Accepted")


WRONG = {
    "not asked for": lambda body: (404, {}, b""),
    "no OCSP": lambda body: (200, OCSP, b"hello"),
    "too long": lambda body: (200, OCSP, b"x" * 100_000),
    "redirect": lambda body: (302, {"Location": NOWHERE}, b""),
    "unknown": answering(SUB, {}),
    "of yesterday": answering(SUB, next_update=timedelta(hours=-23)),
    "of another": lambda body: (
        200,
        OCSP,
        an_ocsp_answer(OcspQuestion("SHA256", "00" * 32, "00" * 32, "1234", ""), SUB),
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_c07_fr_17_what_cannot_be_verified_is_a_chain_error(node, case):
    leaf = make(EMAID, SUB)
    await a_token(node)
    respond = WRONG[case]
    if case == "unknown":
        respond = answering(SUB, {leaf.certificate.serial_number: "UNKNOWN"})
    async with an_http_service(respond) as service, node.station("CP1", V201) as station:
        hashes = [leaf.hash_data(service.url)]
        told = await authorize(station, iso15118CertificateHashData=hashes)
        assert len(service.asked) == 1
    assert told == ("Invalid", "CertChainError")


@pytest.mark.parametrize(
    "url",
    [
        NOWHERE,
        "file:///etc/passwd",
        "http://",
        "nonsense",
        "http://169.254.169.254/x",
        "https://[::",
    ],
)
async def test_c07_fr_17_who_cannot_be_asked_is_a_chain_error(node, url):
    await a_token(node)
    async with node.station("CP1", V201) as station:
        hashes = [make(EMAID, SUB).hash_data(url)]
        told = await authorize(station, iso15118CertificateHashData=hashes)
    assert told == ("Invalid", "CertChainError")


async def test_hashes_that_are_none_are_a_chain_error(node):
    await a_token(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        wrong = {**make(EMAID, SUB).hash_data(responder.url), "issuerNameHash": "zz"}
        told = await authorize(station, iso15118CertificateHashData=[wrong])
    assert told == ("Invalid", "CertChainError")
    assert responder.asked == []


async def test_a_responder_that_is_silent_costs_a_bounded_time_and_nobody_else_any(node):
    node.hub.engine.policy.certificates.ocsp_timeout_s = 0.5
    await a_token(node)
    async with (
        a_responder() as responder,
        node.station("CP1", V201) as station,
        node.station("CP2", V201) as other,
    ):
        responder.held = asyncio.Event()
        hashes = [make(EMAID, SUB).hash_data(responder.url)]
        waiting = asyncio.create_task(authorize(station, iso15118CertificateHashData=hashes))
        await responder.came.wait()
        assert not node.hub.engine.stations["CP1"].lock.locked()
        assert (await other.call("Heartbeat", {}))[0] == 3
        assert await waiting == ("Invalid", "CertChainError")


async def test_what_a_station_says_meanwhile_does_not_wait_for_a_silent_responder(node):
    await a_token(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        responder.held = asyncio.Event()
        hashes = [make(EMAID, SUB).hash_data(responder.url) for _ in range(6)]
        waiting = [
            asyncio.create_task(authorize(station, iso15118CertificateHashData=[each]))
            for each in hashes[:3]
        ]
        await responder.came.wait()
        assert "currentTime" in (await station.call("Heartbeat", {}))[2]
        assert not any(each.done() for each in waiting)
        # More at once than are let go aside: they are answered all the same, and once each.
        waiting += [
            asyncio.create_task(authorize(station, iso15118CertificateHashData=[each]))
            for each in hashes[3:]
        ]
        responder.held.set()
        assert await asyncio.gather(*waiting) == [("Accepted", "Accepted")] * 6
        assert "currentTime" in (await station.call("Heartbeat", {}))[2]


async def test_an_answer_that_was_had_before_will_do_while_the_responder_is_away(node):
    leaf = make(EMAID, SUB)
    await a_token(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        hashes = [leaf.hash_data(responder.url)]
        await authorize(station, iso15118CertificateHashData=hashes)
        responder.respond = lambda body: (500, {}, b"")
        told = await authorize(station, iso15118CertificateHashData=hashes)
        assert len(responder.asked) == 2
    assert told == ("Accepted", "Accepted")


@pytest.mark.parametrize("how", ["issuer", "delegate"])
async def test_c07_fr_06_a_chain_is_followed_to_a_known_root_and_its_responder(node, how):
    await a_token(node)
    await trust(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        leaf = make(EMAID, SUB, url=responder.url)
        if how == "delegate":
            responder.respond = answering(SUB, responder=a_delegate(SUB))
        assert await authorize(station, certificate=leaf.chain()) == ("Accepted", "Accepted")
        (asked,) = [ocsp.load_der_ocsp_request(each) for each in responder.asked]
    assert asked.serial_number == leaf.certificate.serial_number
    assert asked.hash_algorithm.name == "sha256"


async def test_a_root_that_was_installed_on_a_station_is_known(node):
    await a_token(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        station.answers["InstallCertificate"] = (3, {"status": "Accepted"})
        leaf = make(EMAID, SUB, url=responder.url)
        assert await authorize(station, certificate=leaf.chain()) == ("Invalid", "CertChainError")
        body = {"certificateType": "V2GRootCertificate", "certificate": ROOT.pem}
        await node.http.post("/stations/CP1/calls/InstallCertificate", json=body)
        assert await authorize(station, certificate=leaf.chain()) == ("Accepted", "Accepted")
    (known,) = (await node.get("/certificates/roots"))["items"]
    gone = await node.http.delete(f"/certificates/roots/{known['fingerprint']}")
    assert gone.status_code == 204


def _expired(url):
    return make(EMAID, SUB, url=url, until=timedelta(hours=-1)).chain()


def _not_yet(url):
    return make(EMAID, SUB, url=url, since=timedelta(hours=1)).chain()


def _through_no_authority(url):
    return make(EMAID, make("MO sub", ROOT), url=url).chain()


CHAINS = {
    "expired": (_expired, ("Expired", "CertificateExpired")),
    "not yet valid": (_not_yet, ("Invalid", "CertChainError")),
    "without its sub": (lambda url: make(EMAID, SUB, url=url).pem, ("Invalid", "CertChainError")),
    "no responder": (lambda _: make(EMAID, SUB).chain(), ("Invalid", "CertChainError")),
    "of another": (
        lambda url: make("DE-8AC-C99999999-9", SUB, url=url).chain(),
        ("Invalid", "CertChainError"),
    ),
    "unknown root": (
        lambda url: make(EMAID, make("other", ca=True), url=url).chain(),
        ("Invalid", "CertChainError"),
    ),
    "through no authority": (_through_no_authority, ("Invalid", "CertChainError")),
    "the root itself": (lambda _: ROOT.pem, ("Invalid", "CertChainError")),
    "no certificate": (lambda _: "-----BEGIN CERTIFICATE-----", ("Invalid", "CertChainError")),
}


@pytest.mark.parametrize("case", CHAINS)
async def test_c07_a_chain_that_will_not_do_says_what_is_wrong(node, case):
    chain, told = CHAINS[case]
    await a_token(node)
    await trust(node)
    async with a_responder() as responder, node.station("CP1", V201) as station:
        assert await authorize(station, certificate=chain(responder.url)) == told
        assert responder.asked == []


async def test_an_ocsp_answer_that_a_stranger_signed_counts_for_nothing(node):
    await a_token(node)
    await trust(node)
    async with a_responder(make("stranger")) as responder, node.station("CP1", V201) as station:
        leaf = make(EMAID, SUB, url=responder.url)
        assert await authorize(station, certificate=leaf.chain()) == ("Invalid", "CertChainError")
        assert len(responder.asked) == 1


# M06


async def test_m06_fr_02_a_responders_answer_is_passed_on_and_kept(node):
    async with a_responder(ROOT) as responder, node.station("CP1", V201) as station:
        asked = {"ocspRequestData": SUB.hash_data(responder.url)}
        told = [(await station.call("GetCertificateStatus", asked))[2] for _ in range(2)]
        assert len(responder.asked) == 1
    assert told[0] == told[1]
    assert told[0]["status"] == "Accepted"
    response = ocsp.load_der_ocsp_response(base64.b64decode(told[0]["ocspResult"]))
    assert response.serial_number == SUB.certificate.serial_number


async def test_m06_fr_04_what_cannot_be_had_is_failed_with_the_reason(node):
    async with node.station("CP1", V201) as station:
        asked = {"ocspRequestData": SUB.hash_data(NOWHERE)}
        told = (await station.call("GetCertificateStatus", asked))[2]
    assert told["status"] == "Failed"
    assert told["statusInfo"]["additionalInfo"].startswith("the OCSP responder: ")


async def test_responders_that_are_not_public_can_be_left_to_a_list(node):
    settings = node.hub.engine.policy.certificates
    settings.private_responders = "listed"
    async with a_responder(ROOT) as responder, node.station("CP1", V201) as station:
        asked = {"ocspRequestData": SUB.hash_data(responder.url)}
        told = (await station.call("GetCertificateStatus", asked))[2]
        assert (told["status"], responder.asked) == ("Failed", [])
        settings.responder_hosts = ["127.0.0.0/8"]
        told = (await station.call("GetCertificateStatus", asked))[2]
    assert told["status"] == "Accepted"


# M01, M02


def exi(action):
    return {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": action,
        "exiRequest": "gJgC",
    }


@pytest.mark.parametrize("action", ["Install", "Update"])
async def test_m01_m02_a_vehicles_request_goes_to_the_provider(node, action):
    def respond(body):
        return 200, {}, json.dumps({"exi_response": "gLgD", "status": "Accepted"}).encode()

    async with an_http_service(respond) as provider, node.station("CP1", V201) as station:
        node.hub.engine.policy.certificates.ev_provider_url = provider.url
        told = (await station.call("Get15118EVCertificate", exi(action)))[2]
        assert told == {"status": "Accepted", "exiResponse": "gLgD"}
        assert json.loads(provider.asked[0]) == {
            "station_id": "CP1",
            "schema_version": "urn:iso:15118:2:2013:MsgDef",
            "action": action,
            "exi_request": "gJgC",
        }


PROVIDERS = {
    "error": lambda body: (500, {}, b""),
    "no JSON": lambda body: (200, {}, b"<html>"),
    "no answer": lambda body: (200, {}, b"{}"),
    "a list": lambda body: (200, {}, b"[]"),
    "a number": lambda body: (200, {}, b'{"exi_response": 1}'),
    "nested": lambda body: (200, {}, b"[" * 60_000),
    "half a character": lambda body: (200, {}, b'{"exi_response": "\\ud800"}'),
    "too long": lambda body: (200, {}, json.dumps({"exi_response": "x" * 7501}).encode()),
    "failed": lambda body: (200, {}, b'{"exi_response": "gLgD", "status": "Failed"}'),
}


@pytest.mark.parametrize("case", [*PROVIDERS, "none"])
async def test_m01_without_an_answer_the_vehicle_is_told_failed(node, case):
    async with (
        an_http_service(PROVIDERS.get(case)) as provider,
        node.station("CP1", V201) as station,
    ):
        url = None if case == "none" else provider.url
        node.hub.engine.policy.certificates.ev_provider_url = url
        told = (await station.call("Get15118EVCertificate", exi("Install")))[2]
    assert told["status"] == "Failed"
    assert told["exiResponse"] == ("gLgD" if case == "failed" else "")
    assert told["statusInfo"]["additionalInfo"]
