"""Who runs the stations, and where they stand, as an operator sets it: the table [operator].

Source: OCPI 2.2.1, 10.4.3 (CdrLocation) and 8.4 (its classes); the setting is docs/records.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from csms.billing.party import Location, Outlet, Party

if TYPE_CHECKING:
    from collections.abc import Mapping

ConnectorType = Literal[
    "CHADEMO",
    "CHAOJI",
    "DOMESTIC_A",
    "DOMESTIC_B",
    "DOMESTIC_C",
    "DOMESTIC_D",
    "DOMESTIC_E",
    "DOMESTIC_F",
    "DOMESTIC_G",
    "DOMESTIC_H",
    "DOMESTIC_I",
    "DOMESTIC_J",
    "DOMESTIC_K",
    "DOMESTIC_L",
    "DOMESTIC_M",
    "DOMESTIC_N",
    "DOMESTIC_O",
    "GBT_AC",
    "GBT_DC",
    "IEC_60309_2_single_16",
    "IEC_60309_2_three_16",
    "IEC_60309_2_three_32",
    "IEC_60309_2_three_64",
    "IEC_62196_T1",
    "IEC_62196_T1_COMBO",
    "IEC_62196_T2",
    "IEC_62196_T2_COMBO",
    "IEC_62196_T3A",
    "IEC_62196_T3C",
    "NEMA_5_20",
    "NEMA_6_30",
    "NEMA_6_50",
    "NEMA_10_30",
    "NEMA_10_50",
    "NEMA_14_30",
    "NEMA_14_50",
    "PANTOGRAPH_BOTTOM_UP",
    "PANTOGRAPH_TOP_DOWN",
    "TESLA_R",
    "TESLA_S",
]
PowerType = Literal["AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"]
_Line = Annotated[str, Field(min_length=1, max_length=45)]
_EvseId = Annotated[str, Field(pattern=r"^[A-Za-z]{2}\*?[A-Za-z0-9]{3}\*?E[A-Za-z0-9*]{1,30}$")]


class OutletSettings(BaseModel):
    """What is plugged into, of a station; or of all at a location."""

    model_config = ConfigDict(extra="forbid")

    connector_standard: ConnectorType | None = None
    connector_format: Literal["SOCKET", "CABLE"] | None = None
    connector_power_type: PowerType | None = None

    def outlet(self, evse_ids: Mapping[str, str] | None = None) -> Outlet:
        """Returns what the rest of the program works with."""
        return Outlet(
            self.connector_standard,
            self.connector_format,
            self.connector_power_type,
            evse_ids or {},
        )


class StationOutletSettings(OutletSettings):
    """What differs at one station."""

    evse_ids: dict[Annotated[str, Field(pattern=r"^\d{1,4}$")], _EvseId] = Field(default={})


class LocationSettings(OutletSettings):
    """Where a site is."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    address: _Line | None = None
    city: _Line | None = None
    postal_code: str | None = Field(default=None, min_length=1, max_length=10)
    state: str | None = Field(default=None, min_length=1, max_length=20)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    latitude: str | None = Field(default=None, pattern=r"^-?\d{1,2}\.\d{5,7}$")
    longitude: str | None = Field(default=None, pattern=r"^-?\d{1,3}\.\d{5,7}$")

    def location(self) -> Location:
        """Returns what the rest of the program works with."""
        own = self.model_dump(include=set(LocationSettings.model_fields) & _PLACE)
        return Location(**own, outlet=self.outlet())


_PLACE = {"name", "address", "city", "postal_code", "state", "country", "latitude", "longitude"}


class OperatorSettings(BaseModel):
    """Who runs the stations. See docs/records.md."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=100, description="Name on receipts.")
    contact: str | None = Field(
        default=None, max_length=200, description="Whom to ask about a receipt: address, mail."
    )
    vat_number: str | None = Field(default=None, max_length=30, description="VAT number.")
    country_code: str = Field(
        default="XX", pattern=r"^[A-Z]{2}$", description="Country, ISO 3166-1 alpha-2, in OCPI."
    )
    party_id: str = Field(
        default="LDV", pattern=r"^[A-Z0-9]{3}$", description="Party ID in OCPI, such as ABC."
    )
    country: str | None = Field(
        default=None, pattern=r"^[A-Z]{3}$", description="Country of all sites, alpha-3."
    )
    locations: dict[str, LocationSettings] = Field(
        default={}, description="Where sites are, a table [operator.locations.SITE] each."
    )
    stations: dict[str, StationOutletSettings] = Field(
        default={},
        description="What differs at stations, a table [operator.stations.STATION] each.",
    )

    def party(self) -> Party:
        """Returns what the rest of the program works with."""
        return Party(
            country_code=self.country_code,
            party_id=self.party_id,
            country=self.country,
            locations={site: each.location() for site, each in self.locations.items()},
            outlets={
                station: each.outlet(each.evse_ids) for station, each in self.stations.items()
            },
            name=self.name,
            vat_number=self.vat_number,
            contact=self.contact,
        )
