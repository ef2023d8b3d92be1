"""Local authorization lists, kept in step with the tokens. Source: OCPP 1.6, 5.15; 2.0.1, block D.

What a station has accepted is believed to be on its list, whoever sent it. After a refusal, or
where the station tells another version than the last that it took, the next list is a full one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from csms.domain.features import Feature
from csms.domain.local_list import (
    NONE,
    UNSUPPORTED,
    ListEntry,
    load_local_list,
)
from csms.domain.operations.authorization import GetLocalListVersion, SendLocalList
from csms.domain.operations.base import WHOLE
from csms.domain.operations.prepared import PreparedList
from csms.domain.token import Named, TokenStatus, token_key
from csms.engine.authorization import authorization_of
from csms.engine.device_model_limits import bytes_of, items_of
from csms.engine.supports import require, supports
from csms.engine.token_names import named
from csms.engine.use_case import UseCase
from csms.engine.writes import RecordWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from csms.domain.answered import Answered
    from csms.domain.local_list import ListAnswered, ListVersionTold
    from csms.domain.operations import Operation
    from csms.domain.token import Authorization, Token
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.policy import Policy
    from csms.engine.state import StationState
    from csms.engine.work import Work

LOCAL_LISTS: Final = "local-lists"
MOST_ENTRIES: Final = 20_000
_TRIES = 3
_TOLD_BY_BOTH: Final = {
    TokenStatus.ACCEPTED,
    TokenStatus.BLOCKED,
    TokenStatus.EXPIRED,
    TokenStatus.INVALID,
    TokenStatus.CONCURRENT_TX,
}


def load_all(engine: Engine, docs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Takes up what is believed of the stations' lists; returns why some cannot be read."""
    unreadable: dict[str, str] = {}
    for station_id, doc in docs.items():
        station = engine.stations.get(station_id)
        if station is None:
            continue
        try:
            station.local_list = load_local_list(doc)
        except (KeyError, TypeError, ValueError) as error:
            unreadable[station_id] = f"{type(error).__name__}: {error}"
    return unreadable


async def prepare(engine: Engine, work: Work, operation: SendLocalList) -> SendLocalList:
    """Looks whether a list can be sent. Raises: OperationRefused, naming what is at fault."""
    del engine
    require(work.station, Feature.LOCAL_LIST, "local authorization list")
    known = work.station.local_list
    if known.told == UNSUPPORTED:
        raise OperationRefused(f"{work.station.id} says that it has no local authorization list")
    if _is_full(work.station, operation):
        if operation.remove:
            raise OperationRefused("a Full list removes all that is not on it", "remove")
        return operation
    newest = known.newest
    if newest is None and operation.version is None:
        raise OperationRefused(
            f"nobody knows which version the list of {work.station.id} has: "
            "ask get_local_list_version first, send it Full, or give a version",
            "update_type",
        )
    if operation.version is not None and newest is not None and operation.version <= newest:
        raise OperationRefused(f"must be higher than {newest}, which the station has", "version")
    return operation


def complete(
    engine: Engine, station: StationState, operation: SendLocalList, now: datetime
) -> PreparedList:
    """Returns a list as it leaves. Raises: OperationRefused if it cannot be made."""
    is_full = _is_full(station, operation)
    if operation.tokens is None and (is_full or operation.remove is None):
        entries = _wanted(engine.policy, station, now)
        if not is_full:
            entries = _changes(engine.policy, station, entries)
    else:
        entries = _named_tokens(engine.policy, station, operation.tokens or [], now)
        if is_full:
            entries = [each for each in entries if each.authorization is not None]
            if operation.tokens and not entries:
                raise OperationRefused("none of them is known", "tokens")
    removed = [_removal(engine.policy, station, text) for text in operation.remove or ()]
    chosen = {each.key: each for each in (*entries, *removed)}
    most = min(items_of(station.record).get("LocalAuthList", MOST_ENTRIES), MOST_ENTRIES)
    if sum(each.authorization is not None for each in chosen.values()) > most:
        raise OperationRefused(
            f"{len(chosen)} tokens are more than a list can have ({most}): name them", "tokens"
        )
    return PreparedList(
        operation.version or _next_version(station, is_full=is_full),
        is_full,
        tuple(sorted(chosen.values(), key=_is_accepted)),
        items_of(station.record).get("SendLocalList"),
        bytes_of(station.record).get("SendLocalList"),
    )


