"""Requests and certificates as PEM."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509 import ocsp
from made_certificates import a_csr, make

from csms.engine import pem


@pytest.mark.parametrize("curve", [ec.SECP224R1, ec.SECP256R1, ec.SECP521R1, ec.BrainpoolP256R1])
def test_a_request_tells_its_names_and_its_key(curve):
    csr, key = a_csr("CP1", ec.generate_private_key(curve()), organization="Laddkraft")
    found = pem.read_csr(csr)
    assert (found.problem, found.names, found.organizations) == (None, ("CP1",), ("Laddkraft",))
    assert found.key == pem.key_digest(key.public_key())


@pytest.mark.parametrize("end", ["\r\n", "\\n"])
def test_a_request_is_read_with_other_line_ends(end):
    assert pem.read_csr(a_csr("CP1")[0].replace("\n", end)).problem is None


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (rsa.generate_private_key(65537, 1024), "1024 bits"),  # noqa: S505 - to be refused
        (ec.generate_private_key(ec.SECP192R1()), "192 bits"),
        (dsa.generate_private_key(2048), "neither RSA nor"),
    ],
)
def test_a00_fr_502_503_weak_keys_are_refused(key, why):
    assert why in pem.read_csr(a_csr("CP1", key)[0]).problem


def test_keys_of_other_kinds_are_refused():
    assert pem.key_problem(ed25519.Ed25519PrivateKey.generate().public_key()) is not None
    assert pem.key_problem(rsa.generate_private_key(65537, 2048).public_key()) is None


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE REQUEST-----", make("a").pem])
def test_what_is_no_request_is_told_in_a_sentence(text):
    assert pem.read_csr(text).problem.startswith("it is no request")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "can be read"),
        (make("a").pem * 13, "more than 12"),
        ("\N{SNOWMAN}-----BEGIN CERTIFICATE-----", "can be read"),
    ],
)
def test_what_is_no_chain_is_told_in_a_sentence(text, why):
    with pytest.raises(ValueError, match=why):
        pem.load_chain(text)


KEYS = {
    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "DSA": lambda: dsa.generate_private_key(2048),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_hashes_are_those_of_ocsp(algorithm, kind):
    issuer = make("issuer", ca=True, key=KEYS[kind]())
    leaf = make("leaf", issuer)
    asked = ocsp.OCSPRequestBuilder().add_certificate(
        leaf.certificate, issuer.certificate, pem.HASHES[algorithm]()
    )
    request = asked.build()
    assert pem.name_hash(issuer.certificate.subject, algorithm) == request.issuer_name_hash.hex()
    assert pem.key_hash(issuer.certificate, algorithm) == request.issuer_key_hash.hex()


def test_who_only_has_the_issuers_name_is_not_the_issuer():
    issuer, impostor = make("issuer", ca=True), make("issuer", ca=True)
    leaf = make("leaf", issuer)
    assert pem.issuer_in(leaf.certificate, [impostor.certificate]) is None
    candidates = [impostor.certificate, issuer.certificate]
    assert pem.issuer_in(leaf.certificate, candidates) == issuer.certificate
