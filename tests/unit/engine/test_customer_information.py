"""What stations hold of a customer, told in parts."""

from csms.domain.answered import Answered
from csms.domain.display_facts import CustomerReported
from csms.domain.follow import Follow, Subject
from csms.domain.operations.diagnostics import CustomerInformation
from csms.engine import customer_information, operations
from csms.engine.work import Work
from tests.builders import Desk, after


async def asked(desk):
    work = Work(desk.state, after(0))
    wanted = CustomerInformation(report=True, token="TAG1", request_id=7)
    running = await operations.want(desk.engine, work, wanted)
    operations.sent(work, running, [], Follow(Subject.CUSTOMER, 7))
    goes_on = Answered("Accepted", is_agreed=True, goes_on=True)
    operations.answered(desk.engine, work, running, goes_on)
    return running


async def tell(desk, sequence, text, *, is_partial=True):
    fact = CustomerReported(7, sequence, text, is_partial=is_partial, payload={})
    await customer_information.reported(desk.engine, Work(desk.state, after(1)), fact)


async def test_parts_are_joined_in_their_order():
    desk = Desk()
    running = await asked(desk)
    await tell(desk, 1, "b")
    await tell(desk, 0, "a")
    await tell(desk, 2, "c", is_partial=False)
    assert (running.state, running.result) == ("done", {"data": "abc"})


async def test_parts_without_end_are_kept_in_part_and_said_to_be():
    desk = Desk()
    running = await asked(desk)
    for sequence in range(1100):
        await tell(desk, sequence, "")
    await tell(desk, 2000, "x" * 2_000_000)
    assert len(running.result["parts"]) == 1000
    await tell(desk, 2001, "", is_partial=False)
    assert running.result == {"data": "", "truncated": True}
