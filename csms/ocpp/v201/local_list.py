"""ClearCache, GetLocalListVersion, SendLocalList. Source: OCPP 2.0.1 part 2, C11 and D."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from csms.domain.answered import Answered
from csms.domain.local_list import ListAnswered, Listed, ListVersionTold, mark_of
from csms.domain.operations import authorization as asked
from csms.domain.operations.prepared import PreparedList
from csms.ocpp.charging_profiles import required_integer_in
from csms.ocpp.local_lists import messages_of
from csms.ocpp.plain_answers import answer_status
from csms.ocpp.reading import instant_of
from csms.ocpp.v201.authorization import encode_id_token, encode_id_token_info

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from csms.domain.local_list import ListEntry
    from csms.domain.operations import Operation
    from csms.domain.operations.authorization import ClearCache, GetLocalListVersion
    from csms.ocppj.frames import Payload


def encode_clear_cache(operation: ClearCache) -> tuple[str, Payload]:
    """Writes a ClearCache."""
    del operation
    return "ClearCache", {}


def encode_get_version(operation: GetLocalListVersion) -> tuple[str, Payload]:
    """Writes a GetLocalListVersion."""
    del operation
    return "GetLocalListVersion", {}


def encode_list(operation: PreparedList) -> list[tuple[str, Payload]]:
    """Writes the SendLocalLists that carry a list. Raises: CannotCarry for too long a token."""
    entries = [_encode(each) for each in operation.entries]
    return [("SendLocalList", each) for each in messages_of(operation, entries, "versionNumber")]


def read_version(operation: GetLocalListVersion, payloads: Sequence[Payload]) -> Answered:
    """Reads which version the list has; 0 that there is none."""
    del operation
    return Answered(
        "Accepted", is_agreed=True, result={"version": payloads[-1].get("versionNumber")}
    )


def effect_of_list(request: Payload, response: Payload) -> ListAnswered:
    """Reads what a station makes of a list. Raises: KeyError, TypeError."""
    return _read(request, answer_status(response) or "Failed")


def refusal_of_list(request: Payload, status: str | None, reason: str | None) -> ListAnswered:
    """Reads a list that was answered with an error. Raises: KeyError, TypeError."""
    del reason
    return _read(request, status or "Failed")


def effect_of_version(request: Payload, response: Payload) -> ListVersionTold:
    """Reads which version a station's list has. Raises: TypeError."""
    del request
    return ListVersionTold(required_integer_in(response, "versionNumber"))


def _encode(entry: ListEntry) -> Payload:
    written: Payload = {"idToken": encode_id_token(entry.token)}
    if entry.authorization is not None:
        written["idTokenInfo"] = encode_id_token_info(entry.authorization)
    return written


def _read(request: Payload, status: str) -> ListAnswered:
    entries = request.get("localAuthorizationList") or ()
    return ListAnswered(
        status,
        required_integer_in(request, "versionNumber"),
        request["updateType"] == "Full",
        tuple(_entry(each, each["idTokenInfo"]) for each in entries if "idTokenInfo" in each),
        tuple(each["idToken"]["idToken"] for each in entries if "idTokenInfo" not in each),
    )


def _entry(raw: Payload, info: Payload) -> Listed:
    token, group = raw["idToken"], info.get("groupIdToken")
    until = instant_of(info.get("cacheExpiryDateTime"))
    mark = mark_of(info["status"], until, None if group is None else group["idToken"])
    return Listed(token["idToken"], token["type"], mark)


ENCODERS: Final[Mapping[type[Operation], Any]] = {
    asked.ClearCache: encode_clear_cache,
    asked.GetLocalListVersion: encode_get_version,
    PreparedList: encode_list,
}
READERS: Final[Mapping[type[Operation], Any]] = {asked.GetLocalListVersion: read_version}
EFFECTS: Final[Mapping[str, Any]] = {
    "SendLocalList": effect_of_list,
    "GetLocalListVersion": effect_of_version,
}
REFUSALS: Final[Mapping[str, Any]] = {"SendLocalList": refusal_of_list}
