"""What the columns of a file mean: as we name them, as well-known exports do, or as told. PURE.

A member of a session is named as in the report `sessions`; energy, power and battery may be in
other units, which then stand in the name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEMBERS: Final = (
    "station",
    "started_at",
    "ended_at",
    "energy_wh",
    "energy_kwh",
    "duration_s",
    "evse",
    "connector",
    "site",
    "origin_id",
    "transaction_id",
    "token",
    "token_kind",
    "vehicle",
    "soc_start",
    "soc_end",
    "peak_w",
    "peak_kw",
    "waiting_s",
    "charging_s",
    "paused_s",
    "idle_s",
    "total",
    "net",
    "currency",
    "tariff",
    "profile",
    "stop_reason",
    "vendor",
    "model",
    "protocol",
    "state",
    "source",
)
"""What a session can be given."""

_ALIASES: Final[Mapping[str, str]] = {
    alias: member
    for member, aliases in {
        "station": "stationid chargepoint chargepointid chargingstation chargingstationid "
        "charger chargerid chargebox chargeboxid cpid place ccs",
        "started_at": "start starttime startdatetime started startedat arrival arrived begin "
        "connectiontime plugintime",
        "ended_at": "end endtime enddatetime ended endedat departure departed stop stoptime "
        "disconnecttime plugouttime",
        "energy_wh": "energywh",
        "energy_kwh": "energykwh deliveredenergykwh kwhdelivered kwh totalkwh totalenergykwh "
        "consumptionkwh",
        "evse": "evseno evsenumber",
        "connector": "connectorid connectorno",
        "site": "location sitename",
        "origin_id": "id session sessionid chargingsessionid",
        "transaction_id": "transaction transactionid",
        "token": "idtag rfid tag card uid",
        "token_kind": "tokentype",
        "vehicle": "vin evccid mac",
        "soc_start": "socpercent socarrival startsoc socbegin",
        "soc_end": "socendpercent socdeparture endsoc stopsoc",
        "peak_w": "pmaxw maxpowerw peakpowerw",
        "peak_kw": "maxkw maxpowerkw peakpowerkw",
        "total": "cost totalcost amount price",
        "net": "costnet netcost",
        "stop_reason": "stopreason reason",
    }.items()
    for alias in aliases.split()
} | {re.sub(r"[^a-z0-9]", "", member): member for member in MEMBERS}


class ColumnsUnusable(ValueError):  # noqa: N818 - the name says it
    """A file's columns are not enough for a session; the message is a sentence."""


def read_columns(names: Iterable[str], told: Mapping[str, str]) -> dict[str, str]:
    """Returns the member of a session that each column gives; other columns are kept beside.

    `told` are members by column, as the operator maps them; they count before our guesses, and an
    empty member leaves a column out.

    Raises:
        ColumnsUnusable: naming what is missing, unknown, or there twice.
    """
    columns = [name.strip() for name in names]
    _check_told(columns, told)
    found: dict[str, str] = {column: member for column, member in told.items() if member}
    given = set(found.values())
    for column in columns:
        member = _ALIASES.get(re.sub(r"[^a-z0-9]", "", column.lower()))
        if column not in told and member is not None and member not in given:
            found[column] = member
            given.add(member)
    _check_enough(columns, given)
    return found


def _check_told(columns: list[str], told: Mapping[str, str]) -> None:
    for column, member in told.items():
        if column not in columns:
            there = ", ".join(columns)[:300]
            raise ColumnsUnusable(f"there is no column {column!r} to map; there are {there}")
        if member and member not in MEMBERS:
            raise ColumnsUnusable(
                f"{column!r} cannot become {member!r}; a session has {', '.join(MEMBERS)}"
            )
    members = [member for member in told.values() if member]
    twice = next((each for each in members if members.count(each) > 1), None)
    if twice is not None:
        raise ColumnsUnusable(f"two columns are mapped to {twice}; leave one out")


def _check_enough(columns: list[str], given: set[str]) -> None:
    for member, hint in (
        ("station", "the station"),
        ("started_at", "when a session began"),
        ("ended_at", "when it ended"),
    ):
        if member not in given and not (member == "ended_at" and "duration_s" in given):
            there = ", ".join(columns)[:300]
            raise ColumnsUnusable(
                f"no column tells {hint}: name it with --map COLUMN={member}; there are {there}"
            )
    if not given & {"energy_wh", "energy_kwh"}:
        raise ColumnsUnusable(
            "no column tells the energy with its unit: name it with --map COLUMN=energy_kwh or "
            "--map COLUMN=energy_wh"
        )
