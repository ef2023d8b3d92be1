"""HTTP servers that stand around a central system: an OCSP responder, a Plug & Charge provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

if TYPE_CHECKING:
    from tests.conformance.pki import Issued

Respond = Callable[[bytes], Awaitable[tuple[str, bytes]]]


@asynccontextmanager
async def served(respond: Respond, port: int = 0) -> AsyncIterator[str]:
    """Serves HTTP POST on a port of 127.0.0.1 and yields the URL.

    `respond` makes the content type and body of a 200 from the body of a request; what it raises
    is a 500.
    """
    open_now: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await _exchange(reader, writer, respond)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(
        (
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.startswith("content-length:")
        ),
        0,
    )
    body = await reader.readexactly(length)
    try:
        kind, said = await respond(body)
        status = "200 OK"
    except (AssertionError, KeyError, ValueError) as wrong:
        kind, said, status = "text/plain", repr(wrong).encode(), "500 Internal Server Error"
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(said)}\r\n"
        "Connection: close\r\n\r\n".encode()
        + said
    )
    await writer.drain()


@dataclass
class Responder:
    """An OCSP responder for the certificates of one issuer; `asked` are the serials asked for.

    `revoked` are serials that it calls revoked; the others are good.
    """

    issuer: Issued
    revoked: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    delay_s: float = 0.0

    async def respond(self, body: bytes) -> tuple[str, bytes]:
        """Returns an OCSP response, DER encoded."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        request = ocsp.load_der_ocsp_request(body)
        self.asked.append(request.serial_number)
        now = datetime.now(UTC)
        is_revoked = request.serial_number in self.revoked
        made = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=request.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=now - timedelta(minutes=1),
            next_update=now + timedelta(days=1),
            revocation_time=now - timedelta(days=1) if is_revoked else None,
            revocation_reason=x509.ReasonFlags.unspecified if is_revoked else None,
        )
        made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, self.issuer.certificate)
        signed = made.sign(self.issuer.key, hashes.SHA256())
        return "application/ocsp-response", signed.public_bytes(serialization.Encoding.DER)


@dataclass
class Provider:
    """A backend that makes contract certificates: it answers by what the EXI begins with.

    `requests` are the bodies that it got; `told` is what it says to some EXI, as it is.
    """

    requests: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, bytes] = field(default_factory=dict)

    async def respond(self, body: bytes) -> tuple[str, bytes]:
        """Returns what the backend answers, as JSON."""
        asked = json.loads(body)
        self.requests.append(asked)
        text = asked["exi_request"]
        if text in self.told:
            return "application/json", self.told[text]
        if text.startswith("BROKEN"):
            raise ValueError(text)
        status = "Failed" if text.startswith("FAILED") else "Accepted"
        told = {"status": status, "exi_response": f"{asked['action']}-{text}"}
        return "application/json", json.dumps(told).encode()
