"""Beyond certification: transactions that come late, twice, in parts, or across a restart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.conformance.book import V201, case
from tests.conformance.stage import Error
from tests.conformance.states import Bay, samples, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Payload
    from tests.conformance.stage import Stage


def _minutes_ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def _meter(wh: float, at: datetime, context: str = "Sample.Periodic") -> list[Payload]:
    value = {"value": wh, "context": context, "measurand": "Energy.Active.Import.Register"}
    return [{"timestamp": stamp(at), "sampledValue": [value]}]


@case(
    "X_TX_UNKNOWN",
    version=V201,
    block="X",
    title="The first that is heard of a transaction is an Updated or an Ended event",
    requirements=("C_08", "C_20", "E_01-22"),
    variants=("Updated", "Ended"),
)
async def unknown(stage: Stage) -> None:
    """It has a record, and its token is judged anew."""
    bay = await Bay.of(stage)
    bay.transaction_id, bay.seq_no = str(uuid4()), 7
    kind = str(stage.variant)
    more = {"stoppedReason": "Local"} if kind == "Ended" else {"chargingState": "Charging"}
    answer = await bay.event(kind, "Authorized", idToken=bay.token, evse=bay.place, **more)
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    state = "ended" if kind == "Ended" else "active"
    await bay.session(state=state, token=bay.token["idToken"], evse=1)


@case(
    "X_TX_TOKENS",
    version=V201,
    block="X",
    title="A transaction that starts with a refused token is told so, kept, and ends",
    requirements=("E01.FR.11", "E_16"),
    variants=("Blocked", "Expired", "Invalid", "past"),
)
async def refused_tokens(stage: Stage) -> None:
    variant = str(stage.variant)
    decided = {"expires_at": stamp(minutes=-1)} if variant == "past" else {"status": variant}
    bay = await Bay.of(stage, **decided)
    words = {"Expired" if variant == "past" else variant, "Invalid"}
    told = await bay.charger.call("Authorize", {"idToken": bay.token})
    assert told["idTokenInfo"]["status"] in words, told
    answer = await bay.started("Authorized", idToken=bay.token, evse=bay.place)
    assert answer["idTokenInfo"]["status"] in words, answer
    again = await bay.updated("CablePluggedIn", idToken=bay.token)
    assert again["idTokenInfo"]["status"] in words, again
    await bay.session(state="active")
    await bay.ended("Deauthorized", stoppedReason="DeAuthorized")
    await bay.session(state="ended", stop_reason="DeAuthorized")


@case(
    "X_TX_TWICE",
    version=V201,
    block="X",
    title="Every event comes twice, with the same or with a new message ID: each counts once",
    requirements=("E_53",),
    variants=("same ID", "new ID"),
)
async def twice(stage: Stage) -> None:
    bay = await Bay.of(stage)
    transaction_id, at = str(uuid4()), _minutes_ago(30)
    events = [
        ("Started", "Authorized", 1_000.0),
        ("Updated", "MeterValuePeriodic", 1_500.0),
        ("Ended", "StopAuthorized", 2_000.0),
    ]
    for seq_no, (kind, trigger, wh) in enumerate(events):
        moment = at + timedelta(minutes=10 * seq_no)
        request = {
            "eventType": kind,
            "timestamp": stamp(moment),
            "triggerReason": trigger,
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": transaction_id},
            "evse": bay.place,
            "idToken": bay.token,
            "meterValue": _meter(wh, moment),
        }
        for time in range(2):
            name = f"{seq_no}" if stage.variant == "same ID" else f"{seq_no}.{time}"
            answer = await bay.charger.call(
                "TransactionEvent", request, message_id=f"{bay.charger.id[-20:]}-{name}"
            )
            assert answer["idTokenInfo"]["status"] == "Accepted", answer
    bay.transaction_id = transaction_id
    session = await bay.session(state="ended", energy_wh=1_000)
    shown = await stage.get(f"/sessions/{session['id']}/samples")
    assert len(shown["items"]) == 3, shown
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "X_TX_OFFLINE",
    version=V201,
    block="X",
    title="A whole transaction of the past comes in one go, in order or in reverse",
    requirements=("E04.FR.01", "E_31"),
    variants=("in order", "reversed"),
)
async def offline(stage: Stage) -> None:
    """The station's times are kept; gaps close before anybody has to ask."""
    bay = await Bay.of(stage)
    asked = bay.charger.answers(
        "GetTransactionStatus", {"ongoingIndicator": False, "messagesInQueue": True}
    )
    at = _minutes_ago(120)
    transaction_id = str(uuid4())
    kinds = ["Started", *["Updated"] * 4, "Ended"]
    requests = []
    for seq_no, kind in enumerate(kinds):
        moment = at + timedelta(minutes=10 * seq_no)
        requests.append(
            {
                "eventType": kind,
                "timestamp": stamp(moment),
                "triggerReason": "MeterValuePeriodic",
                "seqNo": seq_no,
                "offline": True,
                "transactionInfo": {"transactionId": transaction_id},
                "evse": bay.place,
                "meterValue": _meter(1_000.0 + 100 * seq_no, moment),
            }
        )
    requests[0]["idToken"] = bay.token
    if stage.variant == "reversed":
        requests.reverse()
    for request in requests:
        await bay.charger.call("TransactionEvent", request)
    bay.transaction_id = transaction_id
    session = await bay.session(state="ended", energy_wh=500, token=bay.token["idToken"])
    assert session["started_at_station"][:19] == stamp(at)[:19], session
    assert session["duration_s"] == 3_000, session
    assert len(asked) <= 1, asked


