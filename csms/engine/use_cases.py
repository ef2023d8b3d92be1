"""The table of all operations: which block lives through which.

A kind that no block names is sent as it is given, and its answer is all that is waited for.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from csms.domain.operations import OPERATIONS, Operation, RelayedCall
from csms.domain.operations.provisioning import SetNetworkProfile
from csms.domain.operations.security import RotatePassword
from csms.engine import (
    certificates,
    costs,
    customer_information,
    device_model_cases,
    display,
    firmware,
    local_list,
    passwords,
    profile_operations,
    relayed,
    remote_control,
    reservations,
    security_profiles,
)
from csms.engine.use_case import UseCase

if TYPE_CHECKING:
    from collections.abc import Mapping

USE_CASES: Final[Mapping[type[Operation], UseCase]] = MappingProxyType(
    {
        RelayedCall: UseCase(
            answered=relayed.answered, outcome_within=timedelta(days=1), may_wait=False
        ),
        **certificates.USE_CASES,
        **firmware.USE_CASES,
        **device_model_cases.USE_CASES,
        **display.USE_CASES,
        **customer_information.USE_CASES,
        **costs.USE_CASES,
        **profile_operations.USE_CASES,
        **local_list.USE_CASES,
        **remote_control.USE_CASES,
        **reservations.USE_CASES,
        RotatePassword: UseCase(passwords.prepare, may_wait=False, shown=passwords.shown),
        SetNetworkProfile: UseCase(security_profiles.prepare_network_profile),
    }
)
_PLAIN: Final = UseCase()
_RELAYED: Final = "call:"


def use_case_of(kind: type[Operation]) -> UseCase:
    """Returns how a kind of operation is lived through."""
    return USE_CASES.get(kind, _PLAIN)


@cache
def _adapter(name: str) -> TypeAdapter[Operation]:
    return TypeAdapter(OPERATIONS[name])


def load_operation(name: str, arguments: Mapping[str, Any]) -> Operation:
    """Returns an operation from JSON.

    Raises:
        KeyError: if there is none of that name.
        pydantic.ValidationError: naming each argument that is wrong.
    """
    if name.startswith(_RELAYED):
        return RelayedCall(name.removeprefix(_RELAYED), dict(arguments))
    return _adapter(name).validate_python(dict(arguments))
