"""The messages of the fleet's chargers, from the `ocpp` package's own types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ocpp.v16 import call as call16
from ocpp.v201 import call as call201
from ocpp.v201 import datatypes, enums

from simulator.station.outbox import Outgoing
from simulator.wire import to_text
from tests.chaos.history import START, STOP

if TYPE_CHECKING:
    from tests.chaos.history import Message

ACTIONS = {
    ("1.6", "start"): "StartTransaction",
    ("1.6", "meter"): "MeterValues",
    ("1.6", "stop"): "StopTransaction",
    ("2.0.1", "start"): "TransactionEvent",
    ("2.0.1", "meter"): "TransactionEvent",
    ("2.0.1", "stop"): "TransactionEvent",
}
_REGISTER = "Energy.Active.Import.Register"
# A start that its charger gave up has no transaction ID; such a stop carries this one.
_NO_TRANSACTION = -1


def boot(version: str) -> Outgoing:
    if version == "1.6":
        message: Any = call16.BootNotification(
            charge_point_vendor="Chaos", charge_point_model="C16"
        )
    else:
        station = datatypes.ChargingStationType(vendor_name="Chaos", model="C201")
        message = call201.BootNotification(
            charging_station=station, reason=enums.BootReasonEnumType.power_up
        )
    return Outgoing("BootNotification", lambda: message, is_urgent=True)


def heartbeat(version: str) -> Outgoing:
    return Outgoing("Heartbeat", call16.Heartbeat if version == "1.6" else call201.Heartbeat)


def build(message: Message) -> object:
    """The message as it goes out now; the transaction ID of 1.6 is known only then."""
    builder = _v16 if message.session.version == "1.6" else _v201
    return builder(message)


def _v16(message: Message) -> object:
    session, at = message.session, to_text(message.at)
    if message.kind == START:
        return call16.StartTransaction(
            connector_id=session.connector,
            id_tag=session.token,
            meter_start=message.register_wh,
            timestamp=at,
        )
    known = session.transaction_id
    if message.kind == STOP:
        return call16.StopTransaction(
            meter_stop=message.register_wh,
            timestamp=at,
            transaction_id=_NO_TRANSACTION if known is None else int(known),
            id_tag=session.token,
            reason="Local",
        )
    return call16.MeterValues(
        connector_id=session.connector,
        transaction_id=None if known is None else int(known),
        meter_value=[{"timestamp": at, "sampledValue": [_value16(message.register_wh)]}],
    )


def _value16(register_wh: int) -> dict[str, str]:
    return {"value": str(register_wh), "measurand": _REGISTER, "unit": "Wh"}


_EVENTS = {
    "start": (enums.TransactionEventEnumType.started, enums.TriggerReasonEnumType.authorized),
    "meter": (
        enums.TransactionEventEnumType.updated,
        enums.TriggerReasonEnumType.meter_value_periodic,
    ),
    "stop": (enums.TransactionEventEnumType.ended, enums.TriggerReasonEnumType.stop_authorized),
}
_CONTEXTS = {
    "start": enums.ReadingContextEnumType.transaction_begin,
    "meter": enums.ReadingContextEnumType.sample_periodic,
    "stop": enums.ReadingContextEnumType.transaction_end,
}


def _v201(message: Message) -> object:
    session, at = message.session, to_text(message.at)
    kind, trigger = _EVENTS[message.kind]
    value = datatypes.SampledValueType(
        value=float(message.register_wh),
        context=_CONTEXTS[message.kind],
        measurand=enums.MeasurandEnumType.energy_active_import_register,
        unit_of_measure=datatypes.UnitOfMeasureType(unit="Wh"),
    )
    token = datatypes.IdTokenType(id_token=session.token, type=enums.IdTokenEnumType.iso14443)
    return call201.TransactionEvent(
        event_type=kind,
        timestamp=at,
        trigger_reason=trigger,
        seq_no=message.sequence,
        transaction_info=datatypes.TransactionType(
            transaction_id=str(session.transaction_id),
            charging_state=None if message.kind == STOP else enums.ChargingStateEnumType.charging,
            stopped_reason=enums.ReasonEnumType.local if message.kind == STOP else None,
        ),
        evse=datatypes.EVSEType(id=1, connector_id=session.connector),
        id_token=token if message.kind != "meter" else None,
        meter_value=[datatypes.MeterValueType(timestamp=at, sampled_value=[value])],
    )
