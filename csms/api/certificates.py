"""Certificates: those issued to stations, those installed on them, and the roots that we know."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import invalid_field, not_found, unavailable
from csms.domain.certificate_facts import CertificateUse
from csms.engine import certificates, pem
from csms.engine.certificate_book import ROOTS, Issued, IssuedState
from csms.engine.installed_certificates import add_root
from csms.engine.writes import RecordWrite
from csms.store.archive import Span

router = APIRouter(tags=["certificates"])

Text = Annotated[str, Field(max_length=500)]


class IssuedView(BaseModel):
    """A certificate that was issued to a station, or sent to it by an operator."""

    serial: str = Field(description="Hexadecimal")
    station_id: str
    use: Literal["ChargingStation", "V2G", "Combined"]
    state: Literal["issued", "accepted", "rejected", "revoked"]
    subject: str
    issuer: str
    not_before: AwareDatetime
    not_after: AwareDatetime
    fingerprint: str = Field(description="SHA-256 of the certificate")
    key: str = Field(description="SHA-256 of its public key")
    chain: str = Field(description="PEM, the station's certificate first")
    source: str = Field(description="Who signed it: own, service, command; or an operator sent it")
    issued_at: AwareDatetime
    decided_at: AwareDatetime | None = Field(description="When the station answered")
    revoked_at: AwareDatetime | None
    reason: str | None = Field(description="Why it was rejected or revoked")


class InstalledView(BaseModel):
    """A certificate on a station, named as DeleteCertificate wants it."""

    type: str
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    children: list["InstalledView"]


class StationCertificates(BaseModel):
    """All certificates of a station."""

    installed: list[InstalledView] = Field(description="Roots and V2G chains that it told of")
    told_at: AwareDatetime | None = Field(description="When it last listed them")
    issued: list[IssuedView] = Field(description="Its own certificates, the newest first")


class RevokeBody(BaseModel):
    """Why a certificate is revoked."""

    model_config = ConfigDict(extra="forbid")

    reason: Text | None = None


class RootBody(BaseModel):
    """A root that contract certificates may end at."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["MORootCertificate", "V2GRootCertificate"]
    certificate: str = Field(max_length=10_000, description="PEM")


class RootView(RootBody):
    """A known root."""

    fingerprint: str
    subject: str
    not_after: AwareDatetime
    created_at: AwareDatetime


class CertificateQuery(PageQuery):
    """Which certificates."""

    station: str | None = None
    state: IssuedState | None = None
    use: CertificateUse | None = None


class EventQuery(PageQuery):
    """Which security events."""

    station: str | None = None
    type: str | None = None


class SecurityEventView(BaseModel):
    """A security event."""

    station_id: str
    received_at: AwareDatetime
    at: AwareDatetime | None = Field(description="When it happened, in our clock")
    type: str
    tech_info: str | None
    source: str = Field(description="Who noticed it: station or csms")
    is_critical: bool = Field(description="By the list of the specification")


@router.get("/certificates", response_model=Page[IssuedView])
async def list_certificates(api: Api, query: Annotated[CertificateQuery, Query()]) -> Response:
    """Certificates of stations, the newest first."""
    book = api.hub.engine.certificates
    after = query.after(datetime, str)
    found = book.issued.values() if query.station is None else book.of(query.station)
    fitting = [
        each
        for each in found
        if query.state in {None, each.state}
        and query.use in {None, each.use}
        and (after is None or (each.issued_at, each.serial) < after)
    ]
    fitting.sort(key=lambda each: (each.issued_at, each.serial), reverse=True)
    rows = fitting[: query.limit + 1]
    return answer(page(rows, query.limit, lambda each: (each.issued_at, each.serial), _view))


@router.get("/certificates/authorities", response_model=dict[str, str])
async def get_authorities(api: Api) -> Response:
    """Roots and sub-authorities that sign certificates of stations, as PEM by name."""
    signer = api.hub.signer
    try:
        return answer(await signer.in_thread(signer.authority.certificates, api.now()))
    except (OSError, ValueError) as error:
        raise unavailable(f"our own authority cannot be read: {error}") from None


