"""What keeps a station in order: firmware, logs and certificates, made when first needed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from simulator.station.certificates import CertificateStore
from simulator.station.firmware import FirmwareUpdate
from simulator.station.logs import LogUpload

if TYPE_CHECKING:
    from simulator.station.core import Station


class Upkeep:
    """The three blocks of one station. Most stations of a fleet never need them."""

    __slots__ = ("_certificates", "_firmware", "_logs", "_station")

    def __init__(self, station: Station) -> None:
        self._station = station
        self._firmware: FirmwareUpdate | None = None
        self._logs: LogUpload | None = None
        self._certificates: CertificateStore | None = None

    @property
    def firmware(self) -> FirmwareUpdate:
        """Its firmware update."""
        if self._firmware is None:
            self._firmware = FirmwareUpdate(self._station)
        return self._firmware

    @property
    def logs(self) -> LogUpload:
        """Its upload of a log."""
        if self._logs is None:
            self._logs = LogUpload(self._station)
        return self._logs

    @property
    def certificates(self) -> CertificateStore:
        """Its certificates."""
        if self._certificates is None:
            random = Random(f"{self._station.id}/keys")  # noqa: S311 - keys of a simulation
            self._certificates = CertificateStore(random)
        return self._certificates

    @property
    def has_certificates(self) -> bool:
        """Whether it holds any, without making the store."""
        return self._certificates is not None

    def remember(self) -> dict[str, Any]:
        """Return the firmware's version and the certificates."""
        told: dict[str, Any] = {}
        if self._firmware is not None:
            told["firmware"] = self._station.dialect.identity.firmware
        if self._certificates is not None and (kept := self._certificates.remember()):
            told["certificates"] = kept
        return told

    def recall(self, remembered: dict[str, Any]) -> None:
        """Take both up again. Raises: ValueError, KeyError or TypeError."""
        if certificates := remembered.get("certificates"):
            self.certificates.recall(certificates)
        if version := remembered.get("firmware"):
            self._station.dialect.set_firmware(str(version))
            self._firmware = self.firmware
