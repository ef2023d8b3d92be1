"""Receipts: what a charge record says, for the one who pays. Every figure is the record's.

What is on a receipt is made here, of the record's document and who the operator is; how it looks
is in `receipt_text` and `receipt_pdf`. Sums by VAT rate are sums of the record's lines, exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from csms.billing.money import minor_digits
from csms.billing.party import Location
from csms.reports.receipt_words import LANGUAGES, reason_text
from csms.reports.tariff_text import reserved_elements, tariff_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from csms.billing.party import Party

DEFAULT_LANGUAGE: Final = "en"
ESTIMATE_MARK: Final = "*"
_SHOWN: Final = 4
_LEAST_SHOWN: Final = 8
_MICRO: Final = Decimal("0.000001")
_MINUTE_S, _HOUR_S = 60, 3600


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of the bill as texts, amounts with all their decimals that are not zero."""

    number: int
    interval: str
    what: str
    quantity: str
    unit: str
    price: str
    net: str
    vat_percent: str
    vat: str
    total: str
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class RateSum:
    """What the lines of one VAT rate come to."""

    rate: str
    net: str
    vat: str
    total: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt, in texts; `words` are those of its language."""

    words: Mapping[str, str]
    number: str
    currency: str
    seller: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[ReceiptLine, ...]
    rates: tuple[RateSum, ...]
    net: str
    vat: str
    total: str
    tariff: tuple[str, ...]
    notes: tuple[str, ...]


def receipt_of(
    record: Mapping[str, Any], party: Party, language: str = DEFAULT_LANGUAGE
) -> Receipt:
    """Returns the receipt of a charge record, given its document.

    Raises:
        KeyError: if there are no words of that language (`LANGUAGES` has them).
    """
    words, bill = LANGUAGES[language], record["bill"]
    booked = reserved_elements(record["tariff"])
    zone, digits = ZoneInfo(record["time_zone"]), minor_digits(bill["currency"])
    return Receipt(
        words=words,
        number=record["number"],
        currency=bill["currency"],
        seller=_seller(party, words),
        facts=tuple(_facts(record, party, zone, words)),
        lines=tuple(
            _line(index, each, _intervals(record, zone), digits, (words, booked))
            for index, each in enumerate(bill["lines"], 1)
        ),
        rates=tuple(_rates(bill["lines"], digits, words)),
        net=amount(bill["net"], digits),
        vat=amount(bill["vat"], digits),
        total=amount(bill["total"], digits),
        tariff=tuple(tariff_lines(record["tariff"], language)),
        notes=tuple(_notes(record, words, language)),
    )


def amount(text: str | Decimal, digits: int) -> str:
    """Returns an amount as it is, with at least the decimals of its currency."""
    number = Decimal(text)
    whole, _, part = f"{number:f}".partition(".")
    part = part.rstrip("0").ljust(digits, "0")
    return f"{whole}.{part}" if part else whole


def printable(text: str) -> str:
    """Returns a text without characters that do something: a station's ID may hold any."""
    return "".join(each if each.isprintable() else " " for each in text)


def masked(text: str) -> str:
    """Returns a token or a vehicle's identity with only its end to be read."""
    shown = text[-_SHOWN:] if len(text) >= _LEAST_SHOWN else text[-2:] if len(text) > _SHOWN else ""
    return f"****{shown}"


def local(text: str, zone: ZoneInfo, *, with_offset: bool = True) -> str:
    """Returns an instant in a zone, to the second, such as `2026-11-21 09:00:00 +01:00`."""
    at = datetime.fromisoformat(text).astimezone(zone)
    offset = at.strftime("%z")
    told = f"{at:%Y-%m-%d %H:%M:%S}"
    return f"{told} {offset[:3]}:{offset[3:5]}" if with_offset else told


def _seller(party: Party, words: Mapping[str, str]) -> tuple[str, ...]:
    vat = None if party.vat_number is None else f"{words['vat_number']} {party.vat_number}"
    return tuple(each for each in (party.name, party.contact, vat) if each)


def _facts(
    record: Mapping[str, Any], party: Party, zone: ZoneInfo, words: Mapping[str, str]
) -> list[tuple[str, str]]:
    session, bill = record["session"], record["bill"]
    ended = session.get("ended_at")
    told = {
        "number": record["number"],
        "issued": local(record["issued_at"], zone),
        "replaces": record.get("replaces"),
        "session": record["session_id"],
        "station": _place(session),
        "site": _site(session, party),
        "token": masked(token) if (token := session.get("token")) else None,
        "vehicle": masked(vehicle) if (vehicle := session.get("vehicle")) else None,
        "account": session.get("account"),
        "begin": local(session["started_at"], zone),
        "end": None if ended is None else local(ended, zone),
        "zone": record["time_zone"],
        "energy": f"{_kwh(bill['energy_milliwh'])} kWh",
        "charging": _duration(bill["charging_s"]),
        "parking": _duration(bill["parking_s"]),
        "registers": _registers(session),
        "soc": _levels(session),
        "stopped": session.get("stop_reason"),
    }
    return [(words[name], value) for name, value in told.items() if value]


