"""By what the vehicle of a session comes to be known, and whose session that makes it."""

import pytest

from csms.domain.account import Account, Owned, Span, vehicle_key
from csms.domain.device_model import EventTold, VariableKey, VariableTold
from csms.domain.device_model_facts import EventsReported, VariablesReported
from csms.domain.facts import AuthorizationRequested, DataTransferred, EventKind
from csms.domain.token import Token, TokenRef
from csms.domain.vehicle import Known, Vehicle
from csms.domain.vehicle_ids import Identity, IdentityKind, Shown
from csms.engine import habits, joining
from csms.engine.people import PeopleBook
from csms.engine.suggestions import Pair, Pairs, Rejection, pair_id, suggest
from csms.engine.writes import SummaryWrite
from csms.errors import DatabaseUnavailable
from profiles import AssignmentRule, load_catalogue
from profiles.catalogue import SHIPPED
from tests.builders import Desk, after, an_event

MAC, VIN = "041A2B3C4D5E", "1M8GDM9AXKP042788"
STARTED, ENDED = EventKind.STARTED, EventKind.ENDED


def a_vehicle(vehicle_id, *refs, name=None, vehicle_class=None):
    known = [Known(Identity.of_ref(ref), ref) for ref in refs]
    return Vehicle(vehicle_id, name or vehicle_id, tuple(known), vehicle_class)


def a_desk(*vehicles):
    desk = Desk()
    for vehicle in vehicles:
        desk.policy.people.keep_vehicle(vehicle)
    return desk


def session_of(desk):
    return next(iter({**desk.state.running, **desk.state.recent}.values())).session


async def test_a_token_that_is_an_address_finds_its_vehicle_and_is_summed_up():
    desk = a_desk(a_vehicle("VAN-1", f"mac:{MAC}"))
    await desk.report(an_event(STARTED, token=f"VID:{MAC}", transaction=None, evse=1))
    assert session_of(desk).vehicle_id == "VAN-1"
    [summary] = desk.rows(SummaryWrite)
    assert (summary.vehicle_id, summary.identities) == ("VAN-1", (f"mac:{MAC}",))


async def test_a_cut_address_counts_if_only_one_vehicle_can_be_meant():
    cut = "VID:04:1A:2B:3C:4D:5E"[:20]
    desk = a_desk(a_vehicle("VAN-1", f"mac:{MAC}"))
    await desk.report(an_event(STARTED, token=cut, transaction=None, evse=1))
    assert session_of(desk).vehicle_id == "VAN-1"
    both = a_desk(a_vehicle("VAN-1", f"mac:{MAC}"), a_vehicle("VAN-2", "mac:041A2B3C4D5F"))
    await both.report(an_event(STARTED, token=cut, transaction=None, evse=1))
    assert session_of(both).vehicle_id is None


async def test_what_comes_beside_a_token_is_an_identity_too():
    info = [
        {"type": "EvccId", "additional_id_token": MAC},
        {"type": "VIN", "additional_id_token": VIN},
        {"type": "colour", "additional_id_token": "red"},
        "odd",
    ]
    desk = a_desk(a_vehicle("VAN-1", f"vin:{VIN}"))
    fact = an_event(STARTED, token="CARD", evse=1, details={"additional_info": info})
    await desk.report(fact)
    session = session_of(desk)
    assert session.vehicle_id == "VAN-1"
    assert session.identities == {
        "token:card": Shown.TOKEN,
        f"mac:{MAC}": Shown.BESIDE,
        f"vin:{VIN}": Shown.BESIDE,
    }


async def test_a_vehicle_id_that_comes_before_the_session_waits_for_it():
    key = VariableKey("ConnectedEV", "VehicleId", evse=1)
    told = VariableTold(key, {"Actual": MAC})
    desk = a_desk(a_vehicle("VAN-1", f"mac:{MAC}"))
    await desk.report(VariablesReported(1, 0, is_last=True, at=after(0), variables=(told,)))
    await desk.report(an_event(STARTED, 5, token="CARD", evse=2, transaction="T2"), 5)
    await desk.report(an_event(STARTED, 10, token="CARD", evse=1, transaction="T1"), 10)
    by_evse = {live.session.evse: live.session for live in desk.state.running.values()}
    assert by_evse[1].vehicle_id == "VAN-1"
    assert by_evse[1].vehicle == MAC
    assert by_evse[2].vehicle_id is None
    late = a_desk(a_vehicle("VAN-1", f"mac:{MAC}"))
    await late.report(VariablesReported(1, 0, is_last=True, at=after(0), variables=(told,)))
    await late.report(an_event(STARTED, 1000, token="CARD", evse=1), 1000)
    assert session_of(late).vehicle_id is None


async def test_an_event_of_a_running_transaction_tells_its_vehicle():
    desk = a_desk(a_vehicle("VAN-1", f"vin:{VIN}"))
    await desk.report(an_event(STARTED, token="CARD", evse=1))
    key = VariableKey("VehicleIdSensor", "Active", evse=1)
    event = EventTold(1, key, after(9), "Alerting", VIN, "HardWiredNotification")
    await desk.report(EventsReported(0, is_last=True, at=after(9), events=(event,)), 9)
    assert session_of(desk).vehicle_id == "VAN-1"
    assert desk.rows(SummaryWrite)[-1].vehicle_id == "VAN-1"


