"""What is wrong with the payload of a frame that parsed."""

from typing import Any

from jsonschema_rs import Draft4Validator

from csms.ocppj.frames import Payload
from csms.ocppj.repair import duplicated_member, tidy
from csms.ocppj.schemas import (
    Violation,
    duplicate_member,
    first_violation,
)
from csms.ocppj.version import Version


def frame_violation(
    version: Version, validator: Draft4Validator, text: str, frame: list[Any], payload: Payload
) -> Violation | None:
    """Return the violation of a frame's payload, which is tidied in place if it has any.

    Members given twice come first: what the parser kept of them is not what was sent.

    Raises: NestedTooDeep.
    """
    name = duplicated_member(text, frame)
    if name is not None:
        return duplicate_member(version, name)
    if validator.is_valid(payload):
        return None
    tidy(version, payload)
    return first_violation(version, validator, payload)
