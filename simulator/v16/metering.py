"""Meter values as 1.6 spells them, and those that a StopTransaction brings along.

Source: OCPP 1.6 edition 2, 3.16, 7.31, 7.33, 7.43 and 9.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocpp.v16 import datatypes

from simulator.metering.sampling import values
from simulator.station.transaction import SampleContext
from simulator.v16.keys import SAMPLED_KEY, split_phase
from simulator.v16.sampled import spelled
from simulator.wire import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.metering.reading import Reading
    from simulator.metering.sampling import Value
    from simulator.station.transaction import Moment, Transaction
    from simulator.v16.configuration import Configuration

_TOLD: Final[Mapping[str, str]] = {"Sample.Clock": "MeterValuesAlignedData"}
_KEPT: Final[Mapping[str, str]] = {
    SampleContext.BEGIN: "StopTxnSampledData",
    SampleContext.PERIODIC: "StopTxnSampledData",
    SampleContext.END: "StopTxnSampledData",
    "Sample.Clock": "StopTxnAlignedData",
}


def told(
    configuration: Configuration, reading: Reading, at: Moment, context: SampleContext
) -> datatypes.MeterValue | None:
    """Return what MeterValues tells, None where the key of this context is empty."""
    key = _TOLD.get(context, SAMPLED_KEY)
    return _meter_value(reading, configuration.measurands(key), at, context)


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
    measurands = configuration.measurands(_KEPT[context])
    kept = _meter_value(reading, measurands, at, context) if measurands else None
    if kept is not None:
        transaction.kept.append(kept)


def _meter_value(
    reading: Reading, measurands: Iterable[str], at: Moment, context: SampleContext
) -> datatypes.MeterValue | None:
    sampled = spelled(_chosen(reading, measurands), context.value)
    if not sampled:
        return None
    return datatypes.MeterValue(timestamp=to_text(at.at), sampled_value=sampled)


def _chosen(reading: Reading, measurands: Iterable[str]) -> Iterable[Value]:
    """Return the values in the order asked; a measurand may name one of its phases."""
    for name in measurands:
        measurand, phase = split_phase(name)
        for value in values(reading, [measurand]):
            if phase is None or value.phase in (phase, f"{phase}-N"):
                yield value
