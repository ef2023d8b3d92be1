"""Which passwords open a station's connection, after any order of answers and uses."""

from __future__ import annotations

import pytest
from builders import Desk, after

from csms.domain.commands import ChangeCredentials, CredentialsRefused, Several
from csms.domain.operations.security import RotatePassword
from csms.engine import passwords
from csms.engine.work import Work
from csms.errors import OperationRefused


class Station:
    """A station with the password OLD; hashes are told apart by name."""

    def __init__(self):
        self.desk = Desk()
        self.record.password_hash = "hash:OLD"
        self.seconds = 0

    @property
    def record(self):
        return self.desk.state.record

    @property
    def valid(self):
        return [each.removeprefix("hash:") for each in passwords.candidates(self.record)]

    def work(self):
        self.seconds += 1
        return Work(self.desk.state, after(self.seconds))

    def offer(self, *names):
        for name in names:
            passwords.offered(self.work(), name, f"hash:{name}")

    async def agree(self, effect):
        self.seconds += 1
        outcome = self.desk.engine.agreed(self.desk.state, effect, after(self.seconds))
        await self.desk.keep(outcome)

    def use(self, name):
        return passwords.used(self.work(), f"hash:{name}")


@pytest.fixture
def station():
    return Station()


async def test_an_offered_one_holds_beside_the_old_one_until_it_is_accepted(station):
    station.offer("NEW")
    assert station.valid == ["OLD", "NEW"]
    await station.agree(ChangeCredentials("NEW"))
    assert station.valid == ["NEW"]


async def test_a_refused_one_holds_no_more(station):
    station.offer("NEW")
    await station.agree(CredentialsRefused("NEW"))
    assert station.valid == ["OLD"]


async def test_of_two_under_way_each_answer_counts_for_its_own(station):
    station.offer("A", "B")
    await station.agree(ChangeCredentials("A"))
    assert station.valid == ["A", "B"]
    await station.agree(CredentialsRefused("B"))
    assert station.valid == ["A"]


async def test_a_later_one_that_is_accepted_ends_the_ones_before(station):
    station.offer("A")
    passwords.unanswered(station.work(), "A")
    station.offer("B", "C")
    await station.agree(ChangeCredentials("B"))
    assert station.valid == ["B", "C"]


async def test_the_old_one_in_use_ends_what_was_never_answered_but_nothing_under_way(station):
    station.offer("A")
    passwords.unanswered(station.work(), "A")
    station.offer("B")
    assert station.use("OLD")
    assert station.valid == ["OLD", "B"]
    assert not station.use("OLD")
    await station.agree(ChangeCredentials("B"))
    assert station.valid == ["B"]


async def test_one_that_waits_for_a_reboot_is_not_ended_by_the_old_one(station):
    station.offer("A")
    await station.agree(CredentialsRefused("A", is_deferred=True))
    assert not station.use("OLD")
    assert station.valid == ["OLD", "A"]
    assert station.use("A")
    assert station.valid == ["A"]


async def test_all_of_it_survives_a_restart(station):
    station.offer("A", "B")
    await station.desk.restart()
    assert station.valid == ["OLD", "A", "B"]
    assert station.use("A")
    assert station.valid == ["A", "B"]
    assert station.use("A")  # what was under way before the restart has no answer any more
    assert station.valid == ["A"]


async def test_an_answer_that_means_several_things_is_taken_in_order(station):
    station.offer("A", "B")
    await station.agree(Several((ChangeCredentials("A"), CredentialsRefused("B"))))
    assert station.valid == ["A"]


async def test_one_that_was_never_offered_is_hashed_when_it_is_accepted(station):
    await station.agree(ChangeCredentials("ELSEWHERE"))
    assert station.valid == ["ELSEWHERE"]


async def test_random_ones_are_fit_for_every_version_and_never_the_same(station):
    engine = station.desk.engine
    made = [await passwords.prepare(engine, station.work(), RotatePassword()) for _ in range(20)]
    assert len({each.password for each in made}) == 20
    assert all(len(bytes.fromhex(str(each.password))) == 20 for each in made)
    assert passwords.shown({"password": made[0].password}) == {"password": None}


async def test_a_station_that_proves_itself_by_certificate_gets_no_password(station):
    station.record.security_profile = 3
    with pytest.raises(OperationRefused, match="without a password"):
        await passwords.prepare(station.desk.engine, station.work(), RotatePassword())
