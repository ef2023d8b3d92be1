"""Both versions: what the operator may decide by settings, and what is so unless he does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.book import V16, V201, case
from tests.conformance.charger import Charger, boot_payload, now
from tests.conformance.patterns import ANY_INT, Maybe
from tests.conformance.servers import SERVERS
from tests.conformance.states import TOKEN_TYPE, Bay
from tests.conformance.states_16 import Bay16
from tests.conformance.tls_world import is_unauthorized

if TYPE_CHECKING:
    from tests.conformance.stage import Stage

STRANGERS, RULED = "strangers", "ruled"
SERVERS[STRANGERS] = {"accept_unknown_stations": True, "unknown_stations_are": "pending"}
SERVERS[RULED] = {
    "tokens": {"remote_start_s": 2, "master_pass_group": "MASTERS", "max_transactions": 1},
    "retry_interval_s": 7,
}


def stranger(stage: Stage) -> Charger:
    """Returns a station that the server has never heard of."""
    station_id = stage.unique("STRANGE")
    made = Charger(stage.server.url(station_id), station_id, stage.version)
    stage.chargers.append(made)
    return made


async def unknown_pending(stage: Stage) -> None:
    """An unknown station is Pending until an operator accepts it, on the same connection."""
    charger = stranger(stage)
    await charger.connect()
    await charger.boot(status="Pending")
    refused = await charger.refused("Heartbeat", {})
    assert refused.code == "SecurityError", refused
    await stage.put(f"/stations/{charger.id}", registration="accepted")
    await charger.boot()


async def unknown_refused(stage: Stage) -> None:
    """An unknown station is refused before any upgrade; once it is known it is let in."""
    charger = stranger(stage)
    await is_unauthorized(charger)
    await stage.put(f"/stations/{charger.id}")
    await charger.connect()
    await charger.boot()


async def retry_interval(stage: Stage) -> None:
    """The interval that Pending and Rejected are told is a setting."""
    charger = await stage.charger(boot=False, registration="pending")
    for status in ("Pending", "Rejected"):
        await stage.put(f"/stations/{charger.id}", registration=status.lower())
        answer = await charger.boot(status=status)
        assert 6 <= answer["interval"] <= 8, answer


for _version, _block in ((V16, "Core"), (V201, "B")):
    _short = _version.replace(".", "")
    for _name, _play, _server in (
        ("STRANGER_PENDING", unknown_pending, STRANGERS),
        ("STRANGER_REFUSED", unknown_refused, "main"),
        ("RETRY_INTERVAL", retry_interval, RULED),
    ):
        case(
            f"X_{_short}_{_name}",
            version=_version,
            block=_block,
            title=str(_play.__doc__),
            server=_server,
        )(_play)


@case(
    "X_16_REMOTE_START_EXPIRES",
    version=V16,
    block="Core",
    title="A remote start that no transaction follows fails after its time, and leaves no session",
    server=RULED,
)
async def start_expires_16(stage: Stage) -> None:
    bay = await Bay16.of(stage)
    started = await stage.operate(
        bay.charger,
        "start_transaction",
        {"token": bay.tag, "evse": 1},
        sends=("RemoteStartTransaction", {"connectorId": 1, "idTag": bay.tag}),
    )
    await bay.shows("Preparing")
    await bay.shows("Available")
    if stage.is_typed:  # what is relayed is followed for a day
        await started.comes_to("failed")
    assert await stage.sessions(bay.charger) == []


@case(
    "X_201_REMOTE_START_EXPIRES",
    version=V201,
    block="F",
    title="A remote start that no transaction follows fails after its time, and leaves no session",
    server=RULED,
)
async def start_expires_201(stage: Stage) -> None:
    charger = await stage.charger()
    text = await stage.token(type=TOKEN_TYPE)
    started = await stage.operate(
        charger,
        "start_transaction",
        {"token": text, "evse": 1},
        sends=(
            "RequestStartTransaction",
            {
                "evseId": 1,
                "remoteStartId": ANY_INT,
                "idToken": {"idToken": text, "type": TOKEN_TYPE},
                "groupIdToken": Maybe({"idToken": "GROUP", "type": "Central"}),
            },
        ),
    )
    if stage.is_typed:
        await started.comes_to("failed")
    assert await stage.sessions(charger) == []


@case(
    "X_C_MASTER_STARTS_NOTHING",
    version=V201,
    block="C",
    title="A master pass ends transactions of others, and starts none",
    requirements=("C16.FR.01", "C16.FR.03"),
    server=RULED,
)
async def master_starts_nothing(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    master = {"idToken": await stage.token(type=TOKEN_TYPE, group="MASTERS"), "type": TOKEN_TYPE}
    answer = await bay.ended("StopAuthorized", stoppedReason="MasterPass", idToken=master)
    assert answer["idTokenInfo"]["status"] == "Accepted", answer
    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "MASTERS", answer
    started = await bay.started("Authorized", idToken=master, evse=bay.place)
    assert started["idTokenInfo"]["status"] != "Accepted", started
    await bay.ended("Deauthorized", stoppedReason="DeAuthorized")


@case(
    "X_C_CONCURRENT_TX",
    version=V201,
    block="C",
    title="ConcurrentTx, where the operator wants it: one token, one running transaction",
    server=RULED,
)
async def concurrent_201(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    first = await Bay.of(stage, charger)
    await first.energy_transfer_started()
    second = Bay(stage, charger, first.token, 2, 1)
    answer = await second.started("Authorized", idToken=first.token, evse=second.place)
    assert answer["idTokenInfo"]["status"] == "ConcurrentTx", answer
    await second.ended("Deauthorized", stoppedReason="DeAuthorized")
    stopped = await first.updated("StopAuthorized", idToken=first.token)
    assert stopped["idTokenInfo"]["status"] == "Accepted", stopped
    await first.ended("StopAuthorized", stoppedReason="Local")
    await second.started("Authorized", idToken=first.token, evse=second.place)


@case(
    "X_16_CONCURRENT_WANTED",
    version=V16,
    block="Core",
    title="ConcurrentTx, where the operator wants it: one token, one running transaction",
    server=RULED,
)
async def concurrent_16(stage: Stage) -> None:
    charger = await stage.charger(connectors=((1, 1), (2, 1)))
    first = await Bay16.of(stage, charger)
    await first.charging()
    second = Bay16(stage, charger, first.tag, 2)
    await second.start("ConcurrentTx")
    await second.stop(reason="DeAuthorized")
    await first.stop(idTag=first.tag)
    await second.start()


@case(
    "X_UNKNOWN_BEFORE_BOOT",
    version=V16,
    block="Core",
    title="A station that comes back without a boot goes on as it was",
)
async def without_boot(stage: Stage) -> None:
    charger = await stage.charger()
    await charger.reconnect()
    told = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing", "timestamp": now()}
    assert await charger.call("StatusNotification", told) == {}
    await charger.call("BootNotification", boot_payload(V16))
