"""OCPP 1.6, Core: boots and charging sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V16, case
from tests.conformance.charger import is_now
from tests.conformance.patterns import text_of
from tests.conformance.states_16 import Bay16, authorize, stamp

if TYPE_CHECKING:
    from tests.conformance.stage import Stage

CORE = "Core"


@case("TC_001", version=V16, block=CORE, title="Cold Boot Charge Point")
async def cold_boot(stage: Stage) -> None:
    charger = await stage.charger(boot=False, connectors=((1, 1), (2, 1)))
    await charger.boot()  # Accepted, interval above 0, UTC time; tells connector 0 too
    answer = await charger.call("Heartbeat")
    is_now(answer["currentTime"])
    assert await stage.connector(charger, 1, 1) == "Available"


@case("TC_003", version=V16, block=CORE, title="Regular Charging Session - Plugin First")
async def plugin_first(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.shows("Preparing")
    await authorize(bay.charger, bay.tag)
    await bay.start()
    await bay.shows("Charging")
    await bay.meter()
    await authorize(bay.charger, bay.tag)
    await bay.stop(idTag=bay.tag, reason="Local")
    await bay.is_free()
    session = await bay.session(state="ended", stop_reason="Local")
    assert session["energy_wh"] == 200, session


@case("TC_004_1", version=V16, block=CORE, title="Regular Charging Session - Identification First")
async def identification_first(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.start()
    await bay.shows("Charging")
    assert (await bay.session())["state"] != "ended"


@case(
    "TC_004_2",
    version=V16,
    block=CORE,
    title="Regular Charging Session - Identification First - ConnectionTimeOut",
)
async def identification_times_out(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await authorize(bay.charger, bay.tag)
    await bay.shows("Preparing")
    await bay.shows("Available")
    assert await stage.sessions(bay.charger) == []


@case("TC_005_1", version=V16, block=CORE, title="EV Side Disconnected")
async def ev_side_disconnected(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charging()
    await bay.status("SuspendedEV")
    await bay.status("Finishing")
    await bay.stop(reason="EVDisconnected")
    await bay.shows("Available")
    await bay.session(state="ended", stop_reason="EVDisconnected")


@case(
    "X_NO_REASON",
    version=V16,
    block=CORE,
    title="StopTransaction without a reason means Local",
    requirements=("6.48",),
)
async def no_reason(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charging()
    await bay.stop(idTag=bay.tag)
    await bay.session(state="ended", stop_reason="Local")


@case("TC_007", version=V16, block=CORE, title="Regular Start Charging Session - Cached Id")
async def cached_id(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.shows("Preparing")
    await bay.start()  # no Authorize before it
    await bay.shows("Charging")
    await bay.session()


@case(
    "TC_023_1",
    version=V16,
    block=CORE,
    title="Start Charging Session - Authorize invalid",
    variants=("unknown", "stored"),
)
async def authorize_invalid(stage: Stage) -> None:
    charger = await stage.charger()
    tag = stage.unique()
    if stage.variant == "stored":
        await stage.token(tag, status="Invalid")
    await authorize(charger, tag, "Invalid")
    assert await stage.sessions(charger) == []


@case(
    "TC_023_2",
    version=V16,
    block=CORE,
    title="Start Charging Session - Authorize expired",
    variants=("by time", "by status"),
)
async def authorize_expired(stage: Stage) -> None:
    charger = await stage.charger()
    past = {"expires_at": text_of(datetime.now(UTC) - timedelta(seconds=2))}
    decided: dict[str, Any] = past if stage.variant == "by time" else {"status": "Expired"}
    await authorize(charger, await stage.token(**decided), "Expired")
    assert await stage.sessions(charger) == []


@case(
    "TC_023_3",
    version=V16,
    block=CORE,
    title="Start Charging Session - Authorize blocked",
    variants=("blocked", "blocked and expired", "in small letters"),
)
async def authorize_blocked(stage: Stage) -> None:
    charger = await stage.charger()
    past = {"expires_at": "2020-01-01T00:00:00Z"} if "expired" in str(stage.variant) else {}
    tag = await stage.token(status="Blocked", **past)
    await authorize(charger, tag.lower() if "small" in str(stage.variant) else tag, "Blocked")
    assert await stage.sessions(charger) == []


@case("TC_024", version=V16, block=CORE, title="Start Charging Session Lock Failure")
async def lock_failure(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.shows("Preparing")
    await authorize(bay.charger, bay.tag)
    await bay.status("Faulted", "ConnectorLockFailure", info="lock", vendorErrorCode="L1")
    connectors = (await stage.station(bay.charger))["connectors"]
    faulted = next(each for each in connectors if each["connector"] == 1)
    assert faulted["status"] == "Faulted", faulted
    assert "ConnectorLockFailure" in str(faulted), faulted
    assert await stage.sessions(bay.charger) == []


@case(
    "TC_032_1",
    version=V16,
    block=CORE,
    title="Power Failure - Boot Charge Point - Stop Transaction(s)",
)
async def power_failure(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charging()
    await bay.charger.disconnect(abruptly=True)
    await bay.charger.connect()
    await bay.charger.boot()
    assert (await bay.session())["state"] != "ended"  # a boot closes no transaction
    await bay.stop(reason="PowerLoss")
    await bay.session(state="ended", stop_reason="PowerLoss")
    await bay.shows("Available")


@case(
    "TC_037_1",
    version=V16,
    block=CORE,
    title="Offline Start Transaction - Valid IdTag",
    variants=("same connection", "after a boot"),
)
async def offline_start(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charger.disconnect()
    began = stamp(minutes=7)
    await bay.charger.connect()
    if stage.variant == "after a boot":
        await bay.charger.call(
            "BootNotification",
            {"chargePointVendor": "Conformance", "chargePointModel": "Scripted"},
        )
    await bay.start(timestamp=began)  # before any StatusNotification
    session = await bay.session()
    told = datetime.fromisoformat(session["started_at_station"])
    assert abs((told - datetime.fromisoformat(began)).total_seconds()) < 1, session
    assert session["state"] != "ended"
    await bay.shows("Charging")
    await bay.stop(idTag=bay.tag)
    await bay.session(state="ended")


@case(
    "TC_037_3",
    version=V16,
    block=CORE,
    title="Offline Start Transaction - Invalid IdTag - StopTransactionOnInvalidId",
    variants=("unknown", "blocked", "expired"),
)
async def offline_start_invalid(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    status = {"unknown": "Invalid", "blocked": "Blocked", "expired": "Expired"}[str(stage.variant)]
    bay.tag = stage.unique()
    if stage.variant != "unknown":
        await stage.token(bay.tag, status=status)
    await bay.charger.reconnect()
    await bay.start(status, timestamp=stamp(minutes=3))
    assert (await bay.session())["state"] != "ended"
    await bay.shows("Charging")
    await bay.stop(reason="DeAuthorized")
    await bay.session(state="ended", stop_reason="DeAuthorized")


@case("TC_039", version=V16, block=CORE, title="Offline Transaction")
async def offline_transaction(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    await bay.charger.reconnect()
    began, ended = stamp(minutes=30), stamp(minutes=10)
    await bay.start(timestamp=began)
    await bay.stop(timestamp=ended, reason="Local", idTag=bay.tag)
    session = await bay.session(state="ended", stop_reason="Local")
    for name, at in (("started_at_station", began), ("ended_at_station", ended)):
        told = datetime.fromisoformat(session[name])
        assert abs((told - datetime.fromisoformat(at)).total_seconds()) < 1, session
    assert session["energy_wh"] == 100, session


@case(
    "X_CONCURRENT_TX",
    version=V16,
    block=CORE,
    title="One token in two transactions is accepted unless the operator says otherwise",
)
async def no_concurrent_tx(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    first = await Bay16.of(stage, charger)
    second = Bay16(stage, charger, first.tag, 2)
    await first.charging()
    await authorize(charger, first.tag)
    await second.start()
    await second.stop(idTag=first.tag)
    await first.stop(idTag=first.tag)


@case("TC_064", version=V16, block=CORE, title="Data Transfer to a Central System")
async def data_transfer(stage: Stage) -> None:
    charger = await stage.charger()
    sent = {"vendorId": "nobody.knows.this", "messageId": "Hello", "data": "text"}
    answer = await charger.call("DataTransfer", sent)
    assert answer["status"] == "UnknownVendorId", answer
