"""What one sample says of one kind of deviation. PURE.

Each judge returns signs; the machinery makes episodes of them: confirmed, worsened, cleared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from csms.monitor.episodes import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.monitor.episodes import Kind


@dataclass(frozen=True, slots=True)
class Sign:
    """One sample's word on one kind: for it, or (`deviates` False) against it.

    A kind that a sample says nothing of has no sign. `is_sure` where the judge has already seen
    enough, so that nothing waits for confirmation; `since` when the deviation began, if that was
    before this sample. `because` is why an open episode would clear; with `clears` False the
    sample breaks a row of deviating ones, but is not good enough to end an episode. `evidence` is
    what the record keeps of it, JSON-able. `family` is the row that the sign belongs to, where
    that is not the kind's own.
    """

    kind: Kind
    deviates: bool
    severity: Severity = Severity.MINOR
    is_sure: bool = False
    since: datetime | None = None
    because: str = "inside_limit"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    clears: bool = True
    family: str = ""
