"""What follows from the answer to a relayed call, beyond what it means for our records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csms.domain.follow import Subject
from csms.domain.operations import RelayedCall
from csms.engine import local_list, remote_control

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.answered import Answered
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.use_case import TakeAnswer
    from csms.engine.work import Work

_BY_SUBJECT: Final[Mapping[Subject, TakeAnswer]] = {
    Subject.REMOTE_START: remote_control.start_answered,
}
_BY_ACTION: Final[Mapping[str, TakeAnswer]] = {"SendLocalList": local_list.unanswered}


def answered(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Does for a relayed call what is done for an operation of the same kind."""
    if running.follow is not None and running.follow.subject in _BY_SUBJECT:
        _BY_SUBJECT[running.follow.subject](engine, work, running, answer)
    if isinstance(running.operation, RelayedCall) and running.operation.action in _BY_ACTION:
        _BY_ACTION[running.operation.action](engine, work, running, answer)