def unanswered(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Doubts a list that left and was not answered."""
    del engine
    if answer.status is None and running.sent_at is not None:
        known = work.station.local_list
        known.is_doubtful, known.is_in_parts = True, False
        _save(work)


def answered(engine: Engine, work: Work, said: ListAnswered) -> None:
    """Takes what a station makes of a list; only what it accepts counts.

    A list of which more parts follow is in doubt until the last one; it is written when that
    begins and when it is settled, not with each part.
    """
    known = work.station.local_list
    known.status, known.updated_at = said.status, work.now
    if said.status == TokenStatus.ACCEPTED.value:
        known.version = known.told = said.version
        known.failures = 0
        if said.is_full:
            known.entries, known.is_doubtful = {}, False
        for text in said.removed:
            known.entries.pop(token_key(text), None)
        for listed in said.entries:
            known.entries[token_key(listed.text)] = listed
        if work.has_more:
            _begin_parts(work, is_full=said.is_full)
            return
        if known.is_in_parts:
            known.is_in_parts = known.is_doubtful = False
        work.note("local_list.accepted", version=said.version, entries=len(known.entries))
    else:
        known.is_doubtful, known.is_in_parts = True, False
        known.failures += 1
        work.warn("local_list.refused", status=said.status, version=said.version)
        is_wanted = engine.policy.token_rules.local_lists and not said.is_full
        if is_wanted and known.failures < _TRIES:
            work.asks.append(SendLocalList())
    _save(work)


def _begin_parts(work: Work, *, is_full: bool) -> None:
    """Has a list be in doubt until its last part; one that was in doubt before stays so."""
    known = work.station.local_list
    if known.is_in_parts or (known.is_doubtful and not is_full):
        return
    known.is_in_parts = known.is_doubtful = True
    _save(work)


def version_told(engine: Engine, work: Work, said: ListVersionTold) -> None:
    """Takes which version a station says its list has; one that is not ours must be renewed."""
    known = work.station.local_list
    known.told, known.updated_at = said.version, work.now
    if said.version in {UNSUPPORTED, NONE}:
        known.version, known.entries, known.is_doubtful = None, {}, False
    elif said.version != known.version:
        known.is_doubtful = True
    _save(work)
    work.is_list_due = engine.policy.token_rules.local_lists


def connected(engine: Engine, work: Work) -> None:
    """Asks which list a station has, where lists are to be kept in step."""
    station = work.station
    is_wanted = engine.policy.token_rules.local_lists
    if is_wanted and supports(station, Feature.LOCAL_LIST) is not False:
        work.asks.append(GetLocalListVersion())


def is_behind(engine: Engine, station: StationState, now: datetime) -> bool:
    """Tells whether a station's list differs from what it should be; slow with many tokens."""
    known = station.local_list
    if known.told in {None, UNSUPPORTED} or supports(station, Feature.LOCAL_LIST) is False:
        return False
    wanted = _wanted(engine.policy, station, now)
    if len(wanted) > MOST_ENTRIES:
        return False
    return known.is_doubtful or bool(_changes(engine.policy, station, wanted))


def forget(engine: Engine, work: Work, token: str) -> None:
    """Has a token taken off a station's list, if it is believed to be there.

    Source: OCPP 2.0.1 part 2, N10.FR.08.
    """
    del engine
    known = work.station.local_list
    if token_key(token) in known.entries and known.newest is not None:
        work.asks.append(SendLocalList(update_type="Differential", tokens=[], remove=[token]))


def _next_version(station: StationState, *, is_full: bool) -> int:
    """Returns the version of the next list; a full one begins anew where numbers run out."""
    newest = max(station.local_list.newest or 0, 0)
    if newest + MOST_ENTRIES < WHOLE:
        return newest + 1
    if is_full:
        return 1
    raise OperationRefused(f"the version {newest} cannot be raised: send the list Full")


def _is_full(station: StationState, operation: SendLocalList) -> bool:
    if operation.update_type is not None:
        return operation.update_type == "Full"
    known = station.local_list
    is_wanted_in_part = bool(operation.remove)
    return not is_wanted_in_part and (known.is_doubtful or not known.version)


def _wanted(policy: Policy, station: StationState, now: datetime) -> list[ListEntry]:
    """Returns what should be on a station's list: all tokens that may charge at all its EVSEs."""
    return [
        _entry(policy, token, now)
        for token in list(policy.tokens.values())
        if token.kind != "NoAuthorization"
        and len(token.text) <= station.longest_token
        and (
            not (token.sites or token.stations or token.evses)
            or token.evses_at(station.id, station.record.site) is None
        )
    ]


def _changes(policy: Policy, station: StationState, wanted: Iterable[ListEntry]) -> list[ListEntry]:
    """Returns the entries that differ from what is believed, and those to be taken off."""
    there = station.local_list.entries
    keys: set[str] = set()
    changed: list[ListEntry] = []
    for entry in wanted:
        keys.add(entry.key)
        listed = there.get(entry.key)
        if listed is None or not entry.is_told_by(listed):
            changed.append(entry)
    gone = [_removal(policy, station, key) for key in there if key not in keys]
    return [*gone, *changed]


def _named_tokens(
    policy: Policy, station: StationState, texts: Iterable[str], now: datetime
) -> list[ListEntry]:
    """Returns the entries of some tokens; one that is not known is taken off."""
    found = []
    for text in texts:
        token = policy.token(text)
        if token is None:
            found.append(_removal(policy, station, text))
        else:
            found.append(_entry(policy, token, now))
    return found


def _entry(policy: Policy, token: Token, now: datetime) -> ListEntry:
    """Returns what a list says of a token, in words of both versions."""
    return ListEntry(
        named(policy, token.text), _for_lists(authorization_of(policy, token, now), token)
    )


def _for_lists(judged: Authorization, token: Token) -> Authorization:
    status = judged.status
    if status not in _TOLD_BY_BOTH:
        is_poor = status is TokenStatus.NO_CREDIT
        status = TokenStatus.BLOCKED if is_poor else TokenStatus.INVALID
    return replace(judged, status=status, cached_until=token.expires_at)


def _removal(policy: Policy, station: StationState, text: str) -> ListEntry:
    """Returns what takes a token off: it is named as it stands on the list."""
    listed = station.local_list.entries.get(token_key(text))
    if listed is None:
        return ListEntry(named(policy, text))
    return ListEntry(Named(listed.text, listed.kind or named(policy, text).kind))


def _is_accepted(entry: ListEntry) -> bool:
    """Sorts: what may not charge any more goes out first."""
    told = entry.authorization
    return told is not None and told.status is TokenStatus.ACCEPTED


def _save(work: Work) -> None:
    station = work.station
    work.writes.append(RecordWrite(LOCAL_LISTS, station.id, station.local_list.dump()))


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    SendLocalList: UseCase(prepare, unanswered, complete=complete, is_long=True),
}
