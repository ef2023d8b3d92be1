"""Readings in the Open Charge Metering Format (OCMF): the text taken apart, nothing judged. PURE.

`OCMF|{payload}|{signature}`: two JSON objects, the first of which is signed byte by byte.
Source: OCMF 1.0 to 1.4 (S.A.F.E. e.V.), sections 3 to 5 and tables 2 to 8.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

_HEAD: Final = "OCMF|"
_BLANKS: Final = " \t\r\n"
_INHERITED: Final = ("TM", "TX", "RI", "RU", "RT", "EF", "ST")
_ENDS: Final = frozenset("ELRAP")
_IN_WH: Final = {"Wh": Decimal(1), "kWh": Decimal(1000)}
_MOST_READINGS: Final = 200
_MOST_DIGITS: Final = 40
_MOST_EXPONENT: Final = 30
_OF_SIGNATURE: Final = frozenset({"SA", "SE", "SM", "SD"})
_DER: Final = "application/x-der"
_DEFAULT_METHOD: Final = "ECDSA-secp256r1-SHA256"


class OcmfInvalid(Exception):  # noqa: N818 - says what is the case
    """A text that is no OCMF; the argument is the rest of a sentence that says why."""


class OcmfUnknown(Exception):  # noqa: N818 - says what is the case
    """An OCMF whose signature is made in a way that nobody here knows; a sentence's rest."""


@dataclass(frozen=True, slots=True)
class OcmfReading:
    """One reading. `at` is None where no instant with a zone is told.

    `kind` is the reason (TX): B begin, E, L, R, A, P ends, C and others between. `value` is the
    register in `unit` as it was written, None where none was.
    """

    at: datetime | None
    time_status: str
    kind: str
    value: Decimal | None
    unit: str
    obis: str
    status: str
    errors: str

    @property
    def is_begin(self) -> bool:
        """Tells whether a transaction begins with it."""
        return self.kind == "B"

    @property
    def is_end(self) -> bool:
        """Tells whether a transaction ends with it."""
        return self.kind in _ENDS

    @property
    def register_wh(self) -> Decimal | None:
        """The register in watt-hours; None without one, or in another unit than of energy."""
        scale = _IN_WH.get(self.unit)
        return None if self.value is None or scale is None else self.value * scale

    @property
    def step_wh(self) -> Decimal:
        """The least step of the register, as its decimals show it, in watt-hours."""
        if self.value is None:
            return Decimal(0)
        exponent = self.value.as_tuple().exponent
        places = min(exponent, 0) if isinstance(exponent, int) else 0
        return Decimal(1).scaleb(places) * _IN_WH.get(self.unit, Decimal(1))


@dataclass(frozen=True, slots=True)
class Ocmf:
    """A record: the very text that is signed, its signature, and what it says.

    `method` is empty where the record names none. `signature` is the DER of an ECDSA signature.
    """

    signed_text: str
    method: str
    signature: bytes
    embedded_key: str
    meter: str
    pagination: str
    identification: str
    readings: tuple[OcmfReading, ...]


def read_ocmf(text: str) -> Ocmf:
    """Returns what a text in the format says.

    Raises:
        OcmfInvalid: if it is not in the format.
        OcmfUnknown: if its signature is written in a way that is not known.
    """
    if not text.startswith(_HEAD):
        raise OcmfInvalid("does not begin with OCMF|")
    payload, end = _object_at(text, len(_HEAD), "payload")
    signature, rest = _object_at(text, end + 1, "signature")
    key = ""
    if text[rest : rest + 1] == "|":
        key = text[rest + 1 :].strip()
    elif text[rest:].strip(_BLANKS):
        raise OcmfInvalid("goes on after its signature")
    return Ocmf(
        text[len(_HEAD) : end],
        _method(signature),
        _signature(signature),
        key,
        _first_text(payload, "MS", "GS"),
        _first_text(payload, "PG"),
        _first_text(payload, "ID"),
        _readings(payload),
    )


def default_method() -> str:
    """Returns how a record is signed that does not say it, nor what carries it (OCMF, table 8)."""
    return _DEFAULT_METHOD


