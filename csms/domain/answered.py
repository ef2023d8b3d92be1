"""What a station answered to an operation, in the words of neither version. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answered:
    """The station's answer to all calls of an operation together.

    `status` is the station's word, or an error's code (`is_error`), None if no answer came, and
    then `reason` says why. `is_agreed` tells whether it does what was asked, `goes_on` whether
    later messages tell how that ends. `result` is what it told, snake_case keys.
    """

    status: str | None
    reason: str | None = None
    is_agreed: bool = False
    goes_on: bool = False
    is_error: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
