"""Whether a token may charge."""

from __future__ import annotations

import pytest

from csms.domain.facts import AuthorizationRequested
from csms.domain.token import Token, TokenRef, TokenStatus, token_key
from csms.engine.policy import Policy, TokensWhileAway
from tests.builders import Desk, after

ACCEPTED, BLOCKED = TokenStatus.ACCEPTED, TokenStatus.BLOCKED
EXPIRED, INVALID = TokenStatus.EXPIRED, TokenStatus.INVALID
KNOWN = [
    Token("Good"),
    Token("Blocked", BLOCKED),
    Token("Old", expires_at=after(-1)),
    Token("Now", expires_at=after(0)),
    Token("Soon", expires_at=after(1)),
    Token("BlockedOld", BLOCKED, expires_at=after(-1)),
    Token("Busy", TokenStatus.CONCURRENT_TX),
    Token("Child", parent="Mother"),
    Token("Member", parent="Mother", group="Family"),
    Token("Ärla"),
]


def a_desk(*, accepts_unknown: bool = False) -> Desk:
    policy = Policy(accept_unknown_tokens=accepts_unknown)
    policy.tokens = {token_key(token.text): token for token in KNOWN}
    return Desk(policy)


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        ("Good", None, ACCEPTED),
        ("gOOD", None, ACCEPTED),
        ("  good ", "ISO14443", ACCEPTED),
        ("Good\0", None, INVALID),
        ("Goo", None, INVALID),
        ("Blocked", None, BLOCKED),
        ("Old", None, EXPIRED),
        ("Now", None, EXPIRED),
        ("Soon", None, ACCEPTED),
        ("BlockedOld", None, BLOCKED),
        ("Busy", None, TokenStatus.CONCURRENT_TX),
        ("Stranger", None, INVALID),
        ("", None, INVALID),
        ("", "NoAuthorization", ACCEPTED),
        ("Stranger", "NoAuthorization", ACCEPTED),
        ("Ärla", None, ACCEPTED),
        ("ärla", None, INVALID),
        ("' OR 1=1 --", None, INVALID),
    ],
)
async def test_judgement(text, kind, status):
    outcome = await a_desk().report(AuthorizationRequested(TokenRef(text, kind)))
    assert outcome.answer.authorization.status is status


@pytest.mark.parametrize(("text", "status"), [("Stranger", ACCEPTED), ("  ", INVALID)])
async def test_unknown_tokens_may_be_accepted_but_not_empty_ones(text, status):
    desk = a_desk(accepts_unknown=True)
    outcome = await desk.report(AuthorizationRequested(TokenRef(text)))
    assert outcome.answer.authorization.status is status


@pytest.mark.parametrize("text", ["Blocked", "Old"])
async def test_what_is_known_outweighs_accepting_strangers(text):
    desk = a_desk(accepts_unknown=True)
    outcome = await desk.report(AuthorizationRequested(TokenRef(text)))
    assert outcome.answer.authorization.status is not ACCEPTED


@pytest.mark.parametrize(("text", "parent"), [("Child", "Mother"), ("Member", "Family")])
async def test_the_parent_is_told(text, parent):
    outcome = await a_desk().report(AuthorizationRequested(TokenRef(text)))
    assert outcome.answer.authorization.parent == parent


async def test_a_refusal_is_logged_and_an_acceptance_is_not():
    desk = a_desk()
    refused = await desk.report(AuthorizationRequested(TokenRef("Blocked")))
    accepted = await desk.report(AuthorizationRequested(TokenRef("Good")))
    assert [note.event for note in refused.notes] == ["token.refused"]
    assert accepted.notes == ()


@pytest.mark.parametrize(
    ("rule", "text", "status"),
    [
        (TokensWhileAway.LAST_KNOWN, "Good", ACCEPTED),
        (TokensWhileAway.LAST_KNOWN, "Blocked", BLOCKED),
        (TokensWhileAway.LAST_KNOWN, "Stranger", INVALID),
        (TokensWhileAway.ACCEPT, "Stranger", ACCEPTED),
        (TokensWhileAway.ACCEPT, "", INVALID),
        (TokensWhileAway.ACCEPT, "Blocked", BLOCKED),
        (TokensWhileAway.ACCEPT, "Old", EXPIRED),
        (TokensWhileAway.REFUSE, "Good", INVALID),
        (TokensWhileAway.REFUSE, "Stranger", INVALID),
    ],
)
async def test_the_operator_decides_what_counts_while_the_database_is_away(rule, text, status):
    desk = a_desk()
    desk.policy.tokens_while_away = rule
    desk.store.is_behind = True
    away = await desk.report(AuthorizationRequested(TokenRef(text)))
    assert away.answer.authorization.status is status
    desk.store.is_behind = False
    back = await desk.report(AuthorizationRequested(TokenRef(text)))
    assert back.answer.authorization.status is (
        {"Good": ACCEPTED, "Blocked": BLOCKED, "Old": EXPIRED}.get(text, INVALID)
    )
