"""The words of receipts, by language. A language is added by a table of its own here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Final = MappingProxyType(
    {
        "title": "Receipt for charging",
        "number": "Receipt number",
        "issued": "Issued",
        "replaces": "Replaces receipt",
        "seller": "Sold by",
        "vat_number": "VAT number",
        "session": "Session",
        "station": "Charging station",
        "site": "Site",
        "token": "Token",
        "vehicle": "Vehicle",
        "account": "Account",
        "begin": "Begin",
        "end": "End",
        "zone": "Time zone",
        "charging": "Charging",
        "parking": "Plugged in, not charging",
        "energy": "Energy",
        "registers": "Meter register",
        "soc": "Charge level",
        "stopped": "Stopped because",
        "lines": "What it costs",
        "line": "Line",
        "time": "Time",
        "what": "What",
        "quantity": "Quantity",
        "price": "Price",
        "net": "Net",
        "vat": "VAT",
        "total": "Total",
        "no_vat": "without a VAT rate",
        "per_rate": "By VAT rate",
        "to_pay": "Total to pay",
        "element": "element",
        "tariff": "Tariff",
        "notes": "Notes",
        "page": "page",
        "nothing": "Nothing is to be paid: no price applied.",
        "estimate": "rests on an estimate",
        "signed": "Signed meter values",
        "not_signed": "The station sent no signed meter values.",
        "percent": "{} %",
        "times": "{quantity} {unit} x {price} = {net} net, VAT {vat}, total {total}",
        "ENERGY": "Energy",
        "TIME": "Charging time",
        "PARKING_TIME": "Parking time",
        "FLAT": "Start fee",
        "RESERVATION_TIME": "Reserved time",
        "RESERVATION_FLAT": "Reservation fee",
        "MIN_PRICE": "Up to the minimum price",
        "MAX_PRICE": "Down to the maximum price",
        "ROUNDING": "Rounding",
        "valid": "valid",
        "invalid": "INVALID",
        "unverifiable": "could not be verified",
        "no_key": "not verified, no public key",
        "inconsistent": "DO NOT AGREE",
    }
)

_ENGLISH_REASONS: Final = MappingProxyType(
    {
        "gap": "readings of the meter are missing in between, so that the energy of the time is "
        "shared out evenly",
        "meter_flagged": "the meter's readings were odd, and what was made of them is on record",
        "clock_corrected": "the station's clock was wrong, and its times were corrected",
        "price_missing": "the price series had no price for the time; the tariff's own price holds",
        "register_fell": "the meter's register fell, and began anew",
        "start_unmeasured": "no reading was taken when the session began",
        "end_unmeasured": "no reading was taken when the session ended",
    }
)

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": ENGLISH})
REASONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": _ENGLISH_REASONS})


def reason_text(reason: str, language: str) -> str:
    """Returns why something is an estimate, for people; one without a text as it is called."""
    return REASONS[language].get(reason, reason.replace("_", " "))
