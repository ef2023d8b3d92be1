"""What a transaction costs, and how its station is told.

Source: OCPP 2.0.1 part 2, I02 and I03. The final cost is in the answer to the event that ends a
transaction, also where it is 0. While it runs, the cost is in the answer to each event that
carries meter values or, if the operator wants that, in a message of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from csms.domain.facts import EventKind
from csms.domain.features import Feature
from csms.domain.operations.smart_charging import CostUpdated
from csms.engine.supports import supports
from csms.engine.use_case import UseCase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from csms.billing import Cost
    from csms.domain.facts import TransactionReported
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work


_NONE: Final = timedelta(0)


def told(
    engine: Engine, work: Work, live: LiveSession, fact: TransactionReported
) -> Decimal | None:
    """Returns what the answer to a report tells of the cost, None for nothing.

    What the station is told is kept with the session.
    """
    is_end = fact.kind is EventKind.ENDED
    if not is_end and (fact.kind is not EventKind.UPDATED or not fact.samples):
        return None
    running = engine.policy.prices.running
    if not is_end and running == "off":
        return None
    cost = cost_of(engine, work, live, work.now)
    live.session.cost = {"total": str(cost.total), "currency": cost.currency}
    if is_end or running == "answer":
        return cost.total
    _send(work, live, fact, cost.total)
    return None


def cost_of(engine: Engine, work: Work, live: LiveSession, now: datetime) -> Cost:
    """Returns what a session costs until its end, or until now."""
    session = live.session
    price = engine.policy.prices.of(work.station.record.site)
    lasted = max((session.ended_at or now) - session.started_at, _NONE)
    return price.cost(session.energy_milliwh or 0, lasted)


def _send(work: Work, live: LiveSession, fact: TransactionReported, total: Decimal) -> None:
    """Has a station that is there and can show it told by a message; a queued event is history."""
    transaction_id = live.session.transaction_id
    is_current = live.session.is_active and not fact.is_offline
    if transaction_id is None or not is_current or not work.station.is_online:
        return
    if supports(work.station, Feature.COST) is False:
        return
    work.asks.append(CostUpdated(transaction_id, total))


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {CostUpdated: UseCase(may_wait=False)}
