"""Passwords: bytes, slow at rest, the same answer for every failure."""

from __future__ import annotations

import base64

import pytest

from csms.link.credentials import Verifier, hash_password, read_basic

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
    assert await verifier.accepts("CP1", hash_password(kept), sent) is is_right


async def test_an_unknown_station_is_refused_like_a_wrong_password(verifier):
    assert await verifier.accepts("CP1", None, b"secret") is False


async def test_what_was_verified_holds_for_that_station_and_that_password_only(verifier):
    kept = hash_password("secret")
    assert await verifier.accepts("CP1", kept, b"secret") is True
    assert await verifier.accepts("CP1", kept, b"secret") is True
    assert await verifier.accepts("CP1", kept, b"wrong") is False
    assert await verifier.accepts("CP1", hash_password("changed"), b"secret") is False
    assert await verifier.accepts("CP2", None, b"secret") is False


def test_two_hashes_of_one_password_differ_and_hide_it():
    first, second = hash_password("secret"), hash_password("secret")
    assert first != second
    assert "secret" not in first
