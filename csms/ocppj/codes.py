"""Error codes of a CALLERROR, spelled as each version spells them.

Source: OCPP-J 1.6, table 7 (with the misspellings that its schemas and errata keep);
OCPP 2.0.1 part 4, table 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from csms.ocppj.version import Version

GENERIC_ERROR: Final = "GenericError"
INTERNAL_ERROR: Final = "InternalError"
NOT_IMPLEMENTED: Final = "NotImplemented"
"""The action is unknown in this version."""
NOT_SUPPORTED: Final = "NotSupported"
"""The action is known, but not handled by the side that was called."""
PROPERTY_VIOLATION: Final = "PropertyConstraintViolation"
PROTOCOL_ERROR: Final = "ProtocolError"
SECURITY_ERROR: Final = "SecurityError"
TYPE_VIOLATION: Final = "TypeConstraintViolation"


@dataclass(frozen=True, slots=True)
class Spelling:
    """The codes that the versions name differently.

    `missing` answers an absent member: 1.6 describes ProtocolError as "incomplete",
    2.0.1 counts absence as a broken occurrence constraint. `framework` answers a frame
    that is no proper call; 1.6 has no own code for it.
    """

    format: str
    occurrence: str
    missing: str
    framework: str
    message_type: str


SPELLING: Final[Mapping[Version, Spelling]] = MappingProxyType(
    {
        Version.V16: Spelling(
            format="FormationViolation",
            occurrence="OccurenceConstraintViolation",
            missing=PROTOCOL_ERROR,
            framework="FormationViolation",
            message_type=GENERIC_ERROR,
        ),
        Version.V201: Spelling(
            format="FormatViolation",
            occurrence="OccurrenceConstraintViolation",
            missing="OccurrenceConstraintViolation",
            framework="RpcFrameworkError",
            message_type="MessageTypeNotSupported",
        ),
    }
)

_SAME_IN_ALL: Final = frozenset(
    {
        GENERIC_ERROR,
        INTERNAL_ERROR,
        NOT_IMPLEMENTED,
        NOT_SUPPORTED,
        PROPERTY_VIOLATION,
        PROTOCOL_ERROR,
        SECURITY_ERROR,
        TYPE_VIOLATION,
    }
)

ERROR_CODES: Final[Mapping[Version, frozenset[str]]] = MappingProxyType(
    {
        version: _SAME_IN_ALL
        | {own.format, own.occurrence, own.missing, own.framework, own.message_type}
        for version, own in SPELLING.items()
    }
)
"""The codes that a CALLERROR of the version may carry."""


def spelled(version: Version, code: str) -> str:
    """Return the code as the version spells it; GenericError for what is no code at all."""
    if code in _SAME_IN_ALL:
        return code
    own = SPELLING[version]
    for other in SPELLING.values():
        if code == other.format:
            return own.format
        if code == other.occurrence:
            return own.occurrence
        if code == other.framework:
            return own.framework
        if code == other.message_type:
            return own.message_type
    return GENERIC_ERROR
