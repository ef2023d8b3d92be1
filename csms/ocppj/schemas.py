"""The compiled JSON schemas of every action, and what a payload violates.

The schemas are those the `ocpp` package ships. Two things differ from the letter of
JSON Schema: formats are not checked, since stations write times in many forms that the
translators read, and both versions follow draft 4, where 100.0 is no integer (the
endpoint tidies such numbers, so translators never meet a float where an int is due).
In 1.6 these schemas leave chargingSchedulePeriod and the sampledValue of a
StopTransaction without a minimum length; the translators decide about empty ones.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

import orjson
from jsonschema_rs import Draft4Validator, ValidationError

from csms.ocppj.codes import PROPERTY_VIOLATION, SPELLING, TYPE_VIOLATION
from csms.ocppj.frames import Payload
from csms.ocppj.version import CSMS_ACTIONS, STATION_ACTIONS, Version

Validators = Mapping[str, Draft4Validator]

_MAX_PATH: Final = 120
_MAX_EXAMINED_BYTES: Final = 16_384
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a payload, fit to be sent as a CALLERROR.

    `code` is spelled for the version. `path` leads to the member, steps parted by "/",
    empty for the payload as a whole. `message` is a short ASCII sentence with the path
    in it and nothing else of what the other side wrote.
    """

    code: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Schemas:
    """The validators of one version by action."""

    requests: Validators
    responses: Validators


class _Kind(IntEnum):
    """Classes of violations in the order in which one is chosen to answer with."""

    TYPE = 0
    MISSING = 1
    OCCURRENCE = 2
    PROPERTY = 3
    FORMAT = 4


_KEYWORDS: Final[Mapping[str, tuple[_Kind, str]]] = MappingProxyType(
    {
        "type": (_Kind.TYPE, "member has the wrong type"),
        "required": (_Kind.MISSING, "member is missing"),
        "minItems": (_Kind.OCCURRENCE, "list has too few elements"),
        "maxItems": (_Kind.OCCURRENCE, "list has too many elements"),
        "maxLength": (_Kind.PROPERTY, "text is too long"),
        "minLength": (_Kind.PROPERTY, "text is too short"),
        "enum": (_Kind.PROPERTY, "value is not one of the specification"),
        "minimum": (_Kind.PROPERTY, "number is too small"),
        "maximum": (_Kind.PROPERTY, "number is too large"),
        "multipleOf": (_Kind.PROPERTY, "number has too many decimals"),
        "additionalProperties": (_Kind.FORMAT, "member is not in the schema"),
    }
)
_OTHER_KEYWORD: Final = (_Kind.FORMAT, "payload does not fit the schema")
_DIRECTORY: Final[Mapping[Version, str]] = MappingProxyType(
    {Version.V16: "v16", Version.V201: "v201"}
)
_REQUEST_SUFFIX: Final[Mapping[Version, str]] = MappingProxyType(
    {Version.V16: "", Version.V201: "Request"}
)


@cache
def schemas(version: Version) -> Schemas:
    """Return the validators of a version, compiled at the first call (10 to 20 ms)."""
    actions = STATION_ACTIONS[version] | CSMS_ACTIONS[version]
    suffix = _REQUEST_SUFFIX[version]
    return Schemas(
        requests={action: _compiled(version, action + suffix) for action in actions},
        responses={action: _compiled(version, action + "Response") for action in actions},
    )


def request_violation(version: Version, action: str, payload: Payload) -> Violation | None:
    """Return the violation to answer a request with, or None.

    Of several it is the first by class (type, missing, occurrence, property, format) and
    then by path. `action` must be one of the version.
    """
    return first_violation(version, schemas(version).requests[action], payload)


def response_violation(version: Version, action: str, payload: Payload) -> Violation | None:
    """Return what is wrong with the response to `action`, chosen as for requests."""
    return first_violation(version, schemas(version).responses[action], payload)


def request_violations(version: Version, action: str, payload: Payload) -> list[Violation]:
    """Return all violations of a request, sorted by class and path.

    A payload of more than 16 kB gets one at most, which bounds the work that a hostile
    list can cause.
    """
    return _violations(version, schemas(version).requests[action], payload)


def first_violation(
    version: Version, validator: Draft4Validator, payload: Payload
) -> Violation | None:
    """Return the violation to answer with; costs one pass where there is none."""
    if validator.is_valid(payload):
        return None
    return _violations(version, validator, payload)[0]


def duplicate_member(version: Version, name: str) -> Violation:
    """Return the violation of an object that has one member twice."""
    path = _safe(name)
    return Violation(SPELLING[version].format, path, f"member appears twice: {path}")


def stray_commas(version: Version) -> Violation:
    """Return the violation of a frame that could only be read without some of its commas."""
    return Violation(SPELLING[version].format, "", "frame is not JSON: it has commas too many")


def malformed_answer(version: Version, message: str) -> Violation:
    """Return the violation of an answer whose frame is not as it should be."""
    return Violation(SPELLING[version].format, "", message)


def _compiled(version: Version, name: str) -> Draft4Validator:
    file = resources.files("ocpp") / _DIRECTORY[version] / "schemas" / f"{name}.json"
    schema = orjson.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    # Masked messages: the values of a large payload are never written out.
    return Draft4Validator(schema, validate_formats=False, mask="")


def _violations(version: Version, validator: Draft4Validator, payload: Payload) -> list[Violation]:
    try:
        found = [_ranked(version, error) for error in _errors(validator, payload)]
    except ValueError:
        # jsonschema-rs says so when it meets too deep a nesting while it writes an error.
        return [Violation(PROPERTY_VIOLATION, "", "payload is nested too deep")]
    found.sort(key=lambda ranked: (ranked[0], ranked[1].path))
    return [violation for _, violation in found]


def _errors(validator: Draft4Validator, payload: Payload) -> Iterable[ValidationError]:
    if _is_small(payload):
        return validator.iter_errors(payload)
    try:
        validator.validate(payload)
    except ValidationError as first:
        return (first,)
    return ()


def _is_small(payload: Payload) -> bool:
    try:
        return len(orjson.dumps(payload)) <= _MAX_EXAMINED_BYTES
    except TypeError:
        return False


def _ranked(version: Version, error: ValidationError) -> tuple[_Kind, Violation]:
    kind, sentence = _KEYWORDS.get(error.kind.name, _OTHER_KEYWORD)
    path = _path(error)
    message = f"{sentence}: {path}" if path else sentence
    return kind, Violation(_code(version, kind), path, message)


def _path(error: ValidationError) -> str:
    steps = [_safe(str(step)) for step in error.instance_path]
    details = error.kind.as_dict()
    if "property" in details:
        steps.append(_safe(str(details["property"])))
    elif details.get("unexpected"):
        steps.append(_safe(min(details["unexpected"])))
    return "/".join(steps)[:_MAX_PATH]


def _safe(step: str) -> str:
    return _UNSAFE.sub("?", step[:50])


def _code(version: Version, kind: _Kind) -> str:
    own = SPELLING[version]
    match kind:
        case _Kind.TYPE:
            return TYPE_VIOLATION
        case _Kind.MISSING:
            return own.missing
        case _Kind.OCCURRENCE:
            return own.occurrence
        case _Kind.PROPERTY:
            return PROPERTY_VIOLATION
        case _Kind.FORMAT:
            return own.format