@router.get("/certificates/roots", response_model=Page[RootView])
async def list_roots(api: Api) -> Response:
    """Roots that contract certificates may end at, beside those of files; there is one page."""
    known = api.hub.engine.certificates.roots
    return answer({"items": [with_z(known[name]) for name in sorted(known)], "next_cursor": None})


@router.post("/certificates/roots", response_model=RootView, status_code=HTTPStatus.CREATED)
async def post_root(api: Api, body: RootBody) -> Response:
    """Makes a root known; one that is known already stays."""
    try:
        found = pem.load_chain(body.certificate)
    except ValueError as error:
        raise invalid_field("certificate", str(error)) from None
    if len(found) != 1:
        raise invalid_field("certificate", f"holds {len(found)} certificates; give one")
    write = add_root(api.hub.engine, body.type, found[0], api.now())
    await api.durably(_submit(api, write))
    return answer(with_z(write.doc), HTTPStatus.CREATED)


@router.delete("/certificates/roots/{fingerprint}", status_code=HTTPStatus.NO_CONTENT)
async def delete_root(api: Api, fingerprint: str) -> Response:
    """Forgets a root."""
    if api.hub.engine.certificates.roots.pop(fingerprint.lower(), None) is None:
        raise not_found("root", fingerprint)
    await api.durably(_submit(api, RecordWrite(ROOTS, fingerprint.lower(), None)))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/certificates/{serial}", response_model=IssuedView)
async def get_certificate(api: Api, serial: str) -> Response:
    """One certificate."""
    return answer(_view(_known(api, serial)))


@router.post("/certificates/{serial}/revoke", response_model=IssuedView)
async def revoke_certificate(api: Api, serial: str, body: RevokeBody | None = None) -> Response:
    """Revokes a certificate: its station can open no connection with it any more."""
    issued = _known(api, serial)
    reason = None if body is None else body.reason
    await api.durably(_submit(api, certificates.revoke(issued, reason, api.now())))
    return answer(_view(issued))


@router.get("/stations/{station_id}/certificates", response_model=StationCertificates)
async def get_station_certificates(api: Api, station_id: str) -> Response:
    """What is installed on a station, and what was issued to it."""
    if await api.hub.engine.station(station_id) is None:
        raise not_found("station", station_id)
    book = api.hub.engine.certificates
    installed = book.installed.get(station_id)
    doc = {"certificates": [], "told_at": None} if installed is None else installed.doc()
    return answer(
        {
            "installed": doc["certificates"],
            "told_at": with_z(doc["told_at"]),
            "issued": [_view(each) for each in book.of(station_id)],
        }
    )


@router.get("/security-events", response_model=Page[SecurityEventView])
async def list_security_events(api: Api, query: Annotated[EventQuery, Query()]) -> Response:
    """Security events of stations, and those that we have noticed about them, newest first."""
    span = Span(query.limit + 1, query.after(datetime, str, str))
    rows = await api.archive.security_events(query.station, query.type, span)
    shown = page(
        rows,
        query.limit,
        lambda row: (row["received_at"], row["station_id"], row["message_id"]),
        _event_view,
    )
    return answer(shown)


async def _submit(api: Services, write: RecordWrite) -> None:
    await api.hub.store.submit([write])


def _known(api: Services, serial: str) -> Issued:
    found = api.hub.engine.certificates.issued.get(serial.upper().lstrip("0"))
    if found is None:
        raise not_found("certificate", serial)
    return found


def _view(issued: Issued) -> dict[str, Any]:
    return {name: with_z(value) for name, value in certificates.view(issued).items()}


def _event_view(row: dict[str, Any]) -> dict[str, Any]:
    doc = row["doc"]
    return {
        "station_id": row["station_id"],
        "received_at": with_z(row["received_at"]),
        "at": with_z(doc.get("at")),
        "type": doc["type"],
        "tech_info": doc.get("tech_info"),
        "source": doc.get("source", "station"),
        "is_critical": doc.get("is_critical", False),
    }
