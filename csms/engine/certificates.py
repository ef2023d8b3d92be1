"""Certificates of stations: asked for, signed, taken or refused, installed, revoked.

Source: OCPP 1.6 security whitepaper, A02, A03; OCPP 2.0.1 part 2, A02, A03, M01, M02,
M06. Who signs is outside (`csms.link.signing`): a request that is accepted leaves a `Signing` in
the outcome, and the certificate goes to its station as an operation of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.certificate_effects import CertificateTaken
from csms.domain.certificate_facts import (
    CertificateRequestAnswer,
    CertificateRequested,
    CertificateStatusAnswer,
    CertificateStatusAsked,
    CertificateUse,
    EvCertificateAnswer,
    EvCertificateAsked,
    SecurityEventReported,
)
from csms.domain.follow import Follow, Subject
from csms.domain.operations.security import (
    CertificateSigned,
    InstallCertificate,
    RenewCertificate,
)
from csms.domain.token import token_key
from csms.engine import installed_certificates, operations, pem, security_events
from csms.engine.certificate_book import ISSUED, Issued, IssuedState
from csms.engine.desk import CommandState
from csms.engine.use_case import UseCase
from csms.engine.writes import MessageWrite, RecordWrite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.certificate_effects import CertificateEffect
    from csms.domain.certificate_facts import CsrFindings
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.work import Work

_NOT_LOOKED: Final = "nobody has looked at the request"
_MOST_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Signing:
    """A request that shall be signed; `certificate_type` is what the station called it.

    `chain` is the certificate that was made for the same key before and has had no answer.
    """

    csr: str
    use: CertificateUse
    certificate_type: str | None
    key: str
    chain: str | None = None


async def requested(
    engine: Engine, work: Work, fact: CertificateRequested
) -> CertificateRequestAnswer:
    """Takes a request for a certificate, or says why there will be none (A02.FR.11, FR.12)."""
    running = _followed(work, fact.use)
    use = _use_of(fact, running)
    problem = _problem(engine, work, use, fact.found)
    doc = {"use": use.value, "csr": fact.csr, "refused": problem}
    work.writes.append(
        MessageWrite(work.station.id, work.now, work.message_id, "SignCertificate", doc)
    )
    step = {"message": "SignCertificate", "status": "Rejected" if problem else "Accepted"}
    if problem is not None or fact.found is None:
        if running is not None and running.follow is not None:
            state = CommandState.FAILED
            operations.progressed(work, running.follow, step, state=state, reason=problem)
        hint = "docs/certificates.md#requests"
        work.warn("certificate.refused", None, use=use.value, why=problem, hint=hint)
        return CertificateRequestAnswer(is_accepted=False, reason=problem)
    if running is not None and running.follow is not None:
        operations.progressed(work, running.follow, step)
    known = engine.certificates.unanswered(work.station.id, fact.found.key)
    chain = None if known is None else known.chain
    work.signings.append(Signing(fact.csr, use, _type_of(fact.use), fact.found.key, chain))
    work.note("certificate.requested", None, use=use.value, names=list(fact.found.names))
    return CertificateRequestAnswer(is_accepted=True)


async def status_asked(
    engine: Engine, work: Work, fact: CertificateStatusAsked
) -> CertificateStatusAnswer:
    """Passes on what an OCSP responder says of a certificate (M06)."""
    del engine
    found = fact.found
    problem = _NOT_LOOKED if found is None else found.problem
    result = None if found is None else found.result
    told = {"responder": fact.question.responder_url, "serial": fact.question.serial_number}
    if result is None:
        work.warn("certificate.status_unknown", None, **told, why=problem)
    else:
        work.note("certificate.status_told", None, **told)
    return CertificateStatusAnswer(result, problem)


async def ev_certificate_asked(
    engine: Engine, work: Work, fact: EvCertificateAsked
) -> EvCertificateAnswer:
    """Passes on what the provider of contract certificates says to a vehicle (M01, M02)."""
    del engine
    found = fact.found
    if found is None or found.problem is not None:
        why = _NOT_LOOKED if found is None else found.problem
        work.warn("certificate.ev_not_served", None, action=fact.action, why=why)
        exi = "" if found is None else found.exi_response
        return EvCertificateAnswer(is_accepted=False, exi_response=exi, reason=why)
    work.note("certificate.ev_served", None, action=fact.action, accepted=found.is_accepted)
    return EvCertificateAnswer(found.is_accepted, found.exi_response)


def issue(engine: Engine, work: Work, signing: Signing, chain: str, source: str) -> Issued:
    """Records a certificate that was signed, before it leaves for its station."""
    issued = _issued_of(work, chain, signing.use, source)
    _save(engine, work, issued)
    told = {"serial": issued.serial, "use": issued.use.value, "subject": issued.subject}
    work.note("certificate.issued", None, **told, valid_until=issued.not_after)
    return issued


def not_signed(work: Work, signing: Signing, why: str) -> None:
    """Takes that nobody signs a request that was accepted: an operator has to look (A02)."""
    follow = Follow(Subject.CERTIFICATE, signing.use.value)
    step = {"message": "signing", "status": "Failed"}
    operations.progressed(work, follow, step, state=CommandState.FAILED, reason=why)
    hint = "docs/certificates.md#who-signs"
    work.warn("certificate.not_signed", None, use=signing.use.value, why=why, hint=hint)


def take(engine: Engine, work: Work, effect: CertificateEffect) -> None:
    """Takes over what a station's answer means for what is known of its certificates."""
    match effect:
        case CertificateTaken():
            _taken(engine, work, effect)
        case _:
            installed_certificates.take(engine, work, effect)


