"""Firmware published to the local network, as a station that serves others does.

Nothing is fetched: what has no place to come from, or no checksum that could be one, fails.
Source: OCPP 2.0.1 part 2, L03 and L04.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ocpp.v201 import call, call_result, enums

from simulator.station.firmware import is_reachable
from simulator.station.outbox import Outgoing
from simulator.v201.access import dialect_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Told: Final = enums.PublishFirmwareStatusEnumType
_Unpublish: Final = enums.UnpublishFirmwareStatusEnumType
_TIMER: Final = "publish"
_DOWNLOAD_S: Final = 20.0
_STEP_S: Final = 2.0
_RETRY_S: Final = 60.0
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")
_DOWNLOADING: Final = frozenset({"Downloading", "Downloaded", "ChecksumVerified"})


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be published."""

    location: str
    checksum: str
    request_id: int
    retries: int
    retry_s: float


class Publisher:
    """What one station publishes: one file at a time on its way, any number published."""

    def __init__(self) -> None:
        self.published: set[str] = set()
        self.status = "Idle"
        self._order: _Order | None = None
        self._attempts = 0

    @property
    def is_busy(self) -> bool:
        """Whether a file is on its way."""
        return self.status in _DOWNLOADING

    def is_fetching(self, checksum: str) -> bool:
        """Whether a file of that checksum is on its way."""
        return self.is_busy and self._order is not None and self._order.checksum == checksum

    def begin(self, station: Station, order: _Order, now: float) -> None:
        """Fetch a file from now on."""
        self._order, self._attempts = order, 0
        station.duties[_TIMER] = lambda at: self._go_on(station, at)
        self.status = "Idle"
        station.timers.set(_TIMER, now)

    def say(self, station: Station) -> None:
        """Tell where it is because the central system asks (L03.FR.10, L03.FR.11)."""
        self._say(station, "Idle" if self.status == "Published" else self.status)

    def _go_on(self, station: Station, now: float) -> None:
        order = self._order
        if order is None:
            return
        match self.status:
            case "Downloading" if not is_reachable(order.location):
                again = self._attempts <= order.retries
                self._enter(station, "Idle" if again else "DownloadFailed")
                wait_s = order.retry_s if again else None
            case "Downloading":
                self._enter(station, "Downloaded")
                wait_s = _STEP_S
            case "Downloaded":
                is_fine = _MD5.fullmatch(order.checksum) is not None
                self._enter(station, "ChecksumVerified" if is_fine else "InvalidChecksum")
                wait_s = _STEP_S if is_fine else None
            case "ChecksumVerified":
                self.published.add(order.checksum)
                self._enter(station, "Published")
                wait_s = None
            case _:
                self._attempts += 1
                self._enter(station, "Downloading")
                wait_s = _DOWNLOAD_S
        if wait_s is not None:
            station.timers.set(_TIMER, now + wait_s)

    def _enter(self, station: Station, status: str) -> None:
        self.status = status
        if status != "Idle":
            self._say(station, status)

    def _say(self, station: Station, status: str) -> None:
        order = self._order
        message = call.PublishFirmwareStatusNotification(
            status=_Told(status),
            location=_places(station, order) if status == "Published" else None,
            request_id=None if order is None or status == "Idle" else order.request_id,
        )
        station.say(Outgoing.of("PublishFirmwareStatusNotification", message))


def _publish_firmware(station: Station, payload: Payload, now: float) -> object:
    status = enums.GenericStatusEnumType
    publisher = dialect_of(station).publisher
    if publisher.is_busy:
        return call_result.PublishFirmware(status.rejected)
    order = _Order(
        payload["location"],
        payload["checksum"],
        payload["requestId"],
        payload.get("retries") or 0,
        float(payload.get("retryInterval") or _RETRY_S),
    )
    publisher.begin(station, order, now)
    return call_result.PublishFirmware(status.accepted)


def _unpublish_firmware(station: Station, payload: Payload, _now: float) -> object:
    publisher, checksum = dialect_of(station).publisher, payload["checksum"]
    if publisher.is_fetching(checksum):
        return call_result.UnpublishFirmware(_Unpublish.download_ongoing)
    if checksum not in publisher.published:
        return call_result.UnpublishFirmware(_Unpublish.no_firmware)
    publisher.published.remove(checksum)
    return call_result.UnpublishFirmware(_Unpublish.unpublished)


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"PublishFirmware": _publish_firmware, "UnpublishFirmware": _unpublish_firmware}
)


def _places(station: Station, order: _Order | None) -> list[str]:
    """Return where others find it, by each protocol (L03.FR.04)."""
    name = "" if order is None else urlsplit(order.location).path.rpartition("/")[2]
    host = re.sub(r"[^a-zA-Z0-9-]", "-", station.id).lower()
    return [f"{each}://{host}.local/{name}"[:512] for each in ("http", "https", "ftp")]
