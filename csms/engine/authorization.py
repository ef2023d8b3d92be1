"""Whether a token may charge. Source: OCPP 1.6, 4.1; OCPP 2.0.1 part 2, block C."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from csms.domain.certificate_facts import CertificateStatus
from csms.domain.facts import AuthorizationAnswer, EventKind
from csms.domain.token import Authorization, TokenStatus, token_key
from csms.engine import contracts, identified
from csms.engine.policy import TokensWhileAway

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import AuthorizationRequested, TransactionReported
    from csms.domain.station import Station
    from csms.domain.token import Token, TokenRef
    from csms.engine.engine import Engine
    from csms.engine.policy import Policy
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

_ACCEPTED: Final = TokenStatus.ACCEPTED
_HASHED: Final = ("hash_algorithm", "issuer_name_hash", "issuer_key_hash", "serial_number")
_BEGINS: Final = frozenset({"Authorized", "RemoteStart"})


@dataclass(frozen=True, slots=True)
class Presented:
    """Where a token was presented, and what for.

    `evse` None where the station does not say. `is_start` where a transaction is to begin with it,
    in `session_id` if that is known already.
    """

    station: Station
    evse: int | None = None
    is_start: bool = False
    session_id: str | None = None


async def authorize(
    engine: Engine, work: Work, fact: AuthorizationRequested
) -> AuthorizationAnswer:
    """Judges a token that was presented without a transaction."""
    identified.authorized(work, fact.token)
    authorization = judge(engine, fact.token, work.now, Presented(work.station.record))
    authorization, certificate_status = contracts.judged(fact.contract, authorization)
    if authorization.status is _ACCEPTED and _has_another_contract(engine, fact):
        authorization = replace(authorization, status=TokenStatus.INVALID)
        certificate_status = CertificateStatus.CONTRACT_CANCELLED
    if authorization.status is not _ACCEPTED:
        is_known = engine.policy.find_token(fact.token) is not None
        hint = None if is_known else "PUT /api/v1/tokens/{token} makes a token known"
        status = authorization.status.value
        work.note("token.refused", token=fact.token.text, status=status, hint=hint)
    return AuthorizationAnswer(authorization, certificate_status)


def _has_another_contract(engine: Engine, fact: AuthorizationRequested) -> bool:
    """Tells whether a token came with a contract that is none of those it is stored with."""
    known = engine.policy.find_token(fact.token)
    if known is None or not known.contract_certificates or fact.contract is None:
        return False
    stored = [tuple(each[name].lower() for name in _HASHED) for each in known.contract_certificates]
    shown = [
        tuple(str(getattr(each, name)).lower() for name in _HASHED) for each in fact.contract.hashes
    ]
    return bool(shown) and not any(each in stored for each in shown)


def judge_reported(
    engine: Engine, work: Work, fact: TransactionReported, live: LiveSession | None
) -> Authorization | None:
    """Returns the judgement on the token that came with a report, None if none came.

    `live` is the session that the report is about, None if it is to begin one.
    """
    if fact.token is None:
        return None
    session = None if live is None else live.session
    is_start = fact.kind is EventKind.STARTED or (
        fact.kind is EventKind.UPDATED
        and fact.trigger in _BEGINS
        and (session is None or session.token is None)
    )
    evse = fact.evse if session is None else fact.evse or session.evse
    place = Presented(work.station.record, evse, is_start, None if session is None else session.id)
    return judge(engine, fact.token, work.now, place)


def judge(
    engine: Engine, token: TokenRef, now: datetime, place: Presented | None = None
) -> Authorization:
    """Returns the judgement at this moment, by the operator's rule while the database is away."""
    policy = engine.policy
    rule = policy.tokens_while_away if engine.store.is_behind else TokensWhileAway.LAST_KNOWN
    if rule is TokensWhileAway.REFUSE and token.kind != "NoAuthorization":
        return Authorization(TokenStatus.INVALID)
    accepts = rule is TokensWhileAway.ACCEPT
    judged = judge_token(policy, token, now, place, accepts_unknown=accepts)
    if judged.status is _ACCEPTED and place is not None and place.is_start:
        return _judge_start(engine, token, judged, place)
    return judged


