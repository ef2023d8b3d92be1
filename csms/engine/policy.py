"""What the operator has decided: intervals, tokens, IDs, profiles and who gets which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from csms.domain.session_ids import SessionIdFormat
from csms.domain.token import Token, token_key
from csms.engine.site_policy import Remedies, shipped
from csms.monitor.thresholds import Thresholds

if TYPE_CHECKING:
    from datetime import tzinfo

    from profiles import AssignmentRule, CatalogueProfile

DEFAULT_ID_FORMAT = "LS-{date}-{sequence}"


class TokensWhileAway(StrEnum):
    """What tokens are answered while the database is away."""

    LAST_KNOWN = "last-known"
    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(slots=True)
class Policy:
    """The operator's decisions; the API changes tokens, catalogue and assignments in place.

    `tokens` are keyed by `token_key`. `zones` are the sites' time zones, by site name.
    """

    heartbeat_interval_s: int = 300
    retry_interval_s: int = 60
    accept_unknown_tokens: bool = False
    tokens_while_away: TokensWhileAway = TokensWhileAway.LAST_KNOWN
    id_format: SessionIdFormat = field(
        default_factory=lambda: SessionIdFormat.parse(DEFAULT_ID_FORMAT)
    )
    thresholds: Thresholds = field(default_factory=Thresholds)
    default_zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    zones: dict[str, tzinfo] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    catalogue: dict[str, CatalogueProfile] = field(default_factory=dict)
    assignments: list[AssignmentRule] = field(default_factory=list)
    pushes_profiles: bool = True
    remedies: Remedies = field(default_factory=shipped)
    site_remedies: dict[str, Remedies] = field(default_factory=dict)

    def zone_of(self, site: str) -> tzinfo:
        """Returns the time zone of a site."""
        return self.zones.get(site, self.default_zone)

    def remedies_of(self, site: str) -> Remedies:
        """Returns what may be tried at a site while a session deviates."""
        return self.site_remedies.get(site, self.remedies)

    def token(self, text: str | None) -> Token | None:
        """Returns what the operator knows of a token, however a station wrote it."""
        return None if text is None else self.tokens.get(token_key(text))

    def thresholds_of(self, profile: str | None) -> Thresholds:
        """Returns how closely a session with this profile must follow its limit.

        A profile's own tolerance can only be wider than the general one.
        """
        named = None if profile is None else self.catalogue.get(profile)
        if named is None or named.tolerance is None:
            return self.thresholds
        own, general = named.tolerance, self.thresholds
        return replace(
            general,
            tolerance_a=max(general.tolerance_a, own.amperes or 0.0),
            tolerance_share=max(general.tolerance_share, (own.percent or 0.0) / 100),
        )
