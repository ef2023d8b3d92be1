"""Meter values as 1.6 spells them, and those that a StopTransaction brings along.

Source: OCPP 1.6 edition 2, 3.16, 7.31, 7.33, 7.43 and 9.1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ocpp.v16 import call, datatypes

from simulator.metering.sampling import values
from simulator.station.transaction import SampleContext
from simulator.v16.keys import SAMPLED_KEY, listed, split_phase
from simulator.v16.sampled import spelled
from simulator.wire import members, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.metering.reading import Reading
    from simulator.metering.sampling import Value
    from simulator.station.transaction import Moment, Transaction
    from simulator.v16.configuration import Configuration

_TIME, _VALUES = members(datatypes.MeterValue, "timestamp", "sampled_value")
_CONNECTOR, _VALUE, _TRANSACTION = members(
    call.MeterValues, "connector_id", "meter_value", "transaction_id"
)
_MOST_LISTS: Final = 1024
_TOLD: Final[Mapping[str, str]] = {"Sample.Clock": "MeterValuesAlignedData"}
_KEPT: Final[Mapping[str, str]] = {
    SampleContext.BEGIN: "StopTxnSampledData",
    SampleContext.PERIODIC: "StopTxnSampledData",
    SampleContext.END: "StopTxnSampledData",
    "Sample.Clock": "StopTxnAlignedData",
}


def told(
    configuration: Configuration, reading: Reading, at: Moment, context: SampleContext
) -> Payload | None:
    """Return what MeterValues tells, None where the key of this context is empty."""
    key = _TOLD.get(context, SAMPLED_KEY)
    return _meter_value(reading, configuration.text(key), at, context)


def message(connector: int, meter_value: Payload, transaction_id: int | None) -> Payload:
    """Return a MeterValues; without a number it says nothing of a transaction."""
    told: Payload = {_CONNECTOR: connector, _VALUE: [meter_value]}
    return told if transaction_id is None else {**told, _TRANSACTION: transaction_id}


def keep(
    configuration: Configuration,
    transaction: Transaction,
    reading: Reading,
    at: Moment,
    context: SampleContext,
) -> None:
    """Keep what StopTransaction is to bring (StopTxnSampledData, StopTxnAlignedData)."""
    if context not in _KEPT:
        return
    measurands = configuration.text(_KEPT[context])
    kept = _meter_value(reading, measurands, at, context) if measurands else None
    if kept is not None:
        transaction.kept.append(kept)


def _meter_value(
    reading: Reading, measurands: str, at: Moment, context: SampleContext
) -> Payload | None:
    wanted = _wanted(measurands)
    found = _chosen(reading, wanted) if wanted.has_phases else values(reading, wanted.measurands)
    sampled = spelled(found, context.value)
    return {_TIME: to_text(at.at), _VALUES: sampled} if sampled else None


class _Wanted(NamedTuple):
    """Measurands in the order asked, each with its phase where one is named."""

    measurands: tuple[str, ...]
    phases: tuple[str | None, ...]
    has_phases: bool


@lru_cache(maxsize=_MOST_LISTS)
def _wanted(text: str) -> _Wanted:
    """Return what the value of a key asks for."""
    pairs = [split_phase(name) for name in listed(text)]
    phases = tuple(phase for _, phase in pairs)
    return _Wanted(tuple(name for name, _ in pairs), phases, any(phases))


def _chosen(reading: Reading, wanted: _Wanted) -> list[Value]:
    """Return the values in the order asked; a measurand may name one of its phases."""
    return [
        value
        for measurand, phase in zip(wanted.measurands, wanted.phases, strict=True)
        for value in values(reading, [measurand])
        if phase is None or value.phase in (phase, f"{phase}-N")
    ]
