"""Passwords: bytes, slow at rest, the same answer for every failure."""

from __future__ import annotations

import asyncio
import base64

import pytest

from csms.link.credentials import (
    Verdict,
    Verifier,
    hash_password,
    is_strong,
    load_key,
    read_basic,
)

SPEC_KEY = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")


def basic(user: bytes, password: bytes) -> str:
    return "Basic " + base64.b64encode(user + b":" + password).decode()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (basic(b"CP1", b"secret"), (b"CP1", b"secret")),
        (basic(b"CP1", b"a:b:c"), (b"CP1", b"a:b:c")),
        (basic(b"CP1", SPEC_KEY), (b"CP1", SPEC_KEY)),
        (basic(b"CP1", b""), (b"CP1", b"")),
        ("basic " + base64.b64encode(b"CP1:x").decode(), (b"CP1", b"x")),
        (basic(b"CP1", b"x" * 512), (b"CP1", b"x" * 512)),
        (basic(b"CP1", b"x" * 513), None),
        ("Basic " + base64.b64encode(b"no colon").decode(), None),
        ("Basic !!!", None),
        ("Basic", None),
        ("", None),
        ("Bearer abc", None),
    ],
)
def test_user_and_password_are_bytes(header, found):
    assert read_basic(header) == found


@pytest.fixture
def verifier():
    verifier = Verifier()
    yield verifier
    verifier.close()


@pytest.mark.parametrize(
    ("kept", "sent", "is_right"),
    [
        ("secret", b"secret", True),
        ("secret", b"Secret", False),
        ("secret", b"", False),
        # A key in hexadecimal: its text in either case, or its bytes.
        (SPEC_KEY.hex(), SPEC_KEY, True),
        (SPEC_KEY.hex().upper(), SPEC_KEY, True),
        (SPEC_KEY.hex().upper(), SPEC_KEY.hex().encode(), True),
        (SPEC_KEY.hex(), SPEC_KEY[:-1] + b"\xfe", False),
        ("Pässword", "Pässword".encode(), True),
    ],
)
async def test_a_password_matches_in_the_forms_that_stations_send(verifier, kept, sent, is_right):
    hashed = hash_password(kept)
    assert not verifier.knows(hashed, sent)
    assert await verifier.verify(hashed, sent) is (Verdict.RIGHT if is_right else Verdict.WRONG)
    assert verifier.knows(hashed, sent) is is_right


async def test_an_unknown_station_is_refused_like_a_wrong_password(verifier):
    assert await verifier.verify(None, b"secret") is Verdict.WRONG
    assert not verifier.knows(None, b"secret")


async def test_what_was_verified_holds_for_that_password_only(verifier):
    kept = hash_password("secret")
    assert await verifier.verify(kept, b"secret") is Verdict.RIGHT
    assert verifier.knows(kept, b"secret")
    assert not verifier.knows(kept, b"wrong")
    assert not verifier.knows(hash_password("secret"), b"secret")


def test_a_new_password_is_known_without_slow_work(verifier):
    kept = verifier.hash_password("secret")
    assert verifier.knows(kept, b"secret")
    assert not Verifier().knows(kept, b"secret")


async def test_too_many_at_once_are_not_looked_at(verifier):
    kept = hash_password("secret")
    asked = [asyncio.ensure_future(verifier.verify(kept, b"wrong")) for _ in range(40)]
    said = [await each for each in asked]
    assert said.count(Verdict.UNKNOWN) == 8
    assert said.count(Verdict.WRONG) == 32


def test_two_hashes_of_one_password_differ_and_hide_it():
    first, second = hash_password("secret"), hash_password("secret")
    assert first != second
    assert "secret" not in first


@pytest.mark.parametrize(
    "sent", [SPEC_KEY, SPEC_KEY.hex().encode(), SPEC_KEY.hex().upper().encode()]
)
def test_t6_a_key_that_nobody_guesses_is_known_after_a_restart(tmp_path, sent):
    file = tmp_path / "new" / "secret"
    kept = Verifier(load_key(file)).hash_password(SPEC_KEY.hex())
    assert Verifier(load_key(file)).knows(kept, sent)
    assert not Verifier(load_key(file)).knows(kept, sent[:-1] + b"x")
    assert not Verifier(load_key(tmp_path / "other")).knows(kept, sent)


def test_t6_a_weak_password_has_no_fast_mark_at_rest(tmp_path):
    key = load_key(tmp_path / "secret")
    kept = Verifier(key).hash_password("correct-horse-battery-staple")
    assert kept.count("$") == 2
    assert not Verifier(key).knows(kept, b"correct-horse-battery-staple")


async def test_t6_a_mark_that_holds_replaces_one_of_another_secret(verifier):
    old = Verifier(b"another secret").hash_password(SPEC_KEY.hex())
    assert verifier.improved(old, SPEC_KEY) == old
    assert await verifier.verify(old, SPEC_KEY) is Verdict.RIGHT
    kept = verifier.improved(old, SPEC_KEY)
    assert kept != old
    assert verifier.knows(kept, SPEC_KEY)
    assert verifier.improved(kept, SPEC_KEY) == kept


def test_the_secret_is_readable_by_its_owner_only(tmp_path):
    file = tmp_path / "secret"
    assert len(load_key(file)) == 32
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("password", "strong"),
    [
        ("7e4b8b4023d5a066848d53c6c108ccab", True),
        ("00112233445566778899aabbccddeeff", True),
        ("0" * 40, False),
        ("bbb8bc6e49ed527e248d68ee1971cb", False),
        ("aB3dE5gH7jK9mN1pQ2rS4t", True),
        ("aB3dE5gH7jK9mN1pQ2rS4", False),
        ("correct-horse-battery-staple-and-more", False),
        ("Correct-Horse-Battery-Staple-1", False),
        ("aB1aB1aB1aB1aB1aB1aB1aB1", False),
    ],
)
def test_a_strong_password_was_drawn_at_random(password, strong):
    assert is_strong(password.encode()) is strong