@case(
    "X_TX_TWO_AT_ONCE",
    version=V201,
    block="X",
    title="One token charges on two EVSEs at once, and again: nothing forbids it by default",
)
async def two_at_once(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    first = await Bay.of(stage, charger)
    second = Bay(stage, charger, first.token, evse=2)
    await asyncio.gather(first.energy_transfer_started(), second.energy_transfer_started())
    await first.session(state="active", evse=1)
    await second.session(state="active", evse=2)
    third = Bay(stage, charger, first.token)
    await third.authorized()
    await third.session(state="active")


@case(
    "X_TX_SAME_ID",
    version=V201,
    block="X",
    title="Two stations give their transactions the same ID: there are two",
)
async def same_id(stage: Stage) -> None:
    bays = [await Bay.of(stage) for _ in range(2)]
    shared = str(uuid4())
    for bay in bays:
        bay.transaction_id = shared
        request = {
            "eventType": "Started",
            "timestamp": stamp(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": shared},
            "idToken": bay.token,
        }
        await bay.charger.call("TransactionEvent", request)
    await bays[0].ended("StopAuthorized", stoppedReason="Local", seqNo=1)
    await bays[0].session(state="ended")
    await bays[1].session(state="active", token=bays[1].token["idToken"])


@case(
    "X_TX_RECONNECT",
    version=V201,
    block="X",
    title="The connection is lost while charging; without a boot the transaction goes on",
    variants=("lost", "replaced"),
)
async def reconnected(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.updated("MeterValuePeriodic", meterValue=samples("Sample.Periodic", 1_000.0))
    if stage.variant == "lost":
        await bay.charger.disconnect(abruptly=True)
        await bay.charger.connect()
    else:
        old = bay.charger
        bay.charger = type(old)(old.url, old.id, old.version)
        stage.chargers.append(bay.charger)
        old.may_end()
        await bay.charger.connect()
        await old.ended()
    await bay.updated("MeterValuePeriodic", meterValue=samples("Sample.Periodic", 1_040.0))
    await bay.session(state="active", energy_wh=40)
    await bay.disconnected()
    await bay.session(state="ended", energy_wh=40)
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "X_TX_RESTART",
    version=V201,
    block="X",
    title="The server ends in the middle of a transaction: nothing that was answered is lost",
    server="own",
    variants=("orderly", "power cut"),
)
async def restarted(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.updated("MeterValuePeriodic", meterValue=samples("Sample.Periodic", 1_000.0))
    bay.charger.may_end()
    await stage.server.restart(abruptly=stage.variant == "power cut")
    await bay.charger.disconnect()
    await bay.charger.connect()
    await bay.updated("MeterValuePeriodic", meterValue=samples("Sample.Periodic", 1_040.0))
    await bay.session(state="active", charging_state="Charging", energy_wh=40)
    await bay.disconnected()
    await bay.session(state="ended", energy_wh=40, stop_reason="EVDisconnected")
    assert len(await stage.sessions(bay.charger)) == 1


@case(
    "X_TX_ALL_MEMBERS",
    version=V201,
    block="X",
    title="Events with every optional member that there is, customData everywhere",
    requirements=("P_03",),
)
async def all_members(stage: Stage) -> None:
    bay = await Bay.of(stage)
    custom = {"customData": {"vendorId": "com.example", "anything": [1, {"goes": True}]}}
    more = {"additionalIdToken": "extra-1", "type": "carCode", **custom}
    token: dict[str, Any] = {**bay.token, "additionalInfo": [more], **custom}
    full = {
        "value": 1_000.0,
        "context": "Transaction.Begin",
        "measurand": "Energy.Active.Import.Register",
        "phase": "L1-N",
        "location": "Outlet",
        "unitOfMeasure": {"unit": "Wh", "multiplier": 0, **custom},
        **custom,
    }
    answer = await bay.started(
        "Authorized",
        idToken=token,
        evse={**bay.place, **custom},
        numberOfPhasesUsed=3,
        cableMaxCurrent=32,
        reservationId=4_711,
        offline=False,
        timeSpentCharging=0,
        meterValue=[{"timestamp": stamp(), "sampledValue": [full], **custom}],
        **custom,
    )
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    await bay.ended("StopAuthorized", stoppedReason="Local", timeSpentCharging=17, idToken=token)
    await bay.session(state="ended", token=bay.token["idToken"])


@case(
    "X_TX_REASONS",
    version=V201,
    block="X",
    title="Every stop reason is stored as it came; none at all means Local",
    requirements=("E06", "E_17", "E_39"),
)
async def reasons(stage: Stage) -> None:
    bay = await Bay.of(stage)
    given = (
        *("DeAuthorized", "EmergencyStop", "EnergyLimitReached", "EVDisconnected"),
        *("GroundFault", "ImmediateReset", "Local", "LocalOutOfCredit", "MasterPass", "Other"),
        *("OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot", "Remote", "SOCLimitReached"),
        *("StoppedByEV", "TimeLimitReached", "Timeout", None),
    )
    for reason in given:
        await bay.authorized()
        more = {} if reason is None else {"stoppedReason": reason}
        await bay.ended("AbnormalCondition", **more)
        await bay.session(state="ended", stop_reason=reason or "Local")


@case(
    "X_TX_GAP",
    version=V201,
    block="X",
    title="Asked for missing events, the station refuses, is silent, or knows none: the end stays",
    requirements=("E14", "E_31"),
    variants=("CALLERROR", "nothing queued", "cut"),
)
async def gap(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    answers = {
        "CALLERROR": Error("NotSupported", "not here"),
        "nothing queued": {"ongoingIndicator": False, "messagesInQueue": False},
    }
    if stage.variant == "cut":
        asked = bay.charger.silent("GetTransactionStatus")
    else:
        answer = answers[str(stage.variant)]
        asked = bay.charger.expects("GetTransactionStatus", None, answer)
    await bay.ended("StopAuthorized", stoppedReason="Local", offline=True, seqNo=bay.seq_no + 2)
    await asked
    if stage.variant == "cut":
        again = bay.charger.answers(
            "GetTransactionStatus", {"ongoingIndicator": False, "messagesInQueue": False}
        )
        await bay.charger.disconnect(abruptly=True)
        await bay.charger.connect()
        await bay.charger.call("Heartbeat")
        assert len(again) <= 1
    await bay.session(state="ended", stop_reason="Local")
    await bay.charger.call("Heartbeat")


@case(
    "X_TX_ODD_TIMES",
    version=V201,
    block="X",
    title="Times with another offset, without fractions, or of a wrong clock are understood",
    variants=("+02:00", "no fraction", "nanoseconds", "1970", "2099"),
)
async def odd_times(stage: Stage) -> None:
    bay = await Bay.of(stage)
    now = datetime.now(UTC)
    local = (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S")
    text = {
        "+02:00": f"{local}+02:00",
        "no fraction": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "nanoseconds": now.strftime("%Y-%m-%dT%H:%M:%S.123456789Z"),
        "1970": "1970-01-01T00:00:10Z",
        "2099": "2099-12-31T23:59:59.999Z",
    }[str(stage.variant)]
    answer = await bay.started("Authorized", idToken=bay.token, timestamp=text)
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    session = await bay.session(state="active")
    if stage.variant not in {"1970", "2099"}:
        started = datetime.fromisoformat(session["started_at"])
        assert abs((started - now).total_seconds()) < 30, session
    await bay.ended("StopAuthorized", stoppedReason="Local", timestamp=text)
    await bay.session(state="ended")


@case(
    "X_TX_STOP_BY_SESSION",
    version=V201,
    block="X",
    title="An operator stops a transaction by its session; one that nobody knows is refused",
    requirements=("F03",),
)
async def stop_by_session(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    session = await bay.session(state="active")
    await stage.operate(
        bay.charger,
        "stop_transaction",
        {"session_id": session["id"]},
        sends=("RequestStopTransaction", {"transactionId": bay.transaction_id}),
    )
    await bay.ended("RemoteStop", stoppedReason="Remote")
    if stage.is_typed:
        for body in ({"session_id": "nobody"}, {}):
            path = f"/stations/{bay.charger.id}/operations/stop_transaction"
            problem = await stage.post(path, body, (404, 409, 422))
            assert problem["detail"], problem
