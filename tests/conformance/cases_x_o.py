"""Beyond certification, block O: whose IDs are whose, and what is believed to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V16, V201, case
from tests.conformance.cases_201_o import (
    CONTENT,
    clear,
    get_messages,
    info,
    later,
    notifies,
    set_message,
    shown,
)
from tests.conformance.patterns import text_of
from tests.conformance.states import Bay

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage


@case("X_O_OWN_IDS", version=V201, block="O", title="An ID that is taken is given to nobody else")
async def own_ids(stage: Stage) -> None:
    charger = await stage.charger()
    first = info(await set_message(stage, charger))["id"]
    taken = {first}
    for number in range(first + 1, first + 6):
        message = {
            "id": number,
            "priority": "InFront",
            "message": {"format": "ASCII", "content": "relayed"},
        }
        sent = charger.expects("SetDisplayMessage", {"message": message})
        await stage.relay(charger, "SetDisplayMessage", {"message": message})
        await sent
        taken.add(number)
    if stage.is_typed:
        mine = info(await set_message(stage, charger))["id"]
        assert mine not in taken, "it would replace what another one has set"
        taken.add(mine)
    assert await shown(stage, charger) == sorted(taken)


@case(
    "X_O_LOST", version=V201, block="O", title="A station has forgotten a message, and has others"
)
async def lost(stage: Stage) -> None:
    charger = await stage.charger()
    first, second = await set_message(stage, charger), await set_message(stage, charger)
    asked = await get_messages(stage, charger)
    foreign: Payload = {
        "id": 1_000_000,
        "priority": "AlwaysFront",
        "message": {"format": "URI", "content": "https://example.org", "language": "sv"},
        "display": {"name": "Display", "instance": "left"},
    }
    await notifies(charger, asked, [info(second)], [foreign])
    await asked.comes_to("done")
    known = await shown(stage, charger)
    assert known == sorted([info(second)["id"], 1_000_000]), "what it tells is the truth"
    some = await get_messages(stage, charger, priority="AlwaysFront")
    await notifies(charger, some, [foreign])
    await some.comes_to("done")
    assert await shown(stage, charger) == known, "of some it tells nothing about the others"
    assert info(first)["id"] not in known


@case("X_O_NONE_LEFT", version=V201, block="O", title="A station has no message at all")
async def none_left(stage: Stage) -> None:
    charger = await stage.charger()
    await set_message(stage, charger)
    await get_messages(stage, charger, status="Unknown")
    assert await shown(stage, charger) == [], "it was asked for all"


@case("X_O_STRAY", version=V201, block="O", title="Messages that nobody asked for")
async def stray(stage: Stage) -> None:
    charger = await stage.charger()
    told: Payload = {"requestId": 777_777, "tbc": True}
    assert await charger.call("NotifyDisplayMessages", told) == {}
    told["messageInfo"] = [
        {"id": 9, "priority": "NormalCycle", "message": {"format": "UTF8", "content": CONTENT}}
    ]
    assert await charger.call("NotifyDisplayMessages", told | {"tbc": False}) == {}
    asked = await get_messages(stage, charger)
    assert await charger.call("NotifyDisplayMessages", told | {"tbc": False}) == {}
    assert (await asked.look())["state"] == "accepted"
    await notifies(charger, asked, [])
    await asked.comes_to("done")


@case(
    "X_O_OVER",
    version=V201,
    block="O",
    title="With its transaction a message ends",
    requirements=("O02.FR.02",),
)
async def over(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    charger = bay.charger
    bound = await set_message(stage, charger, transaction_id=bay.transaction_id)
    free = await set_message(stage, charger)
    assert await shown(stage, charger) == sorted([info(bound)["id"], info(free)["id"]])
    await bay.disconnected()
    assert await shown(stage, charger) == [info(free)["id"]]
    await clear(stage, charger, info(free)["id"], "Accepted")
    assert await shown(stage, charger) == []


@case(
    "X_O_RESTART",
    version=V201,
    block="O",
    title="What is shown is known after a restart",
    server="own",
)
async def restart(stage: Stage) -> None:
    charger = await stage.charger()
    message = await set_message(stage, charger, end_at=later(hours=1), language="sv")
    charger.may_end()
    await stage.server.restart(abruptly=True)
    assert await shown(stage, charger) == [info(message)["id"]]
    await charger.reconnect()


_WRONG: dict[str, tuple[Payload, str]] = {
    "no content": ({}, "content"),
    "content too long": ({"content": "x" * 513}, "content"),
    "no such priority": ({"content": "x", "priority": "Urgent"}, "priority"),
    "no such state": ({"content": "x", "state": "Sleeping"}, "state"),
    "no such format": ({"content": "x", "format": "PDF"}, "format"),
    "language too long": ({"content": "x", "language": "x" * 9}, "language"),
    "negative": ({"content": "x", "id": -1}, "id"),
    "transaction too long": ({"content": "x", "transaction_id": "x" * 37}, "transaction_id"),
}


@case("X_O_WRONG", version=V201, block="O", title="A wrong message is refused", variants=_WRONG)
async def wrong(stage: Stage) -> None:
    charger = await stage.charger()
    body, field = _WRONG[str(stage.variant)]
    path = f"/stations/{charger.id}/operations/set_display_message"
    problem = await stage.post(path, body, told=(409, 422))
    assert field in str(problem), problem


@case("X_O_ENDS_FIRST", version=V201, block="O", title="A message that ends before it begins")
async def ends_first(stage: Stage) -> None:
    charger = await stage.charger()
    times = {"start_at": text_of(later(hours=2)), "end_at": text_of(later(hours=1))}
    path = f"/stations/{charger.id}/operations/set_display_message"
    problem = await stage.post(path, {"content": "x", **times}, told=(409, 422))
    assert "end_at" in str(problem), problem


@case("X_O_16", version=V16, block="Core", title="A 1.6 station shows no messages")
async def no_display(stage: Stage) -> None:
    charger = await stage.charger()
    for name, body in (
        ("set_display_message", {"content": "x"}),
        ("get_display_messages", {}),
        ("clear_display_message", {"id": 1}),
    ):
        problem = await stage.refused(charger, name, body)
        assert "1.6" in problem["detail"], problem
    assert await shown(stage, charger) == []
