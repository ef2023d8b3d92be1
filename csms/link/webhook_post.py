"""One message to one webhook: signed as the Standard Webhooks specification says, posted once.

Source: Standard Webhooks 1.0. The receiver's word is its status: 2xx took it, all else did not.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from csms.engine.webhooks import Hook

CONNECT_S: Final = 5.0
TOTAL_S: Final = 10.0
_ANSWER_CHARACTERS: Final = 500
_ANSWER_BYTES: Final = 4 * _ANSWER_CHARACTERS
_LONGEST_WAIT_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try. `status` None if there was no answer, `error` None if it was taken.

    `answer` is the beginning of what the receiver said, `wait_s` how long it asked us to wait;
    `is_final` where it wants to hear no more of this.
    """

    status: int | None
    error: str | None
    answer: str = ""
    wait_s: float | None = None
    is_final: bool = False


def new_client() -> httpx.AsyncClient:
    """Returns a client that follows no redirects, and takes nothing from the environment."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Laddvakt-Webhooks/1"},
    )


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the signature of a message: v1, and HMAC-SHA256 over `id.timestamp.body`."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    mac = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


async def post(
    client: httpx.AsyncClient, hook: Hook, message_id: str, body: bytes, now: datetime
) -> Tried:
    """Posts a message; never raises for what the receiver does or fails to do."""
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(hook.secret, message_id, timestamp, body),
    }
    try:
        async with asyncio.timeout(TOTAL_S):
            request = client.stream("POST", hook.url, content=body, headers=headers)
            async with request as response:
                return _judged(response, await _beginning(response), now)
    except TimeoutError:
        return Tried(None, f"no answer within {TOTAL_S:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return Tried(None, f"{type(error).__name__}: {error}".strip(": ")[:_ANSWER_CHARACTERS])


async def _beginning(response: httpx.Response) -> str:
    """Returns the beginning of an answer, without reading the rest of it."""
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) >= _ANSWER_BYTES:
            break
    text = bytes(read[:_ANSWER_BYTES]).decode(errors="replace")
    # A NUL is no text to PostgreSQL.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_ANSWER_CHARACTERS]


def _judged(response: httpx.Response, beginning: str, now: datetime) -> Tried:
    status = response.status_code
    if response.is_success:
        return Tried(status, None, beginning)
    if response.has_redirect_location:
        return Tried(status, f"answered {status}; redirects are not followed", beginning)
    wait_s = _wait_of(response.headers.get("Retry-After"), now)
    is_gone = status == HTTPStatus.GONE
    return Tried(status, f"answered {status}", beginning, wait_s, is_gone)


def _wait_of(text: str | None, now: datetime) -> float | None:
    """Returns the seconds that a Retry-After names, at most an hour; None if it names none."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT_S)
