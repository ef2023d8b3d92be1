"""Message IDs as different firmware makes them."""

from __future__ import annotations

from random import Random
from typing import Final
from uuid import UUID

from simulator.station.retries import MessageIds

_FIRST_COUNT: Final = 1_000_000
_FIXED_SEED: Final = 1_394_827_383


class MessageIdSource:
    """Makes the message IDs of one station; `restart` is a boot."""

    def __init__(self, kind: MessageIds, random: Random) -> None:
        self._kind = kind
        self._random = random
        self._count = _FIRST_COUNT
        self.restart()

    def restart(self) -> None:
        """Begin anew, where the kind forgets what it has used."""
        self._count = _FIRST_COUNT
        if self._kind is MessageIds.FIXED_SEED:
            self._random = Random(_FIXED_SEED)  # noqa: S311 - the same on purpose

    def next(self) -> str:
        """Return the ID of the next call."""
        match self._kind:
            case MessageIds.RANDOM:
                return f"{self._random.getrandbits(128):032x}"
            case MessageIds.COUNTER:
                self._count += 1
                return str(self._count - 1)
            case MessageIds.UUID:
                return str(UUID(int=self._random.getrandbits(128), version=4))
            case MessageIds.FIXED_SEED:
                return str(UUID(int=self._random.getrandbits(128)))
