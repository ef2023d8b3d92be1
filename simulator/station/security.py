"""What a station notes for its security log.

Source: security whitepaper edition 3, chapter 8; OCPP 2.0.1 part 2, appendix "Security events".
"""

from __future__ import annotations

from typing import Final

_POWER_UP: Final = "PowerUp"


def boot_event(reason: str) -> str:
    """Return the name of the event that a boot is, by its reason."""
    return "StartupOfTheDevice" if reason == _POWER_UP else "ResetOrReboot"
