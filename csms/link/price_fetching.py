"""Price series fetched by HTTP, as the settings say: from hosts that the operator has named."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import httpx
import structlog

from csms.billing import SeriesInvalid, read_series
from csms.engine.price_series import SeriesConflict, take_series

if TYPE_CHECKING:
    from datetime import datetime

    from csms.engine.price_settings import SeriesSettings
    from csms.link.hub import Hub

_EVERY_S, _AT_LEAST_S = 5.0, 0.2
_AGAIN: Final = timedelta(minutes=5)
_MOST_BYTES: Final = 16 * 1024**2

log = structlog.get_logger("link")


class NotFetchedError(Exception):
    """Nothing that can be used came; the message is a sentence."""


class PriceFetcher:
    """Fetches the price series of a node, each in its own time."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._due: dict[str, datetime] = {}
        self._busy: set[str] = set()

    async def run(self) -> None:
        """Fetches what is due; runs as long as the node does."""
        while True:
            self.look()
            await asyncio.sleep(max(self._hub.clock.real_seconds(_EVERY_S), _AT_LEAST_S))

    def look(self) -> None:
        """Begins to fetch what is due."""
        now = self._hub.clock.now()
        for source in self._hub.engine.policy.price_sources:
            if source.name not in self._busy and self._due.get(source.name, now) <= now:
                self._busy.add(source.name)
                self._hub.spawn(self.fetch(source))

    async def fetch(self, source: SeriesSettings) -> None:
        """Fetches a series and lays it over what is known; all of it or nothing."""
        every = timedelta(seconds=source.every_s)
        try:
            text = await self._text(source)
            zone = self._hub.engine.policy.default_zone
            given = await asyncio.to_thread(
                read_series,
                source.name,
                text,
                currency=source.currency,
                unit=source.unit,
                zone=zone,
            )
            made, writes = take_series(self._hub.engine, given, self._hub.clock.now())
            await self._hub.store.submit(writes)
            log.info("prices.fetched", series=made.name, prices=len(given.prices))
        except (NotFetchedError, SeriesInvalid, SeriesConflict) as error:
            every = min(every, _AGAIN)
            log.warning("prices.not_fetched", series=source.name, why=str(error)[:300])
        finally:
            self._due[source.name] = self._hub.clock.now() + every
            self._busy.discard(source.name)

    async def _text(self, source: SeriesSettings) -> str:
        today = self._hub.clock.now().astimezone(self._hub.engine.policy.default_zone).date()
        url = source.url.replace("{date}", today.isoformat())
        url = url.replace("{next_date}", (today + timedelta(days=1)).isoformat())
        client = await self._hub.outside.get()
        try:
            async with (
                asyncio.timeout(source.timeout_s),
                client.stream("GET", url) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise NotFetchedError(f"it answered with status {response.status_code}")
                return (await _read(response)).decode()
        except TimeoutError:
            raise NotFetchedError(f"there was no answer within {source.timeout_s:g} s") from None
        except UnicodeDecodeError:
            raise NotFetchedError("its answer is no UTF-8 text") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotFetchedError(f"{type(error).__name__}: {error}".strip(": ")) from None


async def _read(response: httpx.Response) -> bytes:
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > _MOST_BYTES:
            raise NotFetchedError(f"its answer has more than {_MOST_BYTES // 1024**2} MB")
    return bytes(read)
