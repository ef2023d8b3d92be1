"""Vendors' own messages, both ways. Source: OCPP 1.6, 4.3 and 5.6; OCPP 2.0.1 part 2, block P.

What comes is kept. It is answered as the operator has decided for its vendor; nobody else's is
understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.facts import DataTransferAnswer
from csms.engine import identified
from csms.engine.writes import MessageWrite

if TYPE_CHECKING:
    from csms.domain.facts import DataTransferred
    from csms.domain.vendor import Vendor
    from csms.engine.engine import Engine
    from csms.engine.work import Work

VENDORS: Final = "vendors"
"""The collection of the records that the API writes."""

_UNKNOWN_VENDOR, _UNKNOWN_MESSAGE, _REJECTED = "UnknownVendorId", "UnknownMessageId", "Rejected"


async def transfer(engine: Engine, work: Work, fact: DataTransferred) -> DataTransferAnswer:
    """Keeps a vendor's message, and answers it."""
    identified.vendor(engine, work, fact)
    answer = _answer(engine, fact)
    doc = {
        "vendor_id": fact.vendor_id,
        "message_id": fact.message_id,
        "content": fact.content,
        "answered": answer.status,
    }
    work.writes.append(
        MessageWrite(work.station.id, work.now, work.message_id, "DataTransfer", doc)
    )
    work.note("station.message", action="DataTransfer", vendor=fact.vendor_id, status=answer.status)
    if answer.problem is not None:
        work.warn("vendor.unanswered", vendor=fact.vendor_id, why=answer.problem)
    return answer


def vendor_of(engine: Engine, vendor_id: str) -> Vendor | None:
    """Returns what is decided about a vendor, None for one that is unknown."""
    return engine.policy.vendors.get(vendor_id.casefold())


def _answer(engine: Engine, fact: DataTransferred) -> DataTransferAnswer:
    vendor = vendor_of(engine, fact.vendor_id)
    if vendor is None:
        return DataTransferAnswer(_UNKNOWN_VENDOR)
    if not vendor.knows(fact.message_id):
        return DataTransferAnswer(_UNKNOWN_MESSAGE)
    if vendor.url is not None:
        return fact.found or DataTransferAnswer(_REJECTED, problem="nobody was asked")
    known = vendor.messages.get(fact.message_id or "", vendor.answer)
    return DataTransferAnswer(known.status, known.data)
