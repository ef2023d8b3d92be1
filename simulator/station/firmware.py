"""A firmware update as a station lives through it: download, check, installation, reboot.

Nothing is fetched: how it goes follows from the order, from the state of the station and from
faults. Source: OCPP 1.6 edition 2, 5.19 and 4.5; security whitepaper edition 3, L01; OCPP 2.0.1
part 2, L01 and L02.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from simulator.station.refusals import effects

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.station.core import Station

_TIMER: Final = "firmware"
_TELL: Final = "firmware-tell"
_LOOK_AGAIN_S: Final = 10.0
_VERIFY_S: Final = 2.0
_MAX_VERSION: Final = 50
SCHEMES: Final = frozenset({"http", "https", "ftp", "ftps", "sftp"})
"""The protocols by which files are fetched and brought."""


class FirmwareStatus(StrEnum):
    """Where an update is, in the words of OCPP 2.0.1; 1.6 knows a part of them."""

    IDLE = "Idle"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADING = "Downloading"
    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    SIGNATURE_VERIFIED = "SignatureVerified"
    INVALID_SIGNATURE = "InvalidSignature"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALLING = "Installing"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALLED = "Installed"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"


class Taken(StrEnum):
    """What becomes of an order."""

    ACCEPTED = "Accepted"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    REJECTED = "Rejected"


_ENDED: Final = frozenset(
    {
        FirmwareStatus.IDLE,
        FirmwareStatus.DOWNLOAD_FAILED,
        FirmwareStatus.INVALID_SIGNATURE,
        FirmwareStatus.INSTALLED,
        FirmwareStatus.INSTALLATION_FAILED,
        FirmwareStatus.INSTALL_VERIFICATION_FAILED,
    }
)
_CANNOT_STOP: Final = frozenset({FirmwareStatus.INSTALLING, FirmwareStatus.INSTALL_REBOOTING})


@dataclass(frozen=True, slots=True)
class FirmwareOrder:
    """What a central system ordered. Times are simulated seconds; no `install_at` is at once.

    `request_id` is None for 1.6's UpdateFirmware, `signature` where none was given.
    `allows_sessions` lets cars come while the installation waits for others to end.
    """

    location: str
    retrieve_at: float
    install_at: float | None = None
    retries: int = 0
    retry_interval_s: float = 60.0
    request_id: int | None = None
    signature: str | None = None
    allows_sessions: bool = False


class FirmwareUpdate:
    """The update of one station, one at a time. `status` is what was last told of it."""

    def __init__(self, station: Station) -> None:
        self.status = FirmwareStatus.IDLE
        self.order: FirmwareOrder | None = None
        self._station = station
        self._attempts = 0
        self._next: Callable[[float], None] = self._download
        self._held: set[int] = set()
        self._random = Random(f"{station.id}/firmware")  # noqa: S311 - no secrets
        station.duties[_TIMER] = self._go_on
        station.duties[_TELL] = self.tell

    @property
    def is_busy(self) -> bool:
        """Whether an update is under way or waits for its time."""
        return self.order is not None and self.status not in _ENDED

    @property
    def is_installing(self) -> bool:
        """Whether it must not be interrupted now."""
        return self.is_busy and self.status in _CANNOT_STOP

    def install(self, version: str, now: float) -> None:
        """Install a version that the station has fetched by itself, as soon as nobody charges."""
        self._release(now)
        self.order, self._attempts = FirmwareOrder(f"https://localhost/{version}.bin", now), 0
        self._wait(now)

    def take(self, order: FirmwareOrder, now: float) -> Taken:
        """Begin with an order, in the place of one that can still be given up (L01.FR.24)."""
        was_busy = self.is_busy
        if was_busy and self.status in _CANNOT_STOP:
            return Taken.REJECTED
        self._release(now)
        self.order, self._attempts = order, 0
        if order.retrieve_at > now:
            self._station.timers.clear(_TIMER)
            # The answer to the order goes first: states are told from the next moment on.
            self._plan(self._schedule_download, now)
        else:
            self._plan(self._download, now)
        return Taken.ACCEPTED_CANCELED if was_busy else Taken.ACCEPTED

    def say(self, now: float) -> None:
        """Tell where it is because the central system asks (L01.FR.25, L01.FR.26)."""
        del now
        ended_well = self.status is FirmwareStatus.INSTALLED
        status = FirmwareStatus.IDLE if ended_well else self.status
        self._station.say(self._station.dialect.firmware_status(status, self.order))

    def tell(self, now: float) -> None:
        """Tell where it is; what happens without a link is told when there is one."""
        station = self._station
        if not station.is_online:
            station.timers.set(_TELL, now + _LOOK_AGAIN_S)
            return
        station.say(station.dialect.firmware_status(self.status, self.order))
        if self.status is FirmwareStatus.INSTALLED:
            station.say(station.dialect.security_event("FirmwareUpdated", station.at(now)))

    def _go_on(self, now: float) -> None:
        self._next(now)

    def _plan(self, step: Callable[[float], None], at: float) -> None:
        self._next = step
        self._station.timers.set(_TIMER, at)

    def _enter(self, status: FirmwareStatus, now: float) -> None:
        self.status = status
        request = None if self.order is None else self.order.request_id
        self._station.report(now, "firmware.status", status=status.value, request=request)
        self.tell(now)

    def _schedule_download(self, now: float) -> None:
        self._enter(FirmwareStatus.DOWNLOAD_SCHEDULED, now)
        self._plan(self._download, max(now, self._ordered.retrieve_at))

    def _download(self, now: float) -> None:
        self._attempts += 1
        self._enter(FirmwareStatus.DOWNLOADING, now)
        self._plan(self._downloaded, now + self._random.uniform(10, 60))

    def _downloaded(self, now: float) -> None:
        order = self._ordered
        if not is_reachable(order.location) or self._fails(FirmwareStatus.DOWNLOAD_FAILED, now):
            if self._attempts <= order.retries:
                self._plan(self._download, now + order.retry_interval_s)
            else:
                self._enter(FirmwareStatus.DOWNLOAD_FAILED, now)
            return
        self._enter(FirmwareStatus.DOWNLOADED, now)
        self._plan(self._wait if order.signature is None else self._verify, now + _VERIFY_S)

    def _verify(self, now: float) -> None:
        """Check the signature's form: there is no file over which it could be reckoned."""
        is_fine = _is_base64(self._ordered.signature or "")
        if not is_fine or self._fails(FirmwareStatus.INVALID_SIGNATURE, now):
            self._enter(FirmwareStatus.INVALID_SIGNATURE, now)
            station = self._station
            station.say(station.dialect.security_event("InvalidFirmwareSignature", station.at(now)))
            return
        self._enter(FirmwareStatus.SIGNATURE_VERIFIED, now)
        self._wait(now)

    def _wait(self, now: float) -> None:
        """Wait for the time of the installation, and for the last transaction to end."""
        order = self._ordered
        is_early = order.install_at is not None and now < order.install_at
        is_charging = self._station.charging_count() > 0
        if not is_early and not is_charging:
            self._install(now)
            return
        if self.status is not FirmwareStatus.INSTALL_SCHEDULED:
            self._enter(FirmwareStatus.INSTALL_SCHEDULED, now)
        if is_early and order.install_at is not None:
            self._plan(self._wait, order.install_at)
            return
        if not order.allows_sessions:
            self._hold(now)
        self._plan(self._wait, now + _LOOK_AGAIN_S)

    def _install(self, now: float) -> None:
        self._hold(now)
        self._enter(FirmwareStatus.INSTALLING, now)
        self._plan(self._reboot, now + self._random.uniform(15, 60))

    def _reboot(self, now: float) -> None:
        for failure in (
            FirmwareStatus.INSTALLATION_FAILED,
            FirmwareStatus.INSTALL_VERIFICATION_FAILED,
        ):
            if self._fails(failure, now):
                self._release(now)
                self._enter(failure, now)
                return
        self._enter(FirmwareStatus.INSTALL_REBOOTING, now)
        station = self._station
        version = version_of(self._ordered.location) or f"{station.dialect.identity.firmware}+1"
        station.dialect.set_firmware(version)
        station.lifecycle.reset(now, is_hard=True, reason="FirmwareUpdate")
        self._plan(self._installed, now + _LOOK_AGAIN_S)

    def _installed(self, now: float) -> None:
        """Tell it once the new firmware is up and let in (L01.FR.32)."""
        if not self._station.is_online:
            self._plan(self._installed, now + _LOOK_AGAIN_S)
            return
        self._release(now)
        self._enter(FirmwareStatus.INSTALLED, now)

    @property
    def _ordered(self) -> FirmwareOrder:
        if self.order is None:
            raise RuntimeError("a step of an update that nobody ordered")
        return self.order

    def _fails(self, status: FirmwareStatus, now: float) -> bool:
        return status.value in effects(self._station, now).maintenance_failures

    def _hold(self, now: float) -> None:
        """Let no car charge where none does (L01.FR.07)."""
        for number, bay in self._station.bays.items():
            if bay.transaction is None and number not in self._held:
                self._held.add(number)
                self._station.availability.hold(number, now)

    def _release(self, now: float) -> None:
        for number in sorted(self._held):
            self._station.availability.release(number, now)
        self._held.clear()


def is_reachable(location: str) -> bool:
    """Whether files can be fetched from, or brought to, a location by its looks."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and bool(parts.hostname)


def version_of(location: str) -> str:
    """Return the version that a file's name stands for: `fw-2.4.bin` is `fw-2.4`."""
    name = urlsplit(location).path.rpartition("/")[2]
    stem = name.rpartition(".")[0] if "." in name else name
    return stem[:_MAX_VERSION]


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False
