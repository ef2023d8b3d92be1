"""How faults change what a station answers, between the request and the wire.

A twist is a function that is handed each request before it is carried out: it may answer in the
station's place, change the request, and have a say in the answer when it is there. Twisted
answers are not checked against the schemas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from random import Random

    from csms.ocppj.frames import Payload
    from csms.ocppj.version import Version

NEVER: Final = math.inf
"""As a delay: no answer at all."""


@dataclass(slots=True)
class Answering:
    """A request that is about to be carried out. `payload` is the twist's own copy.

    With an `answer` the station does nothing and answers so. `then` are handed the answer's
    payload, whoever made it, and may change it. It leaves after `delay_s` under `message_id`,
    `copies` times, after `texts` were applied to it.
    """

    version: Version
    action: str
    payload: Payload
    message_id: str
    random: Random
    answer: Payload | None = None
    then: list[Callable[[Payload], None]] = field(default_factory=list)
    texts: list[Callable[[str], str]] = field(default_factory=list)
    delay_s: float = 0.0
    copies: int = 1


Twist: TypeAlias = Callable[[Answering], None]
"""Has its say about a request."""
