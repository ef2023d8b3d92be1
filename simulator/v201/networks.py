"""Where to find the central system: slots of network profiles, in the order of preference.

Source: OCPP 2.0.1 part 2, B09 and B10.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ocpp.v201 import call_result, datatypes, enums

from simulator.v201.access import dialect_of
from simulator.v201.blueprint import SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.ocppj.frames import Payload
    from simulator.station.core import Station
    from simulator.station.dialect import Command

_SCHEMES: Final = ("ws", "wss")
_BUILT_IN: Final = SLOTS[1]
_TLS: Final = 2


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """What a slot holds; `security` is the security profile."""

    url: str
    security: int
    message_timeout_s: int


class Networks:
    """The profiles of one station. `active` is the slot by which it connects now.

    The first slot is the one that it was built with: it may hold no profile.
    """

    __slots__ = ("_failures", "_last_good", "_order", "_profiles", "active")

    def __init__(self) -> None:
        self.active = _BUILT_IN
        self._profiles: dict[str, NetworkProfile] = {}
        self._order: list[str] = [_BUILT_IN]
        self._last_good = _BUILT_IN
        self._failures = 0

    @property
    def url(self) -> str | None:
        """Where to connect; None is where it was built for."""
        profile = self._profiles.get(self.active)
        return None if profile is None else profile.url

    def would_change(self, order: list[str]) -> bool:
        """Whether a boot with an order of slots leads to another one."""
        return bool(order) and order[0] != self.active

    def boot(self, order: list[str]) -> None:
        """Begin with the first slot of an order (B10.FR.04)."""
        self._order = order or [_BUILT_IN]
        self.active, self._failures = self._order[0], 0

    def tried(self, attempts: int, *, is_connected: bool) -> None:
        """Take note of an attempt; after so many failures the next slot has its turn.

        After the last one it goes back to the one that worked last (B10.FR.03, B10.FR.07).
        """
        if is_connected:
            self._last_good, self._failures = self.active, 0
            return
        self._failures += 1
        if self._failures < attempts or self.active not in self._order:
            return
        following = self._order[self._order.index(self.active) + 1 :]
        self.active, self._failures = (following or [self._last_good])[0], 0

    def store(self, slot: str, profile: NetworkProfile) -> None:
        """Put a profile into a slot."""
        self._profiles[slot] = profile

    def get(self, slot: str) -> NetworkProfile | None:
        """Return what a slot holds; the one it was built with may hold nothing."""
        return self._profiles.get(slot)

    def objection(self, slots: Iterable[str]) -> str | None:
        """Return why an order of slots cannot be taken (B10.FR.02)."""
        empty = [each for each in slots if each not in self._profiles and each != _BUILT_IN]
        return f"slot {empty[0]} holds no network profile" if empty else None

    def remember(self) -> dict[str, Any]:
        """Return the profiles by slot."""
        profiles = {slot: asdict(each) for slot, each in self._profiles.items()}
        return {"profiles": profiles, "active": self.active} if profiles else {}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Take them up. Raises: TypeError for what is none."""
        told = remembered["profiles"].items()
        self._profiles = {slot: NetworkProfile(**each) for slot, each in told if slot in SLOTS}
        self.active = str(remembered["active"])


def _set_network_profile(station: Station, payload: Payload, now: float) -> object:
    status = enums.SetNetworkProfileStatusEnumType
    slot, told = str(payload["configurationSlot"]), payload["connectionData"]
    flaw = _flaw(station, slot, told)
    if flaw is not None:
        info = datatypes.StatusInfoType(reason_code="InvalidNetworkConf", additional_info=flaw)
        return call_result.SetNetworkProfile(status.rejected, status_info=info)
    profile = NetworkProfile(told["ocppCsmsUrl"], told["securityProfile"], told["messageTimeout"])
    dialect_of(station).networks.store(slot, profile)
    station.report(now, "network.profile", slot=int(slot), url=profile.url)
    return call_result.SetNetworkProfile(status.accepted)


def _flaw(station: Station, slot: str, told: Payload) -> str | None:
    """Return why a profile is refused (B09.FR.02, B09.FR.04, B09.FR.05)."""
    if slot not in SLOTS[1:]:
        return f"the slots are {', '.join(SLOTS[1:])}"
    if told["securityProfile"] < dialect_of(station).model.number(
        "SecurityCtrlr", "SecurityProfile"
    ):
        return "the security profile is lower than the one in use"
    if told["ocppTransport"] != "JSON" or told["ocppVersion"] != "OCPP20":
        return "this station speaks OCPP 2.0.1 over JSON"
    return _url_flaw(told["ocppCsmsUrl"], told["securityProfile"])


def _url_flaw(url: str, security: int) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the URL cannot be read"
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return "the URL does not begin with ws:// or wss:// and a host"
    if security >= _TLS and parts.scheme != "wss":
        return "this security profile needs wss://"
    return None


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {"SetNetworkProfile": _set_network_profile}
)
