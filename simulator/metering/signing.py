"""Signed meter values: a key for each meter, and readings in the Open Charge Metering Format.

Source: OCMF 1.0; "Signed Meter Values in OCPP" (Open Charge Alliance), 3.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from datetime import datetime

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_METHOD: Final = "ECDSA-secp256r1-SHA256"
_ENCODING: Final = "OCMF"
_OBIS: Final = "1-b:1.8.0"
_MARKS: Final = {"Transaction.Begin": "B", "Transaction.End": "E"}
_WH_PER_KWH: Final = 1000


@dataclass(frozen=True, slots=True)
class SignedValue:
    """A signed reading. `data` is OCMF text; `public_key` as OCPP carries it, in base64.

    The method is named within the data, so that OCPP's own field stays empty.
    """

    data: str
    public_key: str
    method: str = ""
    encoding: str = _ENCODING

    @property
    def data_base64(self) -> str:
        """The data as OCPP carries it."""
        return base64.b64encode(self.data.encode()).decode()

    def fields(self, *, with_key: bool = True) -> dict[str, str]:
        """Return OCPP's SignedMeterValueType."""
        return {
            "signedMeterData": self.data_base64,
            "signingMethod": self.method,
            "encodingMethod": self.encoding,
            "publicKey": self.public_key if with_key else "",
        }

    def text(self, *, with_key: bool = True) -> str:
        """Return it as the value of a 1.6 sampledValue of format SignedData."""
        return json.dumps(self.fields(with_key=with_key), separators=(",", ":"))


class Signer:
    """The signing half of one meter; its key follows from `seed` and is made when first used."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pages = 0
        self._begun: dict[str, object] | None = None

    @property
    def public_key(self) -> str:
        """The public key: base64 of `oca:base16:asn1:` and its DER form in hex."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(f"oca:base16:asn1:{der.hex()}".encode()).decode()

    def sign(self, context: str, register_wh: int, at: datetime, *, is_dc: bool) -> SignedValue:
        """Return a signed reading; the one that ends a transaction holds its beginning too."""
        mark = _MARKS.get(context, "C")
        row: dict[str, object] = {
            "TM": f"{at:%Y-%m-%dT%H:%M:%S},{at.microsecond // 1000:03}+0000 S",
            "TX": mark,
            "RV": round(register_wh / _WH_PER_KWH, 3),
            "RI": _OBIS,
            "RU": "kWh",
            "RT": "DC" if is_dc else "AC",
            "EF": "",
            "ST": "G",
        }
        rows = [row]
        if mark == "B":
            self._begun = row
        elif mark == "E" and self._begun is not None:
            rows = [self._begun, row]
        return SignedValue(self._ocmf(rows), self.public_key)

    def _ocmf(self, rows: list[dict[str, object]]) -> str:
        self._pages += 1
        payload = {
            "FV": "1.0",
            "GI": "Laddvakt Sim",
            "GS": f"{self._seed:032x}"[:12],
            "GV": "1.0",
            "PG": f"T{self._pages}",
            "MV": "Laddvakt",
            "MM": "Sim Meter",
            "MS": f"{self._seed:032x}"[:16],
            "MF": "1.0",
            "IS": False,
            "IF": [],
            "IT": "NONE",
            "RD": rows,
        }
        text = json.dumps(payload, separators=(",", ":"))
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        signature = self._key.sign(text.encode(), algorithm)
        proof = json.dumps({"SA": _METHOD, "SD": signature.hex()}, separators=(",", ":"))
        return f"OCMF|{text}|{proof}"

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        digest = hashlib.sha256(f"meter key {self._seed}".encode()).digest()
        secret = int.from_bytes(digest, "big") % (_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())
