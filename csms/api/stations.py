"""Stations: who may connect, how they prove who they are, and in what state they are."""

import asyncio
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from csms.api.answers import answer, with_z
from csms.api.context import Api, Services
from csms.api.paging import Page, PageQuery, page
from csms.api.problems import conflict, invalid_field, not_found
from csms.domain.facts import Registration
from csms.domain.station import DEFAULT_SITE, Station, dump_station, load_station
from csms.engine import operations, reservations
from csms.engine.threshold_settings import DeviationOverrides
from csms.engine.views import station_view
from csms.engine.work import Work
from csms.engine.writes import StationWrite
from csms.errors import DatabaseUnavailable
from csms.link.addresses import station_id_of
from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version
from csms.store.archive import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.store.archive import StationRow

_ACTIONS = frozenset(
    action for version in Version for action in CSMS_ACTIONS[version] | STATION_ACTIONS[version]
)
_TAKEN_AS_GIVEN = (
    "default_protocol",
    "items_per_message",
    "certificate_common_name",
    "ping_interval_s",
    "pong_required",
    "default_profile",
    "max_profile",
    "time_with_milliseconds",
    "max_message_kib",
)
_WISHES = {"default_profile", "max_profile", "site"}
_OFFLINE = "Offline"
_WITH_PASSWORD = {1, 2}

router = APIRouter(tags=["stations"])

RegistrationName = Literal["accepted", "pending", "rejected"]


