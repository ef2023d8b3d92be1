"""What a CDR must be, field by field, written from the tables of OCPI 2.2.1 (10.3 and 10.4)."""

from __future__ import annotations

import re
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")
_NUMBER = (int, float)


def ci(most: int):
    return lambda value: (
        isinstance(value, str)
        and 0 < len(value) <= most
        and value.isascii()
        and value.isprintable()
    )


def text(most: int):
    return lambda value: isinstance(value, str) and 0 < len(value) <= most and value.isprintable()


def like(pattern: str):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*names: str):
    return lambda value: value in names


def number(value: Any) -> bool:
    is_number = isinstance(value, _NUMBER) and not isinstance(value, bool)
    return is_number and round(value, 4) == value


def time(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 25 and _TIME.fullmatch(value) is not None


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def anything(value: Any) -> bool:
    return value is not None


PRICE = {"excl_vat": (number, "1"), "incl_vat": (number, "?")}
CDR: dict[str, Any] = {
    "country_code": (like("[A-Z]{2}"), "1"),
    "party_id": (ci(3), "1"),
    "id": (ci(39), "1"),
    "start_date_time": (time, "1"),
    "end_date_time": (time, "1"),
    "session_id": (ci(36), "?"),
    "cdr_token": (
        {
            "country_code": (like("[A-Z]{2}"), "1"),
            "party_id": (ci(3), "1"),
            "uid": (ci(36), "1"),
            "type": (one_of("AD_HOC_USER", "APP_USER", "OTHER", "RFID"), "1"),
            "contract_id": (ci(36), "1"),
        },
        "1",
    ),
    "auth_method": (one_of("AUTH_REQUEST", "COMMAND", "WHITELIST"), "1"),
    "authorization_reference": (ci(36), "?"),
    "cdr_location": (
        {
            "id": (ci(36), "1"),
            "name": (text(255), "?"),
            "address": (text(45), "1"),
            "city": (text(45), "1"),
            "postal_code": (text(10), "?"),
            "state": (text(20), "?"),
            "country": (text(3), "1"),
            "coordinates": (
                {
                    "latitude": (like(r"-?[0-9]{1,2}\.[0-9]{5,7}"), "1"),
                    "longitude": (like(r"-?[0-9]{1,3}\.[0-9]{5,7}"), "1"),
                },
                "1",
            ),
            "evse_uid": (ci(36), "1"),
            "evse_id": (like(r"[A-Z]{2}\*?[A-Za-z0-9]{3}\*?E[A-Za-z0-9*]{1,30}"), "1"),
            "connector_id": (ci(36), "1"),
            "connector_standard": (like("[A-Z0-9_a-z]+"), "1"),
            "connector_format": (one_of("SOCKET", "CABLE"), "1"),
            "connector_power_type": (
                one_of("AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"),
                "1",
            ),
        },
        "1",
    ),
    "meter_id": (text(255), "?"),
    "currency": (like("[A-Z]{3}"), "1"),
    "tariffs": (anything, "*"),
    "charging_periods": (
        {
            "start_date_time": (time, "1"),
            "dimensions": (
                {
                    "type": (
                        one_of(
                            "CURRENT",
                            "ENERGY",
                            "ENERGY_EXPORT",
                            "ENERGY_IMPORT",
                            "MAX_CURRENT",
                            "MIN_CURRENT",
                            "MAX_POWER",
                            "MIN_POWER",
                            "PARKING_TIME",
                            "POWER",
                            "RESERVATION_TIME",
                            "STATE_OF_CHARGE",
                            "TIME",
                        ),
                        "1",
                    ),
                    "volume": (number, "1"),
                },
                "+",
            ),
            "tariff_id": (ci(36), "?"),
        },
        "+",
    ),
    "signed_data": (
        {
            "encoding_method": (ci(36), "1"),
            "encoding_method_version": (number, "?"),
            "public_key": (text(512), "?"),
            "signed_values": (
                {
                    "nature": (one_of("Start", "End", "Intermediate"), "1"),
                    "plain_data": (text(512), "1"),
                    "signed_data": (text(5000), "1"),
                },
                "+",
            ),
            "url": (text(512), "?"),
        },
        "?",
    ),
    "total_cost": (PRICE, "1"),
    "total_fixed_cost": (PRICE, "?"),
    "total_energy": (number, "1"),
    "total_energy_cost": (PRICE, "?"),
    "total_time": (number, "1"),
    "total_time_cost": (PRICE, "?"),
    "total_parking_time": (number, "?"),
    "total_parking_cost": (PRICE, "?"),
    "total_reservation_cost": (PRICE, "?"),
    "remark": (text(255), "?"),
    "invoice_reference_id": (ci(39), "?"),
    "credit": (flag, "?"),
    "credit_reference_id": (ci(39), "?"),
    "home_charging_compensation": (flag, "?"),
    "last_updated": (time, "1"),
}


def mistakes(value: Any, table: Any = CDR, place: str = "cdr") -> list[str]:
    """Where a value is not as its table says."""
    if callable(table):
        return [] if table(value) else [f"{place}: {value!r}"]
    if not isinstance(value, dict):
        return [f"{place} is no object"]
    found = [f"{place}.{name} is not known" for name in value.keys() - table.keys()]
    for name, (kind, count) in table.items():
        if name not in value:
            found += [f"{place}.{name} is missing"] if count in "1+" else []
        elif count in "*+":
            items = value[name]
            if not isinstance(items, list) or (count == "+" and not items):
                found.append(f"{place}.{name} is no list, or empty")
                continue
            for index, item in enumerate(items):
                found += mistakes(item, kind, f"{place}.{name}[{index}]")
        else:
            found += mistakes(value[name], kind, f"{place}.{name}")
    return found
