"""Cases that do not apply to this central system, each with the reason the specification gives."""

from __future__ import annotations

NOT_APPLICABLE: dict[str, tuple[str, str, str]] = {}
"""By ID: version, block, and why."""
