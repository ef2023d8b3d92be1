"""Whether a connection may speak for a station.

Source: OCPP 1.6 security whitepaper, A00; OCPP 2.0.1 part 2, A00.FR.201 to 204.

Passwords are bytes: one known example of a key is no UTF-8. A slow hash guards them at rest; what
was verified once is remembered as a mark under a secret key, so that a storm of reconnects costs
no slow hashes. The mark of a key that nobody can guess is kept beside its slow hash, so that a
restart costs none either; it is of no use without the secret, which is no part of the database.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_N, _R, _P = 2**14, 8, 1
_MEMORY = 64 * 1024 * 1024
_LONGEST = 512
_WAITING = 32
_SHORTEST_KEY, _LONGEST_KEY = 16, 20
_HEX = re.compile(rb"([0-9A-Fa-f]{2})+")
_STRONG_HEX_DIGITS, _STRONG_LETTERS = 32, 22
_LEAST_DISTINCT_DIGITS, _LEAST_DISTINCT_LETTERS = 8, 12
_RANDOM_TEXT = re.compile(rb"[A-Za-z0-9+/_-]+=*")
_CLASSES = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"[0-9]"))


class Verdict(Enum):
    """What became of a password."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "too many wait to be verified"


def hash_password(password: str, key: bytes | None = None) -> str:
    """Returns the form of a password that is kept: scrypt with a salt of its own.

    With the secret `key`, the mark of a password that nobody can guess stands behind it.
    """
    salt = secrets.token_bytes(16)
    form = _canonical(password.encode())
    kept = f"scrypt${salt.hex()}${_slow_hash(form, salt).hex()}"
    return _marked(kept, form, key) if key is not None else kept


def load_key(file: Path) -> bytes:
    """Returns the secret of this installation, made on first use.

    Raises:
        OSError: if it can be neither read nor written.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        key = secrets.token_bytes(32)
        file.touch(mode=0o600)
        file.write_bytes(key)
        return key


def read_basic(header: str) -> tuple[bytes, bytes] | None:
    """Returns user and password of an Authorization header, or None if it is no Basic one."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user, colon, password = decoded.partition(b":")
    return (user, password) if colon and len(password) <= _LONGEST else None


class Verifier:
    """Verifies passwords, the slow ones one at a time on a thread.

    `key` is the secret of the installation; without one, marks are good for this process only.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._marks: dict[str, str] = {}
        self._worker = ThreadPoolExecutor(1, "password")
        self._waiting = 0
        self._decoy = hash_password(secrets.token_hex(16))

    def hash_password(self, password: str) -> str:
        """Returns the form of a new password that is kept, and knows it from now on."""
        kept = hash_password(password, self._key)
        self._remember(kept, _canonical(password.encode()))
        return kept

    def knows(self, kept: str | None, password: bytes) -> bool:
        """Tells whether the password is right, if that can be said without slow work."""
        if kept is None:
            return False
        _, salt, _, *kept_mark = kept.split("$")
        marks = [*kept_mark, self._marks.get(salt, "")]
        given = [_mark(self._key, salt, form) for form in _forms(password)]
        return any(hmac.compare_digest(mark, each) for mark in marks for each in given)

    async def verify(self, kept: str | None, password: bytes) -> Verdict:
        """Says whether the password is right, by the slow hash.

        Takes as long for a station that is unknown (`kept` None) as for a wrong password.
        """
        if self._waiting >= _WAITING:
            return Verdict.UNKNOWN
        self._waiting += 1
        try:
            form = await asyncio.get_running_loop().run_in_executor(
                self._worker, _matching, kept or self._decoy, password
            )
        finally:
            self._waiting -= 1
        if form is None or kept is None:
            return Verdict.WRONG
        self._remember(kept, form)
        return Verdict.RIGHT

    def improved(self, kept: str, password: bytes) -> str:
        """Returns what to keep of a password that was right: with a mark that holds, if it may."""
        for form in _forms(password):
            marked = _marked(kept, form, self._key)
            if marked != kept and self._marks.get(kept.split("$")[1]) == marked.split("$")[3]:
                return marked
        return kept

    def close(self) -> None:
        """Ends the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _remember(self, kept: str, form: bytes) -> None:
        salt = kept.split("$")[1]
        self._marks[salt] = _mark(self._key, salt, form)


def is_strong(password: bytes) -> bool:
    """Tells whether a password was drawn at random and has 128 bits or more.

    Random text changes between small and large letters and digits all the time; what people make
    up does not.
    """
    if _HEX.fullmatch(password):
        return (
            len(password) >= _STRONG_HEX_DIGITS
            and len(set(password.lower())) >= _LEAST_DISTINCT_DIGITS
        )
    kinds = [[bool(kind.match(password, at)) for kind in _CLASSES] for at in range(len(password))]
    changes = sum(one != other for one, other in pairwise(kinds))
    return (
        bool(_RANDOM_TEXT.fullmatch(password))
        and all(kind.search(password) for kind in _CLASSES)
        and len(password) >= _STRONG_LETTERS
        and len(set(password)) >= _LEAST_DISTINCT_LETTERS
        and changes * 2 >= len(password)
    )


def _marked(kept: str, form: bytes, key: bytes) -> str:
    if not is_strong(form):
        return kept
    scheme, salt, digest, *_ = kept.split("$")
    return f"{scheme}${salt}${digest}${_mark(key, salt, form)}"


def _mark(key: bytes, salt: str, form: bytes) -> str:
    return hmac.digest(key, salt.encode() + b"\0" + form, "sha256").hex()


def _matching(kept: str, password: bytes) -> bytes | None:
    """Returns the form of the password that was kept, None if there is none."""
    _, salt, digest, *_ = kept.split("$")
    for form in _forms(password):
        if hmac.compare_digest(_slow_hash(form, bytes.fromhex(salt)), bytes.fromhex(digest)):
            return form
    return None


def _forms(password: bytes) -> list[bytes]:
    """Returns what the kept password may have been, if this is what the station sends for it.

    Source: OCPP 1.6 security whitepaper: the AuthorizationKey is given in hexadecimal; some
    stations send its bytes, which may be text as well, some its text, and some the text's bytes in
    hexadecimal.
    """
    forms = [_canonical(password)]
    is_text = password.isascii() and password.decode("ascii").isprintable()
    if is_text and _HEX.fullmatch(password):
        forms.append(bytes.fromhex(password.decode("ascii")))
    if not is_text or _SHORTEST_KEY <= len(password) <= _LONGEST_KEY:
        forms.append(password.hex().encode())
    return forms


def _canonical(password: bytes) -> bytes:
    """Returns a password in one case if it is a key in hexadecimal."""
    return (
        password.lower()
        if len(password) >= _SHORTEST_KEY and _HEX.fullmatch(password)
        else password
    )


def _slow_hash(password: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=32)
