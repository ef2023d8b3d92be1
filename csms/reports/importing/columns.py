"""What the columns of a file mean: as we name them, as well-known exports do, or as told. PURE.

A member of a session is named as in the report `sessions`; energy, power and battery may be in
other units, which then stand in the name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from csms.domain.spoken_words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEMBERS: Final = (
    "station",
    "started_at",
    "ended_at",
    "energy_wh",
    "energy_kwh",
    "duration_s",
    "duration_min",
    "duration_h",
    "duration",
    "started_on",
    "ended_on",
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
    "charging_min",
    "charging_h",
    "idle_min",
    "idle_h",
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
"""What a session can be given. `started_on` and `ended_on` are days of times that name none."""

LENGTHS: Final = {
    name: frozenset({name, name[:-1] + "min", name[:-1] + "h"}) for name in ("charging_s", "idle_s")
} | {"duration_s": frozenset({"duration_s", "duration_min", "duration_h", "duration"})}
"""Lengths of time that may be told in other units, with the members that tell them.

`duration` is one that has its units in it, such as 1:23:45.
"""

_ALIASES: Final[Mapping[str, str]] = {
    alias: member
    for member, aliases in {
        "station": "stationid chargepoint chargepointid chargingstation chargingstationid "
        "charger chargerid chargebox chargeboxid cpid place ccs stationname chargepointname "
        "ladestation ladesaule ladepunkt borne station_de_recharge laddstation laddpunkt",
        "started_at": "start starttime startdatetime started startedat arrival arrived begin "
        "connectiontime plugintime starttimestamp sessionstart transactionstart "
        "utctransactionstart beginn startzeit debut heurededebut starttid",
        "ended_at": "end endtime enddatetime ended endedat departure departed stop stoptime "
        "disconnecttime plugouttime endtimestamp sessionend transactionstop utctransactionstop "
        "ende endzeit fin heuredefin sluttid slut",
        "started_on": "date startdate startday datum startdatum datededebut",
        "ended_on": "enddate endday enddatum datedefin slutdatum stopdate",
        "duration_s": "durationseconds",
        "duration": "totaldurationhhmmss durationhhmmss totalduration dauer duree "
        "sessionduration varaktighet",
        "duration_min": "durationmin durationminutes durationmins dauermin",
        "duration_h": "durationh durationhours durationhrs dauerh",
        "charging_s": "chargingtimehhmmss chargetimehhmmss",
        "charging_min": "chargingtimemin chargingtimeminutes",
        "charging_h": "chargingtimehours chargingtimeh",
        "idle_h": "idletimehours",
        "energy_wh": "energywh energiewh totalenergywh deliveredenergywh",
        "energy_kwh": "energykwh deliveredenergykwh kwhdelivered kwh totalkwh totalenergykwh "
        "consumptionkwh energiekwh energikwh chargeenergykwh kwhtotal energydeliveredkwh",
        "evse": "evseno evsenumber",
        "connector": "connectorid connectorno",
        "site": "location sitename",
        "origin_id": "id session sessionid chargingsessionid",
        "transaction_id": "transaction transactionid",
        "token": "idtag rfid tag card uid startcard userid karte",
        "token_kind": "tokentype",
        "vehicle": "vin evccid mac",
        "soc_start": "socpercent socarrival startsoc socbegin",
        "soc_end": "socendpercent socdeparture endsoc stopsoc",
        "peak_w": "pmaxw maxpowerw peakpowerw",
        "peak_kw": "maxkw maxpowerkw peakpowerkw",
        "total": "cost totalcost amount price fee",
        "net": "costnet netcost",
        "currency": "wahrung devise valuta",
        "stop_reason": "stopreason reason endedby",
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
        member = _ALIASES.get(re.sub(r"[^a-z0-9]", "", plain(column)))
        if column not in told and member is not None and member not in given:
            found[column] = member
            given.add(member)
    for day, time in (("started_on", "started_at"), ("ended_on", "ended_at")):
        if day in given and time not in given:  # `Start Date` that has the time in it
            found = {column: time if to == day else to for column, to in found.items()}
            given = {*found.values()}
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
        if member not in given and not (member == "ended_at" and given & LENGTHS["duration_s"]):
            there = ", ".join(columns)[:300]
            raise ColumnsUnusable(
                f"no column tells {hint}: name it with --map COLUMN={member}; there are {there}"
            )
    if not given & {"energy_wh", "energy_kwh"}:
        raise ColumnsUnusable(
            "no column tells the energy with its unit: name it with --map COLUMN=energy_kwh or "
            "--map COLUMN=energy_wh"
        )
