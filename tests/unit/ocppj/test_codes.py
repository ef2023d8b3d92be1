import pytest

from csms.ocppj.codes import ERROR_CODES, spelled
from csms.ocppj.version import Version


@pytest.mark.parametrize(
    ("version", "code", "expected"),
    [
        (Version.V16, "FormatViolation", "FormationViolation"),
        (Version.V201, "FormationViolation", "FormatViolation"),
        (Version.V16, "OccurrenceConstraintViolation", "OccurenceConstraintViolation"),
        (Version.V201, "OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
        (Version.V16, "RpcFrameworkError", "FormationViolation"),
        (Version.V16, "MessageTypeNotSupported", "GenericError"),
        (Version.V201, "MessageTypeNotSupported", "MessageTypeNotSupported"),
        (Version.V201, "InternalError", "InternalError"),
        (Version.V16, "TypeError", "GenericError"),
        (Version.V201, "ProtocolError", "ProtocolError"),
    ],
)
def test_a_code_is_spelled_as_the_version_spells_it(version, code, expected):
    assert spelled(version, code) == expected


def test_codes_of_201_are_those_of_part_4_table_8():
    assert ERROR_CODES[Version.V201] == {
        "FormatViolation",
        "GenericError",
        "InternalError",
        "MessageTypeNotSupported",
        "NotImplemented",
        "NotSupported",
        "OccurrenceConstraintViolation",
        "PropertyConstraintViolation",
        "ProtocolError",
        "RpcFrameworkError",
        "SecurityError",
        "TypeConstraintViolation",
    }


@pytest.mark.parametrize(
    "code", ["RpcFrameworkError", "MessageTypeNotSupported", "FormatViolation"]
)
def test_codes_of_201_are_none_of_16(code):
    assert code not in ERROR_CODES[Version.V16]
