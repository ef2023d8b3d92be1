"""What the station core asks of a version: messages out, commands in, and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from csms.ocppj.version import Version
    from profiles import Rules, Schedule
    from simulator.metering.reading import Reading
    from simulator.station.authorization import TokenRules
    from simulator.station.core import Station
    from simulator.station.firmware import FirmwareOrder, FirmwareStatus
    from simulator.station.local_list import TokenInfo
    from simulator.station.logs import LogOrder, LogStatus
    from simulator.station.memory import Remembered
    from simulator.station.news import News
    from simulator.station.outbox import Outgoing
    from simulator.station.transaction import (
        Moment,
        SampleContext,
        Status,
        StopReason,
        Token,
        Transaction,
    )

InfoListener: TypeAlias = "Callable[[TokenInfo, float], None]"
"""Told what a central system says of a token, and when."""
AnswerListener: TypeAlias = "Callable[[TokenInfo | None, float], None]"
"""The same, or None where no answer came."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A CALLERROR as an answer."""

    code: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a station says of itself when it boots."""

    vendor: str
    model: str
    serial: str
    firmware: str


Command: TypeAlias = "Callable[[Station, Payload, float], object]"
"""Carries out a request and returns a message of the `ocpp` package, or `Refused`."""


class Dialect(Protocol):
    """One version of OCPP on the station's side.

    `has_token_types` tells tokens of one text and several types apart; `refuses_when_rejected`
    answers a central system that has not let the station in, else it hears nothing;
    `prepares_for_token` shows a connector as Preparing before the cable comes, else its state is
    that of the cable alone; `asks_of_each_token` has the central system asked of a token that
    cannot end what runs; `shows_any_reservation` shows reservations for any EVSE once they take
    all that there are.
    """

    version: Version
    rules: Rules
    identity: Identity
    commands: Mapping[str, Command]
    has_token_types: bool
    refuses_when_rejected: bool
    prepares_for_token: bool
    asks_of_each_token: bool
    shows_any_reservation: bool

    @property
    def has_open_transactions(self) -> bool:
        """Whether a transaction was told of in which no power flows, and not its end."""
        ...

    @property
    def meter_interval_s(self) -> float:
        """Seconds between sets of meter values; 0 sends none."""
        ...

    @property
    def aligned_interval_s(self) -> float:
        """Seconds between clock-aligned sets of meter values; 0 sends none."""
        ...

    def sends_aligned(self, *, has_transaction: bool, is_busy: bool) -> bool:
        """Whether clock-aligned values are sent of an EVSE with or without a transaction.

        `is_busy` tells that one runs anywhere at the station.
        """
        ...

    def kept_interval_s(self, context: SampleContext) -> float:
        """Seconds between sets of values that go out with a transaction's end alone; 0 is none."""
        ...

    def keep(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> None:
        """Keep such a set of values."""
        ...

    def set_heartbeat_interval(self, seconds: int) -> None:
        """Remember the interval that the boot answer gave."""
        ...

    @property
    def heartbeat_interval_s(self) -> float:
        """Seconds between heartbeats; 0 sends none."""
        ...

    @property
    def ping_interval_s(self) -> float:
        """Seconds between websocket pings; 0 sends none."""
        ...

    @property
    def offline_threshold_s(self) -> float:
        """Seconds after which a lost link is worth to tell all states again."""
        ...

    @property
    def retries(self) -> tuple[int, float]:
        """How often and how far apart, in seconds, transaction messages are tried."""
        ...

    def set_retries(self, attempts: int, interval_s: float) -> None:
        """Show how often and how far apart transaction messages are tried."""
        ...

    def remember(self) -> Remembered:
        """Return the settings that outlive the program, as plain JSON."""
        ...

    def recall(self, remembered: Remembered) -> None:
        """Take them up again. Raises: ValueError, TypeError or KeyError."""
        ...

    def boot(self, reason: str) -> Outgoing:
        """Return a BootNotification; `reason` is 2.0.1's."""
        ...

    def heartbeat(self) -> Outgoing:
        """Return a Heartbeat."""
        ...

    def station_status(self, at: Moment, *, is_available: bool) -> Outgoing | None:
        """Return the status of the station as a whole, where the version has one."""
        ...

    def faulted(self, evse_id: int, error: str | None) -> None:
        """Remember by which error code of 1.6 an EVSE is Faulted, None when it is mended."""
        ...

    @property
    def connectors(self) -> int:
        """How many connectors each EVSE has."""
        ...

    def connector_status(
        self, evse_id: int, status: Status, at: Moment, connector: int = 1
    ) -> Outgoing:
        """Return a StatusNotification; 1.6 numbers EVSEs only."""
        ...

    def status_changed(
        self, evse_id: int, old: Status, new: Status, at: Moment, connector: int = 1
    ) -> Outgoing | None:
        """Return a StatusNotification where the version sees a difference."""
        ...

    def limit_notified(self, evse_id: int, source: str, schedule: Schedule) -> Outgoing | None:
        """Return word of a limit that somebody else has set, where the version has one."""
        ...

    def limit_cleared(self, evse_id: int, source: str) -> Outgoing | None:
        """Return word that such a limit is gone, where the version has one."""
        ...

    @property
    def longest_token(self) -> int:
        """How many characters a token may have on the wire."""
        ...

    @property
    def token_rules(self) -> TokenRules:
        """What the settings say of authorization."""
        ...

    @property
    def minimum_status_s(self) -> float:
        """How long a status must hold before it is told."""
        ...

    def token_info(self, answer: Payload) -> TokenInfo | None:
        """Return what an answer says of a token, None where it says nothing."""
        ...

    def list_conflict(self, at: Moment) -> Outgoing | None:
        """Return word that the local list is contradicted, where the version has one."""
        ...

    def reservation_ended(self, number: int, why: str) -> Outgoing | None:
        """Return word of a reservation that is Expired or Removed, where the version has one."""
        ...

    def authorize(self, token: Token, listener: AnswerListener) -> Outgoing:
        """Return an Authorize."""
        ...

    def transaction_id(self, transaction: Transaction) -> str:
        """Return the ID that profiles of the transaction carry."""
        ...

    def started(
        self, transaction: Transaction, reading: Reading, listener: InfoListener
    ) -> Outgoing | None:
        """Return the message that opens a transaction, None where it was told of already."""
        ...

    def charging_state(
        self, transaction: Transaction, status: Status, reading: Reading, at: Moment
    ) -> Outgoing | None:
        """Return a report of a changed charging state, where the version has one."""
        ...

    def metered(
        self, transaction: Transaction, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing | None:
        """Return meter values of a transaction, where any are wanted."""
        ...

    def idle_metered(
        self, evse_id: int, reading: Reading, at: Moment, context: SampleContext
    ) -> Outgoing | None:
        """Return meter values outside a transaction, where any are wanted."""
        ...

    def firmware_status(
        self, status: FirmwareStatus, order: FirmwareOrder | None
    ) -> Outgoing | None:
        """Return where a firmware update is, where the version has a word for it."""
        ...

    def log_status(self, status: LogStatus, order: LogOrder | None) -> Outgoing | None:
        """Return where the upload of a log is, where the version has a word for it."""
        ...

    def secured(self, profile: int) -> None:
        """Show the security profile by which the station connects, 0 to 3."""
        ...

    def boot_event(self, reason: str, at: datetime) -> Outgoing | None:
        """Return word of a boot for the security log, from security profile 1 on."""
        ...

    def security_event(self, kind: str, at: datetime, told: str | None = None) -> Outgoing:
        """Return a SecurityEventNotification."""
        ...

    def csms_url(self) -> str | None:
        """Return where to connect; None is the URL that was given to the simulator."""
        ...

    def connection_tried(self, *, is_connected: bool) -> None:
        """Take note of an attempt to connect, which may lead to another URL."""
        ...

    def rebooted(self) -> None:
        """Take up what waits for a boot."""
        ...

    def queues(self, outgoing: Outgoing) -> bool:
        """Whether a message that is no transaction's is kept while there is no link."""
        ...

    def visit_changed(self, news: News) -> Sequence[Outgoing]:
        """Return what is told of a change at an EVSE at which no power flows."""
        ...

    def looked(self, station: Station, now: float) -> None:
        """Let the version's own parts see what may have changed; called often."""
        ...

    def set_firmware(self, version: str) -> None:
        """Boot with another firmware from now on."""
        ...

    def stopped(
        self, transaction: Transaction, reading: Reading, at: Moment, reason: StopReason
    ) -> Outgoing | None:
        """Return the message that closes a transaction, None where it was never told of."""
        ...


def commands_of(dialect: Dialect) -> frozenset[str]:
    """Return the actions that a dialect carries out, one set for all stations that speak it."""
    return _commands_of(type(dialect))


@cache
def _commands_of(kind: type[Dialect]) -> frozenset[str]:
    return frozenset(kind.commands)
