"""What every operation is, and the types that their members share. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Le, Len

WHOLE: int = 2**31 - 1

Whole = Annotated[int, Ge(0), Le(WHOLE)]
"""A number that OCPP 1.6 and 2.0.1 can both carry."""
Place = Annotated[int, Ge(0), Le(WHOLE)]
"""An EVSE or connector by its number; what 0 means is the operation's matter."""
Text = Annotated[str, Len(1, 512)]
LongText = Annotated[str, Len(1, 10_000)]


def name_of(kind: type[Operation]) -> str:
    """Returns the name of a kind of operation: GetVariables is get_variables."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


class Operation:
    """Something that an operator asks of a station; the API takes its members as JSON.

    Members are snake_case, with the specification's words as values. A member that is None is not
    sent, or is filled in by us where its docstring says so.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    @property
    def name(self) -> str:
        """What it is called in the API: that of GetVariables is get_variables."""
        return name_of(type(self))


@dataclass(frozen=True, slots=True)
class Variable(Operation):
    """A variable of the device model; in 1.6 a configuration key, named by `variable` alone.

    Source: OCPP 2.0.1 part 2, ComponentType and VariableType.
    """

    variable: Annotated[str, Len(1, 50)]
    component: Annotated[str, Len(1, 50)] | None = None
    instance: Annotated[str, Len(1, 50)] | None = None
    component_instance: Annotated[str, Len(1, 50)] | None = None
    evse: Place | None = None
    connector: Place | None = None


@dataclass(frozen=True, slots=True)
class RelayedCall(Operation):
    """A call of the station's version that goes out as it is given."""

    action: str
    payload: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called in the API, such as call:Reset."""
        return f"call:{self.action}"
