"""Charge records as OCPI 2.2.1 charge detail records (CDR), and the credit of one. PURE.

A CDR is made of the charge record's document and who the operator is, of nothing else, so that
the same record always gives the same CDR. What OCPI demands and nobody has set is `#NA`, and the
remark says so. Numbers have at most four decimals (OCPI 2.2.1, 16.3); the volumes of the periods
are rounded so that they add up to the totals.
Source: OCPI 2.2.1, 10.3 (CDR object), 10.4 (its classes), 10.1.1 (credit CDRs).
"""

from __future__ import annotations

import base64
import re
import unicodedata
import zlib
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from csms.billing.party import UNKNOWN, Location, Outlet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from csms.billing.party import Party

_STEP: Final = Decimal("0.0001")
_MILLIWH: Final = Decimal(1_000_000)
_HOUR_S: Final = Decimal(3600)
_MOST_ID, _MOST_CREDIT_ID, _MOST_REMARK = 36, 39, 255
_MOST_PLAIN, _MOST_SIGNED, _MOST_KEY = 512, 5000, 512
_CREDIT: Final = "-C"
_COSTS: Final = {
    "total_fixed_cost": "FLAT",
    "total_energy_cost": "ENERGY",
    "total_time_cost": "TIME",
    "total_parking_cost": "PARKING_TIME",
}
_RESERVATION_COST: Final = "total_reservation_cost"
_NO_PLACE: Final = "0.00000"
_STANDARD, _FORMAT, _POWER = "IEC_62196_T2", "SOCKET", "AC_3_PHASE"
_RFID: Final = frozenset({None, "", "ISO14443", "ISO15693"})
_EMAID: Final = re.compile(r"([A-Z]{2})-?([A-Z0-9]{3})-?[A-Z0-9-]{6,}", re.ASCII | re.IGNORECASE)
_NOT_EVSE: Final = re.compile(r"[^A-Za-z0-9*]")
_NATURES: Final = {"Transaction.Begin": "Start", "Transaction.End": "End"}


def cdr_of(record: Mapping[str, Any], party: Party) -> dict[str, Any]:
    """Returns the CDR of a charge record, given its document."""
    bill, session = record["bill"], record["session"]
    began, ended = _span(session, bill, record)
    booked = _booking_lines(record)
    cdr: dict[str, Any] = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": _fitting(record["number"], _MOST_ID),
        "start_date_time": _time(min([began, *(_instant(each["start"]) for each in booked)])),
        "end_date_time": _time(ended),
        "session_id": _fitting(record["session_id"], _MOST_ID),
        "cdr_token": _token(session, record["session_id"], party),
        "auth_method": "WHITELIST",
        "cdr_location": _location(session, party),
        **_meter(record),
        "currency": bill["currency"],
        "tariffs": [record["tariff"]],
        "charging_periods": [*_booking_periods(record, booked), *_periods(record)],
        **_signed(record),
        "total_cost": _price(bill["net"], bill["total"], has_vat=_has_vat(bill)),
        **_parts(record),
        "total_energy": _number(_kwh(bill["energy_milliwh"])),
        "total_time": _hours((ended - began).total_seconds()),
        "total_parking_time": _hours(bill["parking_s"]),
        **_remark(record, party),
        "last_updated": _time(_instant(record["issued_at"])),
    }
    return {name: cdr[name] for name in _ORDER if name in cdr}


def credit_of(
    record: Mapping[str, Any], party: Party, replaced_at: datetime | str
) -> dict[str, Any]:
    """Returns the credit CDR of a record that another one has replaced at that time.

    It has all that the CDR had, under its number with `-C` behind, and its total with the other
    sign. Source: OCPI 2.2.1, 10.1.1.
    """
    cdr = cdr_of(record, party)
    at = _instant(replaced_at) if isinstance(replaced_at, str) else replaced_at
    changed = cdr | {
        "id": f"{cdr['id'][: _MOST_CREDIT_ID - len(_CREDIT)]}{_CREDIT}",
        "total_cost": {name: -amount for name, amount in cdr["total_cost"].items()},
        "credit": True,
        "credit_reference_id": cdr["id"],
        "last_updated": _time(at),
    }
    return {name: changed[name] for name in _ORDER if name in changed}


_ORDER: Final = (
    "country_code",
    "party_id",
    "id",
    "start_date_time",
    "end_date_time",
    "session_id",
    "cdr_token",
    "auth_method",
    "cdr_location",
    "meter_id",
    "currency",
    "tariffs",
    "charging_periods",
    "signed_data",
    "total_cost",
    *_COSTS,
    "total_energy",
    "total_time",
    "total_parking_time",
    _RESERVATION_COST,
    "remark",
    "credit",
    "credit_reference_id",
    "last_updated",
)


