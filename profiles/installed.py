"""The profiles believed to be installed on one station.

Immutable: each operation returns a new set. What replaces what, and what clearing takes away,
follows the version's rules. Source: OCPP 2.0.1 part 2, K01.FR.05, K02.FR.05, K10; OCPP 1.6,
3.13.2, 5.16 and 6.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.model import ChargingProfile, Purpose, from_text, require_aware, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from profiles.semantics import Rules


@dataclass(frozen=True, slots=True)
class InstalledProfile:
    """A profile on an EVSE (1.6: connector); 0 is the whole station.

    `received_at` anchors an Absolute schedule without a start when no transaction runs. `source`
    names who set an external limit (chargingLimitSource), None for ours; limits of several
    sources all bind. `part` counts the schedules that one notice told at once from 1; it is 0
    for what the station itself calls a profile.
    """

    evse: int
    profile: ChargingProfile
    received_at: datetime | None = None
    source: str | None = None
    part: int = 0

    def __post_init__(self) -> None:
        require_aware("received_at", self.received_at)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able form; `from_dict` takes it back unchanged."""
        return {
            "evse": self.evse,
            "received_at": to_text(self.received_at),
            "source": self.source,
            "part": self.part,
            "profile": self.profile.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> InstalledProfile:
        """Return what `to_dict` stored. Raises: KeyError or ValueError on another form."""
        return cls(
            evse=stored["evse"],
            profile=ChargingProfile.from_dict(stored["profile"]),
            received_at=from_text(stored.get("received_at")),
            source=stored.get("source"),
            part=stored.get("part", 0),
        )


@dataclass(frozen=True, slots=True)
class ClearCriteria:
    """What a ClearChargingProfile request selects: given fields are AND-ed, none selects all.

    `evse` 0 selects only what is installed on the station as a whole. External constraints are
    never selected. Source: OCPP 2.0.1 part 2, K10.FR.03, K10.FR.04, K10.FR.08.
    """

    profile_id: int | None = None
    evse: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def selects(self, installed: InstalledProfile) -> bool:
        """Whether clearing takes `installed` away."""
        profile = installed.profile
        return (
            profile.purpose is not Purpose.EXTERNAL_CONSTRAINTS
            and self.profile_id in (None, profile.id)
            and self.evse in (None, installed.evse)
            and self.purpose in (None, profile.purpose)
            and self.stack_level in (None, profile.stack_level)
        )


@dataclass(frozen=True, slots=True)
class ProfileSet:
    """Installed profiles in the order of installation, which settles ties in the stack."""

    installed: tuple[InstalledProfile, ...] = ()

    def __iter__(self) -> Iterator[InstalledProfile]:
        return iter(self.installed)

    def __len__(self) -> int:
        return len(self.installed)

    @classmethod
    def of(cls, installed: Iterable[InstalledProfile]) -> ProfileSet:
        """Return a set of just these, as a station reported them; nothing replaces anything."""
        return cls(tuple(installed))

    def get(self, profile_id: int) -> InstalledProfile | None:
        """Return the profile with this ID, None when there is none."""
        return next((each for each in self.installed if each.profile.id == profile_id), None)

    def install(
        self,
        evse: int,
        profile: ChargingProfile,
        rules: Rules,
        received_at: datetime | None = None,
    ) -> ProfileSet:
        """Return the set after the station accepted `profile` on `evse`.

        What is replaced goes at once, even if the new profile becomes valid only later.
        """
        new = InstalledProfile(evse, profile, received_at)
        kept = self._without(lambda old: _is_replaced(old, new, rules))
        return ProfileSet((*kept.installed, new))

    def clear(self, criteria: ClearCriteria) -> ProfileSet:
        """Return the set after the station accepted a ClearChargingProfile."""
        return self._without(criteria.selects)

    def end_transaction(self, transaction_id: str, evse: int | None = None) -> ProfileSet:
        """Return the set without the transaction's TxProfiles.

        With `evse`, also without that EVSE's TxProfiles that carry no transaction, as those of
        a remote start do. Source: OCPP 2.0.1 part 2, K02.FR.05.
        """
        return self._without(
            lambda each: (
                each.profile.purpose is Purpose.TX
                and (
                    each.profile.transaction_id == transaction_id
                    or (each.profile.transaction_id is None and each.evse == evse)
                )
            )
        )

    def _without(self, goes: Callable[[InstalledProfile], bool]) -> ProfileSet:
        return ProfileSet(tuple(each for each in self.installed if not goes(each)))


def _is_replaced(old: InstalledProfile, new: InstalledProfile, rules: Rules) -> bool:
    if Purpose.EXTERNAL_CONSTRAINTS in (old.profile.purpose, new.profile.purpose):
        return old.profile.id == new.profile.id and old.profile.purpose is new.profile.purpose
    if old.profile.id == new.profile.id:
        return True
    return (
        rules.same_level_replaces
        and old.evse == new.evse
        and old.profile.purpose is new.profile.purpose
        and old.profile.stack_level == new.profile.stack_level
    )
