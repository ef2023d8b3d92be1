"""Signed meter values made with chosen keys and readings, for tests."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from csms.domain.signed_value import OCMF, SignedValue

if TYPE_CHECKING:
    from datetime import datetime

IMPORT = "01-00:98.08.00.FF"
METHOD = "ECDSA-secp256r1-SHA256"


def a_key(curve: ec.EllipticCurve | None = None, number: int = 7) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x1234567 + number, curve or ec.SECP256R1())


def der_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def oca_of(key: ec.EllipticCurvePrivateKey) -> str:
    """A key as OCPP sends it."""
    return base64.b64encode(f"oca:base16:asn1:{der_of(key).hex()}".encode()).decode()


def a_row(at: datetime, kind: str, kwh: str, **more: Any) -> dict[str, Any]:
    """A reading of OCMF."""
    row = {"TM": f"{at:%Y-%m-%dT%H:%M:%S},000+0000 S", "TX": kind, "RV": float(kwh)}
    return row | {"RI": IMPORT, "RU": "kWh", "RT": "AC", "EF": "", "ST": "G"} | more


def an_ocmf(
    *rows: dict[str, Any],
    key: ec.EllipticCurvePrivateKey | None = None,
    method: str | None = METHOD,
    page: str = "T1",
    digest: hashes.HashAlgorithm | None = None,
    encoding: str | None = None,
    **more: Any,
) -> str:
    """A record, signed."""
    payload = {"FV": "1.0", "GI": "Test", "GS": "G1", "PG": page, "MS": "M1", "IS": False}
    text = json.dumps(payload | more | {"RD": list(rows)}, separators=(",", ":"))
    raw = (key or a_key()).sign(text.encode(), ec.ECDSA(digest or hashes.SHA256()))
    proof = {} if method is None else {"SA": method}
    if encoding is not None:
        proof["SE"] = encoding
    proof["SD"] = base64.b64encode(raw).decode() if encoding == "base64" else raw.hex()
    return f"OCMF|{text}|{json.dumps(proof, separators=(',', ':'))}"


def a_value(text: str, key: ec.EllipticCurvePrivateKey | None = None) -> SignedValue:
    """A record as it comes out of OCPP, with its key beside it if one is given."""
    return SignedValue(OCMF, text, public_key="" if key is None else oca_of(key))
