"""All reports by their names: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.reports.costs import CostsReport
from csms.reports.demand import DemandReport
from csms.reports.efficiency import EfficiencyReport
from csms.reports.patterns import PatternsReport
from csms.reports.sessions import SessionsReport
from csms.reports.stations import StationsReport

if TYPE_CHECKING:
    from csms.reports.report import Report

REPORTS: Final[dict[str, Report]] = {
    "sessions": SessionsReport(),
    "costs": CostsReport(),
    "patterns": PatternsReport(),
    "demand": DemandReport(),
    "efficiency": EfficiencyReport(),
    "stations": StationsReport(),
}
