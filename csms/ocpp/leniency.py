"""Messages that break their schema where that costs nothing: texts too long, words of a vendor.

Only members that are for reading are mended, and words whose meaning is known; everything else is
refused as the schema demands. Source: OCPP 1.6, 4.2 and 4.9; what chargers in the field send.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from csms.ocpp.reading import Notes
from csms.ocppj.schemas import request_violations
from csms.ocppj.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.anomalies import Anomaly
    from csms.ocppj.frames import Payload

_LONGEST: Final = 255
_Path = tuple[str, ...]
_TEXTS: Final[Mapping[tuple[Version, str], Mapping[_Path, int]]] = MappingProxyType(
    {
        (Version.V16, "Authorize"): {("idTag",): 20},
        (Version.V16, "BootNotification"): {
            ("chargeBoxSerialNumber",): 25,
            ("chargePointModel",): 20,
            ("chargePointSerialNumber",): 25,
            ("chargePointVendor",): 20,
            ("firmwareVersion",): 50,
            ("iccid",): 20,
            ("imsi",): 20,
            ("meterSerialNumber",): 25,
            ("meterType",): 25,
        },
        (Version.V16, "StatusNotification"): {
            ("info",): 50,
            ("vendorErrorCode",): 50,
            ("vendorId",): 255,
        },
        (Version.V201, "BootNotification"): {
            ("chargingStation", "firmwareVersion"): 50,
            ("chargingStation", "model"): 20,
            ("chargingStation", "modem", "iccid"): 20,
            ("chargingStation", "modem", "imsi"): 20,
            ("chargingStation", "serialNumber"): 25,
            ("chargingStation", "vendorName"): 50,
        },
    }
)
_ERROR_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {"error": "OtherError", "noerrors": "NoError"}
)
_ERROR: Final = "errorCode"


class Mended(NamedTuple):
    """A payload as it is meant, and what was odd about it as it was sent."""

    payload: Payload
    oddities: tuple[Anomaly, ...]


def mended(version: Version, action: str, payload: Payload) -> Mended | None:
    """Returns what a message says and what was odd about it; None if it has to be refused.

    A member that is null is none at all. A text that is too long is kept whole, up to 255
    characters: nothing of ours needs it short.
    """
    notes = Notes()
    kept = _without_nulls(payload, "", notes)
    checked = kept
    for path, most in _TEXTS.get((version, action), {}).items():
        raw = _at(kept, path)
        if isinstance(raw, str) and most < len(raw) <= _LONGEST:
            checked = _with(checked, path, raw[:most])
            notes.repaired(".".join(path), raw, raw)
    word = kept.get(_ERROR)
    if version is Version.V16 and isinstance(word, str) and word.casefold() in _ERROR_CODES:
        meant = _ERROR_CODES[word.casefold()]
        checked, kept = {**checked, _ERROR: meant}, {**kept, _ERROR: meant}
        notes.repaired(_ERROR, word, meant)
    oddities = notes.all()
    if not oddities or request_violations(version, action, checked):
        return None
    return Mended(kept, oddities)


def _without_nulls(payload: Payload, above: str, notes: Notes) -> Payload:
    """Returns a payload without the members that are null, in objects within objects too.

    Lists are left as they are: what is null in them stands for something.
    """
    left: Payload = {}
    for name, value in payload.items():
        if value is None:
            notes.ignored(f"{above}{name}", None)
        elif isinstance(value, dict):
            left[name] = _without_nulls(value, f"{above}{name}.", notes)
        else:
            left[name] = value
    return left


def _at(payload: Payload, path: _Path) -> object:
    found: object = payload
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _with(payload: Payload, path: _Path, text: str) -> Payload:
    """Returns a payload with one member changed; the steps to it must be there."""
    first, *rest = path
    return {**payload, first: _with(payload[first], tuple(rest), text) if rest else text}
