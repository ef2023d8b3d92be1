"""Lists that go out in parts: in doubt until the last one, and written twice."""

import pytest

from csms.domain.device_model import ACTUAL, VariableKey, VariableTold
from csms.domain.local_list import ListAnswered, Listed
from csms.domain.operations.authorization import SendLocalList
from csms.domain.operations.remote_control import StopTransaction
from csms.domain.token import Token
from csms.engine.device_model_limits import learn
from csms.engine.local_list import LOCAL_LISTS, complete
from csms.engine.remote_control import prepare_stop
from csms.engine.work import Work
from csms.engine.writes import RecordWrite
from csms.errors import OperationRefused
from tests.builders import Desk, after

ENTRIES = [Listed(f"T{number}", None, "Accepted||") for number in range(4)]


def part(number, status="Accepted"):
    return ListAnswered(status, number, is_full=number == 1, entries=(ENTRIES[number - 1],))


def written(outcome):
    return [
        each.doc
        for each in outcome.writes
        if isinstance(each, RecordWrite) and each.collection == LOCAL_LISTS
    ]


def take(desk, said, *, has_more):
    return written(desk.engine.agreed(desk.state, said, after(0), has_more=has_more))


def test_a_list_in_parts_is_written_when_it_begins_and_when_it_is_settled():
    desk = Desk()
    begun = take(desk, part(1), has_more=True)
    assert [each["is_doubtful"] for each in begun] == [True]
    assert take(desk, part(2), has_more=True) == []
    settled = take(desk, part(3), has_more=False)
    assert [(each["version"], each["is_doubtful"]) for each in settled] == [(3, False)]
    assert sorted(settled[0]["entries"]) == ["t0", "t1", "t2"]


def test_a_list_that_is_refused_half_way_stays_in_doubt():
    desk = Desk()
    take(desk, part(1), has_more=True)
    (refused,) = take(desk, part(2, "Failed"), has_more=True)
    assert (refused["is_doubtful"], refused["is_in_parts"]) == (True, False)
    (later,) = take(desk, part(3), has_more=False)
    assert later["is_doubtful"]


async def test_a_session_that_only_the_database_knows_is_not_waited_for_while_it_is_away():
    desk = Desk()
    desk.store.is_behind = True
    work = Work(desk.state, after(0))
    with pytest.raises(OperationRefused, match="database"):
        await prepare_stop(desk.engine, work, StopTransaction(session_id="LS-old"))


@pytest.mark.parametrize(
    "told",
    [
        VariableTold(VariableKey("", "LocalAuthListMaxLength"), {ACTUAL: "2"}),
        VariableTold(
            VariableKey("LocalAuthListCtrlr", "Entries"), characteristics={"max_limit": 2.0}
        ),
    ],
    ids=["configuration key", "characteristic"],
)
def test_more_tokens_than_a_station_says_it_holds_are_refused_in_a_sentence(told):
    desk = Desk()
    tokens = [Token(f"T{number}") for number in range(3)]
    desk.engine.policy.tokens.update({each.key: each for each in tokens})
    full = SendLocalList("Full")
    assert len(complete(desk.engine, desk.state, full, after(0)).entries) == 3
    learn(Work(desk.state, after(0)), [told])
    with pytest.raises(OperationRefused, match=r"3 tokens are more than a list can have \(2\)"):
        complete(desk.engine, desk.state, full, after(0))
    some = SendLocalList("Full", tokens=["T1", "T2"])
    assert len(complete(desk.engine, desk.state, some, after(0)).entries) == 2
