"""Signed meter values out of sampled values of either version, in whatever they are wrapped.

Source: "Signed Meter Values in OCPP" (Open Charge Alliance), 3.2.1 (1.6: an object as JSON text,
of format SignedData) and 4.2 (2.0.1: signedMeterValue); stations of 1.6 that are older send the
signed text itself, plain, in base64 or in hexadecimal digits.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Final

from csms.domain.signed_value import OCMF, SignedValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.ocppj.frames import Payload

_HEAD: Final = "OCMF|"
_HEX_HEAD: Final = _HEAD.encode().hex()
_MOST: Final = 32_768
_MOST_NAME: Final = 50
_MOST_KEY: Final = 4096
_MEMBER: Final = "signedMeterData"
_NAMED_INSIDE: Final = re.compile(r"<encodingMethod>\s*([A-Za-z0-9_-]{1,20})", re.ASCII)
_OTHER_FORMATS: Final = (
    ("AP;", "ALFEN"),
    ("<?xml", "XML"),
    ("<", "XML"),
)


def signed_value(sampled: Payload) -> SignedValue | None:
    """Returns the signed value in a sampled value, None if there is none.

    Only what may say how much a vehicle took counts: a signed export or reactive energy stays
    with its sample. Never raises.
    """
    own = sampled.get("signedMeterValue")
    text = sampled.get("value")
    if own is None and sampled.get("format") != "SignedData" and not holds_signed_text(text):
        return None
    if not _is_of_import(sampled.get("measurand")):
        return None
    if own is not None:
        return _of_type(own) if isinstance(own, dict) else _unreadable("", "is no object")
    return _of_text(text)


def holds_signed_text(text: object) -> bool:
    """Tells whether a value is a signed text, which is never read as a number."""
    return isinstance(text, str) and (text.startswith(_HEAD) or f'"{_MEMBER}"' in text)


def _is_of_import(measurand: object) -> bool:
    if not isinstance(measurand, str):
        return True
    return measurand.startswith("Energy") and not ("Export" in measurand or "Reactive" in measurand)


def _of_text(text: object) -> SignedValue:
    """Returns the signed value that the text of a 1.6 value holds."""
    if not isinstance(text, str):
        return _unreadable("", "is no text")
    if len(text) > 2 * _MOST:
        return _unreadable("", f"has {len(text)} characters; {_MOST} are read")
    told = text.strip()
    if told.startswith("{"):
        try:
            found = json.loads(told)
        except (ValueError, RecursionError):
            return _unreadable("", "looks like a JSON object and is none")
        return _of_type(found)
    return _of_data(told, "", "", "")


def _of_type(found: object) -> SignedValue:
    """Returns the value in what OCPP calls SignedMeterValueType."""
    if not isinstance(found, dict):
        return _unreadable("", "is no object")
    data = found.get(_MEMBER)
    encoding = _text(found.get("encodingMethod"), _MOST_NAME)
    if not isinstance(data, str) or not data.strip():
        return _unreadable(encoding, "has no signedMeterData")
    method = _text(found.get("signingMethod"), _MOST_NAME)
    return _of_data(data.strip(), encoding, method, _text(found.get("publicKey"), _MOST_KEY))


def _of_data(data: str, encoding: str, method: str, public_key: str) -> SignedValue:
    if not _is_storable(data):
        return _unreadable(encoding, "holds characters that are none", public_key)
    if len(data) > 2 * _MOST:
        return _unreadable(encoding, f"has {len(data)} characters; {_MOST} are read", public_key)
    for decode in (_plain, _of_base64, _of_hex):
        text = decode(data)
        if text is not None and text.startswith(_HEAD):
            return SignedValue(OCMF, text, method, public_key)
    if encoding.upper() == OCMF:
        return _unreadable(OCMF, "is called OCMF and is none", public_key)
    return SignedValue(encoding or _format_of(data), data, method, public_key)


def _format_of(data: str) -> str:
    """Returns what a text seems to be whose format nobody named, empty if nobody knows."""
    for text in (data, _of_base64(data) or ""):
        named = _NAMED_INSIDE.search(text)
        if named is not None:
            return named[1]
        for head, name in _OTHER_FORMATS:
            if text.startswith(head):
                return name
    return ""


def _plain(data: str) -> str | None:
    return data if data.startswith(_HEAD) else None


def _of_base64(data: str) -> str | None:
    """Returns the text that is meant; None where that is not the only base64 of it.

    A text whose last bits say nothing could be changed without anybody seeing it.
    """
    bare = "".join(data.split()).rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    return _decoded(
        lambda: base64.b64decode(padded, validate=True),
        lambda raw: base64.b64encode(raw).decode().rstrip("=") == bare,
    )


def _of_hex(data: str) -> str | None:
    if data[: len(_HEX_HEAD)].lower() != _HEX_HEAD:
        return None
    return _decoded(lambda: binascii.unhexlify(data), lambda raw: raw.hex() in {data, data.lower()})


def _decoded(decode: Callable[[], bytes], is_it: Callable[[bytes], bool]) -> str | None:
    try:
        raw = decode()
        text = raw.decode() if is_it(raw) else ""
    except ValueError:
        return None
    return text if text and _is_storable(text) else None


def _text(raw: object, most: int) -> str:
    """Returns a member as text that can be stored; one that is too long or none is empty."""
    return raw.strip() if isinstance(raw, str) and len(raw) <= most and _is_storable(raw) else ""


def _is_storable(text: str) -> bool:
    """Tells whether a database can hold a text: without NUL, and no half of a character."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _unreadable(encoding: str, problem: str, public_key: str = "") -> SignedValue:
    return SignedValue(encoding, "", public_key=public_key, problem=problem)
