"""What a station's answer to each of our commands comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csms.domain.commands import (
    AskCapabilities,
    AskComposite,
    AskProfiles,
    CapabilitiesTold,
    ClearProfiles,
    CompositeTold,
    InstallProfile,
    ProfilesTold,
)
from csms.engine import (
    capabilities,
    clearings,
    confirm,
    desk,
    effects,
    external_limits,
    pushing,
    reconcile,
    remedies,
    standing,
)

if TYPE_CHECKING:
    from csms.engine.engine import Engine
    from csms.engine.work import Order, Work


def take_answer(engine: Engine, work: Work, order: Order, answer: desk.CommandAnswer) -> None:
    """Records an answer, believes what it agrees to, and goes on with what waited for it."""
    state = desk.answered(work, order, answer)
    live = None if order.session_id is None else work.station.session(order.session_id)
    effect = answer.effect
    is_lowered = live is not None and pushing.is_lowered(live, order)
    if state is desk.CommandState.ACCEPTED and effect is not None and not is_lowered:
        effects.apply(engine, work, effect)
    match order.command:
        case InstallProfile() if order.session_id is None:
            standing.answered(engine, work, order, answer, state)
        case InstallProfile():
            pushing.answered(engine, work, order, answer, state)
        case ClearProfiles():
            clearings.answered(work, order, state, answer.status)
        case AskComposite() if live is not None:
            if isinstance(effect, CompositeTold):
                confirm.told(engine, work, live, effect)
            else:
                confirm.unanswered(work, live, answer.reason)
        case AskCapabilities():
            said = effect if isinstance(effect, CapabilitiesTold) else None
            is_news = capabilities.told(work, said, answer.reason)
            reconcile.capabilities_told(engine, work, is_news=is_news)
        case AskProfiles(request_id=request_id):
            told = effect if isinstance(effect, ProfilesTold) else None
            external_limits.told(work, request_id, told)
    if order.alert_id is not None:
        remedies.answered(engine, work, order, state, answer)
