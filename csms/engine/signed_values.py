"""Signed meter values of a session: kept, and verified when it is over.

A verdict says whether begin and end of the session's energy are proven by the meter's own
signature, and whether they are the energy that the session is billed by. It never changes what a
session's energy is.
Source: "Signed Meter Values in OCPP" (Open Charge Alliance); OCMF 1.0 to 1.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.ocmf import OcmfInvalid, OcmfUnknown, read_ocmf
from csms.domain.ocmf_pairs import Pair, faults_of, pair_of
from csms.domain.signed_value import OCMF, keep
from csms.engine.meter_keys import FIRST_USE, MESSAGE, keys_of, read_key, set_key
from csms.engine.signature import is_signed_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from csms.domain.ocmf import Ocmf, OcmfReading
    from csms.domain.sample import Sample
    from csms.domain.session import Session
    from csms.domain.station import Station
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

VALID, INVALID, UNVERIFIABLE = "valid", "invalid", "unverifiable"
NO_KEY, INCONSISTENT = "no_key", "inconsistent"
STATES: Final = (VALID, INVALID, UNVERIFIABLE, NO_KEY, INCONSISTENT)
_IN_SHORT: Final = ("format", "state", "why", "energy_wh", "agrees", "key_source")
_SOURCES: Final = {
    "operator": "set by the operator",
    "station": "told by the station's configuration",
    "first_use": "first seen beside a signed value (trust on first use)",
    "message": "sent along",
}


class _Verdict(Exception):  # noqa: N818 - how a check ends
    """A state other than valid, and why."""

    def __init__(self, state: str, *why: str) -> None:
        super().__init__(state)
        self.state, self.why = state, why


def note(live: LiveSession, samples: Iterable[Sample]) -> None:
    """Keeps what the meter has signed of a session, in whatever order it comes."""
    session = live.session
    for sample in samples:
        if sample.signed:
            session.signed = keep(session.signed, sample.signed, sample.at, sample.context)


def verdict(session: Session, station: Station) -> dict[str, Any] | None:
    """Returns what the signed values of a session prove; None where none came. JSON-able.

    `state` is one of `STATES`, `why` a sentence. `begin` and `end` are the readings, registers in
    watt-hours; `agrees` whether their difference is the energy of the session's ledger within the
    steps of both, None if that cannot be told. `values` are the signed texts as they came. Never
    raises, whatever a station has sent.
    """
    kept = session.signed
    if not kept or not kept["values"]:
        return None
    known: dict[str, Any] | None = kept.get("verdict")
    if known is not None and kept.get("of") == _basis(session, station):
        return {**known, "values": _raw(kept)}
    return _judged(session, station, kept)


def in_short(session: Session) -> dict[str, Any] | None:
    """Returns what the signatures of a session that is over prove, without the values."""
    found: dict[str, Any] | None = (session.signed or {}).get("verdict")
    return None if found is None else {name: found[name] for name in _IN_SHORT}


def settle(work: Work, live: LiveSession) -> dict[str, Any] | None:
    """Verifies what a session brought once it is over, and remembers a first key.

    Returns the verdict if it is a new one: the first, or of another state than the one before.
    """
    session, kept = live.session, live.session.signed
    if not kept or session.is_active or not kept["values"]:
        return None
    station = work.station.record
    if kept.get("of") == _basis(session, station):
        return None
    found, before = _judged(session, station, kept), kept.get("verdict")
    if found["key_source"] == FIRST_USE and not keys_of(station, session.evse):
        set_key(work, session.evse, FIRST_USE, found["public_key"])
    stored = {name: each for name, each in found.items() if name != "values"}
    session.signed = {**kept, "verdict": stored, "of": _basis(session, station)}
    work.touch(live)
    is_news = before is None or before["state"] != found["state"]
    return found if is_news else None


def _basis(session: Session, station: Station) -> list[Any]:
    """Returns what a verdict rests on beside the values themselves."""
    return [session.energy_milliwh, *(key for _, key in keys_of(station, session.evse))]


def _judged(session: Session, station: Station, kept: Mapping[str, Any]) -> dict[str, Any]:
    doc: dict[str, Any] = {
        "format": _formats(kept),
        "state": VALID,
        "why": "",
        "faults": [],
        "begin": None,
        "end": None,
        "energy_wh": None,
        "ledger_wh": None if (of := session.energy_milliwh) is None else of / 1000,
        "agrees": None,
        "public_key": None,
        "key_source": None,
        "values": _raw(kept),
    }
    try:
        records = [_read(each) for each in kept["values"]]
        pair = pair_of(records)
        _describe(doc, pair, records, session.energy_milliwh)
        _verify(doc, kept, records, station, session.evse)
        _hold_against(doc, records, pair, session)
    except _Verdict as end:
        doc |= {"state": end.state, "why": end.why[0], "faults": list(end.why)}
    else:
        energy = doc["energy_wh"] / 1000
        doc["why"] = f"Begin and end are signed, {energy:.3f} kWh; the key was {_source(doc)}."
    return doc


def _raw(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    members = ("context", "encoding", "method", "data")
    return [{name: each[name] for name in members} for each in kept["values"]]


def _formats(kept: Mapping[str, Any]) -> str:
    names = dict.fromkeys(each["encoding"] or "unknown" for each in kept["values"])
    return ", ".join(names)


def _read(entry: Mapping[str, Any]) -> Ocmf:
    which = _which(entry)
    if entry["problem"]:
        state = INVALID if entry["encoding"] == OCMF else UNVERIFIABLE
        raise _Verdict(state, f"The signed value {which} {entry['problem']}.")
    if entry["encoding"] != OCMF:
        name = entry["encoding"] or "not named"
        raise _Verdict(
            UNVERIFIABLE, f"The format of the signed value {which} is {name}; only OCMF is checked."
        )
    try:
        return read_ocmf(entry["data"])
    except OcmfInvalid as error:
        raise _Verdict(INVALID, f"The signed value {which} {error}.") from None
    except OcmfUnknown as error:
        raise _Verdict(UNVERIFIABLE, f"The signed value {which} {error}.") from None


def _which(entry: Mapping[str, Any]) -> str:
    return f"({entry['context']})"


def _describe(
    doc: dict[str, Any], pair: Pair, records: list[Ocmf], ledger_milliwh: int | None
) -> None:
    doc["begin"] = _reading_view(pair.begin, records[0])
    doc["end"] = _reading_view(pair.end, records[-1])
    energy = pair.energy_wh
    if energy is None:
        return
    doc["energy_wh"] = _rounded(energy)
    if ledger_milliwh is not None:
        doc["agrees"] = abs(energy * 1000 - ledger_milliwh) <= pair.tolerance_wh * 1000


def _reading_view(reading: OcmfReading | None, record: Ocmf) -> dict[str, Any] | None:
    if reading is None:
        return None
    register = reading.register_wh
    return {
        "at": None if reading.at is None else reading.at.isoformat().replace("+00:00", "Z"),
        "time_status": reading.time_status,
        "register_wh": None if register is None else _rounded(register),
        "register": reading.obis,
        "status": reading.status,
        "meter": record.meter,
        "pagination": record.pagination,
    }


def _rounded(energy_wh: Decimal) -> float:
    """Returns an energy in watt-hours, to the milliwatt-hour."""
    return int((energy_wh * 1000).to_integral_value()) / 1000


def _verify(
    doc: dict[str, Any],
    kept: Mapping[str, Any],
    records: list[Ocmf],
    station: Station,
    evse: int | None,
) -> None:
    """Checks each signature. Raises: _Verdict unless all are made by one key that is trusted."""
    known, sent = keys_of(station, evse), _sent(kept, records)
    trusted = known[:1] or [(FIRST_USE, key) for key in sent[:1]]
    if not trusted:
        raise _Verdict(NO_KEY, _why_no_key(kept))
    candidates = [*trusted, *known[1:], *((MESSAGE, key) for key in sent)]
    doc["key_source"], doc["public_key"] = trusted[0]
    for entry, record in zip(kept["values"], records, strict=True):
        signer = _signer(entry, record, candidates)
        if signer is None:
            raise _Verdict(
                INVALID,
                f"The signature of the value {_which(entry)} does not fit its text: it was "
                f"changed, or signed with another key than the one {_source(doc)}.",
            )
        if signer[1] != trusted[0][1]:
            raise _Verdict(
                INCONSISTENT,
                f"The value {_which(entry)} is signed with another key than the one "
                f"{_source(doc)}. If the meter was replaced, set its new key.",
            )


def _signer(
    entry: Mapping[str, Any], record: Ocmf, candidates: list[tuple[str, str]]
) -> tuple[str, str] | None:
    method = record.method or entry["method"]
    try:
        for source, key in candidates:
            if is_signed_by(key, method, record.signature, record.signed_text):
                return source, key
    except OcmfUnknown as error:
        raise _Verdict(UNVERIFIABLE, f"The signed value {_which(entry)} {error}.") from None
    return None


def _sent(kept: Mapping[str, Any], records: list[Ocmf]) -> list[str]:
    """Returns the readable keys that came with the values, each once, the first one first."""
    keys: dict[str, None] = {}
    for text in (*(each["key"] for each in kept["keys"]), *(each.embedded_key for each in records)):
        try:
            keys[read_key(text)] = None
        except ValueError:
            continue
    return list(keys)


def _why_no_key(kept: Mapping[str, Any]) -> str:
    for each in kept["keys"]:
        try:
            read_key(each["key"])
        except ValueError as error:
            return f"The public key that came along {error}. Set the meter's key."
    return "No public key is known: none came along, none is set. Set the meter's key."


def _source(doc: Mapping[str, Any]) -> str:
    return _SOURCES[doc["key_source"]]


def _hold_against(doc: dict[str, Any], records: list[Ocmf], pair: Pair, session: Session) -> None:
    begun = [at for at in (session.started_at, session.started_at_station) if at is not None]
    ended = [at for at in (session.ended_at, session.ended_at_station) if at is not None]
    faults = faults_of(records, pair, begun, ended)
    if doc["agrees"] is False:
        faults.append(
            f"The signed energy is {doc['energy_wh']:g} Wh, that of the session "
            f"{doc['ledger_wh']:g} Wh."
        )
    if faults:
        raise _Verdict(INCONSISTENT, *faults)
