"""How faults change what a station sends, between its making and the wire.

A bend is a function that is handed each call before it leaves and may rewrite its payload, add
changes to the text, or keep it back. Bent messages are not checked against the schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from csms.ocppj.frames import Payload


@dataclass(slots=True)
class Bending:
    """A call on its way out. `payload` is the bend's own copy and may be changed at will.

    `attempt` counts from 1, `transaction` is the station's own ID, `at` its clock. `texts` are
    applied to the frame's text in turn; `copies` is how often it is sent; 0 keeps it back, and
    the station takes it for answered with nothing.
    """

    station: str
    action: str
    payload: Payload
    attempt: int
    transaction: str | None
    at: datetime
    random: Random
    texts: list[Callable[[str], str]] = field(default_factory=list)
    copies: int = 1


Bend: TypeAlias = Callable[[Bending], None]
"""Changes a call in place; it is asked again for each attempt."""
