"""Operations of block O: messages on a station's display. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Len

from csms.domain.operations.authorization import Moment
from csms.domain.operations.base import Operation, Whole
from csms.domain.operations.remote_control import TokenText

Priority = Literal["AlwaysFront", "InFront", "NormalCycle"]
State = Literal["Charging", "Faulted", "Idle", "Unavailable"]


@dataclass(frozen=True, slots=True)
class SetDisplayMessage(Operation):
    """Show a message; one with the same ID is replaced. `id` None means a new one of ours.

    Source: OCPP 2.0.1 part 2, O01, O02 and O06.
    """

    content: Annotated[str, Len(1, 512)]
    priority: Priority = "NormalCycle"
    format: Literal["ASCII", "HTML", "URI", "UTF8"] = "UTF8"
    language: Annotated[str, Len(1, 8)] | None = None
    state: State | None = None
    start_at: Moment | None = None
    end_at: Moment | None = None
    transaction_id: TokenText | None = None
    id: Whole | None = None


@dataclass(frozen=True, slots=True)
class GetDisplayMessages(Operation):
    """Have the station report its messages. Source: OCPP 2.0.1 part 2, O03 and O04."""

    ids: Annotated[list[Whole], Len(1, 1000)] | None = None
    priority: Priority | None = None
    state: State | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class ClearDisplayMessage(Operation):
    """Remove a message. Source: OCPP 2.0.1 part 2, O05."""

    id: Whole
