"""Price series from text: CSV, JSON or XML, told apart by how they begin. PURE."""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from csms.billing.series import PriceSeries, SeriesInvalid
from csms.billing.series_documents import document_rows, is_document, xml_doc
from csms.billing.series_rows import Clock, Row, series_of, unit_of
from csms.billing.series_tables import csv_rows, table_rows
from csms.billing.tariff import Finding

if TYPE_CHECKING:
    from datetime import tzinfo


def read_series(
    name: str,
    text: str,
    *,
    currency: str | None = None,
    unit: str | None = None,
    zone: tzinfo = UTC,
) -> PriceSeries:
    """Returns the prices of a CSV, of JSON or of XML, for a kWh, by instant.

    `currency` and `unit` (kWh or MWh) say what the text leaves out; times without a zone are
    those of `zone`. Holes, and prices that are there twice, are in the series' `notes`.

    Raises:
        SeriesInvalid: what cannot be read, overlaps with another price or is in another
            currency, each by line or instant.
    """
    findings: list[Finding] = []
    named = unit_of(unit) if unit else None
    if unit and named is None:
        raise SeriesInvalid((Finding("unit", f"must be kWh or MWh, is '{unit[:20]}'"),))
    rows = _rows(text, Clock(zone), (currency, named), findings)
    return series_of(name, rows, currency, findings)


def _rows(
    text: str, clock: Clock, given: tuple[str | None, str | None], findings: list[Finding]
) -> list[Row]:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start == "<":
        return document_rows(xml_doc(text.lstrip("\ufeff \t\r\n"), findings), findings)
    if start not in {"{", "["}:
        return csv_rows(text, clock, given, findings)
    try:
        doc = json.loads(text.lstrip("\ufeff"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        findings.append(Finding("", f"is no JSON: {str(error)[:100] or 'nested too deeply'}"))
        return []
    if is_document(doc):
        return document_rows(doc, findings)
    return _plain_rows(doc, clock, given, findings)


def _plain_rows(
    doc: Any,  # noqa: ANN401 - any JSON
    clock: Clock,
    given: tuple[str | None, str | None],
    findings: list[Finding],
) -> list[Row]:
    """Returns the rows of `[{...}]`, `{"prices": [{...}]}` or `{"prices": {"TIME": price}}`."""
    currency, unit = given
    if isinstance(doc, dict):
        currency = currency or (str(doc["currency"]) if doc.get("currency") else None)
        unit = unit or unit_of(str(doc.get("unit", "")))
        doc = doc.get("prices", doc.get("data"))
    if isinstance(doc, dict):
        doc = [{"time": key, "price": value} for key, value in doc.items()]
    if not isinstance(doc, list):
        findings.append(Finding("prices", "must be a list of objects with time and price"))
        return []
    broken = [number for number, row in enumerate(doc, 1) if not isinstance(row, dict)]
    if broken:
        findings.append(Finding(f"price {broken[0]}", "must be an object with time and price"))
        return []
    table = [(f"price {number}", row) for number, row in enumerate(doc, 1)]
    return table_rows(table, clock, (currency, unit), findings)
