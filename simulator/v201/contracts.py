"""Contract certificates of ISO 15118 cars, as a station asks about them.

Each eMAID has one of its own, below one authority for all; both follow from the name, so that
every run has the same. Source: OCPP 2.0.1 part 2, C07.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ocpp.v201 import datatypes, enums

from simulator.station.certificates import CertificateStore, to_pem

if TYPE_CHECKING:
    from simulator.station.transaction import Token
    from simulator.v201.device_model import DeviceModel

EMAID: Final = "eMAID"
_AUTHORITY: Final = "Simulated Mobility Operator"
_RESPONDER: Final = "http://ocsp.simulated.example"
_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL: Final = datetime(2060, 1, 1, tzinfo=UTC)


def is_contract(model: DeviceModel, token: Token) -> bool:
    """Whether a token is authorized by its contract certificate (PnCEnabled)."""
    return token.kind == EMAID and model.flag("ISO15118Ctrlr", "PnCEnabled")


def ocsp_data(token: Token) -> list[datatypes.OCSPRequestDataType]:
    """Return what the central system needs to ask about the certificate (C07.FR.02)."""
    certificate, authority = _certificate(token.text), _certificate(_AUTHORITY)
    hashed = CertificateStore(Random(0)).hash_data(certificate, above=(authority,))  # noqa: S311
    return [
        datatypes.OCSPRequestDataType(
            hash_algorithm=enums.HashAlgorithmEnumType(hashed.algorithm),
            issuer_name_hash=hashed.issuer_name_hash,
            issuer_key_hash=hashed.issuer_key_hash,
            serial_number=hashed.serial,
            responder_url=_RESPONDER,
        )
    ]


def chain_of(token: Token) -> str:
    """Return the contract certificate with the authority's, in PEM (C07.FR.06)."""
    return to_pem((_certificate(token.text), _certificate(_AUTHORITY)))


@lru_cache(maxsize=1000)
def _certificate(name: str) -> x509.Certificate:
    subject, issuer = _named(name), _named(_AUTHORITY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(_key(name).public_key())
        .serial_number(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) | 1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
    )
    return builder.sign(_key(_AUTHORITY), hashes.SHA256(), ecdsa_deterministic=True)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _key(name: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(f"key of {name}".encode()).digest()[:31]) | 1
    return ec.derive_private_key(number, ec.SECP256R1())
