"""OCPP 2.0.1, block J: meter values."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.conformance.book import V201, case
from tests.conformance.states import Bay, notice, samples, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Stage

_INTERVAL_S = 900
_ALIGNED, _SAMPLED = "Sample.Clock", "Sample.Periodic"
_EVSES = ((1, 1), (2, 1))


def _signed(size: int = 2_400) -> Payload:
    """Returns a signed value of as many characters as the schema allows."""
    data = random.Random(size).randbytes(size * 3 // 4)  # noqa: S311 - any bytes will do
    return {
        "signedMeterData": base64.b64encode(data).decode(),
        "signingMethod": "ECDSA-secp384r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": base64.b64encode(data[:900]).decode(),
    }


def _last(context: str, *, signed: Payload | None = None) -> list[Payload]:
    """Returns what an Ended event tells: the begin, two values on the way, and the end."""
    more = {} if signed is None else {"signedMeterValue": signed}
    values = samples(context, 1_000.0, 1_250.0, 1_500.0, 2_000.0, every_s=_INTERVAL_S, **more)
    values[0]["sampledValue"][0]["context"] = "Transaction.Begin"
    values[-1]["sampledValue"][0]["context"] = "Transaction.End"
    return values


async def _aligned(charger: Charger, at: datetime, *evses: int) -> None:
    """Tells what was measured at an instant, in MeterValues and in NotifyEvent."""
    for evse in evses:
        value = {"value": 10_000.0 + evse, "context": _ALIGNED}
        told = {"timestamp": stamp(at), "sampledValue": [value]}
        assert await charger.call("MeterValues", {"evseId": evse, "meterValue": [told]}) == {}
        meter: Payload = {"name": "FiscalMetering"}
        if evse:
            meter["evse"] = {"id": evse}
        event = notice(meter, "Energy", "10000", trigger="Periodic", timestamp=stamp(at))
        assert await charger.call("NotifyEvent", event) == {}


def _moments(count: int = 3) -> list[datetime]:
    now = datetime.now(UTC)
    return [now - timedelta(seconds=_INTERVAL_S * back) for back in reversed(range(count))]


@case(
    "TC_J_01_CSMS",
    version=V201,
    block="J",
    title="Clock-aligned Meter Values - No transaction ongoing",
    requirements=("J01.FR.18",),
)
async def aligned_without_transaction(stage: Stage) -> None:
    charger = await stage.charger(connectors=_EVSES)
    for at in _moments():
        await _aligned(charger, at, 0, 1, 2)
    assert await stage.sessions(charger) == []


@case(
    "TC_J_02_CSMS",
    version=V201,
    block="J",
    title="Clock-aligned Meter Values - Transaction ongoing",
    requirements=("J01.FR.18",),
)
async def aligned_with_transaction(stage: Stage) -> None:
    charger = await stage.charger(connectors=_EVSES)
    bay = await Bay.of(stage, charger)
    await bay.energy_transfer_started()
    for number in range(3):
        await _aligned(charger, datetime.now(UTC), 0, 2)
        meter = samples(_ALIGNED, 1_000.0 + 100 * number)
        await bay.updated("MeterValueClock", meterValue=meter)
    session = await bay.session(state="active", energy_wh=200)
    assert len(await stage.sessions(charger)) == 1, session


async def _ended_with(stage: Stage, values: list[Payload]) -> Bay:
    """Plays a transaction whose last event tells these values."""
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    await bay.disconnected(meterValue=values)
    await bay.session(state="ended", energy_wh=1_000)
    return bay


@case(
    "TC_J_03_CSMS",
    version=V201,
    block="J",
    title="Clock-aligned Meter Values - EventType Ended",
    requirements=("J01.FR.18",),
)
async def aligned_at_the_end(stage: Stage) -> None:
    await _ended_with(stage, _last(_ALIGNED))


@case(
    "TC_J_04_CSMS",
    version=V201,
    block="J",
    title="Clock-aligned Meter Values - Signed",
    requirements=("J01.FR.21",),
)
async def aligned_and_signed(stage: Stage) -> None:
    signed = _signed()
    await _is_kept(await _ended_with(stage, _last(_ALIGNED, signed=signed)), signed, 4)


async def _is_kept(bay: Bay, signed: Payload, times: int) -> None:
    """The API must show the signed data of each value, to the last character."""
    session = await bay.session()
    shown = await bay.stage.get(f"/sessions/{session['id']}/samples")
    texts = list(_texts(shown["items"]))
    found = texts.count(signed["signedMeterData"])
    assert found == times, f"{found} of {times} signed values are as they were sent"
    assert texts.count(signed["publicKey"]) == times, "a public key is not as it was sent"


def _texts(value: Any) -> Iterator[str]:
    """Yields all texts within some JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


@case(
    "TC_J_07_CSMS",
    version=V201,
    block="J",
    title="Sampled Meter Values - EventType Started - EVSE known",
    requirements=("J02.FR.19",),
)
async def sampled_at_the_start(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.connected_pre_session(meterValue=samples("Transaction.Begin", 1_000.0))
    await bay.session(state="active", register_wh=1_000)


@case(
    "TC_J_08_CSMS",
    version=V201,
    block="J",
    title="Sampled Meter Values - Context Transaction.Begin - EVSE not known",
    requirements=("J02.FR.19",),
)
async def sampled_before_the_evse(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.authorized()
    await bay.connected_pre_session(meterValue=samples("Transaction.Begin", 1_000.0))
    await bay.energy_transfer_started()
    await bay.session(state="active", evse=1, register_wh=1_000)


@case(
    "TC_J_09_CSMS",
    version=V201,
    block="J",
    title="Sampled Meter Values - EventType Updated",
    requirements=("J02.FR.19",),
)
async def sampled_on_the_way(stage: Stage) -> None:
    bay = await Bay.of(stage)
    await bay.energy_transfer_started()
    for number in range(3):
        meter = samples(_SAMPLED, 1_000.0 + 100 * number)
        await bay.updated("MeterValuePeriodic", meterValue=meter)
    await bay.session(state="active", energy_wh=200, register_wh=1_200)


@case(
    "TC_J_10_CSMS",
    version=V201,
    block="J",
    title="Sampled Meter Values - EventType Ended",
    requirements=("J02.FR.19",),
)
async def sampled_at_the_end(stage: Stage) -> None:
    await _ended_with(stage, _last(_SAMPLED))


@case(
    "TC_J_11_CSMS",
    version=V201,
    block="J",
    title="Sampled Meter Values - Signed",
    requirements=("J02.FR.21",),
)
async def sampled_and_signed(stage: Stage) -> None:
    signed = _signed(2_496)
    await _is_kept(await _ended_with(stage, _last(_SAMPLED, signed=signed)), signed, 4)
