"""Parts of a station that live on and belong to no block: profiles, waiting messages, password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.ocppj.schemas import request_violation
from profiles import InstalledProfile, ProfileSet, Purpose
from simulator.station.outgoing import Outgoing
from simulator.station.transaction import Moment, SampleContext, StopReason, Token, Transaction
from simulator.wire import from_text, to_payload, to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from csms.ocppj.version import Version
    from simulator.station.core import Station
    from simulator.station.memory import Remembered

_LASTING: Final = frozenset({Purpose.STATION_MAX, Purpose.TX_DEFAULT})
_NUMBER: Final = "transactionId"
_NUMBERED: Final = frozenset({"MeterValues", "StopTransaction"})
_OPENING: Final = "StartTransaction"
_CLOSING: Final = "StopTransaction"


def keep_all(station: Station) -> None:
    """Let what belongs to no block live on; called once the station is whole."""
    for number, bay in station.bays.items():
        station.memory.keep(f"meter-{number}", bay.supply)
    station.memory.keep("profiles", KeptProfiles(station))
    station.memory.keep("queue", KeptQueue(station))
    station.memory.keep("password", KeptPassword(station))


class KeptSettings:
    """Configuration keys or variables, and what follows from them at once."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def remember(self) -> Remembered:
        """Return what the version keeps."""
        return self._station.dialect.remember()

    def recall(self, remembered: Remembered) -> None:
        """Set it again; transaction messages are then tried as it says."""
        station = self._station
        station.dialect.recall(remembered)
        attempts, interval_s = station.dialect.retries
        station.change_retries(attempts=attempts, interval_s=interval_s)


class KeptProfiles:
    """The profiles that outlast transactions. Source: OCPP 2.0.1 part 2, K01.FR.27."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def remember(self) -> Remembered:
        """Return them in the order in which they were installed."""
        lasting = [each for each in self._station.book.profiles if each.profile.purpose in _LASTING]
        return {"installed": [each.to_dict() for each in lasting]} if lasting else {}

    def recall(self, remembered: Remembered) -> None:
        """Install them again. Raises: ValueError for what are no profiles."""
        installed = map(InstalledProfile.from_dict, remembered["installed"])
        self._station.book.restore(ProfileSet.of(installed))


class KeptPassword:
    """The password that a central system has set, if any."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def remember(self) -> Remembered:
        """Return it in clear: whoever keeps it must keep it to itself."""
        password = self._station.told_password
        return {} if password is None else {"basic_auth": password}

    def recall(self, remembered: Remembered) -> None:
        """Take it up; who opens the connection asks for it."""
        self._station.told_password = str(remembered["basic_auth"])


class KeptQueue:
    """Transaction messages that no central system has taken yet."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def remember(self) -> Remembered:
        """Return them in order, as what would be sent now."""
        station = self._station
        waiting = [_written(each) for each in station.outbox.waiting()]
        running = [
            _running(bay.transaction)
            for bay in station.bays.values()
            if bay.transaction is not None
        ]
        told: Remembered = {"waiting": [each for each in waiting if each is not None]}
        if running:
            told |= {"running": running, "at": to_text(station.at(station.now))}
        return told if running or told["waiting"] else {}

    def recall(self, remembered: Remembered) -> None:
        """Queue them again, under new message IDs.

        What ran when it was written down has ended by a loss of power, just then.
        """
        numbers: dict[str, int] = {}
        waiting = [*remembered["waiting"]]
        at = from_text(remembered.get("at"))
        if at is not None:
            endings = (self._ending(each, at) for each in remembered.get("running", ()))
            waiting.extend(each for each in endings if each is not None)
        version = self._station.dialect.version
        made = [_read(each, numbers, version) for each in waiting]
        for each in made:
            self._station.outbox.add(each, 0.0)

    def _ending(self, running: Remembered, at: datetime) -> Remembered | None:
        """Return the message that ends a transaction at the register that was written down."""
        station = self._station
        bay = station.bays[int(running["evse"])]
        started = from_text(running["started"]) or at
        transaction = Transaction(
            id=str(running["id"]),
            evse_id=bay.evse_id,
            token=Token(*map(str, running["token"])),
            started=Moment(started, is_offline=False),
            meter_start_wh=int(running["register_start_wh"]),
            csms_id=running["csms_id"],
            connector=int(running["connector"]),
            next_seq=int(running["next_seq"]),
        )
        reading = bay.supply.read(SampleContext.END.value, at)
        moment = Moment(at, is_offline=True)
        ending = station.dialect.stopped(transaction, reading, moment, StopReason.POWER_LOSS)
        return None if ending is None else _written(ending)


def _running(transaction: Transaction) -> Remembered:
    """Return what is needed to end a transaction later."""
    return {
        "id": transaction.id,
        "evse": transaction.evse_id,
        "token": [transaction.token.text, transaction.token.kind],
        "started": to_text(transaction.started.at),
        "register_start_wh": transaction.meter_start_wh,
        "csms_id": transaction.csms_id,
        "connector": transaction.connector,
        "next_seq": transaction.next_seq,
    }


def _written(outgoing: Outgoing) -> Remembered | None:
    """Return a message as JSON; in 1.6 without the number that no answer has given yet."""
    message = outgoing.build()
    if message is not None:
        payload = to_payload(message)
    elif outgoing.draft is not None:
        payload = to_payload(outgoing.draft())
        payload.pop(_NUMBER, None)
    else:
        return None
    return {
        "action": outgoing.action,
        "transaction": outgoing.transaction,
        "payload": payload,
    }


def _read(written: Remembered, numbers: dict[str, int], version: Version) -> Outgoing:
    """Return the message again; the answer to 1.6's opening numbers those that follow.

    Raises: ValueError for what is no message of this version.
    """
    action, payload = str(written["action"]), dict(written["payload"])
    whole = {_NUMBER: 0, **payload} if action == _CLOSING else payload
    violation = request_violation(version, action, whole)
    if violation is not None:
        raise ValueError(violation.message)
    transaction = written["transaction"]
    outgoing = Outgoing(action, lambda: payload, is_durable=True, transaction=transaction)
    if action == _OPENING:
        outgoing.on_result = _taker(str(transaction), numbers)
    elif action in _NUMBERED and _NUMBER not in payload:
        outgoing.build = lambda: _numbered(action, payload, numbers.get(str(transaction)))
    return outgoing


def _taker(transaction: str, numbers: dict[str, int]) -> Callable[[Payload, float], None]:
    def take(answer: Payload, _now: float) -> None:
        numbers[transaction] = int(answer.get(_NUMBER) or 0)

    return take


def _numbered(action: str, payload: dict[str, Any], number: int | None) -> dict[str, Any] | None:
    if number is not None:
        return {**payload, _NUMBER: number}
    return payload if action == "MeterValues" else None
