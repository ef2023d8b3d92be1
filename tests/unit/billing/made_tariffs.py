"""Builders of tariffs and sessions for the tests of bills."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from csms.billing import Tally, read_tariff

START = datetime(2026, 1, 14, 10, tzinfo=UTC)  # a Wednesday
STOCKHOLM = ZoneInfo("Europe/Stockholm")
KWH = 1_000_000


def component(kind, price, step_size=1, vat=None, **more):
    doc = {"type": kind, "price": price, "step_size": step_size, **more}
    return doc if vat is None else {**doc, "vat": vat}


def element(*components, **restrictions):
    doc = {"price_components": list(components)}
    return {**doc, "restrictions": restrictions} if restrictions else doc


def document(*elements, **members):
    return {
        "country_code": "SE",
        "party_id": "LAD",
        "id": "T1",
        "currency": "EUR",
        "elements": list(elements),
        "last_updated": "2026-01-01T00:00:00Z",
        **members,
    }


def tariff(*elements, **members):
    return read_tariff(document(*elements, **members))


def tally_of(priced, *stretches, start=START, zone=UTC):
    """A tally of stretches (minutes, kWh, charging?[, power_w or current_a as keywords])."""
    tally = Tally.begin(priced, zone, start)
    at, milliwh = start, 0
    for minutes, kwh, charging, *told in stretches:
        at += timedelta(minutes=minutes)
        milliwh += round(kwh * KWH)
        assert tally.take(at, milliwh, is_charging=charging, **(told[0] if told else {}))
    return tally


def bill(priced, *stretches, start=START, zone=UTC, series=None):
    tally = tally_of(priced, *stretches, start=start, zone=zone)
    return tally.bill(tally.at, None, series or {})


def totals(made):
    return str(made.net), str(made.total)
