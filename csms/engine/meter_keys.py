"""Public keys of meters: read in whatever form they come, and whose word counts.

What an operator has set outweighs what the station's configuration tells, and that outweighs the
key that was first seen beside a signed value (trust on first use).
Source: "Signed Meter Values in OCPP" (Open Charge Alliance), 3.2.2, 3.3.1 and 4.3.2.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from csms.domain.device_model import ACTUAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.domain.device_model import VariableKey, VariableTold
    from csms.domain.station import Station
    from csms.engine.work import Work

OPERATOR, STATION, FIRST_USE, MESSAGE = "operator", "station", "first_use", "message"
SOURCES: Final = (OPERATOR, STATION, FIRST_USE)
"""Who a key is known from, the most trusted first."""
WHOLE_STATION: Final = "0"
_MOST: Final = 4096
_MOST_EVSES: Final = 64
_LAYERS: Final = 3
_OCA: Final = "oca:"
_KEY_NAME: Final = re.compile(r"meterpublickey\s*\[?(\d{0,4})\]?", re.ASCII)
_NOT_HEX: Final = re.compile(r"[^0-9a-fA-F]")
_SECP192K1: Final = bytes.fromhex("06052b8104001f")
_BLANKS: Final = re.compile(r"\s+")


def read_key(text: str) -> str:
    """Returns an elliptic curve key as the hexadecimal digits of its DER form.

    It may be that already, the same in base64, PEM, or what OCPP puts around a printed key
    (`oca:base16:asn1:...`), each also in base64 once more.

    Raises:
        ValueError: with a sentence's rest that says why it is no such key.
    """
    if len(text) > _MOST:
        raise ValueError(f"has {len(text)} characters; a key has at most {_MOST}")
    told = text.strip()
    for _ in range(_LAYERS):
        raw = _bytes_of(told)
        if raw is None:
            break
        key = _der_of(raw)
        if key is not None:
            return key
        try:
            told = raw.decode("ascii").strip()
        except UnicodeDecodeError:
            break
    raise ValueError("is no public key of an elliptic curve in DER, PEM or oca:base16:asn1 form")


def _bytes_of(told: str) -> bytes | None:
    """Returns what a text stands for, one layer taken off; None if that is nothing."""
    if told.startswith("-----BEGIN"):
        return told.encode("ascii", "replace")
    if told.lower().startswith(_OCA):
        _, encoding, content, printed = (*told.split(":", 3), "", "", "")[:4]
        if content.lower() != "asn1":
            return None
        told = printed
        if encoding.lower() == "base16":
            bare = _NOT_HEX.sub("", told.replace("0x", "").replace("0X", ""))
            return bytes.fromhex(bare) if len(bare) % 2 == 0 else None
    bare = _BLANKS.sub("", told).removeprefix("0x")
    try:
        return bytes.fromhex(bare)
    except ValueError:
        pass
    try:
        return base64.b64decode(bare, validate=True)
    except ValueError:
        return None


def _der_of(raw: bytes) -> str | None:
    """Returns a key as digits if it is one, of a curve that meters have."""
    try:
        load = load_pem_public_key if raw.startswith(b"-----BEGIN") else load_der_public_key
        key = load(raw)
    except UnsupportedAlgorithm:
        # OpenSSL has no secp192k1, which OCMF lists; it is checked by another library.
        return raw.hex() if _SECP192K1 in raw[:40] else None
    except (ValueError, TypeError, OverflowError):
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def keys_of(station: Station, evse: int | None) -> list[tuple[str, str]]:
    """Returns what keys are known for an EVSE, as (source, key), the most trusted first."""
    places = dict.fromkeys((str(evse or 0), WHOLE_STATION))
    return [
        (source, known[source]["key"])
        for source in SOURCES
        for place in places
        if source in (known := station.meter_keys.get(place, {}))
    ]


def set_key(work: Work, evse: int | None, source: str, key: str | None) -> bool:
    """Takes a key, None takes it away; has the station written, False if nothing has changed."""
    record, place = work.station.record, str(evse or 0)
    known = dict(record.meter_keys.get(place, {}))
    before = known.get(source, {}).get("key")
    if before == key or (not known and len(record.meter_keys) >= _MOST_EVSES):
        return False
    if key is None:
        del known[source]
    else:
        known[source] = {"key": key, "at": work.now.isoformat().replace("+00:00", "Z")}
    others = {each: of for each, of in record.meter_keys.items() if each != place}
    record.meter_keys = {**others, place: known} if known else others
    work.save_station()
    work.note("station.meter_key", evse=int(place), source=source, was=before, now=key)
    return True


def learn(work: Work, variables: Iterable[VariableTold]) -> None:
    """Takes over the keys that a station's configuration tells."""
    for each in variables:
        evse = _evse_of(each.key)
        told = None if evse is None else each.values.get(ACTUAL)
        if not told or not told.strip():
            continue
        try:
            key = read_key(told)
        except ValueError as error:
            name, why = str(each.key), str(error)
            work.warn("station.meter_key_unreadable", variable=name, why=why)
            continue
        set_key(work, evse, STATION, key)


def _evse_of(key: VariableKey) -> int | None:
    """Returns whose meter a variable tells the public key of; 0 is the station's own."""
    name = key.variable.casefold()
    if not key.component:
        found = _KEY_NAME.fullmatch(name)
        return None if found is None else int(found[1] or 0)
    if key.component.casefold() == "fiscalmetering" and name == "publickey":
        return key.evse or 0
    return None


def keys_view(station: Station) -> list[dict[str, Any]]:
    """Returns all known keys of a station for operators: evse, source, key, since; by EVSE."""
    return [
        {"evse": int(place), "source": source, "key": known[source]["key"], "since": at}
        for place, known in sorted(station.meter_keys.items(), key=lambda each: int(each[0]))
        for source in SOURCES
        if source in known and (at := known[source]["at"])
    ]
