"""Reads the vectors of tests/fixtures/vectors into the package's own types."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from profiles import (
    ChargingProfile,
    DefaultPrecedence,
    Kind,
    MixedUnits,
    Period,
    ProfileSet,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Rules,
    Schedule,
    Station,
    Transaction,
)

FOLDER = Path(__file__).parents[1] / "fixtures" / "vectors"
COMPOSITE_FILES = (
    "oca_spec",
    "hand_edge",
    "microocpp",
    "libocpp_v16",
    "libocpp_v2",
    "open_ocpp",
    "flowionab",
)
_RULES = {"1.6": Rules.V16, "2.0.1": Rules.V201, "2.1": Rules.V21}


def load(name: str) -> list[dict[str, Any]]:
    stored = json.loads((FOLDER / f"{name}.json").read_text())
    return stored.get("vectors") or stored["cases"]


def instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_profile(wire: dict[str, Any]) -> ChargingProfile:
    first, *others = [_schedule(each) for each in wire["chargingSchedule"]]
    recurrency = wire.get("recurrencyKind")
    return ChargingProfile(
        id=wire["id"],
        stack_level=wire["stackLevel"],
        purpose=Purpose(wire["chargingProfilePurpose"]),
        kind=Kind(wire["chargingProfileKind"]),
        schedule=first,
        transaction_id=wire.get("transactionId"),
        recurrency_kind=RecurrencyKind(recurrency) if recurrency else None,
        valid_from=instant(wire.get("validFrom")),
        valid_to=instant(wire.get("validTo")),
        updated_at=instant(wire.get("dynUpdateTime")),
        other_schedules=tuple(others),
    )


def _schedule(wire: dict[str, Any]) -> Schedule:
    return Schedule(
        unit=RateUnit(wire["chargingRateUnit"]),
        periods=tuple(
            Period(
                each["startPeriod"],
                each.get("limit"),
                each.get("numberPhases"),
                each.get("phaseToUse"),
            )
            for each in wire["chargingSchedulePeriod"]
        ),
        start=instant(wire.get("startSchedule")),
        duration_s=wire.get("duration"),
        min_charging_rate=wire.get("minChargingRate"),
        id=wire.get("id", 1),
    )


def read_rules(version: str, switches: dict[str, Any] | None = None) -> Rules:
    rules = _RULES[version]
    for name, choice in (switches or {}).items():
        if name == "phases":
            rules = replace(rules, mixed_units=MixedUnits(choice))
        elif name == "txdefault16":
            rules = replace(rules, tx_default=DefaultPrecedence(choice))
        else:
            rules = replace(rules, **{name: choice})
    return rules


def read_station(wire: dict[str, Any] | None) -> Station:
    wire = wire or {}
    gap = wire.get("gapLimit", {})
    return Station(
        evses=tuple(wire.get("evses", (1,))),
        voltage=wire.get("voltage", 230.0),
        phases=wire.get("maxPhases", 3),
        hardware_a=gap.get("A"),
        hardware_w=gap.get("W"),
    )


def read_set(wire: list[dict[str, Any]], rules: Rules) -> ProfileSet:
    profiles = ProfileSet()
    for each in wire:
        profiles = profiles.install(each["evse"], read_profile(each["profile"]), rules)
    return profiles


def read_transactions(wire: list[dict[str, Any]] | None) -> dict[int, Transaction]:
    found = {}
    for each in wire or ():
        start = instant(each["start"])
        assert start is not None
        found[each["evse"]] = Transaction(each["id"], start)
    return found
