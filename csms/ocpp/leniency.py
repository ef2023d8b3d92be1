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
_TEXTS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "BootNotification": {
            "chargeBoxSerialNumber": 25,
            "chargePointSerialNumber": 25,
            "firmwareVersion": 50,
            "iccid": 20,
            "imsi": 20,
            "meterSerialNumber": 25,
            "meterType": 25,
        },
        "StatusNotification": {"info": 50, "vendorErrorCode": 50, "vendorId": 255},
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

    A text that is too long is kept whole, up to 255 characters: nothing of ours needs it short.
    """
    known = _TEXTS.get(action) if version is Version.V16 else None
    if known is None:
        return None
    notes, checked, kept = Notes(), dict(payload), dict(payload)
    for name, most in known.items():
        raw = payload.get(name)
        if isinstance(raw, str) and most < len(raw) <= _LONGEST:
            checked[name] = raw[:most]
            notes.repaired(name, raw, raw)
    word = payload.get(_ERROR)
    if isinstance(word, str) and word.casefold() in _ERROR_CODES:
        checked[_ERROR] = kept[_ERROR] = _ERROR_CODES[word.casefold()]
        notes.repaired(_ERROR, word, kept[_ERROR])
    oddities = notes.all()
    if not oddities or request_violations(version, action, checked):
        return None
    return Mended(kept, oddities)