@pytest.mark.parametrize(
    "content",
    [
        {"connectorId": 1, "vehicle": {"VIN": VIN}},
        f'{{"vin": "{VIN}", "connectorId": 1}}',
        {"transactionId": "T1", "list": [{"Vehicle-Identification-Number": VIN}]},
    ],
)
async def test_a_vendors_message_may_tell_a_vin(content):
    desk = a_desk(a_vehicle("VAN-1", f"vin:{VIN}"))
    await desk.report(an_event(STARTED, token="CARD", evse=1))
    await desk.report(DataTransferred("com.example", "Vehicle", content), 5)
    assert session_of(desk).vehicle_id == "VAN-1"


@pytest.mark.parametrize("content", ["{broken", None, [1, [2, [3]]], {"vin": "short"}, "{" * 9])
async def test_other_messages_of_vendors_tell_nothing(content):
    desk = a_desk()
    await desk.report(an_event(STARTED, token="CARD", evse=1))
    await desk.report(DataTransferred("com.example", None, content), 5)
    assert session_of(desk).identities == {"token:card": Shown.TOKEN}


async def test_a_token_presented_shortly_before_is_only_a_hint():
    desk = a_desk(a_vehicle("VAN-1", f"mac:{MAC}"))
    await desk.report(AuthorizationRequested(TokenRef(f"VID:{MAC}")))
    await desk.report(an_event(STARTED, 60, token="CARD", evse=1), 60)
    [summary] = desk.rows(SummaryWrite)
    assert (summary.identities, summary.hints) == (("token:card",), (f"mac:{MAC}",))
    assert summary.vehicle_id is None
    await desk.report(an_event(ENDED, 600, token="OTHER", evse=1), 600)
    assert desk.rows(SummaryWrite)[-1].hints == (f"mac:{MAC}", "token:other")


async def test_the_operators_word_for_a_token_comes_first():
    desk = a_desk(a_vehicle("VAN-1"), a_vehicle("CAR-2", "token:card"))
    desk.policy.tokens["card"] = Token("CARD", vehicle="van-1")
    outcome = await desk.report(an_event(STARTED, token="CARD", evse=1))
    assert session_of(desk).vehicle_id == "VAN-1"
    said = [note for note in outcome.notes if note.event == "vehicle.contradiction"]
    assert [note.fields["others"] for note in said] == ["CAR-2"]


async def test_an_account_is_whose_it_was_when_the_session_began():
    desk = a_desk(a_vehicle("VAN-1", "token:card"))
    first, then = Span(None, after(100)), Span(after(100), None)
    people = desk.policy.people
    people.keep_account(Account("A1", "A1", owned=(Owned("token:card", "CARD", first),)))
    people.keep_account(Account("A2", "A2", owned=(Owned("token:card", "CARD", then),)))
    people.keep_account(Account("A3", "A3", owned=(Owned(vehicle_key("VAN-1"), "VAN-1"),)))
    await desk.report(an_event(STARTED, 0, token="CARD", evse=1, transaction="T1"), 0)
    await desk.report(an_event(STARTED, 200, token="CARD", evse=2, transaction="T2"), 200)
    assert [live.session.account for live in desk.state.running.values()] == ["A1", "A2"]
    people.drop_account("A1")
    assert people.account_of(("token:card",), "VAN-1", after(0)) == "A3"


async def test_a_join_reaches_the_sessions_in_memory_and_a_split_takes_it_back():
    desk = a_desk()
    await desk.report(an_event(STARTED, token="CARD", evse=1))

    class Nothing:
        async def identity_sets(self, refs):
            return []

        async def assign_accounts(self, *given):
            return 0

    async def change(vehicle):
        wanted = joining.Change("joined", "VAN-1", vehicles={"VAN-1": vehicle})
        return await joining.change(desk.engine, Nothing(), wanted, after(9))

    assert (await change(a_vehicle("VAN-1", "token:card"))).sessions == 1
    assert session_of(desk).vehicle_id == "VAN-1"
    assert desk.rows(SummaryWrite)[-1].vehicle_id == "VAN-1"
    with pytest.raises(joining.Taken, match="VAN-1"):
        joining.check(
            desk.policy.people,
            joining.Change("joined", "B", vehicles={"B": a_vehicle("B", "token:card")}),
        )
    assert (await change(None)).sessions == 1
    assert session_of(desk).vehicle_id is None
    assert await desk.store.load_records(joining.DUE) == {}


