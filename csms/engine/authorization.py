"""Whether a token may charge. Source: OCPP 1.6, 4.1; OCPP 2.0.1 part 2, block C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.facts import AuthorizationAnswer
from csms.domain.token import Authorization, TokenStatus
from csms.engine.policy import TokensWhileAway

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import AuthorizationRequested
    from csms.domain.token import TokenRef
    from csms.engine.engine import Engine
    from csms.engine.policy import Policy
    from csms.engine.work import Work


async def authorize(
    engine: Engine, work: Work, fact: AuthorizationRequested
) -> AuthorizationAnswer:
    """Judges a token that was presented without a transaction."""
    authorization = judge(engine, fact.token, work.now)
    if authorization.status is not TokenStatus.ACCEPTED:
        is_known = engine.policy.token(fact.token.text) is not None
        hint = None if is_known else "PUT /api/v1/tokens/{token} makes a token known"
        status = authorization.status.value
        work.note("token.refused", token=fact.token.text, status=status, hint=hint)
    return AuthorizationAnswer(authorization)


def judge(engine: Engine, token: TokenRef, now: datetime) -> Authorization:
    """Returns the judgement at this moment, by the operator's rule while the database is away."""
    policy = engine.policy
    rule = policy.tokens_while_away if engine.store.is_behind else TokensWhileAway.LAST_KNOWN
    if rule is TokensWhileAway.REFUSE and token.kind != "NoAuthorization":
        return Authorization(TokenStatus.INVALID)
    return judge_token(policy, token, now, accepts_unknown=rule is TokensWhileAway.ACCEPT)


def judge_token(
    policy: Policy, token: TokenRef, now: datetime, *, accepts_unknown: bool = False
) -> Authorization:
    """Returns the judgement from the tokens that are known. A block outweighs an expiry.

    A 2.0.1 token of type NoAuthorization is accepted as such; every other one is looked up,
    whatever type it was stored with.
    """
    if token.kind == "NoAuthorization":
        return Authorization(TokenStatus.ACCEPTED)
    known = policy.tokens.get(token.key)
    if known is None:
        accepts = (policy.accept_unknown_tokens or accepts_unknown) and bool(token.key)
        return Authorization(TokenStatus.ACCEPTED if accepts else TokenStatus.INVALID)
    status = known.status
    if status is TokenStatus.ACCEPTED and known.expires_at is not None and known.expires_at <= now:
        status = TokenStatus.EXPIRED
    parent = known.group or known.parent
    return Authorization(status, known.expires_at, parent)