def revoke(issued: Issued, reason: str | None, now: datetime) -> RecordWrite:
    """Revokes a certificate; it holds once the write is durable."""
    issued.state, issued.revoked_at = IssuedState.REVOKED, issued.revoked_at or now
    issued.reason = reason
    return RecordWrite(ISSUED, issued.serial, issued.doc())


def view(issued: Issued) -> dict[str, Any]:
    """Returns a certificate as operators see it."""
    doc = issued.doc()
    del doc["created_at"], doc["warned_days"]
    return doc


def _problem(
    engine: Engine, work: Work, use: CertificateUse, found: CsrFindings | None
) -> str | None:
    """Returns why a request is not signed, None if it will be."""
    if found is None:
        return _NOT_LOOKED
    if found.problem is not None:
        return found.problem
    organization = engine.policy.certificates.organization
    if organization is not None and organization not in found.organizations:
        return f"its subject does not name the organization (O) {organization!r}"
    if engine.certificates.is_storm(work.station.id, work.now):
        return "the station asks for certificates again and again; wait ten minutes"
    return _name_problem(engine, work, use, found)


def _name_problem(
    engine: Engine, work: Work, use: CertificateUse, found: CsrFindings
) -> str | None:
    """Returns why the subject's common name will not do (A00.FR.511; A02 for the SECC's)."""
    if len(found.names) != 1:
        return f"its subject has {len(found.names)} common names (CN); one is needed"
    name = token_key(found.names[0])
    record = work.station.record
    own = {record.id, record.serial_number, record.certificate_common_name} - {None, ""}
    if name in {token_key(each) for each in own if each}:
        return None
    if _is_of_another(engine, work, name):
        return f"its common name {found.names[0]!r} is another station's"
    if use is CertificateUse.V2G or engine.policy.certificates.names == "unclaimed":
        return None
    return f"its common name {found.names[0]!r} is neither the station's ID nor its serial number"


def _is_of_another(engine: Engine, work: Work, name: str) -> bool:
    return any(
        name == token_key(text)
        for state in engine.stations.values()
        if state is not work.station
        for text in (state.record.id, state.record.certificate_common_name or "")
    )


