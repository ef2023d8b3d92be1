"""All reports by their names: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from csms.reports.report import Report

REPORTS: Final[dict[str, Report]] = {}
