"""All scenarios: importing the pages fills the book."""

from __future__ import annotations

from tests.judge import charging_times, faulty, hostile, mixtures, more_faulty, nominal
from tests.judge.book import SCENARIOS

PAGES = (nominal, faulty, hostile, more_faulty, mixtures, charging_times)

__all__ = ["PAGES", "SCENARIOS"]
