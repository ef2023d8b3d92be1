"""Price series as they are kept: by name and day, so that a new day writes little.

What is imported is laid over what was there. A price that was missing when a record was issued
has that record made anew; one that was known and changes counts for what is billed from then on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import structlog

from csms.billing import PriceSeries
from csms.engine.writes import RecordWrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.engine.engine import Engine
    from csms.engine.policy import Policy
    from csms.engine.ports import Store
    from csms.engine.writes import Write

SERIES: Final = "price_series"
"""The collection of the series: currency and resolution by name."""
DAYS: Final = "price_series_days"
"""The collection of their prices, by name and day in UTC."""
_DAY_S: Final = 86_400

log = structlog.get_logger("engine")


class SeriesConflict(ValueError):  # noqa: N818 - says what is the case
    """A series cannot be laid over the one of that name; the message says why."""


async def load_series(store: Store, policy: Policy) -> None:
    """Puts the stored series into the policy. Raises: DatabaseUnavailable."""
    heads = await store.load_records(SERIES)
    prices: dict[str, dict[int, Decimal]] = {name: {} for name in heads}
    for key, doc in (await store.load_records(DAYS)).items():
        name = key.rpartition("/")[0]
        if name in prices:
            try:
                prices[name].update(
                    (int(moment), Decimal(text)) for moment, text in doc["prices"].items()
                )
            except (KeyError, ValueError, InvalidOperation) as error:
                log.error("record.skipped", collection=DAYS, name=key, why=str(error))  # noqa: TRY400 - its message tells
    for name, doc in heads.items():
        policy.series[name] = PriceSeries(
            name, doc["currency"], doc["resolution_s"], dict(sorted(prices[name].items()))
        )


def laid_over(known: PriceSeries | None, given: PriceSeries) -> PriceSeries:
    """Returns a series with the prices of another one of its name, the given ones first.

    Raises:
        SeriesConflict: if the two differ in currency or resolution.
    """
    if known is None:
        return given
    if known.currency != given.currency:
        raise SeriesConflict(
            f"{known.name} is in {known.currency}, this is in {given.currency}; delete it first"
        )
    if known.resolution_s != given.resolution_s:
        raise SeriesConflict(
            f"{known.name} has a price each {known.resolution_s} s, this one each "
            f"{given.resolution_s} s; use a name of its own, or delete it first"
        )
    prices = dict(sorted({**known.prices, **given.prices}.items()))
    return PriceSeries(known.name, known.currency, known.resolution_s, prices)


def take_series(
    engine: Engine, given: PriceSeries, now: datetime
) -> tuple[PriceSeries, list[Write]]:
    """Lays prices over the series of that name; returns it, and what makes that durable.

    Records that lacked prices of that time become due.

    Raises:
        SeriesConflict: as `laid_over`; nothing has changed then.
    """
    series = engine.policy.series
    made = laid_over(series.get(given.name), given)
    series[given.name] = made
    head = {
        "currency": made.currency,
        "resolution_s": made.resolution_s,
        "updated_at": now.isoformat(),
    }
    writes: list[Write] = [RecordWrite(SERIES, made.name, head)]
    days = sorted({_day_of(moment) for moment in given.prices})
    writes += [RecordWrite(DAYS, f"{made.name}/{d}", {"prices": _of_day(made, d)}) for d in days]
    if given.prices:
        span = _time(min(given.prices)), _time(max(given.prices) + given.resolution_s)
        writes += engine.records.priced(made.name, span, now)
    return made, writes


def drop_series(engine: Engine, name: str) -> list[Write]:
    """Forgets a series; returns what makes that durable."""
    gone = engine.policy.series.pop(name)
    days = sorted({_day_of(moment) for moment in gone.prices})
    return [
        RecordWrite(SERIES, name, None),
        *(RecordWrite(DAYS, f"{name}/{day}", None) for day in days),
    ]


def users_of(engine: Engine, name: str) -> list[str]:
    """Returns the tariffs whose prices follow a series."""
    book = engine.policy.tariffs
    found = ((tariff_id, book.newest(tariff_id)) for tariff_id in book.ids())
    return [
        each
        for each, newest in found
        if newest is not None and newest.is_readable and name in newest.tariff.series
    ]


def series_view(series: PriceSeries, users: list[str]) -> dict[str, Any]:
    """Returns what is shown of a series, but for its prices."""
    moments: Mapping[int, Decimal] = series.prices
    first, last = min(moments, default=None), max(moments, default=None)
    holes = [] if first is None or last is None else series.holes(first, last)
    return {
        "name": series.name,
        "currency": series.currency,
        "resolution_s": series.resolution_s,
        "prices": len(moments),
        "from": None if first is None else _time(first),
        "to": None if last is None else _time(last + series.resolution_s),
        "holes": holes[:100],
        "hole_count": len(holes),
        "tariffs": users,
    }


def _of_day(series: PriceSeries, day: str) -> dict[str, str]:
    begin = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    moments = range(begin, begin + _DAY_S, series.resolution_s)
    return {str(each): str(series.prices[each]) for each in moments if each in series.prices}


def _day_of(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _time(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
