"""Messages on the station's display, and the cost that it shows.

Source: OCPP 2.0.1 part 2, O01 to O06 and I02.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ocpp.v201 import call, call_result, datatypes, enums

from simulator.station.outbox import Outgoing
from simulator.v201.access import dialect_of, model_of
from simulator.v201.blueprint import MAX_DISPLAYED
from simulator.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_Set: Final = enums.DisplayMessageStatusEnumType
_Clear: Final = enums.ClearMessageStatusEnumType
_Get: Final = enums.GetDisplayMessagesStatusEnumType
_PER_MESSAGE: Final = 5
_FRONT: Final = "AlwaysFront"


class Displays:
    """The messages of one station by number, as they came."""

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages: dict[int, Payload] = {}

    def at(self, now: datetime) -> list[Payload]:
        """Return the messages that are still good, and forget the others (O02.FR.02)."""
        over = [number for number, each in self._messages.items() if _is_over(each, now)]
        for number in over:
            del self._messages[number]
        return list(self._messages.values())

    def put(self, message: Payload) -> None:
        """Take a message; it replaces one of its number, and an AlwaysFront any other such."""
        if message["priority"] == _FRONT:
            fronts = [n for n, each in self._messages.items() if each["priority"] == _FRONT]
            for number in fronts:
                del self._messages[number]
        self._messages[message["id"]] = message

    def has(self, number: int) -> bool:
        """Whether a message of that number is there."""
        return number in self._messages

    def remove(self, number: int) -> bool:
        """Forget a message; False if there is none."""
        return self._messages.pop(number, None) is not None

    def ended(self, transaction_id: str) -> None:
        """Forget what was for a transaction (O02.FR.06)."""
        of_it = [n for n, e in self._messages.items() if e.get("transactionId") == transaction_id]
        for number in of_it:
            del self._messages[number]

    def remember(self) -> dict[str, Any]:
        """Return the messages that are not for a transaction."""
        kept = [each for each in self._messages.values() if "transactionId" not in each]
        return {"messages": kept} if kept else {}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Take them up. Raises: KeyError or TypeError for what is none."""
        self._messages = {int(each["id"]): dict(each) for each in remembered.get("messages", ())}


def _set_display_message(station: Station, payload: Payload, now: float) -> object:
    message = payload["message"]
    displays, model = dialect_of(station).displays, model_of(station)
    held = displays.at(station.at(now))
    if message["priority"] not in model.members("DisplayMessageCtrlr", "SupportedPriorities"):
        return call_result.SetDisplayMessage(_Set.not_supported_priority)
    if message["message"]["format"] not in model.members("DisplayMessageCtrlr", "SupportedFormats"):
        return call_result.SetDisplayMessage(_Set.not_supported_message_format)
    if _is_unknown(station, message.get("transactionId")):
        return call_result.SetDisplayMessage(_Set.unknown_transaction)
    is_full = len(held) >= MAX_DISPLAYED and not displays.has(message["id"])
    is_off = not model.flag("DisplayMessageCtrlr", "Enabled")
    if is_full or is_off or _is_over(message, station.at(now)):
        return call_result.SetDisplayMessage(_Set.rejected)
    displays.put(message)
    station.report(now, "display.set", message=message["id"], text=message["message"]["content"])
    return call_result.SetDisplayMessage(_Set.accepted)


def _get_display_messages(station: Station, payload: Payload, now: float) -> object:
    numbers = payload.get("id")
    chosen = [
        each
        for each in dialect_of(station).displays.at(station.at(now))
        if (numbers is None or each["id"] in numbers)
        and payload.get("priority") in (None, each["priority"])
        and payload.get("state") in (None, each.get("state"))
    ]
    if not chosen:
        return call_result.GetDisplayMessages(_Get.unknown)
    parts = [chosen[at : at + _PER_MESSAGE] for at in range(0, len(chosen), _PER_MESSAGE)]
    for number, part in enumerate(parts):
        message = call.NotifyDisplayMessages(
            request_id=payload["requestId"],
            message_info=[_info(each) for each in part],
            tbc=number + 1 < len(parts),
        )
        station.say(Outgoing.of("NotifyDisplayMessages", message))
    return call_result.GetDisplayMessages(_Get.accepted)


def _clear_display_message(station: Station, payload: Payload, now: float) -> object:
    displays = dialect_of(station).displays
    displays.at(station.at(now))
    if not displays.remove(payload["id"]):
        return call_result.ClearDisplayMessage(_Clear.unknown)
    station.report(now, "display.cleared", message=payload["id"])
    return call_result.ClearDisplayMessage(_Clear.accepted)


def _cost_updated(station: Station, payload: Payload, now: float) -> object:
    station.report(
        now, "cost.shown", transaction=payload["transactionId"], cost=payload["totalCost"]
    )
    return call_result.CostUpdated()


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "ClearDisplayMessage": _clear_display_message,
        "CostUpdated": _cost_updated,
        "GetDisplayMessages": _get_display_messages,
        "SetDisplayMessage": _set_display_message,
    }
)
"""The commands of functional blocks I and O."""


def _is_unknown(station: Station, transaction_id: str | None) -> bool:
    if transaction_id is None:
        return False
    running = (bay.transaction for bay in station.bays.values())
    return all(each is None or each.id != transaction_id for each in running)


def _is_over(message: Payload, now: datetime) -> bool:
    end = from_text(message.get("endDateTime"))
    return end is not None and end <= now


def _info(message: Payload) -> datatypes.MessageInfoType:
    content, state = message["message"], message.get("state")
    return datatypes.MessageInfoType(
        id=message["id"],
        priority=enums.MessagePriorityEnumType(message["priority"]),
        message=datatypes.MessageContentType(
            format=enums.MessageFormatEnumType(content["format"]),
            content=content["content"],
            language=content.get("language"),
        ),
        state=state or None,
        start_date_time=message.get("startDateTime"),
        end_date_time=message.get("endDateTime"),
        transaction_id=message.get("transactionId"),
    )
