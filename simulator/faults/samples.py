"""Faults in how meter values are sent: for which transaction, when, in which context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.ocppj.version import Version
from simulator.faults.effects import Effects
from simulator.faults.fault import Fault, Group
from simulator.faults.kit import change_samples, is_end, is_start, meter_values, on, replace_text

if TYPE_CHECKING:
    from csms.ocppj.frames import Payload
    from simulator.faults.answers import Answering, Twist
    from simulator.faults.bending import Bend, Bending

_METER_VALUES: Final = "MeterValues"
_ID: Final = "transactionId"
_INT64_MAX: Final = 9_223_372_036_854_775_807
_UNKNOWN_OFFSET: Final = 4_711
_SHARE_OF_ZEROS: Final = 0.2
_SHARE_LOST: Final = 0.2
_MOST_MEASURANDS: Final = 3
_ENERGY: Final = "Energy.Active.Import.Register"


def _of(number: int) -> Bend:
    """Give all meter values this transaction."""
    return on(_METER_VALUES)(lambda payload: payload.update({_ID: number}))


def _without_id(payload: Payload) -> None:
    payload.pop(_ID, None)


def _at_random(bending: Bending) -> None:
    if bending.action == _METER_VALUES and bending.random.random() < _SHARE_OF_ZEROS:
        bending.payload[_ID] = 0


def _left_empty(bending: Bending) -> None:
    if bending.action == _METER_VALUES:
        rest = {name: given for name, given in bending.payload.items() if name != _ID}
        bending.payload = {_ID: 0, **rest}
        bending.texts.append(replace_text('"transactionId":0', '"transactionId":'))


def _of_unknown(payload: Payload) -> None:
    if _ID in payload:
        payload[_ID] += _UNKNOWN_OFFSET


def _without_begin(bending: Bending) -> None:
    if is_start(bending):
        bending.payload.pop("meterValue", None)


def _lost_at_times(bending: Bending) -> None:
    """Lose meter values that are on their way, but nothing that begins or ends a transaction."""
    is_between = not is_start(bending) and not is_end(bending)
    has_values = any(meter_values(bending.payload))
    if is_between and has_values and bending.random.random() < _SHARE_LOST:
        bending.copies = 0


def _in_unknown_context(sample: Payload) -> None:
    sample["context"] = "CurrentMax"


def _without_measurand(bending: Bending) -> None:
    """Keep the register alone, which is what a value without a measurand is."""
    for each in meter_values(bending.payload):
        sampled = each.get("sampledValue", [])
        kept = [one for one in sampled if one.get("measurand", _ENERGY) == _ENERGY] or sampled
        for one in kept:
            one.pop("measurand", None)
        each["sampledValue"] = kept


def _is_list_of_measurands(name: str) -> bool:
    return name.endswith(("SampledData", "AlignedData", "Measurands"))


def _refuse_lists(longest: int) -> Twist:
    """Return a twist that rejects lists of measurands with more than `longest`."""

    def is_refused(name: object, text: object) -> bool:
        return _is_list_of_measurands(str(name)) and str(text).count(",") >= longest

    def twist(answering: Answering) -> None:
        asked = answering.payload
        if answering.action == "ChangeConfiguration":
            if is_refused(asked.get("key"), asked.get("value")):
                answering.answer = {"status": "Rejected"}
        elif answering.action == "SetVariables":
            refused = [
                each
                for each in asked["setVariableData"]
                if is_refused(each["variable"]["name"], each["attributeValue"])
            ]
            _refuse_variables(answering, refused)

    return twist


def _refuse_variables(answering: Answering, refused: list[Payload]) -> None:
    if not refused:
        return
    asked = answering.payload["setVariableData"]
    results = [
        {
            "attributeStatus": "Rejected",
            "component": each["component"],
            "variable": each["variable"],
        }
        for each in refused
    ]
    left = [each for each in asked if each not in refused]
    if not left:
        answering.answer = {"setVariableResult": results}
        return
    answering.payload["setVariableData"] = left
    answering.then.append(lambda answer: answer["setVariableResult"].extend(results))


def _sample(name: str, summary: str, effects: Effects, quirk: int, *, only: str = "") -> Fault:
    versions = frozenset({only}) if only else frozenset({"1.6", "2.0.1"})
    return Fault(name, summary, effects, group=Group.METERS, quirks=(quirk,), versions=versions)


_ONE_SIX: Final = Version.V16.value

FAULTS: Final = (
    _sample(
        "meter-values-of-no-transaction",
        "leaves the transaction out of the meter values of a transaction",
        Effects(bends=(on(_METER_VALUES)(_without_id),)),
        9,
        only=_ONE_SIX,
    ),
    _sample(
        "meter-values-of-transaction-0",
        "gives all meter values transaction 0",
        Effects(bends=(_of(0),)),
        9,
        only=_ONE_SIX,
    ),
    _sample(
        "transaction-0-at-random",
        "gives every fifth set of meter values, by chance, transaction 0",
        Effects(bends=(_at_random,)),
        9,
        only=_ONE_SIX,
    ),
    _sample(
        "transaction-int64-max",
        "gives all meter values transaction 9223372036854775807, where none runs too",
        Effects(bends=(_of(_INT64_MAX),)),
        9,
        only=_ONE_SIX,
    ),
    _sample(
        "transaction-left-empty",
        'writes "transactionId":, into meter values, which is no JSON',
        Effects(bends=(_left_empty,)),
        9,
        only=_ONE_SIX,
    ),
    _sample(
        "meter-values-of-unknown-transaction",
        "sends meter values for a transaction of which nobody has heard",
        Effects(bends=(on(_METER_VALUES)(_of_unknown),)),
        10,
        only=_ONE_SIX,
    ),
    _sample(
        "meter-values-after-stop",
        "sends a set of meter values some seconds after the transaction's end",
        Effects(speaks_after_stop=True),
        10,
    ),
    _sample(
        "values-lost",
        "loses every fifth set of meter values of a transaction, by chance",
        Effects(bends=(_lost_at_times,)),
        10,
    ),
    _sample(
        "begin-after-periodic",
        "sends the values of Transaction.Begin after the second periodic ones",
        Effects(begins_late=True, bends=(_without_begin,)),
        14,
    ),
    _sample(
        "short-measurand-lists",
        "rejects lists of more than three measurands",
        Effects(twists=(_refuse_lists(_MOST_MEASURANDS),)),
        18,
    ),
    _sample(
        "fixed-measurands",
        "rejects every list of measurands, of which it says that they can be written",
        Effects(twists=(_refuse_lists(0),)),
        18,
    ),
    _sample(
        "old-history",
        "sends the values of the last 24 hours whenever it has connected",
        Effects(tells_history=True),
        19,
    ),
    _sample(
        "unknown-context",
        "gives meter values the context CurrentMax, which there is not",
        Effects(bends=(change_samples(_in_unknown_context),)),
        19,
    ),
    _sample(
        "no-measurand",
        "sends the register alone and names no measurand",
        Effects(bends=(_without_measurand,)),
        19,
    ),
)
"""In the order in which they are listed."""