async def test_a_join_while_the_database_is_away_reaches_the_past_later():
    desk, given = a_desk(), []

    class Away:
        is_away = True

        async def identity_sets(self, refs):
            if self.is_away:
                raise DatabaseUnavailable("away")
            return [("token:card", f"mac:{MAC}"), ("token:other",)]

        async def assign_vehicles(self, refs, whose):
            given.append((set(refs), dict(whose)))
            return 0

        async def assign_accounts(self, *owned):
            return 0

    history = Away()
    vehicle = a_vehicle("VAN-1", f"mac:{MAC}")
    wanted = joining.Change("created", "VAN-1", vehicles={"VAN-1": vehicle})
    made = await joining.change(desk.engine, history, wanted, after(0))
    assert made == joining.Made(0, waits=True)
    await desk.restart()
    book = desk.policy.people = PeopleBook()
    await joining.load(desk.store, book)
    assert book.find_vehicle("VAN-1") == "VAN-1"
    await joining.catch_up(desk.engine, history, after(1))
    assert len(await desk.store.load_records(joining.DUE)) == 1
    history.is_away = False
    await joining.catch_up(desk.engine, history, after(2))
    assert await desk.store.load_records(joining.DUE) == {}
    refs, whose = given[0]
    assert {f"mac:{MAC}", "mac:041A2B3C4D5"} <= refs
    assert whose == {("token:card", f"mac:{MAC}"): "VAN-1", ("token:other",): None}


async def test_what_was_learnt_of_a_token_stays_known_of_its_vehicle():
    desk = a_desk()
    learnt = habits.Habits(energies_wh=[9000.0])
    list(desk.engine.habits.keep("token:card", learnt))
    await desk.report(an_event(STARTED, token="CARD", evse=1))
    session = session_of(desk)
    session.vehicle_id = "VAN-1"
    assert habits.of(desk.engine, session) is learnt


def a_pair(one, other, sessions=1):
    return Pair(*sorted((one, other)), sessions, after(0), after(9), ("S1",))


def test_a_suggestion_says_what_speaks_for_it_and_what_against():
    pairs = Pairs(
        together=[
            a_pair("token:a", "mac:1", 4),
            a_pair("token:b", "mac:1", 2),
            a_pair("token:b", "mac:2", 2),
        ],
        hinted=[a_pair("token:c", "mac:1", 2)],
        in_succession=[a_pair("token:d", "mac:1", 1)],
    )
    found = {each.id: each for each in suggest(pairs, PeopleBook())}
    sure, unsure = found[pair_id("token:a", "mac:1")], found[pair_id("mac:1", "token:b")]
    assert (sure.confidence, sure.level, sure.against) == (0.8, "high", 0)
    assert (unsure.confidence, unsure.level, unsure.against) == (0.286, "low", 2)
    assert found[pair_id("token:c", "mac:1")].confidence == 0.5
    assert pair_id("token:d", "mac:1") not in found
    assert suggest(pairs, PeopleBook())[0] == sure


@pytest.mark.parametrize(
    "pair", [("token:a", "token:b"), ("mac:1", "mac:2"), ("emaid:x", "token:a")]
)
def test_who_only_follows_another_one_is_somebody_else(pair):
    followed = a_pair(*pair, 9)
    assert suggest(Pairs([], [followed], [followed]), PeopleBook()) == []
    assert suggest(Pairs([followed]), PeopleBook()) != []


def test_what_is_joined_is_not_suggested_and_what_is_rejected_wants_more():
    people = PeopleBook()
    people.keep_vehicle(a_vehicle("VAN-1", "token:a", "mac:1"))
    people.keep_vehicle(a_vehicle("VAN-2", "mac:2"))
    together = [a_pair("token:a", "mac:1", 9), a_pair("token:a", "mac:2", 9)]
    [merge] = suggest(Pairs(together), people)
    assert merge.vehicles == ("VAN-2", "VAN-1")
    rejected = [Rejection(merge.one, merge.other, after(0))]
    assert suggest(Pairs([a_pair("token:a", "mac:2", 2)]), people, rejected) == []
    assert suggest(Pairs([a_pair("token:a", "mac:2", 3)]), people, rejected) != []
    same_text = a_pair("token:041a2b3c4d5e", f"mac:{MAC}", 5)
    assert suggest(Pairs([same_text]), people) == []


def test_kinds_are_ranked_by_how_sure_they_are():
    people = PeopleBook()
    people.keep_vehicle(a_vehicle("A", "token:card"))
    people.keep_vehicle(a_vehicle("B", f"mac:{MAC}", name="Blue"))
    found = people.vehicle_of(["token:card", f"mac:{MAC}"])
    assert (found.vehicle_id, found.others) == ("B", ("A",))
    assert people.find_vehicle("blue") == "B"
    assert IdentityKind.NAME in {each.kind for each in (Identity.of_ref("name:blue"),)}


async def test_the_class_of_a_joined_vehicle_chooses_its_profile():
    desk = a_desk(a_vehicle("VAN-1", f"mac:{MAC}", vehicle_class="van"))
    desk.policy.catalogue["slow"] = next(iter(load_catalogue(SHIPPED).values()))
    desk.policy.assignments = [AssignmentRule(profile="slow", vehicle_class="van")]
    await desk.report(an_event(STARTED, token=f"VID:{MAC}", transaction=None, evse=1))
    assert session_of(desk).profile == "slow"
