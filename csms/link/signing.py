"""Having certificates signed, and sent to their stations once the request was answered.

By our own authority, or by one outside: an HTTP service or a command. What comes back is held
against the request: key and subject are those that the station asked for.
Source: OCPP 1.6 security whitepaper, A02; OCPP 2.0.1 part 2, A02.FR.04, FR.11, FR.14.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import orjson
import structlog
from cryptography import x509

from csms.domain.operations.security import CertificateSigned
from csms.engine import certificates, pem
from csms.engine.installed_certificates import chain_limit
from csms.engine.work import Work
from csms.errors import LaddvaktError, OperationRefused, StationOffline
from csms.link.certificate_authority import Authority
from csms.link.outside import NotAsked, Question, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from csms.engine.certificates import Signing
    from csms.engine.state import StationState
    from csms.link.hub import Hub

_T = TypeVar("_T")
_AT_ONCE: Final = 8
_WAITS_FOR: Final = timedelta(hours=1)
_MOST_BYTES: Final = 65_536

log = structlog.get_logger("link")


class NotSigned(Exception):  # noqa: N818 - says what is the case
    """There is no certificate; the message is a sentence for the operator."""


class Signer:
    """Who has the certificates of a node's stations signed."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._authority: Authority | None = None

    @property
    def authority(self) -> Authority:
        """Our own authority, in the folder that the operator has set."""
        if self._authority is None:
            self._authority = Authority(self._hub.engine.policy.certificates.dir)
        return self._authority

    async def in_thread(self, work: Callable[[datetime], _T], now: datetime) -> _T:
        """Runs what blocks on a thread."""
        async with self._slots:
            return await asyncio.to_thread(work, now)

    async def serve(self, station: StationState, signing: Signing) -> None:
        """Has a request signed, and the certificate sent; what fails is told to the operator."""
        hub = self._hub
        try:
            chain, source = await self._signed(signing)
        except NotSigned as why:
            async with station.lock:
                work = Work(station, hub.clock.now())
                certificates.not_signed(work, signing, str(why))
                outcome = work.outcome(None)
                done = hub.store.submit(outcome.writes)
            await done
            hub.settle(station, outcome)
            return
        if signing.chain is None:
            await self._record(station, signing, chain, source)
        await self._send(station, signing, chain)

    async def _signed(self, signing: Signing) -> tuple[str, str]:
        """Returns a chain, and who has signed it. Raises: NotSigned."""
        if signing.chain is not None:
            return signing.chain, "own"
        settings = self._hub.engine.policy.certificates
        async with self._slots:
            if settings.signer_url is not None:
                chain, source = await self._by_service(settings.signer_url, signing), "service"
            elif settings.signer_command is not None:
                chain, source = await self._by_command(settings.signer_command, signing), "command"
            else:
                chain, source = await self._by_ourselves(signing), "own"
            return await asyncio.to_thread(_checked, chain, signing.csr), source

    async def _by_ourselves(self, signing: Signing) -> str:
        policy, now = self._hub.engine.policy.certificates, self._hub.clock.now()
        try:
            return await asyncio.to_thread(
                self.authority.sign, signing.csr, signing.use, now, policy.valid_days
            )
        except (OSError, ValueError) as error:
            raise NotSigned(f"our own authority cannot sign: {error}") from None

    async def _by_service(self, url: str, signing: Signing) -> str:
        """Posts a request as JSON; the answer has the chain as PEM in `certificate_chain`."""
        body = orjson.dumps({"csr": signing.csr, "use": signing.use.value})
        timeout_s = self._hub.engine.policy.certificates.signer_timeout_s
        question = Question(url, body, {"Content-Type": "application/json"}, timeout_s)
        try:
            said = orjson.loads(await post(await self._hub.outside.get(), question))
        except NotAsked as error:
            raise NotSigned(f"the authority at signer_url: {error}") from None
        except ValueError:
            raise NotSigned("the authority at signer_url did not answer in JSON") from None
        chain = said.get("certificate_chain") if isinstance(said, dict) else None
        if not isinstance(chain, str):
            raise NotSigned("the authority at signer_url gave no certificate_chain")
        return chain

    async def _by_command(self, command: list[str], signing: Signing) -> str:
        """Runs a command with the request on its input; it prints the chain."""
        timeout_s = self._hub.engine.policy.certificates.signer_timeout_s
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                signing.use.value,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except (OSError, ValueError) as error:
            raise NotSigned(f"signer_command cannot be run: {error}") from None
        try:
            async with asyncio.timeout(timeout_s):
                said, _ = await process.communicate(signing.csr.encode())
        except TimeoutError:
            raise NotSigned(f"signer_command took longer than {timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise NotSigned(f"signer_command ended with code {process.returncode}")
        return said[:_MOST_BYTES].decode("utf-8", "replace")

    async def _record(
        self, station: StationState, signing: Signing, chain: str, source: str
    ) -> None:
        hub = self._hub
        async with station.lock:
            work = Work(station, hub.clock.now())
            certificates.issue(hub.engine, work, signing, chain, source)
            outcome = work.outcome(None)
            done = hub.store.submit(outcome.writes)
        await done
        hub.settle(station, outcome)

    async def _send(self, station: StationState, signing: Signing, chain: str) -> None:
        """Sends a certificate as an operation of its own; it waits for a station that is away."""
        kind = signing.certificate_type
        wanted = CertificateSigned(_fitting(station, chain), kind)  # type: ignore[arg-type]
        expires_at = self._hub.clock.now() + _WAITS_FOR
        try:
            await self._hub.operator.ask(station, wanted, expires_at=expires_at, by="csms")
        except (OperationRefused, StationOffline) as error:
            log.warning("certificate.not_sent", station=station.id, why=str(error))
        except LaddvaktError:
            log.exception("certificate.not_sent", station=station.id)


def _fitting(station: StationState, chain: str) -> str:
    """Returns a chain, without its authorities where the station has no room for them."""
    most = chain_limit(station)
    return chain if len(chain) <= most else pem.to_pem(pem.load_chain(chain)[:1])


def _checked(chain: str, csr: str) -> str:
    """Returns a chain in plain PEM if it is for the key and the subject of a request.

    Raises: NotSigned, with a sentence.
    """
    try:
        found = pem.load_chain(chain)
        request = x509.load_pem_x509_csr(csr.replace("\\n", "\n").strip().encode())
        has_key = pem.key_digest(found[0].public_key()) == pem.key_digest(request.public_key())
    except ValueError as error:
        raise NotSigned(f"what the authority gave {error}") from None
    if not has_key:
        raise NotSigned("the first certificate of the authority is not for the station's key")
    if found[0].subject != request.subject:
        raise NotSigned("the authority has changed the subject")
    return pem.to_pem(found)
