"""Charging profiles: what they are, and what they allow at an instant.

Pure: nothing here reads a clock, a socket or a log. Limits are floats with at most one decimal;
`None` means no limit.
"""

from profiles.adaptation import Adapted, Capabilities, adapt
from profiles.assignments import (
    AssignmentRule,
    check_assignments,
    choose,
    doubt_assignments,
    load_assignments,
)
from profiles.catalogue import (
    CatalogueError,
    CatalogueFinding,
    CatalogueProfile,
    advise,
    load_catalogue,
)
from profiles.comparison import (
    Comparison,
    Reading,
    ScheduleDifference,
    Sense,
    compare,
    loosened,
)
from profiles.composite import (
    CompositePeriod,
    CompositeQuery,
    CompositeSchedule,
    Station,
    composite,
)
from profiles.conversion import convert
from profiles.external import ExternalLimit, cleared, notified, reported
from profiles.in_force import evaluate, limit_at
from profiles.installed import ClearCriteria, InstalledProfile, ProfileSet
from profiles.limits import Cause, LimitStep, LimitTimeline
from profiles.model import (
    ChargingProfile,
    Kind,
    Period,
    Purpose,
    RateUnit,
    RecurrencyKind,
    Schedule,
    Transaction,
)
from profiles.rules import Finding, Severity, StationContext, blocking, check, parse_units
from profiles.semantics import DefaultPrecedence, Edition, MixedUnits, Rules

__all__ = [
    "Adapted",
    "AssignmentRule",
    "Capabilities",
    "CatalogueError",
    "CatalogueFinding",
    "CatalogueProfile",
    "Cause",
    "ChargingProfile",
    "ClearCriteria",
    "Comparison",
    "CompositePeriod",
    "CompositeQuery",
    "CompositeSchedule",
    "DefaultPrecedence",
    "Edition",
    "ExternalLimit",
    "Finding",
    "InstalledProfile",
    "Kind",
    "LimitStep",
    "LimitTimeline",
    "MixedUnits",
    "Period",
    "ProfileSet",
    "Purpose",
    "RateUnit",
    "Reading",
    "RecurrencyKind",
    "Rules",
    "Schedule",
    "ScheduleDifference",
    "Sense",
    "Severity",
    "Station",
    "StationContext",
    "Transaction",
    "adapt",
    "advise",
    "blocking",
    "check",
    "check_assignments",
    "choose",
    "cleared",
    "compare",
    "composite",
    "convert",
    "doubt_assignments",
    "evaluate",
    "limit_at",
    "load_assignments",
    "load_catalogue",
    "loosened",
    "notified",
    "parse_units",
    "reported",
]
