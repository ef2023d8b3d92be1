"""What the operator has decided that comes to nothing: rules for nobody, profiles that never speak.

Only a word in the log: who or what it is for may be there tomorrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles import StationContext, advise, doubt_assignments

if TYPE_CHECKING:
    from datetime import datetime

    from csms.engine.engine import Engine
    from profiles import CatalogueFinding


def of_policy(engine: Engine, now: datetime) -> tuple[CatalogueFinding, ...]:
    """Returns what is doubtful about the rules, and about the profiles that they name.

    Of stations nothing is doubted before there is any.
    """
    policy, records = engine.policy, [each.record for each in engine.stations.values()]
    told = [each.vehicle_class for each in policy.tokens.values()]
    told += [each.vehicle_class for each in policy.people.vehicles.values()]
    classes = {each for each in told if each}
    sites = {record.site for record in records if record.site} | set(policy.site_thresholds)
    found = doubt_assignments(
        policy.assignments,
        stations={record.id for record in records} if records else None,
        sites=sites if records else None,
        vehicle_classes=classes if policy.tokens else None,
    )
    return (*found, *_of_profiles(engine, now))


def _of_profiles(engine: Engine, now: datetime) -> list[CatalogueFinding]:
    policy = engine.policy
    names = sorted({rule.profile for rule in policy.assignments} & set(policy.catalogue))
    return [
        finding
        for rules in {each.rules for each in engine.stations.values()}
        for name in names
        for finding in advise(
            policy.catalogue[name], StationContext(rules), now, zone=policy.default_zone
        )
    ]
