"""OCPP 2.0.1, block C: authorization; contract certificates are in `cases_201_c_contracts`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.conformance.book import V201, case
from tests.conformance.charger import now
from tests.conformance.patterns import text_of
from tests.conformance.states import TOKEN_TYPE, Bay

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage


def token_of(text: str, kind: str = TOKEN_TYPE) -> Payload:
    """Returns a token as a station presents it."""
    return {"idToken": text, "type": kind}


async def judged(charger: Charger, text: str, kind: str = TOKEN_TYPE) -> Payload:
    """Returns how Authorize judges a token."""
    answer = await charger.call("Authorize", {"idToken": token_of(text, kind)})
    info: Payload = answer["idTokenInfo"]
    return info


def is_of(info: Payload, group: str) -> None:
    """Raises AssertionError unless a token is accepted as a member of a group."""
    assert info["status"] == "Accepted", info
    assert info["groupIdToken"]["idToken"] == group, info


@case(
    "TC_C_02_CSMS",
    version=V201,
    block="C",
    title="Local start transaction - Authorization Invalid/Unknown",
    requirements=("C01.FR.07", "C04.FR.01", "C06.FR.04"),
    variants=("unknown", "invalid", "unknown Central", "unknown eMAID", "unknown KeyCode"),
)
async def unknown(stage: Stage) -> None:
    charger = await stage.charger()
    text = stage.unique("NOBODY")
    kind = {"unknown": TOKEN_TYPE, "invalid": TOKEN_TYPE}.get(
        str(stage.variant), str(stage.variant).split()[-1]
    )
    if stage.variant == "invalid":
        await stage.token(text, status="Invalid", type=kind)
    info = await judged(charger, text, kind)
    assert info["status"] in {"Invalid", "Unknown"}, info


@case(
    "TC_C_06_CSMS",
    version=V201,
    block="C",
    title="Local start transaction - Authorization Blocked",
    requirements=("C01.FR.07",),
    variants=("ISO14443", "Central", "and expired"),
)
async def blocked(stage: Stage) -> None:
    charger = await stage.charger()
    kind = "Central" if stage.variant == "Central" else TOKEN_TYPE
    past = {"expires_at": "2020-01-01T00:00:00Z"} if stage.variant == "and expired" else {}
    text = await stage.token(status="Blocked", type=kind, **past)
    info = await judged(charger, text, kind)
    assert info["status"] == "Blocked", info
    info = await judged(charger, text.lower(), kind)
    assert info["status"] == "Blocked", info


@case(
    "TC_C_07_CSMS",
    version=V201,
    block="C",
    title="Local start transaction - Authorization Expired",
    requirements=("C01.FR.07",),
    variants=("by time", "by status", "Central"),
)
async def expired(stage: Stage) -> None:
    charger = await stage.charger()
    kind = "Central" if stage.variant == "Central" else TOKEN_TYPE
    if stage.variant == "by status":
        text = await stage.token(status="Expired", type=kind)
    else:
        past = text_of(datetime.now(UTC) - timedelta(seconds=5))
        text = await stage.token(expires_at=past, type=kind)
    info = await judged(charger, text, kind)
    assert info["status"] == "Expired", info


@case(
    "X_C_ACCEPTED",
    version=V201,
    block="C",
    title="An accepted token is found whatever its case and the type it is stored with",
    variants=("same", "other case", "stored with another type", "stored without a type"),
)
async def accepted(stage: Stage) -> None:
    charger = await stage.charger()
    stored = {"stored with another type": {"type": "eMAID"}, "stored without a type": {}}
    text = await stage.token(
        stage.unique("Tag"), **stored.get(str(stage.variant), {"type": TOKEN_TYPE})
    )
    asked = text.swapcase() if stage.variant == "other case" else text
    info = await judged(charger, asked)
    assert info["status"] == "Accepted", info


@case(
    "X_C_NO_AUTHORIZATION",
    version=V201,
    block="C",
    title="NoAuthorization is accepted as such",
    requirements=("C02.FR.01",),
)
async def no_authorization(stage: Stage) -> None:
    bay = await Bay.of(stage)
    bay.token = {"idToken": "", "type": "NoAuthorization"}
    answer = await bay.started("Authorized", idToken=bay.token, chargingState="Idle")
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    await bay.ended("StopAuthorized", stoppedReason="Local", idToken=bay.token)


async def _updated_with(stage: Stage, text: str) -> Payload:
    bay = await Bay.of(stage)
    if stage.variant == "seen":
        await bay.connected_pre_session()
    else:
        bay.transaction_id, bay.seq_no = str(uuid4()), 1
    answer = await bay.updated("Authorized", idToken=token_of(text or bay.token["idToken"]))
    info: Payload = answer["idTokenInfo"]
    return info


@case(
    "TC_C_08_CSMS",
    version=V201,
    block="C",
    title="Authorization through authorization cache - Accepted",
    requirements=("C12.FR.03",),
    variants=("seen", "never seen to start"),
)
async def cached_accepted(stage: Stage) -> None:
    info = await _updated_with(stage, "")
    assert info["status"] == "Accepted", info


@case(
    "TC_C_20_CSMS",
    version=V201,
    block="C",
    title="Authorization through authorization cache - Invalid",
    requirements=("C12.FR.03",),
    variants=("seen", "never seen to start"),
)
async def cached_invalid(stage: Stage) -> None:
    info = await _updated_with(stage, stage.unique("NOBODY"))
    assert info["status"] in {"Invalid", "Unknown"}, info


CACHES = {"TC_C_37_CSMS": "Accepted", "TC_C_38_CSMS": "Rejected"}


async def clear_cache(stage: Stage) -> None:
    charger = await stage.charger()
    status = CACHES[stage.case.id]
    operated = await stage.operate(
        charger, "clear_cache", {}, sends=("ClearCache", {}), answer={"status": status}
    )
    assert operated.view["state"] == ("done" if status == "Accepted" else "refused")


for _id, _status in CACHES.items():
    case(
        _id,
        version=V201,
        block="C",
        title=f"Clear Authorization Data in Authorization Cache - {_status}",
    )(clear_cache)


@case(
    "TC_C_39_CSMS",
    version=V201,
    block="C",
    title="Authorization by GroupId - Success",
    requirements=("C09.FR.02", "C09.FR.03"),
)
async def group(stage: Stage) -> None:
    group_id = stage.unique("GROUP")
    bay = await Bay.of(stage, group=group_id)
    other = await stage.token(type=TOKEN_TYPE, group=group_id)
    await bay.connected_pre_session()
    is_of(await judged(bay.charger, other), group_id)
    answer = await bay.updated("Authorized", idToken=bay.token)
    is_of(answer["idTokenInfo"], group_id)
    bay.is_authorized = True
    await bay.energy_transfer_started()
    await _other_stops(bay, other, group_id, asks_first=True)


async def _other_stops(bay: Bay, other: str, group_id: str, *, asks_first: bool) -> None:
    if asks_first:
        is_of(await judged(bay.charger, other), group_id)
    answer = await bay.updated("StopAuthorized", idToken=token_of(other))
    is_of(answer["idTokenInfo"], group_id)
    bay.is_stop_authorized = True
    await bay.connected_post_session()
    await bay.disconnected()
    session = await bay.session(state="ended")
    assert session["token"].lower() == bay.token["idToken"].lower(), session


@case(
    "TC_C_40_CSMS",
    version=V201,
    block="C",
    title="Authorization by GroupId - Success with Local Authorization List",
    requirements=("C09.FR.02", "C09.FR.03"),
    variants=("started before", "starts with it"),
)
async def group_on_list(stage: Stage) -> None:
    group_id = stage.unique("GROUP")
    bay = await Bay.of(stage, group=group_id)
    other = await stage.token(type=TOKEN_TYPE, group=group_id)
    if stage.variant == "started before":
        await bay.connected_pre_session()
        answer = await bay.updated("Authorized", idToken=bay.token)
    else:
        answer = await bay.started("Authorized", idToken=bay.token)
    is_of(answer["idTokenInfo"], group_id)
    bay.is_authorized = True
    await bay.energy_transfer_started()
    await _other_stops(bay, other, group_id, asks_first=False)


@case(
    "TC_C_43_CSMS",
    version=V201,
    block="C",
    title="Authorization by GroupId - Invalid status with Local Authorization List",
    requirements=("C09.FR.02", "C09.FR.03"),
)
async def group_invalid_on_list(stage: Stage) -> None:
    group_id = stage.unique("GROUP")
    bay = await Bay.of(stage, group=group_id)
    other = await stage.token(type=TOKEN_TYPE, group=group_id)
    answer = await bay.started("Authorized", idToken=bay.token)
    is_of(answer["idTokenInfo"], group_id)
    bay.is_authorized = True
    await bay.energy_transfer_started()
    await _other_stops(bay, other, group_id, asks_first=True)


@case(
    "X_C_GROUP_AT_END",
    version=V201,
    block="C",
    title="The group is told also by the answer to an Ended event with a token",
    requirements=("C09.FR.02",),
)
async def group_at_end(stage: Stage) -> None:
    group_id = stage.unique("GROUP")
    bay = await Bay.of(stage, group=group_id)
    other = await stage.token(type=TOKEN_TYPE, group=group_id)
    await bay.energy_transfer_started()
    answer = await bay.ended("StopAuthorized", stoppedReason="Local", idToken=token_of(other))
    is_of(answer["idTokenInfo"], group_id)


MASTERS = {
    "TC_C_47_CSMS": ("Stop Transaction with a Master Pass - With UI - All transactions", 2, "1"),
    "TC_C_48_CSMS": (
        "Stop Transaction with a Master Pass - With UI - Specific transactions",
        1,
        "1",
    ),
    "TC_C_49_CSMS": ("Stop Transaction with a Master Pass - Without UI", 2, "2"),
}


async def master_pass(stage: Stage) -> None:
    _, ends, _ = MASTERS[stage.case.id]
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    bays = [await Bay.of(stage, charger, evse=evse) for evse in (1, 2)]
    for bay in bays:
        await bay.energy_transfer_started()
    master = await stage.token(type=TOKEN_TYPE, group="MASTERPASS")
    is_of(await judged(charger, master), "MASTERPASS")
    for bay in bays[:ends]:
        answer = await bay.ended(
            "StopAuthorized", stoppedReason="MasterPass", idToken=token_of(master)
        )
        is_of(answer["idTokenInfo"], "MASTERPASS")
        session = await bay.session(state="ended", stop_reason="MasterPass")
        assert session["token"].lower() == bay.token["idToken"].lower(), session
    for bay in bays[ends:]:
        assert (await bay.session())["state"] != "ended"


for _id, (_title, _, _number) in MASTERS.items():
    case(_id, version=V201, block="C", title=_title, requirements=(f"C16.FR.0{_number}",))(
        master_pass
    )


@case(
    "X_C_OFFLINE_UNKNOWN",
    version=V201,
    block="C",
    title="A transaction begun offline with an unknown token is judged and kept to its end",
)
async def offline_unknown(stage: Stage) -> None:
    bay = await Bay.of(stage)
    bay.token = token_of(stage.unique("NOBODY"))
    answer = await bay.started(
        "Authorized", idToken=bay.token, offline=True, timestamp=now(), evse=bay.place
    )
    assert answer["idTokenInfo"]["status"] in {"Invalid", "Unknown"}, answer
    await bay.ended("Deauthorized", stoppedReason="DeAuthorized")
    await bay.session(state="ended", stop_reason="DeAuthorized")