def _span(
    session: Mapping[str, Any], bill: Mapping[str, Any], record: Mapping[str, Any]
) -> tuple[datetime, datetime]:
    began = _instant(session["started_at"])
    ends = [each["end"] for each in bill["periods"][-1:]]
    told = session.get("ended_at") or (ends[0] if ends else record["issued_at"])
    return began, max(_instant(told), began)


def _token(session: Mapping[str, Any], session_id: str, party: Party) -> dict[str, str]:
    """Returns who charged. OCPI demands a contract: it is the token itself where none is known."""
    text, kind = session.get("token"), session.get("token_kind")
    if not text or kind == "NoAuthorization":
        uid = _fitting(text or session_id, _MOST_ID)
        return _token_of(party.country_code, party.party_id, uid, "AD_HOC_USER")
    uid = _fitting(text, _MOST_ID)
    contract = _EMAID.fullmatch(text)
    if kind == "eMAID" and contract is not None:
        return _token_of(contract[1].upper(), contract[2].upper(), uid, "OTHER")
    named = "RFID" if kind in _RFID else "APP_USER" if kind == "Central" else "OTHER"
    return _token_of(party.country_code, party.party_id, uid, named)


def _token_of(country_code: str, party_id: str, uid: str, kind: str) -> dict[str, str]:
    return {
        "country_code": country_code,
        "party_id": party_id,
        "uid": uid,
        "type": kind,
        "contract_id": uid,
    }


def _location(session: Mapping[str, Any], party: Party) -> dict[str, Any]:
    site, station = session.get("site") or "default", session["station_id"]
    place = party.locations.get(site, Location())
    own, evse = party.outlets.get(station, Outlet()), str(session.get("evse") or 0)
    told = {
        "id": _fitting(site, _MOST_ID),
        "name": (place.name or site)[:255],
        "address": place.address or UNKNOWN,
        "city": place.city or UNKNOWN,
        "postal_code": place.postal_code,
        "state": place.state,
        "country": place.country or party.country or UNKNOWN,
        "coordinates": {
            "latitude": place.latitude or _NO_PLACE,
            "longitude": place.longitude or _NO_PLACE,
        },
        "evse_uid": _fitting(f"{station}*{evse}", _MOST_ID),
        "evse_id": own.evse_ids.get(evse) or _evse_id(party, station, evse),
        "connector_id": str(session.get("connector") or 1),
        "connector_standard": own.connector_standard
        or place.outlet.connector_standard
        or _STANDARD,
        "connector_format": own.connector_format or place.outlet.connector_format or _FORMAT,
        "connector_power_type": own.power_type or place.outlet.power_type or _POWER,
    }
    return {name: value for name, value in told.items() if value is not None}


def _evse_id(party: Party, station: str, evse: str) -> str:
    """Returns an EVSE ID in the form of eMI3, its own for each station: E and at most 30 more."""
    bare = _NOT_EVSE.sub("", station.replace("-", "*"))
    room = 30 - len(evse) - 1
    if len(bare) > room or len(bare) < len(station):
        bare = f"{bare[: room - 8]}{zlib.crc32(station.encode()):08X}"
    return f"{party.country_code}*{party.party_id}*E{bare}*{evse}"


def _meter(record: Mapping[str, Any]) -> dict[str, str]:
    reading = (record.get("signed") or {}).get("end") or {}
    return {"meter_id": reading["meter"][:255]} if reading.get("meter") else {}


