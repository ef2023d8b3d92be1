"""Who an operator is, and where his stations stand, as OCPI tells it to others. PURE.

Source: OCPI 2.2.1, 8.3 and 8.4 (locations), 10.4.3 (CdrLocation).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN: Final = "#NA"
"""What a text that OCPI demands says where nobody has set it."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """What is plugged into; None where it is as at the whole location."""

    connector_standard: str | None = None
    connector_format: str | None = None
    power_type: str | None = None
    evse_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Location:
    """A site: its address, None for what nobody has set. `country` is ISO 3166-1 alpha-3."""

    name: str | None = None
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None
    state: str | None = None
    country: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    outlet: Outlet = Outlet()


@dataclass(frozen=True, slots=True)
class Party:
    """An operator: ISO 3166-1 alpha-2 country and three letters. By site, and by station ID."""

    country_code: str = "XX"
    party_id: str = "LDV"
    country: str | None = None
    locations: Mapping[str, Location] = field(default_factory=dict)
    outlets: Mapping[str, Outlet] = field(default_factory=dict)
    name: str | None = None
    vat_number: str | None = None
    contact: str | None = None
