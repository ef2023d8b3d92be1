"""What the operator has decided: intervals, tokens, IDs, profiles and who gets which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from csms.billing import Prices
from csms.billing.party import Party
from csms.domain.facts import Registration
from csms.domain.session_ids import SessionIdFormat
from csms.domain.token import Token, TokenRef, other_keys
from csms.engine.certificate_settings import CertificateSettings
from csms.engine.haste import REAL_TIME, Haste
from csms.engine.health_settings import HealthSettings
from csms.engine.people import PeopleBook
from csms.engine.site_policy import Remedies, shipped
from csms.engine.tariffs import TariffBook
from csms.engine.token_settings import TokenSettings
from csms.monitor.thresholds import Thresholds, with_values

if TYPE_CHECKING:
    from datetime import tzinfo

    from csms.billing import PriceSeries
    from csms.domain.station import Station
    from csms.domain.vendor import Vendor
    from csms.engine.price_settings import SeriesSettings
    from csms.engine.provisioning_file import Rule
    from profiles import AssignmentRule, CatalogueProfile

DEFAULT_ID_FORMAT = "LS-{date}-{sequence}"
_MADE_KEPT = 10_000
_Key = tuple[str, tuple[tuple[str, float], ...], str | None]


class TokensWhileAway(StrEnum):
    """What tokens are answered while the database is away."""

    LAST_KNOWN = "last-known"
    ACCEPT = "accept"
    REFUSE = "refuse"


class _Made(NamedTuple):
    """Thresholds with what they were made of."""

    general: Thresholds
    profile: CatalogueProfile | None
    thresholds: Thresholds


@dataclass(slots=True)
class Policy:
    """The operator's decisions; the API changes tokens, catalogue and assignments in place.

    `tokens` are keyed by `token_key`. `zones` are the sites' time zones, by site name, and
    `default_profiles` and `max_profiles` the names of what is to stand on all stations of a site.
    """

    heartbeat_interval_s: int = 300
    retry_interval_s: int = 60
    unknown_stations_are: Registration = Registration.ACCEPTED
    provisioning: tuple[Rule, ...] = ()
    accept_unknown_tokens: bool = False
    tokens_while_away: TokensWhileAway = TokensWhileAway.LAST_KNOWN
    id_format: SessionIdFormat = field(
        default_factory=lambda: SessionIdFormat.parse(DEFAULT_ID_FORMAT)
    )
    thresholds: Thresholds = field(default_factory=Thresholds)
    site_thresholds: dict[str, dict[str, float]] = field(default_factory=dict)
    default_zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    zones: dict[str, tzinfo] = field(default_factory=dict)
    token_rules: TokenSettings = field(default_factory=TokenSettings)
    tokens: dict[str, Token] = field(default_factory=dict)
    catalogue: dict[str, CatalogueProfile] = field(default_factory=dict)
    assignments: list[AssignmentRule] = field(default_factory=list)
    pushes_profiles: bool = True
    learn_habits: bool = True
    default_profiles: dict[str, str] = field(default_factory=dict)
    max_profiles: dict[str, str] = field(default_factory=dict)
    remedies: Remedies = field(default_factory=shipped)
    site_remedies: dict[str, Remedies] = field(default_factory=dict)
    certificates: CertificateSettings = field(default_factory=CertificateSettings)
    prices: Prices = field(default_factory=Prices)
    health: HealthSettings = field(default_factory=HealthSettings)
    tariffs: TariffBook = field(default_factory=TariffBook)
    series: dict[str, PriceSeries] = field(default_factory=dict)
    record_numbers: str = "CDR-{year}-{number}"
    price_sources: tuple[SeriesSettings, ...] = ()
    party: Party = field(default_factory=Party)
    haste: Haste = REAL_TIME
    vendors: dict[str, Vendor] = field(default_factory=dict)
    people: PeopleBook = field(default_factory=PeopleBook)
    _made: dict[_Key, _Made] = field(default_factory=dict, repr=False, compare=False)

    def zone_of(self, site: str) -> tzinfo:
        """Returns the time zone of a site."""
        return self.zones.get(site, self.default_zone)

    def remedies_of(self, site: str) -> Remedies:
        """Returns what may be tried at a site while a session deviates."""
        return self.site_remedies.get(site, self.remedies)

    def token(self, text: str | None) -> Token | None:
        """Returns what the operator knows of a token, however a station wrote it."""
        return None if text is None else self.find_token(TokenRef(text))

    def find_token(self, token: TokenRef) -> Token | None:
        """Returns what the operator knows of a token that was presented.

        Contract IDs and addresses of vehicles are found however they are written.
        """
        known = self.tokens.get(token.key)
        if known is not None:
            return known
        for key in other_keys(token):
            if (known := self.tokens.get(key)) is not None:
                return known
        return None

    def thresholds_of(self, station: Station, profile: str | None) -> Thresholds:
        """Returns how closely a session of this station with this profile must follow its limit.

        Each threshold comes from the most special one that sets it: the profile's, the station's,
        the site's, the node's. A profile's `tolerance` can only widen what holds without it. The
        same object is returned as long as nothing of that has changed.
        """
        named = None if profile is None else self.catalogue.get(profile)
        own = tuple(sorted(station.deviations.items())) if station.deviations else ()
        key = (station.site, own, profile)
        known = self._made.get(key)
        if known is not None and known.general is self.thresholds and known.profile is named:
            return known.thresholds
        if len(self._made) >= _MADE_KEPT:
            self._made.clear()
        made = _Made(self.thresholds, named, self._make_thresholds(station, named))
        self._made[key] = made
        return made.thresholds

    def _make_thresholds(self, station: Station, named: CatalogueProfile | None) -> Thresholds:
        values = {**self.site_thresholds.get(station.site, {}), **(station.deviations or {})}
        if named is not None:
            values.update(named.deviations)
        made = with_values(self.thresholds, values) if values else self.thresholds
        if named is None or (named.tolerance.amperes, named.tolerance.percent) == (None, None):
            return made
        return replace(
            made,
            tolerance_a=max(made.tolerance_a, named.tolerance.amperes or 0.0),
            tolerance_share=max(made.tolerance_share, (named.tolerance.percent or 0.0) / 100),
        )
