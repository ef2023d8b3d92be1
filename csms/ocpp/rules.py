"""How profiles stack and replace each other in each version."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from csms.ocppj.version import Version
from profiles import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE_RULES: Mapping[Version, Rules] = MappingProxyType(
    {Version.V16: Rules.V16, Version.V201: Rules.V201}
)
