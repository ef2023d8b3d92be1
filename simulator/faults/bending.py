"""How faults change what a station sends, between its making and the wire.

A bend is a function that is handed each call before it leaves and may rewrite its payload, add
changes to the text, or keep it back. Bent messages are not checked against the schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from csms.ocppj.frames import Payload
    from csms.ocppj.version import Version


@dataclass(slots=True)
class Bending:
    """A call on its way out. `payload` is the bend's own copy and may be changed at will.

    `attempt` counts from 1, `transaction` is the station's own ID; `at` is the time, `up_s` ago
    the station was switched on, and `was_clock_unset` tells that no central system had told the
    time since then when the message was made. `memory` is the station's,
    for what a bend must know of earlier messages.

    `texts` are applied to the frame's text in turn; `copies` is how often it is sent; 0 keeps it
    back, and no answer is waited for. `behind` are texts sent right behind, as they are.
    `repeats_for_ever` repeats it until it is confirmed.
    """

    version: Version
    station: str
    action: str
    payload: Payload
    message_id: str
    attempt: int
    transaction: str | None
    at: datetime
    random: Random
    memory: dict[str, Any]
    up_s: float = 0.0
    was_clock_unset: bool = False
    texts: list[Callable[[str], str]] = field(default_factory=list)
    copies: int = 1
    behind: list[str] = field(default_factory=list)
    repeats_for_ever: bool = False


Bend: TypeAlias = Callable[[Bending], None]
"""Changes a call in place; it is asked again for each attempt."""
