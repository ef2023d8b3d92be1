"""OCPP 2.0.1, block O: messages on the display. Source: part 6, 3.16."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT, same_time, text_of
from tests.conformance.states import Bay

if TYPE_CHECKING:
    from tests.conformance.charger import Answer, Charger, Payload
    from tests.conformance.stage import Operated, Stage

CONTENT = "Willkommen an der Ladesäule"
_WIRE = {"start_at": "startDateTime", "end_at": "endDateTime", "transaction_id": "transactionId"}


def later(**span: float) -> datetime:
    """Returns a time to come, to the second."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(**span)


async def set_message(
    stage: Stage,
    charger: Charger,
    *,
    answer: Answer = None,
    text: str = CONTENT,
    number: int | None = None,
    **members: Any,
) -> Operated:
    """Has a message shown; `members` are those of the operation, times as datetimes."""
    priority = members.pop("priority", "NormalCycle")
    form = members.pop("format", "UTF8")
    body: Payload = {"content": text, "priority": priority, "format": form}
    message: Payload = {
        "id": ANY_INT if number is None else number,
        "priority": priority,
        "message": {"format": form, "content": text},
    }
    if number is not None:
        body["id"] = number
    if "language" in members:
        body["language"] = message["message"]["language"] = members.pop("language")
    for name, value in members.items():
        is_time = isinstance(value, datetime)
        body[name] = text_of(value) if is_time else value
        message[_WIRE.get(name, name)] = same_time(value) if is_time else value
    return await stage.operate(
        charger,
        "set_display_message",
        body,
        sends=("SetDisplayMessage", {"message": message}),
        answer={"status": "Accepted"} if answer is None else answer,
    )


async def get_messages(
    stage: Stage, charger: Charger, *, status: str = "Accepted", **criteria: Any
) -> Operated:
    """Has the station report its messages: those of `ids`, `priority`, `state`, or all.

    With the status Unknown it has none of them, which is an answer and no refusal.
    """

    def answer(_: Payload) -> Payload:
        return {"status": status}

    asked = {"id" if name == "ids" else name: value for name, value in criteria.items()}
    return await stage.operate(
        charger,
        "get_display_messages",
        criteria,
        sends=("GetDisplayMessages", {"requestId": ANY_INT, **asked}),
        answer=answer,
        status=None if status == "Unknown" else status,
    )


async def notifies(charger: Charger, asked: Operated, *parts: list[Payload]) -> None:
    """Tells messages in parts; each part is acknowledged by an empty answer."""
    for at, part in enumerate(parts):
        told: Payload = {"requestId": asked.request["requestId"]}
        if part:
            told["messageInfo"] = part
        if at < len(parts) - 1:
            told["tbc"] = True
        assert await charger.call("NotifyDisplayMessages", told) == {}


def info(operated: Operated) -> Payload:
    """Returns a message as a station reports it: as it was sent."""
    message: Payload = operated.request["message"]
    return message


async def shown(stage: Stage, charger: Charger) -> list[int]:
    """Returns the IDs of the messages that the operator is told of, sorted."""
    found = await stage.get(f"/stations/{charger.id}/display-messages")
    return sorted(each["id"] for each in found["items"])


@case(
    "TC_O_01_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Success",
    requirements=("O01.FR.04",),
    variants=("ASCII", "HTML", "URI", "UTF8"),
)
async def set_success(stage: Stage) -> None:
    charger = await stage.charger()
    text = "https://example.org/hello" if stage.variant == "URI" else CONTENT
    if stage.variant == "ASCII":
        text = "Welcome"
    members = {"priority": "InFront", "format": stage.variant, "state": "Idle", "text": text}
    first = await set_message(stage, charger, **members)
    second = await set_message(stage, charger, **members, language="de")
    ids = [info(first)["id"], info(second)["id"]]
    assert ids[0] != ids[1], "each message has an ID of its own"
    assert await shown(stage, charger) == sorted(ids)


@case("TC_O_02_CSMS", version=V201, block="O", title="Get all Display Messages - Success")
async def get_all(stage: Stage) -> None:
    charger = await stage.charger()
    first = await set_message(stage, charger)
    second = await set_message(stage, charger, priority="AlwaysFront", state="Faulted")
    asked = await get_messages(stage, charger)
    await notifies(charger, asked, [info(first)], [info(second)])
    told = str((await asked.comes_to("done"))["result"])
    assert told.count(CONTENT) == 2, f"both parts are shown: {told}"
    assert await shown(stage, charger) == sorted([info(first)["id"], info(second)["id"]])


