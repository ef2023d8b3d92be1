"""Reading what somebody asks: names and texts, as they come from an address, become a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from csms.reports.period import read_period, read_zone
from csms.reports.registry import REPORTS
from csms.reports.report import Query, QueryInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from csms.engine.policy import Policy
    from csms.reports.report import Report

COMMON: Final = (
    "from",
    "to",
    "period",
    "time_zone",
    "group",
    "format",
    "table",
    "bom",
    "wide",
    "run",
)
"""What every report can be asked with, beside its filters and options."""

_NO_GROUP: Final = "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a report by its name, and what else was given, texts by name."""

    report: str
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str, default: str | None = None) -> str | None:
        """Returns what was given once.

        Raises:
            QueryInvalid: if it was given twice.
        """
        values = self.given.get(name, ())
        if len(values) > 1:
            raise QueryInvalid(name, "is given more than once")
        return values[0] if values and values[0] else default


def is_yes(text: str | None) -> bool:
    """Tells whether a text means yes."""
    return (text or "").lower() in {"true", "1", "yes"}


def find_report(name: str) -> Report:
    """Returns a report.

    Raises:
        QueryInvalid: if there is none of that name.
    """
    report = REPORTS.get(name)
    if report is None:
        raise QueryInvalid(
            "report", f"there is no report {name!r}; there are {', '.join(sorted(REPORTS))}"
        )
    return report


def read_query(asked: Asked, policy: Policy, now: datetime) -> Query:
    """Returns the query.

    The time zone is the one given, else that of the only site asked for, else the node's.

    Raises:
        QueryInvalid: naming what is wrong, and what there is instead.
    """
    report = find_report(asked.report)
    _check_names(report, asked)
    filters = {
        name: tuple(asked.given[name])
        for name in report.filters
        if any(text for text in asked.given.get(name, ()))
    }
    zone_name = asked.one("time_zone")
    zone = _zone_of(policy, filters) if zone_name is None else read_zone(zone_name)
    since, until = read_period(asked.one("from"), asked.one("to"), asked.one("period"), zone, now)
    return Query(
        since,
        until,
        zone,
        filters,
        _group(report, asked.given.get("group")),
        _options(report, asked),
    )


def _check_names(report: Report, asked: Asked) -> None:
    options = [each.name for each in report.options]
    for name in asked.given:
        if name not in {*COMMON, *report.filters, *options}:
            raise QueryInvalid(
                name,
                f"is no filter and no option of the report {report.name}; it has "
                f"{_listed((*COMMON, *report.filters, *options))}",
            )


def _zone_of(policy: Policy, filters: Mapping[str, tuple[str, ...]]) -> ZoneInfo:
    sites = filters.get("site", ())
    zone = policy.zone_of(sites[0]) if len(sites) == 1 else policy.default_zone
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")


def _group(report: Report, given: Sequence[str] | None) -> tuple[str, ...]:
    if given is None:
        return report.default_group
    names = [name.strip() for text in given for name in text.split(",")]
    names = list(dict.fromkeys(name for name in names if name not in {"", _NO_GROUP}))
    for name in names:
        if name not in report.groups:
            there = f"it knows {_listed(report.groups)}" if report.groups else "it has no groups"
            raise QueryInvalid(
                "group", f"the report {report.name} is not grouped by {name!r}; {there}"
            )
    return tuple(names)


def _options(report: Report, asked: Asked) -> dict[str, str]:
    options = {}
    for each in report.options:
        text = asked.one(each.name, each.default) or ""
        if each.choices and text not in each.choices:
            raise QueryInvalid(
                each.name, f"{text!r} is no choice; there are {_listed(each.choices)}"
            )
        options[each.name] = text
    return options


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
