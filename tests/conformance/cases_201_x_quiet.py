"""Beyond certification: what is not said. By default nothing is sent that nobody has asked for."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tests.conformance.book import V201, case
from tests.conformance.cases_201_k_vehicles import NEEDS, smart_charging
from tests.conformance.schedules import Asked, put
from tests.conformance.states import Bay, samples

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.conformance.stage import Stage

_QUIET_S = float(os.environ.get("CONFORMANCE_QUIET_S", "6"))


async def _booted(bay: Bay) -> None:
    await bay.charger.call("Heartbeat")


async def _connected_again(bay: Bay) -> None:
    await bay.charger.reconnect()


async def _metering(bay: Bay) -> None:
    await bay.energy_transfer_started()
    for wh in (1_000.0, 1_004.0, 1_009.0):
        await bay.updated("MeterValuePeriodic", meterValue=samples("Sample.Periodic", wh))


async def _profile_set(bay: Bay) -> None:
    await bay.energy_transfer_started()
    asked = Asked("TxProfile", kind="Relative", transaction_id=bay.transaction_id)
    await put(bay.stage, bay.charger, 1, asked)


async def _vehicle(bay: Bay) -> None:
    await bay.authorized()
    await bay.connected_pre_session()
    await smart_charging(bay, NEEDS["AC"])


async def _faulted(bay: Bay) -> None:
    await bay.charger.status(1, 1, "Faulted")


async def _boots(bay: Bay) -> None:
    for reason in ("PowerUp", "FirmwareUpdate", "LocalReset", "Watchdog", "Triggered"):
        await bay.charger.boot(reason)


async def _rebooted_while_charging(bay: Bay) -> None:
    await bay.energy_transfer_started()
    await bay.charger.reconnect()
    await bay.charger.boot("PowerUp")


async def _ended(bay: Bay) -> None:
    await bay.disconnected()


_STATES: dict[str, Callable[[Bay], Awaitable[None]]] = {
    "booted": _booted,
    "connected again": _connected_again,
    "charging": Bay.energy_transfer_started,
    "metering": _metering,
    "suspended": Bay.energy_transfer_suspended,
    "profile set": _profile_set,
    "vehicle": _vehicle,
    "ended": _ended,
    "faulted": _faulted,
    "several reasons to boot": _boots,
    "rebooted while charging": _rebooted_while_charging,
}


@case(
    "X_QUIET",
    version=V201,
    block="X",
    title="A station that is left alone hears nothing, in whatever state it is",
    variants=_STATES,
)
async def quiet(stage: Stage) -> None:
    """`CONFORMANCE_QUIET_S` says how long to listen."""
    bay = await Bay.of(stage)
    await _STATES[str(stage.variant)](bay)
    await asyncio.sleep(_QUIET_S)
    await bay.charger.call("Heartbeat")
