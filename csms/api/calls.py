"""The raw relay: any call of the station's OCPP version, sent exactly as it is given."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from csms.api.answers import answer
from csms.api.context import Api, Services
from csms.api.problems import (
    FieldError,
    Problem,
    conflict,
    field_path,
    invalid,
    invalid_field,
    not_found,
)
from csms.domain.secrets import redacted, without_secrets
from csms.engine.state import StationState
from csms.errors import NoAnswer, StationBusy, StationOffline
from csms.link.identifiers import new_message_id
from csms.ocpp.operations import merge
from csms.ocppj.frames import CallError, Payload
from csms.ocppj.repair import NestedTooDeep, duplicated_member
from csms.ocppj.schemas import request_violations
from csms.ocppj.version import CSMS_ACTIONS, Version

router = APIRouter(tags=["calls"])

Given = Annotated[
    Payload | None,
    Body(description="The OCPP payload of the station's version; empty counts as {}"),
]


class CallAnswer(BaseModel):
    """What the station said. A CALLERROR has the `error_` members instead of a payload."""

    message_id: str
    outcome: str = Field(examples=["result", "error"])
    payload: dict[str, Any] | None = None
    error_code: str | None = None
    error_description: str | None = None
    error_details: dict[str, Any] | None = None


@router.post("/stations/{station_id}/calls/{action}", response_model=CallAnswer)
async def call(
    api: Api,
    station_id: str,
    action: str,
    request: Request,
    body: Given = None,
    timeout_s: Annotated[float, Query(ge=1, le=600)] = 30.0,
) -> Response:
    """Sends a call to a station, and waits for its answer.

    The body is checked against the official schema and leaves as it is given. 404 for an unknown
    station or an action that its version has not, 409 when it is not connected, 504 when it does
    not answer. A station's refusal is an answer: 200.
    """
    version, station = await _version(api, station_id, action)
    payload = _payload(body, await request.body())
    _check(version, action, payload)
    message_id = new_message_id()
    try:
        exchanged = await api.hub.operator.relay(station, action, payload, timeout_s, message_id)
    except StationOffline as offline:
        raise conflict("station-offline", str(offline)) from None
    except StationBusy as busy:
        raise conflict("station-busy", str(busy)) from None
    except NoAnswer as silent:
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "no-answer", str(silent)) from None
    said = exchanged[-1][1]
    if isinstance(said, CallError):
        return answer(_error(message_id, said))
    payloads = [each.payload for _, each in exchanged if not isinstance(each, CallError)]
    told = redacted(merge(payloads))
    return answer({"message_id": message_id, "outcome": "result", "payload": told})


async def _version(api: Services, station_id: str, action: str) -> tuple[Version, StationState]:
    """Returns the version that the station speaks now, and the station."""
    session = api.hub.sessions.get(station_id)
    if session is not None:
        _check_action([session.version], action)
        return session.version, session.station
    station = await api.hub.engine.station(station_id)
    if station is None:
        raise not_found("station", station_id)
    known = [version for version in Version if version.value == station.record.protocol]
    _check_action(known or list(Version), action)
    raise conflict("station-offline", f"{station_id} is not connected")


def _check_action(versions: list[Version], action: str) -> None:
    if not any(action in CSMS_ACTIONS[version] for version in versions):
        spoken = " or ".join(versions)
        detail = f"OCPP {spoken} has no action {action!r} from the central system to a station"
        raise Problem(HTTPStatus.NOT_FOUND, "unknown-action", detail)


def _payload(given: Payload | None, body: bytes) -> Payload:
    """Returns the payload, once it is sure that its text says nothing else."""
    if not body:
        return {}
    if given is None:
        raise invalid_field("", "the body must be a JSON object")
    try:
        twice = duplicated_member(f"[{body.decode()}]", [given])
    except NestedTooDeep:
        raise invalid_field("", "the body is nested too deep") from None
    if twice is not None:
        raise invalid_field(twice, "appears twice")
    return given


def _check(version: Version, action: str, payload: Payload) -> None:
    errors = [
        FieldError(field=field_path(each.path.split("/")), message=each.message)
        for each in request_violations(version, action, payload)
    ]
    if errors:
        raise invalid(errors)


def _error(message_id: str, said: CallError) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "outcome": "error",
        "error_code": said.error_code,
        "error_description": without_secrets(said.error_description),
        "error_details": redacted(said.error_details),
    }
