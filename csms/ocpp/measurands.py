"""Meter values of either version to samples: one set of units, each repair by its name.

A value that is as the specification writes it is placed by one look-up; every other one takes
the slow way of `csms.ocpp.odd_values`.
Source: OCPP 1.6, 7.33 and 7.43; OCPP 2.0.1 part 2, MeterValueType and SampledValueType.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from csms.domain.sample import PERIODIC
from csms.ocpp.draft import Draft, milliwh, milliwh_of
from csms.ocpp.odd_values import Dialect, is_decimal, take_odd
from csms.ocpp.places import PLACES, SOC
from csms.ocpp.reading import clipped, instant_of
from csms.ocpp.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from csms.domain.sample import Sample
    from csms.ocpp.reading import Notes
    from csms.ocppj.frames import Payload

    Take = Callable[[Draft, Payload, Notes], None]
    Drafts = dict[tuple[datetime, str], Draft]

_MAX_CONTEXT: Final = 100
_MAX_NUMBER: Final = 1e12
_DECIMALS: Final = 6
_NO_UNIT: Final[Mapping[str, Any]] = MappingProxyType({})


def read_samples(
    payload: Payload, name: str, received_at: datetime, take: Take, notes: Notes
) -> tuple[Sample, ...]:
    """Returns one sample for each timestamp and context in a list of meter values, as they come.

    `take` is `take_v16` or `take_v201`. A timestamp that is none is replaced by `received_at`,
    and the sample's `assumed` says `at:received`.
    """
    entries = payload.get(name)
    if type(entries) is not list:
        entries = _listed(name, entries, notes)
    drafts: Drafts = {}
    for entry in entries:
        if type(entry) is dict:
            _read_entry(entry, received_at, take, drafts, notes)
        else:
            notes.ignored(name, entry)
    samples = []
    for (at, context), draft in drafts.items():
        sample = draft.finish(at, context, notes)
        if sample is not None:
            samples.append(sample)
    return tuple(samples)


def read_required_samples(
    payload: Payload, name: str, received_at: datetime, take: Take, notes: Notes
) -> tuple[Sample, ...]:
    """Returns the same.

    Raises: Unreadable if there is nothing that could be a list of meter values.
    """
    if not isinstance(payload.get(name), list | dict):
        raise Unreadable(name, "is missing or no list")
    return read_samples(payload, name, received_at, take, notes)


def take_v16(draft: Draft, sampled: Payload, notes: Notes) -> None:
    """Takes a sampled value of 1.6, where numbers are texts."""
    get = sampled.get
    text = get("value")
    try:
        place = PLACES.get((get("measurand"), get("phase"), get("unit"), get("location")))
    except TypeError:
        place = None
    if (
        place is None
        or type(text) is not str
        or not is_decimal(text)
        or ("format" in sampled and sampled["format"] != "Raw")
    ):
        take_odd(draft, sampled, Dialect.TEXT, notes)
        return
    slot, is_energy, exponent, assumed = place
    if is_energy:
        number: float = milliwh(text, exponent)
    else:
        number = float(f"{text}e{exponent}" if exponent else text)
    values = draft.values
    if slot < SOC and values[slot] is None:
        values[slot] = number
    else:
        draft.put(slot, number, sampled, notes)
    if assumed:
        draft.assume(assumed)


def take_v201(draft: Draft, sampled: Payload, notes: Notes) -> None:
    """Takes a sampled value of 2.0.1, where numbers are numbers and units have a multiplier."""
    get = sampled.get
    raw = get("value")
    measure = get("unitOfMeasure", _NO_UNIT)
    try:
        place = PLACES.get((get("measurand"), get("phase"), measure.get("unit"), get("location")))
    except (AttributeError, TypeError):
        place = None
    if (
        place is None
        or measure.get("multiplier")
        or (type(raw) is not float and type(raw) is not int)
        or not -_MAX_NUMBER < raw < _MAX_NUMBER
        or "signedMeterValue" in sampled
    ):
        take_odd(draft, sampled, Dialect.NUMBER, notes)
        return
    slot, is_energy, exponent, assumed = place
    if is_energy:
        number: float = milliwh_of(raw, exponent)
    else:
        number = round(raw * 10.0**exponent, _DECIMALS) if exponent else float(raw)
    values = draft.values
    if slot < SOC and values[slot] is None:
        values[slot] = number
    else:
        draft.put(slot, number, sampled, notes)
    if assumed:
        draft.assume(assumed)


def _read_entry(
    entry: Payload, received_at: datetime, take: Take, drafts: Drafts, notes: Notes
) -> None:
    values = entry.get("sampledValue")
    if type(values) is not list:
        values = _listed("sampledValue", values, notes)
    if not values:
        return
    raw_at = entry.get("timestamp")
    at = instant_of(raw_at)
    if at is None:
        notes.add("time.unreadable", field="timestamp", raw=clipped(raw_at))
    context: object = None
    draft: Draft | None = None
    for sampled in values:
        if type(sampled) is not dict:
            notes.ignored("sampledValue", sampled)
            continue
        own_context = sampled.get("context")
        if draft is None or own_context != context:
            context = own_context
            draft = _draft(drafts, at or received_at, context, notes)
            if at is None:
                draft.assume(("at:received",))
        take(draft, sampled, notes)


def _draft(drafts: Drafts, at: datetime, context: object, notes: Notes) -> Draft:
    if context is None:
        context = PERIODIC
    elif not isinstance(context, str):
        notes.ignored("context", context)
        context = PERIODIC
    key = (at, context[:_MAX_CONTEXT])
    draft = drafts.get(key)
    if draft is None:
        draft = drafts[key] = Draft()
    return draft


def _listed(name: str, raw: object, notes: Notes) -> list[Any]:
    """Returns a member as the list it should be: a lone object is one, anything else none."""
    if isinstance(raw, dict):
        notes.repaired(name, raw, "list of one")
        return [raw]
    if raw is not None and not isinstance(raw, list):
        notes.ignored(name, raw)
    return []
