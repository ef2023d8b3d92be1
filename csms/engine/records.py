"""Operators' records as documents: tokens, profiles, and who gets which profile.

What is stored outweighs what came from files. A record that cannot be read is left out and said
so: one broken document must not keep a node from starting.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from csms.domain.token import Token, TokenStatus
from csms.engine import joining
from csms.engine.data_transfer import VENDORS
from csms.engine.vendor_settings import VendorSettings
from profiles import AssignmentRule, CatalogueProfile, check_assignments

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from csms.engine.policy import Policy
    from csms.engine.ports import Store

TOKENS, PROFILES, SETTINGS = "tokens", "profiles", "settings"
ASSIGNMENTS = "profile-assignments"

log = structlog.get_logger("engine")


async def load_policy_records(store: Store, policy: Policy) -> None:
    """Puts the stored records into the policy, over what it has from files.

    Raises:
        DatabaseUnavailable: if the store is away.
    """
    for name, doc in (await store.load_records(TOKENS)).items():
        try:
            token = load_token(doc)
        except (KeyError, TypeError, ValueError) as error:
            _skip(TOKENS, name, error)
        else:
            policy.tokens[token.key] = token
    for name, doc in (await store.load_records(PROFILES)).items():
        try:
            policy.catalogue[name] = load_profile(name, doc)
        except (TypeError, ValueError) as error:
            _skip(PROFILES, name, error)
    for name, doc in (await store.load_records(VENDORS)).items():
        try:
            settings_of = VendorSettings.model_validate(doc)
        except ValueError as error:
            _skip(VENDORS, name, error)
        else:
            policy.vendors[name] = settings_of.vendor(settings_of.id)
    await joining.load(store, policy.people)
    settings = await store.load_records(SETTINGS)
    if ASSIGNMENTS in settings:
        policy.assignments[:] = _load_rules(settings[ASSIGNMENTS], policy.catalogue)
    _check_sites(policy)


def dump_token(token: Token, created_at: datetime, updated_at: datetime) -> dict[str, Any]:
    """Returns a token as JSON-able values, for the store."""
    doc = {name: getattr(token, name) for name in Token.__slots__}
    return {**doc, "created_at": created_at.isoformat(), "updated_at": updated_at.isoformat()}


def load_token(doc: Mapping[str, Any]) -> Token:
    """Returns the token that `dump_token` described.

    Raises:
        KeyError, TypeError, ValueError: if it described none.
    """
    values: dict[str, Any] = {name: doc[name] for name in Token.__slots__ if name in doc}
    if not isinstance(doc["text"], str):
        raise TypeError("text is no text")
    for name in ("expires_at", "valid_from"):
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    for name in ("sites", "stations", "evses", "contract_certificates"):
        values[name] = tuple(values.get(name) or ())
    for each in values["evses"]:
        int(each.rpartition("/")[2])
    values["additional_info"] = tuple((a, b) for a, b in values.get("additional_info") or ())
    values["status"] = TokenStatus(doc["status"])
    return Token(**values)


def dump_profile(profile: CatalogueProfile) -> dict[str, Any]:
    """Returns a named profile as JSON-able values, as its file would have them."""
    return profile.model_dump(mode="json", exclude_none=True)


def load_profile(name: str, doc: Mapping[str, Any]) -> CatalogueProfile:
    """Returns the named profile of a document, whatever name stands in it.

    Raises:
        pydantic.ValidationError: if it is none; `profiles.catalogue.loader.explain` explains it.
    """
    return CatalogueProfile.model_validate({**doc, "name": name})


def dump_rules(rules: Collection[AssignmentRule]) -> dict[str, Any]:
    """Returns the assignment rules as JSON-able values."""
    return {"rules": [rule.model_dump(mode="json", exclude_none=True) for rule in rules]}


def _load_rules(doc: Mapping[str, Any], catalogue: Collection[str]) -> list[AssignmentRule]:
    rules: list[AssignmentRule] = []
    raw = doc.get("rules")
    for index, each in enumerate(raw if isinstance(raw, list) else []):
        try:
            rule = AssignmentRule.model_validate(each)
        except ValueError as error:
            _skip(ASSIGNMENTS, f"rules[{index}]", error)
            continue
        findings = check_assignments([rule], catalogue)
        if findings:
            _skip(ASSIGNMENTS, f"rules[{index}]", ValueError(findings[0].message))
        else:
            rules.append(rule)
    return rules


def _check_sites(policy: Policy) -> None:
    """Says which profiles that are to stand at a site do not exist; those stand nowhere."""
    for setting, names in (
        ("default_profile", policy.default_profiles),
        ("max_profile", policy.max_profiles),
    ):
        for site, name in names.items():
            if name not in policy.catalogue:
                known = ", ".join(sorted(policy.catalogue))
                why = f"there is no profile {name!r}; known are {known}"
                log.error("setting.ignored", setting=f"sites.{site}.{setting}", why=why)


def _skip(collection: str, name: str, error: Exception) -> None:
    why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    log.error("record.skipped", collection=collection, name=name, why=why)
