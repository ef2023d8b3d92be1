"""Local lists on the wire: valid in both versions, in parts, and read back as they were sent."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from csms.domain.local_list import ListAnswered, ListEntry, ListVersionTold
from csms.domain.operations.prepared import PreparedList
from csms.domain.token import Authorization, Named, TokenStatus
from csms.ocpp.effects import effect_of, effect_of_error
from csms.ocpp.operations import Limits, encode_operation
from csms.ocpp.unreadable import CannotCarry
from csms.ocppj.frames import CallError
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version

UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
ENTRIES = (
    ListEntry(Named("GONE", "ISO14443")),
    ListEntry(
        Named("A", "eMAID", (("X", "Y"),)),
        Authorization(TokenStatus.ACCEPTED, UNTIL, "PARENT", "GROUP", "Local", language="sv"),
    ),
    *(ListEntry(Named(f"T{number}"), Authorization(TokenStatus.BLOCKED)) for number in range(8)),
)


def calls_of(version, **values):
    given = {"version": 3, "is_full": True, "entries": ENTRIES, **values}
    return encode_operation(version, PreparedList(**given), Limits())


@pytest.mark.parametrize("version", Version)
def test_a_list_is_valid_and_read_back_as_it_was_sent(version):
    (call,) = calls_of(version)
    assert request_violation(version, *call) is None
    effect = effect_of(version, call.action, call.payload, {"status": "Accepted"})
    assert isinstance(effect, ListAnswered)
    assert (effect.status, effect.version, effect.is_full) == ("Accepted", 3, True)
    assert effect.removed == ("GONE",)
    assert len(effect.entries) == 9
    assert ENTRIES[1].is_told_by(effect.entries[0])
    assert not ENTRIES[2].is_told_by(effect.entries[0])


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("most", [1, 3, 10, 11])
def test_d01_fr_11_parts_of_a_list_have_versions_of_their_own(version, most):
    calls = calls_of(version, most_entries=most)
    name = "listVersion" if version is Version.V16 else "versionNumber"
    assert [call.payload[name] for call in calls] == list(range(3, 3 + len(calls)))
    kinds = [call.payload["updateType"] for call in calls]
    assert kinds == ["Full", *["Differential"] * (len(calls) - 1)]
    lists = [call.payload["localAuthorizationList"] for call in calls]
    assert all(0 < len(each) <= most for each in lists)
    assert sum(map(len, lists)) == len(ENTRIES)


@pytest.mark.parametrize("version", Version)
def test_parts_of_a_list_are_no_longer_than_a_message_may_be(version):
    calls = calls_of(version, most_bytes=500)
    assert len(calls) > 1
    assert all(len(orjson.dumps(call.payload)) <= 500 for call in calls)
    tiny = calls_of(version, most_bytes=10)
    assert [len(call.payload["localAuthorizationList"]) for call in tiny] == [1] * len(ENTRIES)


@pytest.mark.parametrize("version", Version)
def test_an_empty_list_has_no_member_for_it(version):
    (call,) = calls_of(version, entries=())
    assert "localAuthorizationList" not in call.payload
    assert request_violation(version, *call) is None


@pytest.mark.parametrize(("version", "most"), [(Version.V16, 20), (Version.V201, 36)])
def test_a_token_that_is_too_long_is_named(version, most):
    calls_of(version, entries=(ListEntry(Named("T" * most)),))
    with pytest.raises(CannotCarry, match="T" * (most + 1)):
        calls_of(version, entries=(ListEntry(Named("T" * (most + 1))),))


@pytest.mark.parametrize("version", Version)
def test_errors_and_odd_answers_are_read(version):
    (call,) = calls_of(version)
    error = CallError("1", "NotSupported", "", {})
    refused = effect_of_error(version, call.action, call.payload, error)
    assert isinstance(refused, ListAnswered)
    assert refused.status == "NotSupported"
    assert effect_of(version, "SendLocalList", {"updateType": []}, {"status": "Accepted"}) is None
    name = "listVersion" if version is Version.V16 else "versionNumber"
    assert effect_of(version, "GetLocalListVersion", {}, {name: -1}) == ListVersionTold(-1)
    assert effect_of(version, "GetLocalListVersion", {}, {name: "1"}) is None
