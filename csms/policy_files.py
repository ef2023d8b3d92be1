"""What an operator has decided: settings and the files that they name, as one policy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from csms.domain.facts import Registration
from csms.domain.session_ids import SessionIdFormat
from csms.engine.policy import Policy
from csms.engine.provisioning_file import load_provisioning
from csms.engine.site_policy import load_remedies
from csms.engine.tariffs import TariffBook
from csms.engine.threshold_settings import findings_of
from csms.engine.vendor_settings import vendors_of
from csms.errors import SettingsError
from profiles import CatalogueError, load_assignments, load_catalogue
from profiles.catalogue import SHIPPED

if TYPE_CHECKING:
    from csms.config import Settings


def make_policy(settings: Settings) -> Policy:
    """Returns what the settings and the files that they name decide.

    Raises:
        SettingsError: naming file and field of what does not parse.
    """
    policy = Policy(
        heartbeat_interval_s=settings.heartbeat_interval_s,
        retry_interval_s=settings.retry_interval_s,
        unknown_stations_are=Registration(settings.unknown_stations_are.capitalize()),
        accept_unknown_tokens=settings.accept_unknown_tokens,
        tokens_while_away=settings.tokens_while_away,
        id_format=SessionIdFormat.parse(settings.session_id_format),
        thresholds=settings.deviations.thresholds(),
        default_zone=ZoneInfo(settings.time_zone),
        zones={
            name: ZoneInfo(site.time_zone)
            for name, site in settings.sites.items()
            if site.time_zone is not None
        },
        site_thresholds={name: site.deviations.values() for name, site in settings.sites.items()},
        pushes_profiles=settings.push_profiles,
        default_profiles=settings.named_by_site("default_profile"),
        max_profiles=settings.named_by_site("max_profile"),
        learn_habits=settings.learn_habits,
        certificates=settings.certificates.model_copy(
            update={"dir": (settings.certificates.dir or settings.data_dir / "certs").absolute()}
        ),
        token_rules=settings.tokens,
        health=settings.health,
        vendors=vendors_of(settings.vendors),
        party=settings.operator.party(),
        tariffs=TariffBook(_party_of(settings)),
        record_numbers=settings.prices.record_numbers,
        price_sources=tuple(settings.prices.series),
        prices=settings.prices.prices({name: each.prices for name, each in settings.sites.items()}),
    )
    if settings.provisioning_file is not None:
        policy.provisioning = load_provisioning(settings.provisioning_file)
    if settings.remedies_file is not None:
        policy.remedies = load_remedies(settings.remedies_file)
    for name, site in settings.sites.items():
        if site.remedies_file is not None:
            policy.site_remedies[name] = load_remedies(site.remedies_file)
    try:
        policy.catalogue = load_catalogue(SHIPPED)
        if settings.profiles_dir is not None:
            policy.catalogue |= load_catalogue(settings.profiles_dir)
        _check_thresholds(policy)
        if settings.assignments_file is not None:
            rules = load_assignments(settings.assignments_file, policy.catalogue)
            policy.assignments = list(rules)
    except CatalogueError as error:
        raise SettingsError(str(error)) from None
    return policy


def _party_of(settings: Settings) -> tuple[str, str]:
    party = settings.operator.party()
    return party.country_code, party.party_id


def _check_thresholds(policy: Policy) -> None:
    findings = findings_of(policy.catalogue.values())
    if findings:
        raise CatalogueError(findings)
