"""Documents of charge records as the engine issues them, billed by the real tally."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from csms.billing import Tally, dump_bill, dump_tariff, read_tariff

DAY = datetime(2026, 11, 21, 8, tzinfo=UTC)

TARIFF: dict[str, Any] = {
    "country_code": "SE",
    "party_id": "ABC",
    "id": "DAY-NIGHT",
    "currency": "SEK",
    "tariff_alt_text": [{"language": "en", "text": "Dag och natt på Södermalm, łatwo, 2 €"}],
    "elements": [
        {
            "price_components": [
                {"type": "FLAT", "price": 5.0, "vat": 25, "step_size": 1},
                {"type": "ENERGY", "price": 3.2055, "vat": 25, "step_size": 1},
            ],
            "restrictions": {"end_time": "10:00"},
        },
        {
            "price_components": [
                {"type": "ENERGY", "price": 4.1, "vat": 25, "step_size": 1},
                {"type": "PARKING_TIME", "price": 12, "vat": 12, "step_size": 60},
            ]
        },
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}


def z(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def a_record(
    tariff: dict[str, Any] | None = None,
    *,
    number: str = "CDR-2026-000123",
    zone: str = "Europe/Stockholm",
    points: list[tuple[float, int, bool]] | None = None,
    reasons: tuple[str, ...] = (),
    began: datetime = DAY,
    booked_s: float = 0.0,
    **changes: Any,
) -> dict[str, Any]:
    """A record; `points` are (seconds, milliwatt-hours, was charging) after its begin."""
    read = read_tariff(tariff or TARIFF)
    points = points or [
        (5400, 7_400_000, True),
        (9000, 14_812_345, True),
        (10_800, 14_812_345, False),
    ]
    tally = Tally.begin(read, ZoneInfo(zone), began)
    for seconds, milliwh, is_charging in points:
        at = began + timedelta(seconds=seconds)
        tally.take(at, milliwh, is_charging=is_charging, reasons=reasons)
    ended = began + timedelta(seconds=points[-1][0])
    if booked_s:
        tally.reserve(began - timedelta(seconds=booked_s), began)
    session = {
        "station_id": "CP1",
        "site": "Söder",
        "evse": 1,
        "connector": 2,
        "protocol": "1.6",
        "transaction_id": "17",
        "token": "04AABBCCDD1234",
        "token_kind": None,
        "vehicle": "02:00:00:AB:CD:EF",
        "vehicle_id": None,
        "account": None,
        "started_at": z(began),
        "ended_at": z(ended),
        "energy_wh": points[-1][1] / 1000,
        "register_start_wh": 100_000.0,
        "register_end_wh": 100_000.0 + points[-1][1] / 1000,
        "soc_start": 20.0,
        "soc_end": 80.0,
        "stop_reason": "EVDisconnected",
        "state": "ended",
        "flags": [],
    }
    return {
        "number": number,
        "session_id": "20261121-7KQ2M4",
        "issued_at": z(ended + timedelta(seconds=1)),
        "replaces": None,
        "session": session | changes.pop("session", {}),
        "time_zone": zone,
        "tariff": dump_tariff(read),
        "tariff_version": 1,
        "bill": dump_bill(tally.bill(ended, points[-1][1], {})),
        "contradictions": [],
        "signed": None,
    } | changes
