"""Authorize, and what is said of a token in other answers. Source: OCPP 1.6, 4.1 and 7.27."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.facts import AuthorizationRequested
from csms.domain.times import format_seconds
from csms.domain.token import TokenRef, TokenStatus
from csms.ocpp.unreadable import CannotCarry

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import AuthorizationAnswer
    from csms.domain.token import Authorization
    from csms.ocppj.frames import Payload

MAX_ID_TAG: Final = 20
_STATUSES: Final = {
    TokenStatus.NO_CREDIT: "Blocked",
    TokenStatus.NOT_ALLOWED_TYPE_EVSE: "Invalid",
    TokenStatus.NOT_AT_THIS_LOCATION: "Invalid",
    TokenStatus.NOT_AT_THIS_TIME: "Invalid",
    TokenStatus.UNKNOWN: "Invalid",
}


def decode_authorize(payload: Payload, received_at: datetime) -> AuthorizationRequested:
    """Reads an Authorize."""
    del received_at
    return AuthorizationRequested(TokenRef(payload["idTag"]))


def encode_authorize(answer: AuthorizationAnswer) -> Payload:
    """Writes the answer to an Authorize."""
    return {"idTagInfo": encode_id_tag_info(answer.authorization)}


def encode_id_tag_info(authorization: Authorization) -> Payload:
    """Writes the judgement on a token; a parent too long for the version stays out."""
    info: Payload = {"status": _STATUSES.get(authorization.status, authorization.status.value)}
    if authorization.cached_until is not None:
        info["expiryDate"] = format_seconds(authorization.cached_until)
    if authorization.parent is not None and len(authorization.parent) <= MAX_ID_TAG:
        info["parentIdTag"] = authorization.parent
    return info


def id_tag(text: str) -> str:
    """Returns a token as an idTag. Raises: CannotCarry for one that is too long."""
    if len(text) > MAX_ID_TAG:
        raise CannotCarry(
            f"OCPP 1.6 tokens have at most {MAX_ID_TAG} characters; {text!r} has more."
        )
    return text
