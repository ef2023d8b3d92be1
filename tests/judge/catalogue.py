"""All scenarios: importing the pages fills the book."""

from __future__ import annotations

from tests.judge import faulty, hostile, more_faulty, nominal
from tests.judge.book import SCENARIOS

PAGES = (nominal, faulty, hostile, more_faulty)

__all__ = ["PAGES", "SCENARIOS"]