def judge_token(
    policy: Policy,
    token: TokenRef,
    now: datetime,
    place: Presented | None = None,
    *,
    accepts_unknown: bool = False,
) -> Authorization:
    """Returns the judgement from the tokens that are known. A block outweighs an expiry.

    A 2.0.1 token of type NoAuthorization is accepted as such; every other one is looked up,
    whatever type it was stored with. Source: OCPP 2.0.1 part 2, C01.FR.18 to FR.22, C02.FR.02.
    """
    if token.kind == "NoAuthorization":
        return Authorization(_ACCEPTED)
    known = policy.find_token(token)
    if known is None:
        accepts = (policy.accept_unknown_tokens or accepts_unknown) and bool(token.key)
        return Authorization(_ACCEPTED if accepts else TokenStatus.INVALID)
    judged = authorization_of(policy, known, now)
    if judged.status is not _ACCEPTED or place is None:
        return judged
    return _judge_place(known, judged, place)


def authorization_of(policy: Policy, known: Token, now: datetime) -> Authorization:
    """Returns the judgement on a token that is known, wherever it is presented.

    A station may remember it until the token expires, at most for `policy.token_rules.cache_s`.
    Source: OCPP 1.6, 7.27 (expiryDate); OCPP 2.0.1 part 2, C10.FR.13 and IdTokenInfoType.
    """
    cached_until = known.expires_at
    if policy.token_rules.cache_s is not None:
        latest = now + timedelta(seconds=policy.token_rules.cache_s)
        cached_until = latest if cached_until is None else min(latest, cached_until)
    group = known.group or known.parent
    stored = policy.token(group)
    return Authorization(
        known.status_at(now),
        cached_until,
        known.parent or known.group,
        group,
        "Central" if stored is None or stored.kind is None else stored.kind,
        language=known.language,
        message=known.message,
    )


def _judge_place(known: Token, judged: Authorization, place: Presented) -> Authorization:
    allowed = known.evses_at(place.station.id, place.station.site)
    if allowed is None:
        return judged
    if not allowed:
        return replace(judged, status=TokenStatus.NOT_AT_THIS_LOCATION)
    if place.evse and place.evse not in allowed:
        return replace(judged, status=TokenStatus.NOT_ALLOWED_TYPE_EVSE, evses=allowed)
    return replace(judged, evses=allowed)


def _judge_start(
    engine: Engine, token: TokenRef, judged: Authorization, place: Presented
) -> Authorization:
    """Judges what only counts where a transaction begins.

    A master pass ends transactions of others and begins none. Source: OCPP 2.0.1 part 2,
    C12.FR.09 and C16.FR.03. How many may run at once is the operator's decision, by default any
    number. Source: OCPP 1.6, 7.2 (ConcurrentTx).
    """
    policy = engine.policy
    master = policy.token_rules.master_pass_group
    if master and judged.group is not None and token_key(judged.group) == token_key(master):
        return replace(judged, status=TokenStatus.INVALID)
    known = policy.find_token(token)
    most = None if known is None else known.max_transactions
    most = most or policy.token_rules.max_transactions
    if most is None or token.kind == "NoAuthorization":
        return judged
    key = token.key if known is None else known.key
    if _running(engine, key, place.session_id) >= most:
        return replace(judged, status=TokenStatus.CONCURRENT_TX)
    return judged


def _running(engine: Engine, key: str, session_id: str | None) -> int:
    """Counts the transactions that a token has running, at all stations."""
    return sum(
        1
        for station in engine.stations.values()
        for live in station.running.values()
        if live.session.token is not None
        and live.session.id != session_id
        and token_key(live.session.token) == key
        and live.session.token_status in {None, _ACCEPTED.value}
        and "superseded" not in live.session.flags
    )
