"""Price series fetched by HTTP: taken as a whole, or a sentence why not."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from csms.engine.price_settings import SeriesSettings
from csms.link.price_fetching import PriceFetcher
from tests.builders import Desk

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
TABLE = "time,price\n2026-11-21T00:00:00Z,10\n2026-11-21T01:00:00Z,20\n"
SOURCE = SeriesSettings(
    name="SE3",
    url="https://prices.example/{date}/{next_date}.csv",
    currency="SEK",
    unit="MWh",
    timeout_s=0.05,
)


class Outside:
    def __init__(self, handler):
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(handler))

    async def get(self):
        return self.client


class Hub:
    """What a fetcher needs of a hub."""

    def __init__(self, handler):
        desk = Desk()
        self.engine, self.store, self.clock = desk.engine, desk.store, self
        self.outside = Outside(handler)

    def now(self):
        return NOW


async def test_a_series_is_fetched_for_today_and_tomorrow():
    asked = []

    def handler(request):
        asked.append(str(request.url))
        return httpx.Response(200, text=TABLE)

    hub = Hub(handler)
    await PriceFetcher(hub).fetch(SOURCE)
    assert asked == ["https://prices.example/2026-11-21/2026-11-22.csv"]
    series = hub.engine.policy.series["SE3"]
    assert [str(price) for price in series.prices.values()] == ["0.01", "0.02"]


async def silent(_request):
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "handler",
    [
        lambda _: httpx.Response(503, text="away"),
        lambda _: httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        lambda _: httpx.Response(200, text="<html>not a table</html>"),
        lambda _: httpx.Response(200, content=b"\xff\xfe"),
        lambda _: httpx.Response(200, content=b"x" * (16 * 1024**2 + 1)),
        silent,
    ],
)
async def test_what_is_no_series_changes_nothing(handler):
    hub = Hub(handler)
    fetcher = PriceFetcher(hub)
    await fetcher.fetch(SOURCE)
    assert hub.engine.policy.series == {}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "https://", "prices"])
def test_only_http_is_asked(url):
    with pytest.raises(ValueError, match="http or https"):
        SeriesSettings(name="SE3", url=url)
