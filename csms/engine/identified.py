"""By what the vehicle of a session is known, as its station shows it, and whose session it is.

A token comes with the transaction; an address or a VIN may come beside it, in a variable, in an
event or in a vendor's own message, also before the session begins. Source: OCPP 1.6, 4.1 to 4.3;
OCPP 2.0.1 part 2, IdTokenType, AdditionalInfoType; part 2 appendices, ConnectedEV.VehicleId and
VehicleIdSensor. NotifyEVChargingNeeds tells nothing of who the vehicle is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.domain.emaid import contract_of
from csms.domain.vehicle import name_ref
from csms.domain.vehicle_ids import (
    Identity,
    IdentityKind,
    Shown,
    address_of,
    identities_of,
    identities_shown,
    vin_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from csms.domain.device_model import EventTold, VariableKey, VariableTold
    from csms.domain.facts import DataTransferred, TransactionReported
    from csms.domain.token import TokenRef
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_WAITS: Final = timedelta(minutes=15)
_SOON: Final = timedelta(minutes=5)
_KEPT: Final = 8
_DEEP, _MEMBERS, _LONGEST_JSON = 3, 60, 20_000
_ANY_PLACE: Final = 0
_VEHICLE_COMPONENTS: Final = {"connectedev", "vehicleidsensor"}
_VEHICLE_VARIABLES: Final = {"vehicleid", "evccid", "vin", "active", "id"}
_NAMES: Final[Mapping[str, IdentityKind]] = {
    **dict.fromkeys(("vin", "vehiclevin", "vehicleidentificationnumber"), IdentityKind.VIN),
    **dict.fromkeys(("emaid", "contractid", "emobilityaccountid"), IdentityKind.EMAID),
    **dict.fromkeys(("evccid", "evccmac", "evccmacaddress", "evmac"), IdentityKind.MAC),
    **dict.fromkeys(("evmacaddress", "mac", "macaddress", "vehicleid"), IdentityKind.MAC),
    **dict.fromkeys(("vehiclemac", "carmac", "vid"), IdentityKind.MAC),
}
_PLACES: Final = frozenset({"connectorid", "connector", "evseid", "evse"})


@dataclass(slots=True)
class Waiting:
    """What a station has shown that belongs to no session yet: by EVSE (0: unknown), and when."""

    shown: dict[tuple[int, str], tuple[datetime, str]] = field(default_factory=dict)

    def put(self, evse: int, ref: str, at: datetime, text: str) -> None:
        """Keeps an identity, the last few of a station."""
        self.shown.pop((evse, ref), None)
        self.shown[evse, ref] = (at, text)
        while len(self.shown) > _KEPT:
            del self.shown[next(iter(self.shown))]


def authorized(work: Work, token: TokenRef) -> None:
    """Remembers a token that was presented: the session that follows may have another one."""
    for read in identities_of(token):
        work.station.waiting.put(_ANY_PLACE, read.identity.ref, work.now, token.text)


def take(
    engine: Engine, work: Work, live: LiveSession, fact: TransactionReported, *, is_new: bool
) -> None:
    """Takes what a report of a transaction tells of its vehicle."""
    session, before = live.session, dict(live.session.identities)
    if fact.token is not None and fact.token.text == session.token:
        _take_token(engine, live, fact)
    elif fact.token is not None:
        for read in identities_of(fact.token):
            session.identities.setdefault(read.identity.ref, Shown.STOPPED)
    if is_new or session.evse is not None:
        _adopt(work, live, is_new=is_new)
    if session.identities != before:
        resolve(engine, work, live)


def told(engine: Engine, work: Work, variables: Iterable[VariableTold]) -> None:
    """Takes what variables tell of the vehicle at an EVSE."""
    for each in variables:
        if each.key.component.casefold() in _VEHICLE_COMPONENTS:
            for text in each.values.values():
                _take_variable(engine, work, each.key, text, None)


def events(engine: Engine, work: Work, found: Iterable[EventTold]) -> None:
    """Takes what events tell of the vehicle at an EVSE."""
    for each in found:
        if each.key.component.casefold() in _VEHICLE_COMPONENTS and not each.is_cleared:
            _take_variable(engine, work, each.key, each.value, each.transaction_id)


def vendor(engine: Engine, work: Work, fact: DataTransferred) -> None:
    """Takes what a vendor's message tells of a vehicle, in members named `vin`, `evccId` and so."""
    content = fact.content
    if isinstance(content, str):
        if not content.lstrip().startswith(("{", "[")) or len(content) > _LONGEST_JSON:
            return
        try:
            content = orjson.loads(content)
        except orjson.JSONDecodeError:
            return
    members = list(_members(content, _DEEP))[:_MEMBERS]
    found = [each for name, text in members if (each := named(name, text)) is not None]
    if not found:
        return
    transaction = next((text for name, text in members if name == "transactionid"), None)
    evse = next((text for name, text in members if name in _PLACES), "")
    place = int(evse) if re.fullmatch(r"[1-9][0-9]{0,8}", evse) else None
    live = _session_at(work, place, transaction)
    for identity, text in found:
        if live is None:
            work.station.waiting.put(place or _ANY_PLACE, identity.ref, work.now, text)
        else:
            _show(engine, work, live, (identity.ref, Shown.VENDOR), text)


