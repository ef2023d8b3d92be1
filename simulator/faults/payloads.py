"""Faults in the messages themselves: schemas broken, members odd, frames huge or no JSON."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from csms.ocppj.frames import encode_result
from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group, Span
from simulator.faults.kit import (
    change_samples,
    is_16,
    is_end,
    is_of_transaction,
    meter_values,
    of_each_transaction,
    on,
    replace_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.ocppj.frames import Payload
    from simulator.faults.answers import Answering
    from simulator.faults.bending import Bend, Bending

_METER_VALUES: Final = "meterValue"
_V16: Final = frozenset({"1.6"})
_V201: Final = frozenset({"2.0.1"})
_BOTH: Final = _V16 | _V201
_OVERLONG: Final = 60
_LONG_INFO: Final = 120
_HUGE_BYTES: Final = 65_000
_VALUES: Final = ("MeterValues", "TransactionEvent")
_BOOT: Final = "BootNotification"
_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "BootNotification": ("iccid", "imsi", "meterType"),
        "MeterValues": ("transactionId",),
        "StartTransaction": ("reservationId",),
        "StatusNotification": ("info", "vendorId", "vendorErrorCode"),
        "StopTransaction": ("idTag", "reason", "transactionData"),
    }
)
"""What 1.6 lets a station leave out."""


def _as_object(payload: Payload) -> None:
    values = payload.get(_METER_VALUES)
    if isinstance(values, list) and values:
        payload[_METER_VALUES] = values[0]


def _other_type(bending: Bending) -> None:
    """Write numbers where 1.6 has texts, and texts where 2.0.1 has numbers."""
    for each in meter_values(bending.payload):
        for sample in each.get("sampledValue", ()):
            value = sample.get("value")
            if is_16(bending) and isinstance(value, str):
                sample["value"] = _number(value)
            elif not is_16(bending):
                sample["value"] = str(value)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _no_samples(payload: Payload) -> None:
    for each in meter_values(payload):
        each["sampledValue"] = []


def _unknown_measurand(sample: Payload) -> None:
    if sample.get("measurand", "Energy.Active.Import.Register") != "Energy.Active.Import.Register":
        sample["measurand"] = f"{sample['measurand']}.Total"


def _error_code(payload: Payload) -> None:
    payload["errorCode"] = "Error"


def _serial(payload: Payload) -> None:
    station = payload.get("chargingStation")
    if isinstance(station, dict):
        station["serialNumber"] = str(station.get("serialNumber", "")).ljust(_OVERLONG, "0")
    else:
        payload["chargePointSerialNumber"] = "".ljust(_OVERLONG, "0")
        payload["chargeBoxSerialNumber"] = "".ljust(_OVERLONG, "1")


def _info(bending: Bending) -> None:
    if bending.action != "StatusNotification":
        return
    if is_16(bending):
        bending.payload["info"] = "a".ljust(_LONG_INFO, "b")
    else:
        bending.payload["customData"] = {"vendorId": "x".ljust(_OVERLONG, "y")}


def _stray_comma(bending: Bending) -> None:
    bending.texts.append(lambda text: text.replace("[{", "[,{", 1))


def _last_comma(bending: Bending) -> None:
    if bending.action == _BOOT:
        return
    bending.texts.append(lambda text: f"{text[:-2]},}}]" if text.endswith("}]") else text)


def _nulls(bending: Bending) -> None:
    names = _OPTIONAL.get(bending.action, ()) if is_16(bending) else ("customData",)
    for name in names:
        bending.payload.setdefault(name, None)


def _extra(bending: Bending) -> None:
    if bending.action == _BOOT:
        return
    bending.payload["vendorNote"] = "odd"
    for each in meter_values(bending.payload):
        each["vendorNote"] = "odd"


def _missing(bending: Bending) -> None:
    """Leave out the time, which all messages of a transaction and of states need."""
    bending.payload.pop("timestamp", None)
    for each in meter_values(bending.payload):
        each.pop("timestamp", None)


def _small_letters(bending: Bending) -> None:
    if bending.action == _BOOT:
        return
    for name in ("status", "reason", "errorCode", "connectorStatus", "triggerReason"):
        given = bending.payload.get(name)
        if isinstance(given, str):
            bending.payload[name] = given.lower()


def _cut_short(bending: Bending) -> None:
    if bending.action in ("MeterValues", "TransactionEvent", "StatusNotification"):
        bending.texts.append(lambda text: text[: len(text) * 2 // 3])


def _not_a_number(bending: Bending) -> None:
    """Write NaN: a bare word in 2.0.1, which no JSON has, and a text in 1.6."""
    if is_16(bending):
        change_samples(_as_nan)(bending)
    else:
        for each in meter_values(bending.payload):
            for sample in each.get("sampledValue", ()):
                sample["value"] = 1e-99
        bending.texts.append(replace_text("1e-99", "NaN", -1))


def _as_nan(sample: Payload) -> None:
    sample["value"] = "NaN"


def _all_in_one(bending: Bending) -> None:
    """Put all values of a transaction into the message that ends it."""
    if not is_of_transaction(bending):
        return
    kept = of_each_transaction(bending, "values")
    own: list[Any] = kept.setdefault(str(bending.transaction), [])
    if not is_end(bending):
        if bending.attempt == 1:
            own.extend(copy.deepcopy(list(meter_values(bending.payload))))
        return
    name = "transactionData" if is_16(bending) else _METER_VALUES
    if own:
        bending.payload[name] = [*own, *meter_values(bending.payload)]


def _padded(bending: Bending) -> None:
    """Fill a report up to 65 kB with more of what it holds."""
    if bending.action != "NotifyReport":
        return
    held = bending.payload.get("reportData") or []
    size = len(encode_result("", {"reportData": held}))
    if held:
        bending.payload["reportData"] = held * (1 + _HUGE_BYTES // size)


def _no_status(answering: Answering) -> None:
    answering.then.append(lambda answer: answer.pop("status", None) and None)


def _huge_answers(answering: Answering) -> None:
    answering.texts.append(lambda text: text[:-1] + " " * _HUGE_BYTES + text[-1])


def _fault(
    name: str,
    summary: str,
    bends: tuple[Bend, ...],
    quirk: int = 37,
    versions: frozenset[str] = _BOTH,
) -> Fault:
    return Fault(
        name,
        summary,
        Effects(bends=bends),
        group=Group.PAYLOADS,
        span=Span.STATION,
        quirks=(quirk,),
        versions=versions,
    )


FAULTS: Final = (
    _fault(
        "meter-value-as-object",
        "sends an object where a list of meter values is asked for",
        (on(*_VALUES)(_as_object),),
    ),
    _fault(
        "values-of-other-type",
        "writes values as numbers in 1.6, which wants texts, and as texts in 2.0.1",
        (_other_type,),
    ),
    _fault(
        "no-sampled-values",
        "sends meter values without a value in them",
        (on(*_VALUES)(_no_samples),),
    ),
    _fault(
        "unknown-measurands",
        "sends all but the register under measurands that there are not",
        (change_samples(_unknown_measurand),),
    ),
    _fault(
        "unknown-error-code",
        "sends the error code Error, which there is not",
        (on("StatusNotification")(_error_code),),
        versions=_V16,
    ),
    _fault(
        "overlong-serial",
        "sends serial numbers of 60 characters",
        (on("BootNotification")(_serial),),
    ),
    _fault("overlong-info", "sends more words with its states than there may be", (_info,)),
    _fault("stray-commas", "puts a comma before the first member of a list", (_stray_comma,)),
    _fault("last-commas", "puts a comma behind the last member of a message", (_last_comma,)),
    _fault("null-members", "sends null for what it could leave out", (_nulls,)),
    _fault("extra-members", "sends members that the schemas do not know", (_extra,)),
    _fault("no-timestamps", "leaves out times that must be there", (_missing,)),
    _fault("small-letters", "writes states and reasons in small letters", (_small_letters,)),
    _fault("cut-short", "sends two thirds of a message and no more", (_cut_short,)),
    _fault("values-not-a-number", "sends NaN for all values", (_not_a_number,)),
    _fault(
        "all-values-in-stop",
        "sends all values of a transaction once more with its end, in one large frame",
        (_all_in_one,),
        38,
    ),
    _fault(
        "huge-reports",
        "sends reports of its variables of 65 kB and more",
        (_padded,),
        38,
        _V201,
    ),
    Fault(
        "answers-without-status",
        "leaves the status out of its answers",
        Effects(twists=(_no_status,)),
        group=Group.PAYLOADS,
        span=Span.STATION,
        quirks=(37,),
    ),
    Fault(
        "huge-answers",
        "fills its answers with 65 kB of spaces",
        Effects(twists=(_huge_answers,)),
        group=Group.PAYLOADS,
        span=Span.STATION,
        quirks=(38,),
    ),
)
"""In the order in which they are listed."""
