"""Whether a connection may speak for a station.

Source: OCPP 1.6 security whitepaper, A00; OCPP 2.0.1 part 2, A00.FR.201 to 204.

Passwords are bytes: one known example of a key is no UTF-8. A slow hash guards them at rest; what
was verified once is remembered under a key of this process, so that a storm of reconnects costs
no slow hashes.
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

_N, _R, _P = 2**14, 8, 1
_MEMORY = 64 * 1024 * 1024
_LONGEST = 512
_WAITING = 64
_SHORTEST_KEY = 16
_HEX = re.compile(rb"([0-9A-Fa-f]{2})+")


def hash_password(password: str) -> str:
    """Returns the form of a password that is kept: scrypt with a salt of its own."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_slow_hash(_canonical(password.encode()), salt).hex()}"


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
    """Verifies passwords, the slow ones one at a time on a thread."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._verified: dict[str, tuple[str, bytes]] = {}
        self._worker = ThreadPoolExecutor(1, "password")
        self._waiting = 0
        self._decoy = hash_password(secrets.token_hex(16))

    async def accepts(self, station_id: str, kept: str | None, password: bytes) -> bool | None:
        """Tells whether the password is the station's; None if too many wait to be verified.

        Takes as long for a station that is unknown (`kept` None) as for a wrong password.
        """
        mark = hmac.digest(self._key, station_id.encode() + b"\0" + password, "sha256")
        known = self._verified.get(station_id)
        if kept and known and known[0] == kept and hmac.compare_digest(known[1], mark):
            return True
        if self._waiting >= _WAITING:
            return None
        self._waiting += 1
        try:
            is_right = await asyncio.get_running_loop().run_in_executor(
                self._worker, _matches, kept or self._decoy, password
            )
        finally:
            self._waiting -= 1
        if not (is_right and kept):
            return False
        self._verified[station_id] = (kept, mark)
        return True

    def close(self) -> None:
        """Ends the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def _matches(kept: str, password: bytes) -> bool:
    _, salt, digest = kept.split("$")
    return any(
        hmac.compare_digest(_slow_hash(form, bytes.fromhex(salt)), bytes.fromhex(digest))
        for form in _forms(password)
    )


def _forms(password: bytes) -> list[bytes]:
    """Returns what the kept password may have been, if this is what the station sends for it.

    Source: OCPP 1.6 security whitepaper: the AuthorizationKey is given in hexadecimal; some
    stations send its bytes, some its text, and some the text's bytes in hexadecimal.
    """
    forms = [_canonical(password)]
    if not (password.isascii() and password.decode("ascii").isprintable()):
        forms.append(password.hex().encode())
    elif _HEX.fullmatch(password):
        forms.append(bytes.fromhex(password.decode("ascii")))
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
