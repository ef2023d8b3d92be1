"""What becomes of one EVSE while the station has no power.

Nothing happens there in the dark: appointments wait, cars and drivers too. A transaction ends
with reason PowerLoss at the moment of the loss, of which the central system hears after the next
boot; or it goes on when the power is back, as some firmware has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.station.transaction import StopReason

if TYPE_CHECKING:
    from simulator.station.bay import Bay


def fall(bay: Bay, now: float, *, resumes: bool) -> None:
    """Go dark; the connection is gone already, so what is said waits for the next one."""
    bay.supply.flow(now)
    if not resumes:
        bay.stop(StopReason.POWER_LOSS, now)
    bay.admission.reset(now)
    bay.supply.darken(now)


def lift(bay: Bay, now: float) -> None:
    """Have power again: what fell due in the dark is done now."""
    bay.supply.light_up(now)
    bay.timers.postpone(now)
    bay.driver.power_returned(now)
    bay.refresh(now)