@case(
    "TC_O_03_CSMS",
    version=V201,
    block="O",
    title="Get all Display Messages - No DisplayMessages configured",
)
async def get_all_none(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await get_messages(stage, charger, status="Unknown")
    assert (asked.view["status"], asked.view["ended_at"] is None) == ("Unknown", False), asked.view
    assert await shown(stage, charger) == []


@case("TC_O_04_CSMS", version=V201, block="O", title="Clear Display Message - Success")
async def clear_success(stage: Stage) -> None:
    charger = await stage.charger()
    number = info(await set_message(stage, charger))["id"]
    cleared = await clear(stage, charger, number, "Accepted")
    assert cleared.view["state"] == "done"
    assert await shown(stage, charger) == []


@case("TC_O_05_CSMS", version=V201, block="O", title="Clear Display Message - Unknown Key")
async def clear_unknown(stage: Stage) -> None:
    charger = await stage.charger()
    cleared = await clear(stage, charger, 987_654, "Unknown")
    assert cleared.view["state"] == "refused"


async def clear(stage: Stage, charger: Charger, number: int, status: str) -> Operated:
    """Has a message removed."""
    return await stage.operate(
        charger,
        "clear_display_message",
        {"id": number},
        sends=("ClearDisplayMessage", {"id": number}),
        answer={"status": status},
    )


@case(
    "TC_O_06_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Specific transaction - Success",
)
async def of_transaction(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    message = await set_message(
        stage, bay.charger, priority="AlwaysFront", transaction_id=bay.transaction_id
    )
    assert await shown(stage, bay.charger) == [info(message)["id"]]
    await bay.disconnected()


@case("TC_O_07_CSMS", version=V201, block="O", title="Get a Specific Display Message - Id")
async def get_by_id(stage: Stage) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger)
    asked = await get_messages(stage, charger, ids=[info(message)["id"]])
    await notifies(charger, asked, [info(message)])
    await asked.comes_to("done")


@case(
    "TC_O_08_CSMS",
    version=V201,
    block="O",
    title="Get a Specific Display Message - Priority",
    variants=("AlwaysFront", "InFront", "NormalCycle"),
)
async def get_by_priority(stage: Stage) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger, priority=stage.variant)
    asked = await get_messages(stage, charger, priority=stage.variant)
    await notifies(charger, asked, [info(message)])
    await asked.comes_to("done")


@case(
    "TC_O_09_CSMS",
    version=V201,
    block="O",
    title="Get a Specific Display Message - State",
    variants=("Charging", "Faulted", "Idle", "Unavailable"),
)
async def get_by_state(stage: Stage) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger, state=stage.variant)
    asked = await get_messages(stage, charger, state=stage.variant)
    await notifies(charger, asked, [info(message)])
    await asked.comes_to("done")


@case(
    "TC_O_10_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Specific transaction - UnknownTransaction",
)
async def of_unknown_transaction(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    message = await set_message(
        stage,
        bay.charger,
        priority="InFront",
        transaction_id="no-such-transaction",
        answer={"status": "UnknownTransaction"},
    )
    assert message.view["state"] == "refused"
    assert await shown(stage, bay.charger) == []


@case(
    "TC_O_11_CSMS",
    version=V201,
    block="O",
    title="Get a Specific Display Message - Unknown parameters",
)
async def get_unknown(stage: Stage) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger)
    number = info(message)["id"] + 77
    asked = await get_messages(stage, charger, ids=[number], status="Unknown")
    assert (asked.view["status"], asked.view["ended_at"] is None) == ("Unknown", False), asked.view
    assert await shown(stage, charger) == [info(message)["id"]]


@case("TC_O_12_CSMS", version=V201, block="O", title="Set Display Message - Replace DisplayMessage")
async def replace(stage: Stage) -> None:
    charger = await stage.charger()
    number = info(await set_message(stage, charger))["id"]
    await set_message(stage, charger, number=number, text="Hej", priority="InFront")
    found = (await stage.get(f"/stations/{charger.id}/display-messages"))["items"]
    assert [(each["id"], each["content"]) for each in found] == [(number, "Hej")], found


@case(
    "TC_O_13_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Display message at StartTime",
    requirements=("O01.FR.05",),
)
async def from_start(stage: Stage) -> None:
    await set_message(stage, await stage.charger(), start_at=later(minutes=5))


@case(
    "TC_O_14_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Remove message after EndTime",
    requirements=("O01.FR.05",),
)
async def until_end(stage: Stage) -> None:
    await set_message(stage, await stage.charger(), end_at=later(minutes=5))


@case("TC_O_17_CSMS", version=V201, block="O", title="Set Display Message - NotSupportedPriority")
async def not_supported_priority(stage: Stage) -> None:
    await _refused(stage, "NotSupportedPriority", priority="AlwaysFront")


@case("TC_O_18_CSMS", version=V201, block="O", title="Set Display Message - NotSupportedState")
async def not_supported_state(stage: Stage) -> None:
    await _refused(stage, "NotSupportedState", state="Unavailable")


@case(
    "TC_O_19_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - NotSupportedMessageFormat",
)
async def not_supported_format(stage: Stage) -> None:
    await _refused(stage, "NotSupportedMessageFormat", format="HTML")


@case("TC_O_25_CSMS", version=V201, block="O", title="Set Display Message - Send Specific state")
async def state_charging(stage: Stage) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger, state="Charging")
    assert await shown(stage, charger) == [info(message)["id"]]


@case("TC_O_26_CSMS", version=V201, block="O", title="Set Display Message - Rejected")
async def rejected(stage: Stage) -> None:
    await _refused(stage, "Rejected", priority="NormalCycle")


@case(
    "TC_O_27_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Specific transaction - Display message at StartTime",
)
async def of_transaction_from_start(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await set_message(
        stage, bay.charger, transaction_id=bay.transaction_id, start_at=later(minutes=5)
    )


@case(
    "TC_O_28_CSMS",
    version=V201,
    block="O",
    title="Set Display Message - Specific transaction - Remove message after EndTime",
)
async def of_transaction_until_end(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await set_message(
        stage,
        bay.charger,
        transaction_id=bay.transaction_id,
        priority="InFront",
        state="Charging",
        end_at=later(minutes=5),
    )


async def _refused(stage: Stage, status: str, **members: Any) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger, answer={"status": status}, **members)
    assert message.view["state"] == "refused"
    assert await shown(stage, charger) == []
