"""An authority that makes certificates for tests, valid around the laboratory's time."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.unit.simulator.conftest import START


class Authority:
    """A self-signed root, or one below `above`; `until_days` counts from the laboratory's day."""

    def __init__(self, name="Root", *, above=None, until_days=30):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = above or self
        self.certificate = issuer.certify(self.name, self.key.public_key(), until_days)
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    def certify(self, name, key, until_days=30):
        """Return a certificate for a key."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(START - timedelta(days=60))
            .not_valid_after(START + timedelta(days=until_days))
        )
        return builder.sign(self.key, hashes.SHA256())

    def sign(self, csr, until_days=30):
        """Return the certificate that a CSR in PEM asks for, in PEM."""
        request = x509.load_pem_x509_csr(csr.encode())
        assert request.is_signature_valid
        certificate = self.certify(request.subject, request.public_key(), until_days)
        return certificate.public_bytes(Encoding.PEM).decode()
