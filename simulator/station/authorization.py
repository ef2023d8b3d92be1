"""What a station itself knows of tokens: its cache and its local list, and what follows offline.

Source: OCPP 1.6 edition 2, 3.5; OCPP 2.0.1 part 2, C01, C10 to C15.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from simulator.station.local_list import EXPIRED, LocalList, TokenInfo

if TYPE_CHECKING:
    from simulator.station.memory import Remembered
    from simulator.station.transaction import Token

MAX_CACHED: Final = 500
UNKNOWN: Final = TokenInfo("Invalid")
"""What a token is that nobody has ever heard of."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a station's settings say of authorization.

    `begins_local` starts at once with a token that is known here also when online,
    `begins_offline` when offline; `begins_unknown` with any token when offline. `asks_for_remote`
    authorizes remote starts like local ones. `stops_on_invalid` ends a transaction of which the
    token is refused later, else no more than `energy_on_invalid_wh` flows. `stops_on_unplug` ends
    one when the cable is pulled at the car. `waits_for_cable_s` passes from the authorization
    until it lapses, `waits_for_return_s` from the cable's loss until the transaction ends.
    `cache_life_s` is how long an entry of the cache is good. Of 2.0.1 alone:
    without `is_needed` any token will do, without `asks` the central system is never asked, and
    tokens of the `master_group` stop what others started, and start nothing. `trusts_list` and
    `trusts_cache` ask no more of a token that is known here and not accepted.
    """

    has_cache: bool = True
    has_list: bool = True
    begins_local: bool = False
    begins_offline: bool = True
    begins_unknown: bool = True
    asks_for_remote: bool = False
    stops_on_invalid: bool = True
    energy_on_invalid_wh: float = 0.0
    stops_on_unplug: bool = True
    waits_for_cable_s: float = 60.0
    waits_for_return_s: float = math.inf
    cache_life_s: float = math.inf
    is_needed: bool = True
    asks: bool = True
    master_group: str | None = None
    trusts_list: bool = False
    trusts_cache: bool = False


@dataclass(frozen=True, slots=True)
class _Cached:
    """An entry of the cache and when it came."""

    info: TokenInfo
    at: datetime


class Authorization:
    """Cache and list of one station. `by_kind` tells tokens of one text and two types apart."""

    def __init__(self, *, by_kind: bool) -> None:
        self.list = LocalList()
        self._by_kind = by_kind
        self._cache: dict[str, _Cached] = {}

    def key(self, token: Token) -> str:
        """Return what a token is known under: its text without regard to case."""
        text = token.text.casefold()
        return f"{token.kind}:{text}" if self._by_kind else text

    def known(self, token: Token, rules: TokenRules, at: datetime) -> TokenInfo | None:
        """Return what is known here, the list before the cache; None if it is unknown."""
        key = self.key(token)
        if rules.has_list and key in self.list.entries:
            return self.list.entries[key].at(at)
        if not rules.has_cache or key not in self._cache:
            return None
        cached = self._cache[key]
        if (at - cached.at).total_seconds() >= rules.cache_life_s:
            return TokenInfo(EXPIRED, cached.info.group)
        return cached.info.at(at)

    def is_final(self, token: Token, rules: TokenRules) -> bool:
        """Whether what is known of a token here needs no asking, though it is refused.

        Source: OCPP 2.0.1 part 2, DisablePostAuthorize of AuthCacheCtrlr and LocalAuthListCtrlr.
        """
        is_listed = rules.has_list and self.key(token) in self.list.entries
        return rules.trusts_list if is_listed else rules.trusts_cache

    def offline(self, token: Token, rules: TokenRules, at: datetime) -> TokenInfo:
        """Return what a token is worth while the central system cannot be asked.

        One that is known and not accepted is refused whatever the settings say (1.6, 3.5.4).
        """
        known = self.known(token, rules, at)
        if known is not None and (not known.is_accepted or rules.begins_offline):
            return known
        if rules.begins_unknown and known is None:
            return TokenInfo()
        return UNKNOWN

    def learned(self, token: Token, info: TokenInfo, rules: TokenRules, at: datetime) -> bool:
        """Take what the central system says; False if it contradicts the list.

        What is on the list does not come into the cache (1.6, 3.5.3).
        """
        key = self.key(token)
        listed = self.list.entries.get(key) if rules.has_list else None
        if listed is not None:
            return listed.at(at).is_accepted == info.is_accepted
        if rules.has_cache:
            self._cache.pop(key, None)
            self._cache[key] = _Cached(info, at)
            self._make_room(at)
        return True

    def clear_cache(self) -> None:
        """Forget all that came by answers."""
        self._cache.clear()

    def forget(self, token: Token) -> bool:
        """Forget one token of the cache, and return whether it was there."""
        return self._cache.pop(self.key(token), None) is not None

    def cached(self) -> int:
        """Return how many tokens the cache has."""
        return len(self._cache)

    def remember(self) -> Remembered:
        """Return list and cache."""
        cache = {
            key: [each.at.isoformat(), each.info.remember()] for key, each in self._cache.items()
        }
        told = {"list": self.list.remember(), "cache": cache}
        return {name: each for name, each in told.items() if each}

    def recall(self, remembered: Remembered) -> None:
        """Take up what `remember` wrote."""
        cache = {
            str(key): _Cached(TokenInfo.recall(info), datetime.fromisoformat(at))
            for key, (at, info) in remembered.get("cache", {}).items()
        }
        self.list.recall(remembered.get("list", {}))
        self._cache = cache

    def _make_room(self, at: datetime) -> None:
        """Drop what is not valid, then what is oldest (1.6, 3.5.1)."""
        if len(self._cache) <= MAX_CACHED:
            return
        invalid = [key for key, each in self._cache.items() if not each.info.at(at).is_accepted]
        for key in [*invalid, *self._cache][: len(self._cache) - MAX_CACHED]:
            self._cache.pop(key, None)
