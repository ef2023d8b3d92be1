"""What differs between versions beyond words: how profiles stack, how long tokens are."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from csms.ocppj.version import Version
from profiles import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TOKEN: Mapping[Version, int] = MappingProxyType({Version.V16: 20, Version.V201: 36})
"""How many characters a token may have in each version."""
NAMES_COMPONENTS: Mapping[Version, bool] = MappingProxyType(
    {Version.V16: False, Version.V201: True}
)
"""Whether settings are variables of components; in 1.6 they are keys."""
PROFILE_RULES: Mapping[Version, Rules] = MappingProxyType(
    {Version.V16: Rules.V16, Version.V201: Rules.V201}
)