def _place(session: Mapping[str, Any]) -> str:
    parts = [session["station_id"]]
    if session.get("evse") is not None:
        parts.append(f"EVSE {session['evse']}")
    if session.get("connector") is not None:
        parts.append(f"connector {session['connector']}")
    return ", ".join(parts)


def _site(session: Mapping[str, Any], party: Party) -> str | None:
    """Returns where a site is, as far as that is set; else what it is called."""
    site = session.get("site")
    place = party.locations.get(site or "", Location())
    town = " ".join(each for each in (place.postal_code, place.city) if each)
    told = [each for each in (place.name or site, place.address, town) if each]
    return ", ".join(told) or None


def _registers(session: Mapping[str, Any]) -> str | None:
    first, last = session.get("register_start_wh"), session.get("register_end_wh")
    return None if first is None or last is None else f"{first:.15g} Wh to {last:.15g} Wh"


def _levels(session: Mapping[str, Any]) -> str | None:
    first, last = session.get("soc_start"), session.get("soc_end")
    return None if first is None or last is None else f"{first:g} % to {last:g} %"


def _kwh(milliwh: int) -> str:
    number = Decimal(milliwh) / 1_000_000
    return amount(number, 3)


def _duration(seconds: float) -> str:
    """Returns a duration as h:mm:ss, rounded to the second."""
    whole = int(Decimal(repr(seconds)).quantize(Decimal(1), ROUND_HALF_UP))
    hours, rest = divmod(whole, _HOUR_S)
    return f"{hours}:{rest // _MINUTE_S:02}:{rest % _MINUTE_S:02} h"


@dataclass(frozen=True, slots=True)
class _Intervals:
    """Writes the intervals of lines; with offsets where the session has more than one."""

    zone: ZoneInfo
    with_offset: bool

    def text(self, start: str, end: str) -> str:
        first = local(start, self.zone, with_offset=self.with_offset)
        last = local(end, self.zone, with_offset=self.with_offset)
        is_same_day = first[:10] == last[:10]
        return f"{first} - {last[11:] if is_same_day else last}"


def _intervals(record: Mapping[str, Any], zone: ZoneInfo) -> _Intervals:
    session = record["session"]
    first, last = session["started_at"], session.get("ended_at") or session["started_at"]
    offsets = {datetime.fromisoformat(each).astimezone(zone).utcoffset() for each in (first, last)}
    return _Intervals(zone, len(offsets) > 1)


def _line(
    number: int,
    line: Mapping[str, Any],
    intervals: _Intervals,
    digits: int,
    told: tuple[Mapping[str, str], frozenset[int]],
) -> ReceiptLine:
    words, booked = told
    is_reserved = line["element"] in booked
    element, rate, kind = line["element"], line["vat_percent"], line["dimension"]
    name = f"RESERVATION_{kind}" if is_reserved else kind
    what = words.get(name, kind)
    if element is not None:
        what = f"{what}, {words['element']} {element + 1}"
    return ReceiptLine(
        number=number,
        interval=intervals.text(line["start"], line["end"]),
        what=what,
        quantity=_quantity(line["quantity"]),
        unit="" if line["unit"] == "1" else line["unit"],
        price=amount(line["price"], digits),
        net=amount(line["net"], digits),
        vat_percent=_rate(rate, words),
        vat=amount(line["vat"], digits),
        total=amount(line["total"], digits),
        is_estimate=bool(line["reasons"]),
    )


def _quantity(text: str) -> str:
    """Returns a quantity to six decimals: parts of an hour may have no end."""
    return amount(Decimal(text).quantize(_MICRO, ROUND_HALF_UP), 0)


def _rate(percent: str | None, words: Mapping[str, str]) -> str:
    return words["no_vat"] if percent is None else words["percent"].format(amount(percent, 0))


def _rates(
    lines: Sequence[Mapping[str, Any]], digits: int, words: Mapping[str, str]
) -> list[RateSum]:
    """Returns the sums by VAT rate, the lowest rate first, lines without one before."""
    sums: dict[Decimal | None, list[Decimal]] = {}
    for line in lines:
        rate = None if line["vat_percent"] is None else Decimal(line["vat_percent"])
        known = sums.setdefault(rate, [Decimal(0)] * 3)
        for place, name in enumerate(("net", "vat", "total")):
            known[place] += Decimal(line[name])
    ordered = sorted(sums, key=lambda rate: Decimal(-1) if rate is None else rate)
    return [
        RateSum(
            _rate(None if rate is None else f"{rate:f}", words),
            *(amount(each, digits) for each in sums[rate]),
        )
        for rate in ordered
    ]


def _notes(record: Mapping[str, Any], words: Mapping[str, str], language: str) -> list[str]:
    bill, signed = record["bill"], record.get("signed")
    notes = []
    if bill["reasons"]:
        marked = f"{ESTIMATE_MARK} {words['estimate']}"
        why = "; ".join(reason_text(each, language) for each in bill["reasons"])
        notes.append(f"{marked}: {why}.")
    notes.extend(f"{each['message']}." for each in record.get("contradictions") or ())
    if signed is None:
        notes.append(words["not_signed"])
    else:
        state = words.get(signed["state"], signed["state"])
        notes.append(f"{words['signed']} ({signed['format']}): {state}. {signed['why']}")
    return notes
