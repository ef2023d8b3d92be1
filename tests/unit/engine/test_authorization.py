"""Whether a token may charge."""

from __future__ import annotations

import pytest

from csms.domain.certificate_facts import Contract, OcspQuestion
from csms.domain.facts import AuthorizationRequested, EventKind
from csms.domain.station import Station
from csms.domain.token import Token, TokenRef, TokenStatus, token_key
from csms.engine.authorization import Presented, judge_token
from csms.engine.policy import Policy, TokensWhileAway
from csms.engine.token_settings import TokenSettings
from tests.builders import Desk, after, an_event

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


@pytest.mark.parametrize(
    ("text", "parent", "group"),
    [("Child", "Mother", "Mother"), ("Member", "Mother", "Family"), ("Good", None, None)],
)
async def test_the_parent_and_the_group_are_told(text, parent, group):
    outcome = await a_desk().report(AuthorizationRequested(TokenRef(text)))
    told = outcome.answer.authorization
    assert (told.parent, told.group) == (parent, group)


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


PLACED = [
    Token("Anywhere"),
    Token("AtSite", sites=("depot",)),
    Token("AtStation", stations=("CP1",)),
    Token("Elsewhere", stations=("CP9",)),
    Token("Two", evses=("CP1/2", "CP9/1")),
    Token("AnyTwo", evses=("2",)),
    Token("OtherTwo", evses=("CP9/2",)),
    Token("SiteTwo", sites=("default",), evses=("2",)),
    Token("Later", valid_from=after(1)),
    Token("Poor", TokenStatus.NO_CREDIT),
]


@pytest.mark.parametrize(
    ("text", "evse", "status", "evses"),
    [
        ("Anywhere", 1, ACCEPTED, ()),
        ("AtSite", 1, TokenStatus.NOT_AT_THIS_LOCATION, ()),
        ("AtStation", 1, ACCEPTED, ()),
        ("Elsewhere", None, TokenStatus.NOT_AT_THIS_LOCATION, ()),
        ("Two", None, ACCEPTED, (2,)),
        ("Two", 2, ACCEPTED, (2,)),
        ("Two", 1, TokenStatus.NOT_ALLOWED_TYPE_EVSE, (2,)),
        ("AnyTwo", None, ACCEPTED, (2,)),
        ("OtherTwo", 2, TokenStatus.NOT_AT_THIS_LOCATION, ()),
        ("SiteTwo", None, ACCEPTED, (2,)),
        ("Later", None, TokenStatus.NOT_AT_THIS_TIME, ()),
        ("Poor", None, TokenStatus.NO_CREDIT, ()),
    ],
)
async def test_c01_fr_20_a_token_may_be_bound_to_places(text, evse, status, evses):
    policy = Policy(tokens={token.key: token for token in PLACED})
    place = Presented(Station(id="CP1"), evse)
    told = judge_token(policy, TokenRef(text), after(0), place)
    assert (told.status, told.evses) == (status, evses)


@pytest.mark.parametrize(
    ("stored", "shown", "kind"),
    [
        ("DE8AA1234567890", "de-8aa-123456789-0", "eMAID"),
        ("DE-8AA-123456789", "DE8AA123456789", "eMAID"),
        ("DE8AA123456789", "DE*8AA*123456789*X", "eMAID"),
        ("DE-8AA-123456789-0", "DE8AA123456789", "eMAID"),
        ("AA:BB:CC:DD:EE:FF", "VID:AABBCCDDEEFF", None),
        ("VID:AABBCCDDEEFF", "aa-bb-cc-dd-ee-ff", "MacAddress"),
        ("aabbccddeeff", "VID:AABBCCDDEEFF", None),
        ("car-7", "vid:CAR-7", None),
    ],
)
def test_contract_ids_and_vehicles_are_found_however_they_are_written(stored, shown, kind):
    token = Token(stored)
    policy = Policy(tokens={token.key: token})
    assert policy.find_token(TokenRef(shown, kind)) is token


def test_another_contract_is_not_taken_for_one_that_is_known():
    token = Token("DE8AA1234567890")
    policy = Policy(tokens={token.key: token})
    for shown in ("DE8AA1234567891", "DE8AA1234567899"):
        assert policy.find_token(TokenRef(shown, "ISO14443")) is None
    assert policy.find_token(TokenRef("DE8AA123456788", "eMAID")) is None


async def test_how_long_a_station_may_remember_is_the_shorter_of_both():
    policy = Policy(token_rules=TokenSettings(cache_s=60), tokens={t.key: t for t in KNOWN})
    told = [judge_token(policy, TokenRef(text), after(0)) for text in ("Good", "Soon")]
    assert [each.cached_until for each in told] == [after(60), after(1)]


async def start(desk, transaction, token, at=0.0, **values):
    fact = an_event(EventKind.STARTED, at, transaction=transaction, token=token, **values)
    return (await desk.report(fact, at)).answer.authorization.status


async def test_any_number_of_transactions_may_run_unless_the_operator_says_otherwise():
    desk = a_desk()
    assert await start(desk, "T1", "Good", evse=1) is ACCEPTED
    assert await start(desk, "T2", "Good", 1.0, evse=2) is ACCEPTED
    desk.policy.token_rules = TokenSettings(max_transactions=2)
    assert await start(desk, "T3", "good", 2.0, evse=3) is TokenStatus.CONCURRENT_TX
    assert await start(desk, "T2", "Good", 1.0, evse=2) is ACCEPTED
    authorized = await desk.report(AuthorizationRequested(TokenRef("Good")))
    assert authorized.answer.authorization.status is ACCEPTED
    end = an_event(EventKind.ENDED, 3.0, transaction="T1", token="Good", sequence=2)
    assert (await desk.report(end, 3.0)).answer.authorization.status is ACCEPTED
    assert await start(desk, "T4", "Good", 4.0, evse=4) is ACCEPTED


async def test_c16_fr_03_a_master_pass_ends_transactions_and_starts_none():
    desk = a_desk()
    desk.policy.token_rules = TokenSettings(master_pass_group="family")
    assert await start(desk, "T1", "Good", evse=1) is ACCEPTED
    asked = await desk.report(AuthorizationRequested(TokenRef("Member")))
    assert asked.answer.authorization.group == "Family"
    assert asked.answer.authorization.status is ACCEPTED
    assert await start(desk, "T2", "Member", 1.0, evse=2) is INVALID
    end = an_event(EventKind.ENDED, 2.0, token="Member", sequence=1, stop_reason="MasterPass")
    told = (await desk.report(end, 2.0)).answer.authorization
    assert (told.status, told.group) == (ACCEPTED, "Family")


def a_hash(serial):
    return OcspQuestion("SHA256", "AA", "BB", serial, "http://ocsp.example")


@pytest.mark.parametrize(
    ("serials", "status"),
    [(("7",), ACCEPTED), (("9", "0A"), ACCEPTED), (("9",), INVALID), ((), ACCEPTED)],
)
async def test_a_token_may_be_bound_to_its_contract_certificates(serials, status):
    desk = a_desk()
    common = {"hash_algorithm": "SHA256", "issuer_name_hash": "aa", "issuer_key_hash": "bb"}
    token = Token(
        "DE8AA1",
        contract_certificates=({**common, "serial_number": "7"}, {**common, "serial_number": "0a"}),
    )
    desk.policy.tokens[token.key] = token
    contract = Contract(None, tuple(a_hash(serial) for serial in serials))
    fact = AuthorizationRequested(TokenRef("DE8AA1", "eMAID"), contract)
    assert (await desk.report(fact)).answer.authorization.status is status
