"""OCPP 2.0.1, block D: the local authorization list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.patterns import Subset, in_any_order, such
from tests.conformance.states import TOKEN_TYPE

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage


def above(version: int) -> Any:
    """A version above one."""
    return such(
        f"above {version}", lambda value: isinstance(value, int) and value > version, version + 1
    )


def entry(text: str, status: str | None = "Accepted") -> Payload:
    """Returns an entry of a list; without a status it removes the token."""
    token = {"idToken": {"idToken": text, "type": TOKEN_TYPE}}
    return token if status is None else token | {"idTokenInfo": Subset({"status": status})}


async def send(
    stage: Stage,
    charger: Charger,
    body: Payload,
    sent: Payload,
    answer: Payload | None = None,
) -> Operated:
    """Has the operator send a list."""
    return await stage.operate(
        charger,
        "send_local_list",
        body,
        sends=("SendLocalList", sent),
        answer=answer or {"status": "Accepted"},
    )


async def full(stage: Stage, charger: Charger, *texts: str) -> int:
    """Has the station take a full list; returns its version."""
    operated = await send(
        stage,
        charger,
        {"update_type": "Full", "tokens": list(texts)},
        {
            "versionNumber": above(0),
            "updateType": "Full",
            "localAuthorizationList": in_any_order([entry(each) for each in texts]),
        },
    )
    version: int = operated.request["versionNumber"]
    return version


async def version_told(stage: Stage, charger: Charger, version: int) -> Operated:
    """Has the operator ask for the version."""
    return await stage.operate(
        charger,
        "get_local_list_version",
        {},
        sends=("GetLocalListVersion", {}),
        answer={"versionNumber": version},
    )


@case(
    "TC_D_01_CSMS",
    version=V201,
    block="D",
    title="Send Local Authorization List - Full",
    requirements=("D01.FR.01", "D01.FR.06", "D01.FR.18"),
)
async def send_full(stage: Stage) -> None:
    charger = await stage.charger()
    charger.answers("GetLocalListVersion", {"versionNumber": 1})  # optional in the case
    first, second = [await stage.token(type=TOKEN_TYPE) for _ in range(2)]
    version = await full(stage, charger, first, second)
    kept = await stage.get(f"/stations/{charger.id}/local-list")
    assert kept["version"] == version, kept


@case(
    "TC_D_02_CSMS",
    version=V201,
    block="D",
    title="Send Local Authorization List - Differential Update",
    requirements=("D01.FR.01", "D01.FR.06", "D01.FR.18"),
    variants=("after a version told", "after a list accepted"),
)
async def send_differential(stage: Stage) -> None:
    charger = await stage.charger()
    if stage.variant == "after a version told":
        known = 7
        await version_told(stage, charger, known)
    else:
        known = await full(stage, charger, await stage.token(type=TOKEN_TYPE))
    text = await stage.token(type=TOKEN_TYPE)
    await send(
        stage,
        charger,
        {"update_type": "Differential", "tokens": [text]},
        {
            "versionNumber": above(known),
            "updateType": "Differential",
            "localAuthorizationList": [entry(text)],
        },
    )


@case(
    "TC_D_03_CSMS",
    version=V201,
    block="D",
    title="Send Local Authorization List - Differential Remove",
    requirements=("D01.FR.01", "D01.FR.06", "D01.FR.17", "D01.FR.18"),
)
async def send_removal(stage: Stage) -> None:
    charger = await stage.charger()
    text = await stage.token(type=TOKEN_TYPE)
    version = await full(stage, charger, text)
    await stage.delete(f"/tokens/{text}")
    await send(
        stage,
        charger,
        {"update_type": "Differential", "tokens": [text]},
        {
            "versionNumber": above(version),
            "updateType": "Differential",
            "localAuthorizationList": [entry(text, None)],
        },
    )


@case(
    "TC_D_04_CSMS",
    version=V201,
    block="D",
    title="Send Local Authorization List - Full with empty list",
    requirements=("D01.FR.01", "D01.FR.06", "D01.FR.18"),
)
async def send_empty(stage: Stage) -> None:
    charger = await stage.charger()
    sent = {"versionNumber": above(0), "updateType": "Full"}
    await send(stage, charger, {"update_type": "Full", "tokens": []}, sent)


@case(
    "X_D_REFUSED",
    version=V201,
    block="D",
    title="Send Local Authorization List - a refused list changes nothing",
    requirements=("D01.FR.04", "D01.FR.15"),
    variants=("Failed", "VersionMismatch"),
)
async def refused(stage: Stage) -> None:
    charger = await stage.charger()
    version = await full(stage, charger, await stage.token(type=TOKEN_TYPE))
    text = await stage.token(type=TOKEN_TYPE)
    operated = await send(
        stage,
        charger,
        {"update_type": "Differential", "tokens": [text]},
        {
            "versionNumber": above(version),
            "updateType": "Differential",
            "localAuthorizationList": [entry(text)],
        },
        {"status": str(stage.variant)},
    )
    assert operated.view["state"] == "refused"
    kept = await stage.get(f"/stations/{charger.id}/local-list")
    assert kept["version"] == version, kept


VERSIONS = {
    "TC_D_08_CSMS": ("Get Local List Version - Success", 5),
    "TC_D_09_CSMS": ("Get Local List Version - No list available", 0),
}


async def get_version(stage: Stage) -> None:
    _, version = VERSIONS[stage.case.id]
    charger = await stage.charger()
    operated = await version_told(stage, charger, version)
    assert version in operated.result.values(), operated.result
    assert operated.view["state"] == "done"


for _id, (_title, _) in VERSIONS.items():
    case(_id, version=V201, block="D", title=_title)(get_version)
