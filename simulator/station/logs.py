"""A log, or diagnostics, on its way to where the central system wants it.

Nothing is brought anywhere: how it goes follows from the order and from faults. Source: OCPP 1.6
edition 2, 4.4 and 6.24; security whitepaper edition 3, N01; OCPP 2.0.1 part 2, N01.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final

from simulator.station.firmware import Taken, is_reachable
from simulator.station.refusals import effects

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.station.core import Station

_TIMER: Final = "log"
_TELL: Final = "log-tell"
_LOOK_AGAIN_S: Final = 10.0


class LogKind(StrEnum):
    """What is wanted. The last is 1.6's GetDiagnostics, which has messages of its own."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"
    DIAGNOSTICS = "Diagnostics"


class LogStatus(StrEnum):
    """Where an upload is, in the words of OCPP 2.0.1."""

    IDLE = "Idle"
    UPLOADING = "Uploading"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    ACCEPTED_CANCELED = "AcceptedCanceled"


@dataclass(frozen=True, slots=True)
class LogOrder:
    """What a central system ordered. `request_id` is None for 1.6's GetDiagnostics."""

    kind: LogKind
    location: str
    request_id: int | None = None
    retries: int = 0
    retry_interval_s: float = 60.0


class LogUpload:
    """The upload of one station, one at a time. `status` is what was last told of it."""

    def __init__(self, station: Station) -> None:
        self.status = LogStatus.IDLE
        self.order: LogOrder | None = None
        self._station = station
        self._attempts = 0
        self._files = 0
        self._next: Callable[[float], None] = self._upload
        self._random = Random(f"{station.id}/logs")  # noqa: S311 - no secrets
        station.duties[_TIMER] = self._go_on
        station.duties[_TELL] = self._tell

    @property
    def is_busy(self) -> bool:
        """Whether an upload is under way."""
        return self._station.timers.has(_TIMER)

    def take(self, order: LogOrder, now: float) -> tuple[Taken, str]:
        """Begin with an order, in the place of the one before; return the file's name as well."""
        station, was_busy = self._station, self.is_busy
        if was_busy:
            # N01.FR.20, under the number of the one that is given up.
            self._enter(LogStatus.ACCEPTED_CANCELED, now)
        self.order, self._attempts = order, 0
        self._files += 1
        self._plan(self._upload, now)
        name = f"{station.id}-{order.kind.value}-{station.at(now):%Y%m%dT%H%M%S}-{self._files}.log"
        return (Taken.ACCEPTED_CANCELED if was_busy else Taken.ACCEPTED), name

    def say(self, now: float) -> None:
        """Tell where it is because the central system asks; Idle where none is under way."""
        del now
        status = self.status if self.is_busy else LogStatus.IDLE
        order = self.order if self.is_busy else None
        self._station.say(self._station.dialect.log_status(status, order))

    def _go_on(self, now: float) -> None:
        self._next(now)

    def _plan(self, step: Callable[[float], None], at: float) -> None:
        self._next = step
        self._station.timers.set(_TIMER, at)

    def _enter(self, status: LogStatus, now: float) -> None:
        self.status = status
        self._station.report(now, "log.status", status=status.value)
        self._tell(now)

    def _tell(self, now: float) -> None:
        station = self._station
        if not station.is_online:
            station.timers.set(_TELL, now + _LOOK_AGAIN_S)
            return
        station.say(station.dialect.log_status(self.status, self.order))

    def _upload(self, now: float) -> None:
        self._attempts += 1
        self._enter(LogStatus.UPLOADING, now)
        self._plan(self._uploaded, now + self._random.uniform(3, 20))

    def _uploaded(self, now: float) -> None:
        order = self.order
        if order is None:
            return
        fails = LogStatus.UPLOAD_FAILURE in effects(self._station, now).maintenance_failures
        if is_reachable(order.location) and not fails:
            self._enter(LogStatus.UPLOADED, now)
        elif self._attempts <= order.retries:
            self._plan(self._upload, now + order.retry_interval_s)
        else:
            self._enter(LogStatus.UPLOAD_FAILURE, now)
