"""The reusable states of OCPP 2.0.1 part 6, 3.18, as what one connector of a charger lives through.

A `Bay` is an EVSE with its connector and the transaction there. Each state is a method: it does
what its "Before" asks for, plays its steps, and holds the answers against its tool validations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.conformance.patterns import ANY_INT, same_time, text_of

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

TOKEN_TYPE = "ISO14443"
_INFO = ("chargingState", "stoppedReason", "remoteStartId", "timeSpentCharging")


def stamp(at: datetime | None = None, **later: float) -> str:
    """Returns an instant as a station writes it; by default now, or that much later."""
    moment = (at or datetime.now(UTC)) + timedelta(**later)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def samples(context: str, *values_wh: float, every_s: float = 0, **of_each: Any) -> list[Payload]:
    """Returns meter values of the register, one for each value, the last of them now."""
    first = datetime.now(UTC) - timedelta(seconds=every_s * (len(values_wh) - 1))
    return [
        {
            "timestamp": stamp(first, seconds=every_s * number),
            "sampledValue": [{"value": value, "context": context, **of_each}],
        }
        for number, value in enumerate(values_wh)
    ]


def notice(component: Payload, variable: str, value: str, **event: Any) -> Payload:
    """Returns a NotifyEvent with one event."""
    data = {
        "eventId": 1,
        "timestamp": stamp(),
        "trigger": "Delta",
        "actualValue": value,
        "eventNotificationType": "HardWiredNotification",
        "component": component,
        "variable": {"name": variable},
        **event,
    }
    return {"generatedAt": stamp(), "seqNo": 0, "eventData": [data]}


@dataclass(slots=True)
class Bay:
    """An EVSE of a charger with one connector, and the transaction there.

    The flags say which states it has been brought into; `before` are the IDs of transactions that
    are over.
    """

    stage: Stage
    charger: Charger
    token: Payload
    evse: int = 1
    connector: int = 1
    transaction_id: str | None = None
    seq_no: int = 0
    is_authorized: bool = False
    is_connected: bool = False
    is_charging: bool = False
    is_stop_authorized: bool = False
    is_after_session: bool = False
    before: list[str] = field(default_factory=list)

    @classmethod
    async def of(
        cls, stage: Stage, charger: Charger | None = None, **place_and_decided: Any
    ) -> Bay:
        """Returns a bay of a charger, by default of a new one, with an accepted token of its own.

        `evse` and `connector` say which; the rest is what is decided about the token.
        """
        place = {
            name: place_and_decided.pop(name)
            for name in ("evse", "connector")
            if name in place_and_decided
        }
        text = await stage.token(type=TOKEN_TYPE, **place_and_decided)
        token = {"idToken": text, "type": TOKEN_TYPE}
        return cls(stage, charger or await stage.charger(), token, **place)

    @property
    def place(self) -> dict[str, int]:
        """The EVSE and connector as EVSEType."""
        return {"id": self.evse, "connectorId": self.connector}

    # TransactionEvents

    async def event(self, kind: str, trigger: str, **given: Any) -> Payload:
        """Sends a TransactionEvent and returns the answer.

        Started begins a new transaction with seqNo 0, Ended ends it. `given` are members of the
        request or of its transactionInfo. An answer judges the token if, and only if, one came.
        """
        if kind == "Started":
            self.transaction_id, self.seq_no = str(uuid4()), 0
        info = {name: given.pop(name) for name in _INFO if name in given}
        request = {
            "eventType": kind,
            "timestamp": stamp(),
            "triggerReason": trigger,
            "seqNo": self.seq_no,
            "transactionInfo": {"transactionId": self.transaction_id, **info},
            **given,
        }
        answer = await self.charger.call("TransactionEvent", request)
        self.seq_no = max(self.seq_no, request["seqNo"] + 1)
        assert ("idTokenInfo" in answer) is ("idToken" in request), answer
        if kind == "Ended":
            self._over()
        return answer

    async def started(self, trigger: str, **given: Any) -> Payload:
        """Sends a TransactionEvent that starts a transaction."""
        return await self.event("Started", trigger, **given)

    async def updated(self, trigger: str, **given: Any) -> Payload:
        """Sends a TransactionEvent of the transaction."""
        return await self.event("Updated", trigger, **given)

    async def ended(self, trigger: str, **given: Any) -> Payload:
        """Sends a TransactionEvent that ends the transaction."""
        return await self.event("Ended", trigger, **given)

    async def status(self, status: str) -> None:
        """Tells the connector's state, and holds the API against it."""
        await self.charger.status(self.evse, self.connector, status)
        shown = await self.stage.connector(self.charger, self.evse, self.connector)
        assert shown == status, f"{status} was told, the API shows {shown}"

    async def session(self, **members: Any) -> Payload:
        """Waits for the bay's transaction to have these members in the API; returns its session."""
        wanted = self.transaction_id or self.before[-1]
        found: list[Payload] = []

        async def is_so() -> bool:
            sessions = await self.stage.sessions(self.charger)
            found[:] = [each for each in sessions if each["transaction_id"] == wanted]
            return len(found) == 1 and members.items() <= found[0].items()

        await self.stage.until(is_so, lambda: f"{wanted} is {found}, not {members}")
        return found[0]

    # Reusable states

    async def authorize(self) -> Payload:
        """Presents the token, which must be accepted."""
        answer = await self.charger.call("Authorize", {"idToken": self.token})
        _accepted(answer)
        return answer

    async def authorized(self, **given: Any) -> None:
        """Brings it into Authorized (table 702)."""
        await self.authorize()
        kind = "Updated" if self.is_connected else "Started"
        _accepted(await self.event(kind, "Authorized", idToken=self.token, **given))
        self.is_authorized = True

    async def connected_pre_session(self, **given: Any) -> None:
        """Brings it into EVConnectedPreSession (table 701)."""
        await self.status("Occupied")
        kind = "Updated" if self.is_authorized else "Started"
        await self.event(
            kind, "CablePluggedIn", chargingState="EVConnected", evse=self.place, **given
        )
        self.is_connected = True

    async def energy_transfer_started(self) -> None:
        """Brings it into EnergyTransferStarted (table 703)."""
        if not self.is_authorized:
            await self.authorized()
        if not self.is_connected:
            await self.connected_pre_session()
        await self.updated("ChargingStateChanged", chargingState="Charging")
        self.is_charging = True

    async def energy_transfer_suspended(self) -> None:
        """Brings it into EnergyTransferSuspended (table 704)."""
        await self._charging_before()
        await self.updated("ChargingStateChanged", chargingState="SuspendedEV")

    async def stop_authorized(self) -> None:
        """Brings it into StopAuthorized (table 705)."""
        await self._charging_before()
        _accepted(await self.updated("StopAuthorized", idToken=self.token))
        self.is_stop_authorized = True

    async def connected_post_session(self) -> None:
        """Brings it into EVConnectedPostSession (table 706)."""
        if not self.is_stop_authorized:
            await self.stop_authorized()
        await self.updated("ChargingStateChanged", chargingState="EVConnected")
        self.is_after_session = True

    async def disconnected(self, **given: Any) -> Payload:
        """Brings it into EVDisconnected (table 707); returns the answer to the Ended event."""
        if not self.is_after_session:
            await self.connected_post_session()
        await self.status("Available")
        told = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        return await self.ended("EVCommunicationLost", **told, **given)

    async def reserved(self, **body: Any) -> int:
        """Brings it into Reserved (table 699); returns the reservation's ID."""
        expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
        return await reserve(self, expires_at, evse=self.evse, **body)

    async def unavailable(self) -> None:
        """Brings its EVSE into Unavailable (table 700)."""
        asked = {"operationalStatus": "Inoperative", "evse": {"id": self.evse}}
        await self.stage.operate(
            self.charger,
            "change_availability",
            {"status": "Inoperative", "evse": self.evse},
            sends=("ChangeAvailability", asked),
        )
        await self.status("Unavailable")

    async def _charging_before(self) -> None:
        if not self.is_charging:
            await self.energy_transfer_started()

    def _over(self) -> None:
        self.before.append(str(self.transaction_id))
        self.transaction_id = None
        self.is_authorized = self.is_connected = self.is_charging = False
        self.is_stop_authorized = self.is_after_session = False


def _accepted(answer: Payload) -> None:
    assert answer["idTokenInfo"]["status"] == "Accepted", answer


async def reserve(bay: Bay, expires_at: datetime, **body: Any) -> int:
    """Has the operator reserve, and the charger agree and tell; returns the reservation's ID.

    `body` are further members of the operation: `evse` None is any, `connector_type`, `group`.
    """
    asked = reservation(bay, expires_at, **body)
    reserved = await bay.stage.operate(
        bay.charger,
        "reserve_now",
        {"token": bay.token["idToken"], "expires_at": text_of(expires_at), **body},
        sends=("ReserveNow", asked),
    )
    number = int(reserved.request["id"])
    await bay.status("Reserved")
    return number


def reservation(bay: Bay, expires_at: datetime, **body: Any) -> Payload:
    """Returns the ReserveNow that carries a reservation for a bay's token."""
    asked = {"id": ANY_INT, "expiryDateTime": same_time(expires_at), "idToken": bay.token}
    if body.get("evse") is not None:
        asked["evseId"] = body["evse"]
    if "connector_type" in body:
        asked["connectorType"] = body["connector_type"]
    if "group" in body:
        asked["groupIdToken"] = {"idToken": body["group"], "type": "Central"}
    return asked
