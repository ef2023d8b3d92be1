"""How far a station has come with a firmware or a log, in the words of neither version. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.follow import Subject


@dataclass(frozen=True, slots=True)
class JobReported:
    """The state of a firmware update, a publication or an upload.

    `status` is the wire's word, Idle where nothing goes on. `number` is that of the request, None
    where the message names none. `details` is what else it tells, snake_case keys.
    """

    subject: Subject
    status: str
    number: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
