"""Authorize, and tokens in other messages. Source: OCPP 2.0.1 part 2, block C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.facts import AuthorizationRequested
from csms.domain.times import format_seconds
from csms.domain.token import TokenRef
from csms.ocpp.reading import present
from csms.ocpp.unreadable import CannotCarry
from csms.ocpp.v201.certificates import contract_of

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import AuthorizationAnswer
    from csms.domain.token import Authorization, Named
    from csms.ocppj.frames import Payload

MAX_ID_TOKEN: Final = 36


def decode_authorize(payload: Payload, received_at: datetime) -> AuthorizationRequested:
    """Reads an Authorize."""
    del received_at
    token = payload["idToken"]
    contract = contract_of(payload)
    return AuthorizationRequested(TokenRef(token["idToken"], token["type"]), contract)


def encode_authorize(answer: AuthorizationAnswer) -> Payload:
    """Writes the answer to an Authorize."""
    info = encode_id_token_info(answer.authorization)
    return present(idTokenInfo=info, certificateStatus=answer.certificate_status)


def encode_id_token_info(authorization: Authorization) -> Payload:
    """Writes the judgement on a token; a group too long for the version stays out."""
    info: Payload = {"status": authorization.status.value}
    if authorization.cached_until is not None:
        info["cacheExpiryDateTime"] = format_seconds(authorization.cached_until)
    if authorization.evses:
        info["evseId"] = list(authorization.evses)
    if authorization.language is not None:
        info["language1"] = authorization.language
    if authorization.message is not None:
        info["personalMessage"] = {"format": "UTF8", "content": authorization.message}
    if authorization.group is not None and len(authorization.group) <= MAX_ID_TOKEN:
        info["groupIdToken"] = {
            "idToken": authorization.group,
            "type": authorization.group_kind,
        }
    return info


def encode_id_token(token: Named) -> Payload:
    """Writes a token. Raises: CannotCarry for one that is too long."""
    if len(token.text) > MAX_ID_TOKEN:
        raise CannotCarry(
            f"OCPP 2.0.1 tokens have at most {MAX_ID_TOKEN} characters; {token.text!r} has more."
        )
    written: Payload = {"idToken": token.text, "type": token.kind}
    if token.additional_info:
        written["additionalInfo"] = [
            {"additionalIdToken": text, "type": kind} for text, kind in token.additional_info
        ]
    return written
