"""Price documents of the shape of ENTSO-E's transparency platform, as XML and as JSON. PURE.

TimeSeries have a currency, a unit and Periods; a Period has an interval, a resolution and
Points by position. A position may be missing: under curve type A03 the price is that of the
position before, under A01 there is a hole.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from csms.billing.series_rows import Clock, Row, amount_of, per_kwh, unit_of
from csms.billing.tariff import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

_RESOLUTIONS: Final = {"PT15M": 900, "PT30M": 1800, "PT60M": 3600, "PT1H": 3600}
_CURVE: Final = "curveType"
_INTERVAL: Final = "timeInterval"
_SAME_AS_BEFORE: Final = "A03"
_POSITION: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_LONGEST_S: Final = 400 * 86_400


def xml_doc(text: str, findings: list[Finding]) -> dict[str, Any]:
    """Returns an XML document as nested objects and lists, without its namespaces."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        findings.append(Finding("", "must not declare a document type or entities"))
        return {}
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type, see above
    except ET.ParseError as error:
        findings.append(Finding("", f"is no XML: {error}"))
        return {}
    return {_local(root.tag): _nested(root, 0)}


def is_document(doc: object) -> bool:
    """Tells whether JSON has the shape of such a document."""
    inner = _inner(doc)
    return inner is not None and ("TimeSeries" in inner or "Reason" in inner)


def document_rows(doc: object, findings: list[Finding]) -> list[Row]:
    """Returns the rows of a document; what is wrong goes to `findings`, with its place."""
    inner = _inner(doc) or {}
    if "TimeSeries" not in inner:
        reasons = _list(inner.get("Reason"))
        text = reasons[0].get("text") if reasons and isinstance(reasons[0], dict) else None
        findings.append(Finding("", f"has no TimeSeries{f': {str(text)[:200]}' if text else ''}"))
        return []
    rows: list[Row] = []
    for number, one in enumerate(_list(inner["TimeSeries"]), 1):
        where = f"TimeSeries {number}"
        if not isinstance(one, dict):
            findings.append(Finding(where, "must be an object"))
            continue
        unit = unit_of(str(one.get("price_Measure_Unit.name", "")))
        if unit is None:
            findings.append(Finding(where, "price_Measure_Unit.name must be MWH or KWH"))
            continue
        rows += _series_rows(one, where, unit, findings)
    return rows


def _series_rows(
    one: dict[str, Any], where: str, unit: str, findings: list[Finding]
) -> Iterator[Row]:
    currency = one.get("currency_Unit.name")
    goes_on = one.get(_CURVE) == _SAME_AS_BEFORE
    for number, period in enumerate(_list(one.get("Period")), 1):
        place = f"{where}, Period {number}"
        span = _span(period, place, findings)
        if span is None:
            continue
        start, end, step = span
        prices = _points(period, place, (end - start) // step, findings)
        last = None
        for position in range(1, (end - start) // step + 1):
            last = prices.get(position, last if goes_on else None)
            if last is not None:
                at = start + (position - 1) * step
                text = None if currency is None else str(currency)
                yield Row(f"{place}, Point {position}", at, at + step, per_kwh(last, unit), text)


def _span(period: object, place: str, findings: list[Finding]) -> tuple[int, int, int] | None:
    """Returns (start, end, resolution) of a period, in seconds."""
    interval = period.get(_INTERVAL) if isinstance(period, dict) else None
    if not isinstance(period, dict) or not isinstance(interval, dict):
        findings.append(Finding(place, "has no timeInterval"))
        return None
    clock = Clock(UTC)
    start, end = (clock.read(interval.get(key), is_start=False) for key in ("start", "end"))
    step = _RESOLUTIONS.get(str(period.get("resolution")))
    if isinstance(start, str) or isinstance(end, str):
        findings.append(
            Finding(f"{place}, timeInterval", start if isinstance(start, str) else str(end))
        )
    elif step is None:
        text = (
            f"must be one of {', '.join(_RESOLUTIONS)}, is '{str(period.get('resolution'))[:20]}'"
        )
        findings.append(Finding(f"{place}, resolution", text))
    elif not 0 < end - start <= _LONGEST_S or (end - start) % step:
        text = "must end after it starts, within 400 days, and be whole in its resolution"
        findings.append(Finding(f"{place}, timeInterval", text))
    else:
        return start, end, step
    return None


def _points(
    period: dict[str, Any], place: str, most: int, findings: list[Finding]
) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for point in _list(period.get("Point")):
        cells = point if isinstance(point, dict) else {}
        position = str(cells.get("position", ""))
        if _POSITION.fullmatch(position) is None or int(position) > most:
            text = f"position must be from 1 to {most}, is '{position[:20]}'"
            findings.append(Finding(f"{place}, Point", text))
            continue
        amount = amount_of(cells.get("price.amount"))
        if amount is None:
            text = f"price.amount is no number: '{str(cells.get('price.amount'))[:40]}'"
            findings.append(Finding(f"{place}, Point {position}", text))
        elif found.get(int(position), amount) != amount:
            findings.append(Finding(f"{place}, Point {position}", "has two prices"))
        else:
            found[int(position)] = amount
    return found


def _inner(doc: object) -> dict[str, Any] | None:
    """Returns the market document, which may be wrapped in an object with its name."""
    if not isinstance(doc, dict):
        return None
    for key, value in doc.items():
        if str(key).endswith("_MarketDocument") and isinstance(value, dict):
            return value
    return doc


def _list(value: object) -> list[Any]:
    """Returns what may stand once or in a list, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _nested(node: ET.Element, depth: int) -> Any:  # noqa: ANN401 - any JSON
    if len(node) == 0 or depth > 8:  # noqa: PLR2004 - deeper than any price document
        return (node.text or "").strip()
    found: dict[str, Any] = {}
    for child in node:
        found.setdefault(_local(child.tag), []).append(_nested(child, depth + 1))
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