def _object_at(text: str, start: int, name: str) -> tuple[dict[str, Any], int]:
    """Returns the JSON object that begins there, and where its section ends."""
    begin = start + len(text[start:]) - len(text[start:].lstrip(_BLANKS))
    try:
        found, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError, ArithmeticError):
        raise OcmfInvalid(f"has no readable {name}") from None
    if not isinstance(found, dict):
        raise OcmfInvalid(f"has a {name} that is no object")
    while end < len(text) and text[end] in _BLANKS:
        end += 1
    if name == "payload" and text[end : end + 1] != "|":
        raise OcmfInvalid("has no signature after its payload")
    return found, end


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is there twice")
    return found


def _number(text: str) -> Decimal:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number is too long")
    return Decimal(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_number, parse_int=_number, parse_constant=_number
)


def _method(signature: dict[str, Any]) -> str:
    unknown = sorted(signature.keys() - _OF_SIGNATURE)
    if unknown:
        raise OcmfUnknown(f"has a signature with the unknown member {unknown[0][:20]!r}")
    method, kind = signature.get("SA"), signature.get("SM") or _DER
    if kind != _DER:
        raise OcmfUnknown(f"has a signature in the form {str(kind)[:50]!r}")
    if method is None:
        return ""
    if not isinstance(method, str) or not method:
        raise OcmfInvalid("has a signature whose method (SA) is no text")
    return method


def _signature(signature: dict[str, Any]) -> bytes:
    """Returns the signature's bytes.

    Only one way of writing them is taken, so that a changed character is another signature.
    """
    data, encoding = signature.get("SD"), signature.get("SE") or "hex"
    if not isinstance(data, str) or not data:
        raise OcmfInvalid("has no signature data (SD)")
    if encoding == "hex":
        return _of_hex(data)
    if encoding != "base64":
        raise OcmfUnknown(f"has a signature encoded as {str(encoding)[:50]!r}")
    return _of_base64(data)


def _of_hex(data: str) -> bytes:
    try:
        found = bytes.fromhex(data)
    except ValueError:
        found = b""
    if not found or data not in {found.hex(), found.hex().upper()}:
        raise OcmfInvalid("has signature data that are not hexadecimal")
    return found


def _of_base64(data: str) -> bytes:
    try:
        found = base64.b64decode(data, validate=True)
    except ValueError:
        found = b""
    if not found or base64.b64encode(found).decode() != data:
        raise OcmfInvalid("has signature data that are not base64")
    return found


def _first_text(payload: dict[str, Any], *names: str) -> str:
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value[:200]
    return ""


def _readings(payload: dict[str, Any]) -> tuple[OcmfReading, ...]:
    rows = payload.get("RD")
    if not isinstance(rows, list) or not rows:
        raise OcmfInvalid("has no readings (RD)")
    if len(rows) > _MOST_READINGS:
        raise OcmfInvalid(f"has {len(rows)} readings; {_MOST_READINGS} are read")
    readings: list[OcmfReading] = []
    last: dict[str, Any] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise OcmfInvalid("has a reading that is no object")
        last = {name: row.get(name, last.get(name)) for name in _INHERITED}
        readings.append(_reading(last, row.get("RV")))
    return tuple(readings)


def _reading(told: dict[str, Any], value: object) -> OcmfReading:
    at, time_status = _time(told["TM"])
    return OcmfReading(
        at,
        time_status,
        _text(told["TX"]),
        _value(value),
        _text(told["RU"]),
        _text(told["RI"]),
        _text(told["ST"]),
        _text(told["EF"]),
    )


def _text(raw: object) -> str:
    return raw.strip()[:50] if isinstance(raw, str) else ""


def _value(raw: object) -> Decimal | None:
    """Returns a register; some meters write it as text."""
    if raw is None:
        return None
    try:
        number = raw if isinstance(raw, Decimal) else _number(str(raw))
    except (ValueError, InvalidOperation):
        raise OcmfInvalid("has a reading whose value (RV) is no number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_EXPONENT:
        raise OcmfInvalid("has a reading whose value (RV) is no meter's")
    return number


def _time(raw: object) -> tuple[datetime | None, str]:
    """Returns a time and the state of its clock, as in `2023-06-15T14:30:45,123+0200 S`.

    A time without a zone is no instant.
    """
    if not isinstance(raw, str):
        raise OcmfInvalid("has a reading without a time (TM)")
    moment, _, status = raw.strip().partition(" ")
    try:
        at = datetime.fromisoformat(moment.replace(",", "."))
        at = at if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise OcmfInvalid(f"has a reading whose time (TM) is {raw[:50]!r}") from None
    return (None if at.tzinfo is None else at), status.strip() or "U"