def _periods(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the charging periods, at least one; their volumes add up to what was measured."""
    bill, tariff_id = record["bill"], record["tariff"]["id"]
    periods: Sequence[Mapping[str, Any]] = bill["periods"]
    if not periods:
        started = _time(_instant(record["session"]["started_at"]))
        nothing = [{"type": "ENERGY", "volume": _number(_kwh(bill["energy_milliwh"]))}]
        return [{"start_date_time": started, "dimensions": nothing, "tariff_id": tariff_id}]
    columns = {
        "ENERGY": _volumes(_kwh(each["energy_milliwh"]) for each in periods),
        "TIME": _volumes(_in_hours(each["charging_s"]) for each in periods),
        "PARKING_TIME": _volumes(_in_hours(each["parking_s"]) for each in periods),
    }
    told = []
    for index, period in enumerate(periods):
        volumes = {kind: column[index] for kind, column in columns.items()}
        dimensions = [
            {"type": kind, "volume": _number(volume)} for kind, volume in volumes.items() if volume
        ]
        told.append(
            {
                "start_date_time": _time(_instant(period["start"])),
                "dimensions": dimensions or [{"type": "ENERGY", "volume": 0}],
                "tariff_id": tariff_id,
            }
        )
    return told


def _booking_periods(
    record: Mapping[str, Any], booked: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Returns the periods of a reservation, before the session began."""
    told = []
    for line in booked:
        began, ended = _instant(line["start"]), _instant(line["end"])
        if line["dimension"] == "TIME" and began < ended:
            hours = _hours((ended - began).total_seconds())
            dimension = {"type": "RESERVATION_TIME", "volume": hours}
            start, tariff_id = _time(began), record["tariff"]["id"]
            told.append(
                {"start_date_time": start, "dimensions": [dimension], "tariff_id": tariff_id}
            )
    return told


def _volumes(exact: Iterable[Decimal]) -> list[Decimal]:
    """Returns volumes in four decimals whose sums are the rounded sums."""
    total, told, volumes = Decimal(0), Decimal(0), []
    for volume in exact:
        total += volume
        rounded = _rounded(total)
        volumes.append(rounded - told)
        told = rounded
    return volumes


def _signed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the meter has signed, as it came; nothing of what is longer than OCPI takes."""
    found = record.get("signed")
    if not found:
        return {}
    values = [value for each in found["values"] if (value := _signed_value(each)) is not None]
    if not values:
        return {}
    key = found.get("public_key")
    told = {
        "encoding_method": _fitting(found["format"], _MOST_ID),
        **({"public_key": key} if key and len(key) <= _MOST_KEY else {}),
        "signed_values": values,
    }
    return {"signed_data": told}


def _signed_value(entry: Mapping[str, Any]) -> dict[str, str] | None:
    data = entry["data"]
    is_ocmf = entry["encoding"] == "OCMF"
    raw = base64.b64encode(data.encode()).decode() if is_ocmf else data
    if not raw or len(raw) > _MOST_SIGNED:
        return None
    plain = data.rpartition("|")[0].removeprefix("OCMF|") if is_ocmf else entry["encoding"]
    return {
        "nature": _NATURES.get(entry["context"], "Intermediate"),
        # What is signed may be longer than OCPI takes in plain; the whole of it is in the blob.
        "plain_data": plain[:_MOST_PLAIN] or UNKNOWN,
        "signed_data": raw,
    }


def _parts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the parts cost that the bill has lines of."""
    bill, parts = record["bill"], {}
    has_vat, booked = _has_vat(bill), _booking_lines(record)
    usual = [each for each in bill["lines"] if each not in booked]
    of_parts = {
        name: [each for each in usual if each["dimension"] == dimension]
        for name, dimension in _COSTS.items()
    }
    for name, lines in (*of_parts.items(), (_RESERVATION_COST, booked)):
        if lines:
            net = sum(Decimal(each["net"]) for each in lines)
            total = sum(Decimal(each["total"]) for each in lines)
            parts[name] = _price(net, total, has_vat=has_vat)
    return parts


def _booking_lines(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the lines of a reservation: those of elements that are for reservations only."""
    elements = record["tariff"]["elements"]
    return [
        each
        for each in record["bill"]["lines"]
        if each["element"] is not None
        and (elements[each["element"]].get("restrictions") or {}).get("reservation")
    ]


def _has_vat(bill: Mapping[str, Any]) -> bool:
    """Tells whether anybody has said what VAT there is; without, only the net is known."""
    return any(each["vat_percent"] is not None for each in bill["lines"])


def _price(
    net: Decimal | int | str, total: Decimal | int | str, *, has_vat: bool
) -> dict[str, Any]:
    price = {"excl_vat": _number(Decimal(net))}
    return price | {"incl_vat": _number(Decimal(total))} if has_vat else price


def _remark(record: Mapping[str, Any], party: Party) -> dict[str, str]:
    bill, session = record["bill"], record["session"]
    told = []
    if record.get("replaces"):
        told.append(f"Replaces {record['replaces']}.")
    if session.get("stop_reason"):
        told.append(f"Stopped: {session['stop_reason']}.")
    if bill["reasons"]:
        told.append(f"Rests on estimates: {', '.join(bill['reasons'])}.")
    place = party.locations.get(session.get("site") or "default")
    if place is None or None in (place.address, place.city, place.latitude, place.longitude):
        told.append("Address or coordinates of the location are not set.")
    return {"remark": " ".join(told)[:_MOST_REMARK]} if told else {}


def _fitting(text: str, most: int) -> str:
    """Returns a text as a CiString: printable ASCII, no longer than that, its own for each text."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = "".join(each for each in plain if each.isprintable())
    if plain == text and len(text) <= most:
        return text
    return f"{plain[: most - 9]}~{zlib.crc32(text.encode()):08x}"


def _kwh(milliwh: int) -> Decimal:
    return Decimal(milliwh) / _MILLIWH


def _in_hours(seconds: float) -> Decimal:
    return Decimal(repr(seconds)) / _HOUR_S


def _hours(seconds: float) -> float:
    return _number(_in_hours(seconds))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_STEP, ROUND_HALF_UP)


def _number(amount: Decimal) -> float:
    """Returns a JSON number of at most four decimals; whole ones without any."""
    rounded = _rounded(amount)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(at: datetime) -> str:
    """Returns a time as OCPI writes it, in UTC and to the second: at most 25 characters."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
