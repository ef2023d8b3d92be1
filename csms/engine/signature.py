"""Whether a key has signed a text, by the methods that OCMF lists.

Source: OCMF 1.0 to 1.4, table 8; "Signed Meter Values in OCPP", table 12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from csms.domain.ocmf import OcmfUnknown, default_method

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "SHA256": hashes.SHA256,
    "SHA512": hashes.SHA512,
}
_CURVES: Final = {
    **{
        name: name
        for name in (
            "secp192r1",
            "secp256k1",
            "secp256r1",
            "secp384r1",
            "secp521r1",
            "brainpoolP256r1",
            "brainpoolP384r1",
        )
    },
    "brainpool256r1": "brainpoolP256r1",
    "brainpool384r1": "brainpoolP384r1",
}
_WITHOUT_OPENSSL: Final = "secp192k1"


def is_signed_by(key: str, method: str, signature: bytes, text: str) -> bool:
    """Tells whether a key (DER, in hexadecimal digits) has signed a text.

    `method` is as in `ECDSA-secp256r1-SHA256`, empty for the usual one. A key of another curve
    has not.

    Raises:
        OcmfUnknown: if the method is none that is known.
    """
    method = method or default_method()
    kind, _, rest = method.partition("-")
    curve, _, digest = rest.partition("-")
    if kind != "ECDSA" or digest not in _HASHES or not (curve in _CURVES or _is_old(curve)):
        raise OcmfUnknown(f"is signed by a method that is not known: {method[:50]!r}")
    raw = bytes.fromhex(key)
    if _is_old(curve):
        return _is_signed_by_old(raw, digest, signature, text)
    try:
        public_key = load_der_public_key(raw)
    except (UnsupportedAlgorithm, ValueError):
        return False
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        return False
    if public_key.curve.name != _CURVES[curve]:
        return False
    try:
        public_key.verify(signature, text.encode(), ec.ECDSA(_HASHES[digest]()))
    except InvalidSignature:
        return False
    return True


def _is_old(curve: str) -> bool:
    return curve == _WITHOUT_OPENSSL


def _is_signed_by_old(key: bytes, digest: str, signature: bytes, text: str) -> bool:
    """Checks a signature on secp192k1, which OpenSSL does not know, the slow way."""
    # A quarter of a second, for a curve that hardly any meter has.
    from pyocmf.crypto import fallback  # noqa: PLC0415
    from pyocmf.enums.crypto import HashAlgorithm  # noqa: PLC0415
    from pyocmf.exceptions import PublicKeyError  # noqa: PLC0415

    if fallback.fallback_curve(key) is None:
        return False
    try:
        return fallback.verify_signature(key, signature, text.encode(), HashAlgorithm(digest))
    except PublicKeyError:
        return False