def named(name: str, text: str) -> tuple[Identity, str] | None:
    """Returns the identity in a member with a name such as `evccId`, None if it holds none."""
    kind = _NAMES.get(_folded(name))
    if kind is None or not text.strip():
        return None
    if kind is IdentityKind.EMAID:
        contract = contract_of(text)
        return None if contract is None else (Identity(kind, contract.key), text)
    read = vin_of(text) if kind is IdentityKind.VIN else address_of(text, is_told=True)
    if read is None and kind is IdentityKind.MAC:
        read = vin_of(text)
    return None if read is None else (read.identity, text)


def resolve(engine: Engine, work: Work, live: LiveSession) -> None:
    """Finds out whose session it is by all that it has shown; called whenever that changes."""
    session, people = live.session, engine.policy.people
    refs = identities_shown(session.identities)
    found = people.vehicle_of(refs)
    account = people.account_of(refs, found.vehicle_id, session.started_at)
    is_news = (found.vehicle_id, account) != (session.vehicle_id, session.account)
    session.vehicle_id, session.account = found.vehicle_id, account
    work.touch(live)
    work.identified.add(session.id)
    if is_news:
        work.note("session.identified", live, vehicle_id=found.vehicle_id, account=account)
    if found.others and is_news:
        others = ", ".join(found.others)
        hint = "`csms vehicles merge` joins two records, `split` takes an identity off one"
        work.warn(
            "vehicle.contradiction", live, vehicle_id=found.vehicle_id, others=others, hint=hint
        )


def _take_token(engine: Engine, live: LiveSession, fact: TransactionReported) -> None:
    """Takes the identities of the session's own token in the place of those it had from one."""
    token, shown = fact.token, live.session.identities
    if token is None:
        return
    found = {read.identity.ref: Shown.TOKEN.value for read in identities_of(token)}
    known = engine.policy.find_token(token)
    if known is not None and known.vehicle:
        found[name_ref(known.vehicle)] = Shown.TOKEN
        vin = vin_of(known.vehicle)
        if vin is not None:
            found[vin.identity.ref] = Shown.TOKEN
    for each in _beside(fact.details.get("additional_info")):
        found.setdefault(each.ref, Shown.BESIDE)
    for ref in [ref for ref, how in shown.items() if how == Shown.TOKEN and ref not in found]:
        del shown[ref]
    shown.update(found)


def _beside(info: Any) -> Iterator[Identity]:  # noqa: ANN401 - as a station sent it
    """Yields what comes with a 2.0.1 token. Source: AdditionalInfoType."""
    for each in info if isinstance(info, list) else ():
        if isinstance(each, dict):
            kind, text = each.get("type"), each.get("additional_id_token")
            found = named(kind, text) if isinstance(kind, str) and isinstance(text, str) else None
            if found is not None:
                yield found[0]


def _adopt(work: Work, live: LiveSession, *, is_new: bool) -> None:
    """Takes what was shown before the session began: at its EVSE, or somewhere at the station."""
    waiting, session = work.station.waiting, live.session
    for (evse, ref), (at, text) in [*waiting.shown.items()] if waiting.shown else ():
        if work.now - at > _WAITS:
            del waiting.shown[evse, ref]
        elif evse != _ANY_PLACE and evse == session.evse:
            del waiting.shown[evse, ref]
            _take(live, ref, Shown.STATION, text)
        elif evse == _ANY_PLACE and is_new:
            if ref in session.identities:
                del waiting.shown[evse, ref]
            elif work.now - at <= _SOON:
                session.identities[ref] = Shown.BEFORE


def _take_variable(
    engine: Engine, work: Work, key: VariableKey, text: str, transaction: str | None
) -> None:
    if key.variable.casefold() not in _VEHICLE_VARIABLES:
        return
    read = vin_of(text) or address_of(text, is_told=True)
    if read is not None:
        ref, live = read.identity.ref, _session_at(work, key.evse, transaction)
        if live is None:
            work.station.waiting.put(key.evse or _ANY_PLACE, ref, work.now, text)
        else:
            _show(engine, work, live, (ref, Shown.STATION), text)


def _session_at(work: Work, evse: int | None, transaction: str | None) -> LiveSession | None:
    live = None if transaction is None else work.station.by_wire_id(transaction)
    return live or work.station.running_at(evse or None)


def _show(
    engine: Engine, work: Work, live: LiveSession, shown: tuple[str, Shown], text: str
) -> None:
    """Notes an identity of a session, unless it is known to be its own."""
    ref, how = shown
    if live.session.identities.get(ref) in {None, Shown.BEFORE, Shown.STOPPED}:
        _take(live, ref, how, text)
        resolve(engine, work, live)


def _take(live: LiveSession, ref: str, how: Shown, text: str) -> None:
    live.session.identities[ref] = how
    if live.session.vehicle is None:
        live.session.vehicle = text.strip()


def _members(content: Any, depth: int) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """Yields the plain members of a message, with folded names, also those further in."""
    if depth == 0:
        return
    if isinstance(content, list):
        for each in content[:_MEMBERS]:
            yield from _members(each, depth - 1)
    elif isinstance(content, dict):
        for name, value in content.items():
            if isinstance(value, dict | list):
                yield from _members(value, depth - 1)
            elif isinstance(value, str | int) and not isinstance(value, bool):
                yield _folded(str(name)), str(value)


def _folded(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