def _followed(work: Work, use: CertificateUse | None) -> Running | None:
    """Returns the operation that made the station ask, if one did."""
    running = None
    if use is not None:
        running = operations.find(work, Follow(Subject.CERTIFICATE, use.value))
    return running or operations.find(work, Follow(Subject.CERTIFICATE))


def _use_of(fact: CertificateRequested, running: Running | None) -> CertificateUse:
    """Returns what a certificate is for: as the station says, else as it was asked to renew."""
    if fact.use is not None:
        return fact.use
    asked = None if running is None or running.follow is None else running.follow.number
    return CertificateUse(asked) if isinstance(asked, str) else CertificateUse.STATION


def _type_of(use: CertificateUse | None) -> str | None:
    return None if use is None else f"{use.value}Certificate"


def _taken(engine: Engine, work: Work, taken: CertificateTaken) -> None:
    """Records that a station took its certificate or not; the old one stays in use if not."""
    try:
        leaf = pem.load_chain(taken.chain)[0]
    except ValueError:
        return
    known = engine.certificates.issued.get(pem.serial_text(leaf.serial_number))
    is_own = known is not None and known.station_id == work.station.id
    issued = known if known is not None and is_own else None
    issued = issued or _issued_of(work, taken.chain, CertificateUse.STATION, "operator")
    is_accepted = taken.status == "Accepted"
    if issued.state is not IssuedState.REVOKED:
        issued.state = IssuedState.ACCEPTED if is_accepted else IssuedState.REJECTED
        issued.reason = None if is_accepted else taken.reason or taken.status
    issued.decided_at = work.now
    _save(engine, work, issued)
    _tell_taken(work, issued, taken, is_accepted=is_accepted)


def _tell_taken(work: Work, issued: Issued, taken: CertificateTaken, *, is_accepted: bool) -> None:
    told = {"serial": issued.serial, "use": issued.use.value, "status": taken.status}
    if is_accepted:
        work.note("certificate.accepted", None, **told)
    else:
        work.warn("certificate.rejected", None, **told, why=taken.reason)
    reason = None if is_accepted else f"the station answered CertificateSigned {taken.status}"
    operations.progressed(
        work,
        Follow(Subject.CERTIFICATE, issued.use.value),
        {"message": "CertificateSigned", "status": taken.status, "serial": issued.serial},
        state=CommandState.DONE if is_accepted else CommandState.FAILED,
        reason=reason,
        result={"serial": issued.serial, "not_after": issued.not_after.isoformat()},
    )


def _issued_of(work: Work, chain: str, use: CertificateUse, source: str) -> Issued:
    leaf = pem.load_chain(chain)[0]
    return Issued(
        serial=pem.serial_text(leaf.serial_number),
        station_id=work.station.id,
        use=use,
        subject=pem.subject_text(leaf.subject)[:_MOST_SHOWN],
        issuer=pem.subject_text(leaf.issuer)[:_MOST_SHOWN],
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        fingerprint=pem.fingerprint(leaf),
        key=pem.key_digest(leaf.public_key()),
        chain=chain,
        issued_at=work.now,
        source=source,
    )


def _save(engine: Engine, work: Work, issued: Issued) -> None:
    for old in engine.certificates.put(issued):
        work.writes.append(RecordWrite(ISSUED, old.serial, None))
    work.writes.append(RecordWrite(ISSUED, issued.serial, issued.doc()))


HANDLERS: Final[Mapping[type[Any], Any]] = {
    CertificateRequested: requested,
    CertificateStatusAsked: status_asked,
    EvCertificateAsked: ev_certificate_asked,
    SecurityEventReported: security_events.reported,
}
USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    RenewCertificate: UseCase(outcome_within=timedelta(hours=1)),
    CertificateSigned: UseCase(installed_certificates.prepare_signed),
    InstallCertificate: UseCase(installed_certificates.prepare_install),
}