class StationBody(BaseModel):
    """What is decided about a station. A member that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    security_profile: int = Field(
        0,
        ge=0,
        le=3,
        description="The least that it may connect with. 0: no proof, 1: password, 2: password "
        "over TLS, 3: its own certificate over TLS, no password",
    )
    password: str | None = Field(
        None, min_length=1, max_length=512, description="Kept as a hash, never shown"
    )
    registration: RegistrationName = "accepted"
    items_per_message: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="How many items a message may have, by action: {'GetVariables': 4}"
    )
    certificate_common_name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Common name of its certificate; null: its ID",
    )
    default_protocol: Version | None = Field(
        None,
        description="OCPP version of a station that offers no subprotocol; null: it is refused",
    )
    site: str = Field(DEFAULT_SITE, min_length=1, max_length=100)
    ping_interval_s: float | None = Field(
        None, ge=0, le=86_400, description="null: as the server's setting; 0: never"
    )
    default_profile: str | None = Field(
        None,
        description="Profile of the catalogue that stands on it as TxDefaultProfile; null: that "
        "of its site, or of the rules without a token",
    )
    max_profile: str | None = Field(
        None, description="Profile of the catalogue that bounds it as a whole; null: its site's"
    )
    pong_required: bool = Field(
        default=True,
        description="false for a station that answers no pings: only long silence ends it",
    )
    time_with_milliseconds: bool = Field(
        default=False,
        description="true for a station that misreads a time without a fraction in our answers",
    )
    max_message_kib: int | None = Field(
        None,
        ge=64,
        le=4096,
        description="The longest message that is taken from it, from its next connection on; "
        "null: 1024 KiB",
    )
    deviations: DeviationOverrides = Field(
        default_factory=DeviationOverrides,
        description="Thresholds that differ for this station; {} for none. See docs/settings.md.",
    )

    @field_validator("items_per_message")
    @classmethod
    def _names_actions(cls, given: dict[str, int]) -> dict[str, int]:
        unknown = sorted(given.keys() - _ACTIONS)
        if unknown:
            raise ValueError(f"{unknown[0][:50]!r} is no action of OCPP 1.6 or 2.0.1")
        return given


class ConnectorView(BaseModel):
    """The last state of a connector."""

    evse: int
    connector: int
    status: str = Field(description="`Offline` while the station is not connected")
    last_status: str
    at: AwareDatetime = Field(description="When it was reported, in our clock")
    details: dict[str, Any]


class ConnectionView(BaseModel):
    """The present connection of a station."""

    security_profile: int = Field(
        description="0: no proof, 1: password, 2: password over TLS, 3: its own certificate"
    )
    peer: str = Field(description="Its address; that behind the proxy, where one is trusted")
    protocol: str
    tls_version: str | None = Field(description="null without TLS, or if a proxy ends it")
    since: AwareDatetime


class StationView(BaseModel):
    """A station."""

    id: str
    is_online: bool
    last_seen: AwareDatetime | None
    connection: ConnectionView | None = Field(description="null while it is not connected")
    connectors: list[ConnectorView]
    has_password: bool
    registration: RegistrationName
    security_profile: int = Field(description="The least that it may connect with")
    next_security_profile: int | None = Field(
        description="The one that it agreed to, and becomes the least once it has connected by it"
    )
    items_per_message: dict[str, int]
    certificate_common_name: str | None
    default_protocol: str | None
    site: str
    ping_interval_s: float | None
    pong_required: bool
    default_profile: str | None
    max_profile: str | None
    time_with_milliseconds: bool
    max_message_kib: int | None
    standing: dict[str, Any] = Field(
        description="What became of its standing profiles, by purpose: wanted, sent, accepted, "
        "refused, failed or confirmed, with the times"
    )
    capabilities: dict[str, Any] | None = Field(
        description="What charging profiles it says that it can take, and when it was asked"
    )
    features: dict[str, bool] = Field(
        description="What it says that it can do, or cannot; what it has not said is left out"
    )
    limits_told: dict[str, dict[str, int]] = Field(
        description="How many items and bytes it says that it takes in one message, by action"
    )
    unconfirmed: list[int] = Field(
        description="IDs of profiles that it may have lost when it last booted"
    )
    deviations: dict[str, float] = Field(description="Thresholds that differ for this station")
    clock_offset_s: float = Field(description="What its times are corrected by; 0 if right")
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    protocol: str | None = Field(description="The OCPP version of its last connection")
    booted_at: AwareDatetime | None
    connected_at: AwareDatetime | None
    disconnected_at: AwareDatetime | None
    created_at: AwareDatetime | None


@router.get("/stations", response_model=Page[StationView])
async def list_stations(api: Api, query: Annotated[PageQuery, Query()]) -> Response:
    """All stations, the one made known last first."""
    rows = await api.archive.stations(Span(query.limit + 1, query.after(datetime, str)))
    shown = page(
        rows, query.limit, lambda row: (row.created_at, row.id), lambda row: _view(api, row)
    )
    return answer(shown)


@router.get("/stations/{station_id}", response_model=StationView)
async def get_station(api: Api, station_id: str) -> Response:
    """One station with its connectors."""
    return answer(_view(api, await _row(api, station_id)))


@router.put(
    "/stations/{station_id}",
    response_model=StationView,
    responses={201: {"model": StationView, "description": "It is new"}},
)
async def put_station(api: Api, station_id: str, body: StationBody) -> Response:
    """Makes a station known, or changes what is decided about it.

    A password without a `security_profile` means profile 1; profile 0 forgets the password.
    """
    if station_id_of("/" + quote(station_id, safe="")) != station_id:
        raise invalid_field("station_id", "must have 1 to 48 printable characters without a slash")
    _check_profiles(api, body)
    hashed = None
    if body.password is not None:
        hashed = await asyncio.to_thread(api.hub.engine.hash_password, body.password)
    is_new = await api.durably(_save(api, station_id, body, hashed))
    if not is_new and _WISHES & body.model_fields_set:
        api.hub.spawn(api.hub.wishes_changed(station_id=station_id))
    view = _view(api, await _row(api, station_id))
    return answer(view, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@router.delete("/stations/{station_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_station(api: Api, station_id: str) -> Response:
    """Forgets a station that is not connected. Its sessions stay; those that run are closed."""
    await api.durably(_delete(api, station_id))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _check_profiles(api: Services, body: StationBody) -> None:
    catalogue = api.hub.engine.policy.catalogue
    for name in ("default_profile", "max_profile"):
        profile = getattr(body, name)
        if profile is not None and profile not in catalogue:
            known = ", ".join(sorted(catalogue))
            raise invalid_field(name, f"there is no profile {profile[:64]!r}; known are {known}")


async def _save(api: Services, station_id: str, body: StationBody, hashed: str | None) -> bool:
    """Writes the record, and has it count once it is durable; tells whether it is a new one."""
    engine = api.hub.engine
    state = await engine.station(station_id)
    if state is None:
        record = _changed(Station(id=station_id, created_at=api.now()), body, hashed)
        await api.hub.store.submit([StationWrite(station_id, dump_station(record))])
        engine.enroll(station_id, api.now()).record = record
        return True
    async with state.lock:
        record = _changed(state.record, body, hashed)
        await api.hub.store.submit([StationWrite(station_id, dump_station(record))])
        state.record = record
    return False


def _changed(record: Station, body: StationBody, hashed: str | None) -> Station:
    """Returns the record with what the body says."""
    given = body.model_fields_set
    changes: dict[str, Any] = {
        name: getattr(body, name) for name in _TAKEN_AS_GIVEN if name in given
    }
    if "site" in given:
        changes["site"] = body.site
    if "deviations" in given:
        changes["deviations"] = body.deviations.values()
    if "registration" in given:
        changes["registration"] = Registration(body.registration.capitalize())
    return replace(record, **changes, **_security(record, body, hashed))


def _security(record: Station, body: StationBody, hashed: str | None) -> dict[str, Any]:
    """Returns security profile and password hash as they are to be; they go together."""
    kept = hashed if "password" in body.model_fields_set else record.password_hash
    profile = record.security_profile
    if "security_profile" in body.model_fields_set:
        profile = body.security_profile
    elif profile == 0 and hashed is not None:
        profile = 1
    if profile == 0 and hashed is not None:
        raise invalid_field("password", "has no use with security profile 0; make that 1 or more")
    if profile in _WITH_PASSWORD and kept is None:
        message = f"is missing; security profile {profile} needs one, and none is stored"
        raise invalid_field("password", message)
    changes: dict[str, Any] = {
        "security_profile": profile,
        "password_hash": kept if profile else None,
    }
    if "password" in body.model_fields_set or not profile:
        changes["new_passwords"] = []
    if "security_profile" in body.model_fields_set:
        changes["next_security_profile"] = None
    return changes


async def _delete(api: Services, station_id: str) -> None:
    engine, now = api.hub.engine, api.now()
    state = await engine.station(station_id)
    if state is None:
        raise not_found("station", station_id)
    async with state.lock:
        if station_id in api.hub.sessions:
            raise conflict("station-online", f"{station_id} is connected; it can be deleted later")
        # Its own write comes after all earlier ones, so that none of them brings it back.
        await api.hub.store.submit([StationWrite(station_id, dump_station(state.record))])
        if api.hub.store.is_behind:
            raise DatabaseUnavailable(
                "the database is away; the station can be deleted once it is back"
            )
        closed = [
            outcome
            for session_id in list(state.running)
            if (outcome := engine.close_session(state, session_id, "station deleted", now))
        ]
        work = Work(state, now)
        operations.give_up(work, "the station was deleted")
        reservations.give_up(work)
        closed.append(work.outcome(None))
        await api.hub.store.submit([each for one in closed for each in one.writes])
        await api.archive.delete_station(station_id)
        engine.stations.pop(station_id, None)
        engine.certificates.installed.pop(station_id, None)
    for outcome in closed:
        api.hub.settle(state, outcome)


async def _row(api: Services, station_id: str) -> "StationRow":
    row = await api.archive.station(station_id)
    if row is None:
        raise not_found("station", station_id)
    return row


def _view(api: Services, row: "StationRow") -> dict[str, Any]:
    is_online = row.id in api.hub.sessions
    state = api.hub.engine.stations.get(row.id)
    record = load_station(row.doc) if state is None else state.record
    view = station_view(dump_station(record), is_online=is_online)
    view["registration"] = record.registration.value.lower()
    seen = [record.booted_at, record.connected_at, record.disconnected_at]
    last = api.now() if is_online else max((at for at in seen if at), default=None)
    view["last_seen"] = with_z(last)
    view["connection"] = _connection(api, row.id)
    for name in ("standing", "capabilities"):
        view[name] = with_z(view.get(name))
    view["unconfirmed"] = [] if state is None else sorted(state.belief.unconfirmed)
    view["connectors"] = [_connector(each, is_online=is_online) for each in row.connectors]
    return {name: view[name] for name in StationView.model_fields}


def _connection(api: Services, station_id: str) -> dict[str, Any] | None:
    session = api.hub.sessions.get(station_id)
    if session is None:
        return None
    state, peer = session.station, session.socket.peer
    return {
        "security_profile": session.socket.security_profile,
        "peer": session.peer_address,
        "protocol": session.version.value,
        "tls_version": None if peer is None else peer.tls_version,
        "since": with_z(state.online_since or state.record.connected_at or api.now()),
    }


def _connector(row: "Mapping[str, Any]", *, is_online: bool) -> dict[str, Any]:
    return {
        "evse": row["evse"],
        "connector": row["connector"],
        "status": row["status"] if is_online else _OFFLINE,
        "last_status": row["status"],
        "at": with_z(row["at"]),
        "details": with_z(row["doc"]),
    }
