"""What sessions cost in the engine: tariffs kept from the start, bills of the ledger, records."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest

from csms.billing import Price, Prices, read_series, read_tariff
from csms.domain.facts import EventKind, SamplesReported
from csms.engine.charge_records import DUE, UNPRICED, issue_due
from csms.engine.policy import Policy
from csms.engine.price_series import load_series, take_series
from csms.engine.rejudge import rejudge_due
from csms.engine.tariff_rules import TariffRule
from csms.engine.tariffs import load_tariffs, writes_of_rules
from csms.engine.writes import ChargeRecordWrite, RecordWrite, SummaryWrite
from tests.builders import START, Desk, a_sample, after, an_event

PARTY = {"country_code": "SE", "party_id": "LDV", "last_updated": "2026-01-01T00:00:00Z"}
BEGIN, END = "Transaction.Begin", "Transaction.End"


def tariff(tariff_id: str, *elements: dict, **more):
    return read_tariff({**PARTY, "id": tariff_id, "currency": "SEK", "elements": elements, **more})


def element(restrictions: dict | None = None, **prices: float) -> dict:
    components = [
        {"type": name, "price": price, "vat": 25, "step_size": 1} for name, price in prices.items()
    ]
    found = {"price_components": components}
    return found if restrictions is None else {**found, "restrictions": restrictions}


PER_KWH = tariff("per-kwh", element(ENERGY=2))
# 09:00 is an hour after the bench's beginning.
DAY_NIGHT = tariff(
    "day-night", element({"start_time": "09:00"}, ENERGY=4), element(ENERGY=1, PARKING_TIME=12)
)


async def a_desk(*tariffs, rules=(), **policy) -> Desk:
    """An engine with these tariffs, the first one for all unless there are rules."""
    desk = Desk(Policy(accept_unknown_tokens=True, **policy))
    for each in tariffs:
        made, _ = desk.policy.tariffs.put(each.id, each, after(-3600))
        await desk.store.submit([made.write()])
    rules = rules or ([{"tariff": tariffs[0].id}] if tariffs else [])
    await assign(desk, -3600, *rules)
    return desk


async def assign(desk: Desk, at_s: float, *rules: dict) -> None:
    book = desk.policy.tariffs
    made = book.next_rules([TariffRule(**rule) for rule in rules], after(at_s))
    book.take_rules(made)
    await desk.store.submit(writes_of_rules(made))


async def restart(desk: Desk) -> None:
    """Forgets all that is only in memory, the policy too."""
    fresh = Policy(accept_unknown_tokens=True)
    await load_tariffs(desk.store, fresh.tariffs, fresh.prices, after(0))
    await load_series(desk.store, fresh)
    desk.policy = fresh
    await desk.restart()
    await desk.engine.preload()
    desk.state = desk.engine.stations[desk.state.id]


def values(transaction: str, *readings: tuple[float, float]) -> SamplesReported:
    samples = tuple(a_sample(at_s, wh=wh) for at_s, wh in readings)
    return SamplesReported(1, 1, samples, transaction)


def event(kind: EventKind, sequence: int, at_s: float, wh: float | None = None, **more):
    """A TransactionEvent of 2.0.1 with its register, if any."""
    contexts = {EventKind.STARTED: {"context": BEGIN}, EventKind.ENDED: {"context": END}}
    given = {"sequence": sequence, "evse": 1, "connector": 1, **more}
    if wh is not None:
        given["samples"] = (a_sample(at_s, wh=wh, **contexts.get(kind, {})),)
    return an_event(kind, at_s, **given)


async def hear(desk: Desk, *events, received_s: float | None = None) -> list:
    return [
        await desk.report(
            each, (each.at - START).total_seconds() if received_s is None else received_s
        )
        for each in events
    ]


def a_session(**start) -> list:
    """An hour at 6 kW: 3 kWh before 09:00 and 3 kWh after it, if it starts at 08:30."""
    return [
        event(EventKind.STARTED, 0, 1800, 1000, charging_state="Charging", **start),
        *(event(EventKind.UPDATED, n, 1800 + 600 * n, 1000 + 1000 * n) for n in range(1, 6)),
        event(EventKind.ENDED, 6, 5400, 7000),
    ]


async def settle(desk: Desk, at_s: float) -> None:
    """Does what is due by then: the second judgement, and records."""
    for _, outcome in await rejudge_due(desk.engine, after(at_s)):
        await desk.keep(outcome)
    for due in desk.engine.records.take_due(after(at_s)):
        await desk.keep(await issue_due(desk.engine, desk.state, due, after(at_s)))


def records(desk: Desk) -> list[dict]:
    return [row.doc for row in desk.rows(ChargeRecordWrite)]


def totals(desk: Desk) -> list[str]:
    return [doc["bill"]["total"] for doc in records(desk)]


def waiting(desk: Desk, collection: str = DUE) -> list:
    return [row for row in desk.rows(RecordWrite) if row.collection == collection]


async def test_i02_i03_costs_so_far_and_in_the_end_are_of_the_tariff_that_fits():
    desk = await a_desk(DAY_NIGHT)
    outcomes = await hear(desk, *a_session())
    told = [outcome.answer.total_cost for outcome in outcomes]
    # 1 kWh at 1.00 in each ten minutes until 09:00, then at 4.00; 25 % VAT.
    expected = ["1.25", "2.50", "3.75", "8.75", "13.75", "18.75"]
    assert told == [None, *map(Decimal, expected)]
    (record,) = records(desk)
    bill = record["bill"]
    assert (bill["net"], bill["vat"], bill["total"]) == ("15.00", "3.75", "18.75")
    assert [line["dimension"] for line in bill["lines"]] == ["ENERGY", "ENERGY"]
    assert bill["energy_milliwh"] == 6_000_000
    assert record["number"] == "CDR-2026-000001"
    assert record["session"]["energy_wh"] == 6000
    assert (record["replaces"], record["contradictions"], record["signed"]) == (None, [], None)


async def test_the_end_its_record_and_its_summary_are_one_unit():
    desk = await a_desk(PER_KWH)
    *_, end = await hear(desk, *a_session())
    kinds = [type(write) for write in end.writes]
    assert ChargeRecordWrite in kinds
    summary = next(write for write in end.writes if isinstance(write, SummaryWrite))
    assert (summary.cost, summary.cost_net) == (Decimal("15.00"), Decimal("12.00"))
    assert (summary.record, summary.tariff, summary.currency) == (
        "CDR-2026-000001",
        "per-kwh",
        "SEK",
    )
    ended = next(note for note in end.notes if note.event == "session.ended")
    assert (ended.fields["cost"], ended.fields["record"]) == ("15.00", "CDR-2026-000001")
    assert desk.views()[0]["cost"] == {
        "total": "15.00",
        "net": "12.00",
        "vat": "3.00",
        "currency": "SEK",
        "tariff": "per-kwh",
        "version": 1,
        "is_final": True,
        "is_estimated": False,
        "because": [],
    }


async def test_ocpp_16_transactions_cost_what_their_registers_say():
    desk = await a_desk(DAY_NIGHT)
    start = an_event(EventKind.STARTED, 1800, transaction=None, connector=1, evse=1, wh=1000)
    (outcome,) = await hear(desk, start)
    transaction = outcome.answer.transaction_id
    await desk.report(values(transaction, (2700, 2500)), 2700)
    await desk.report(values(transaction, (3600, 4000)), 3600)
    stop = an_event(EventKind.ENDED, 5400, transaction=transaction, wh=7000, id_is_ours=True)
    (ended,) = await hear(desk, stop)
    assert ended.answer.total_cost == Decimal("18.75")
    assert totals(desk) == ["18.75"]


async def test_parking_begins_when_the_station_says_that_the_car_is_full():
    desk = await a_desk(DAY_NIGHT)
    start, *updates, end = a_session()
    full = event(EventKind.UPDATED, 3, 3000, charging_state="SuspendedEV")
    at_rest = event(EventKind.UPDATED, 4, 3600, 3000)
    await hear(desk, start, *updates[:2], full, at_rest)
    await hear(desk, event(EventKind.ENDED, 5, 3600, 3000))
    (line_energy, line_parking) = records(desk)[0]["bill"]["lines"]
    assert (line_energy["dimension"], line_energy["net"]) == ("ENERGY", "2.000000")
    # Ten minutes at 12.00 an hour, from 08:50 to 09:00.
    assert (line_parking["dimension"], line_parking["net"]) == ("PARKING_TIME", "2.000000")
    assert line_parking["start"] == "2026-11-21T08:50:00Z"
    del end


@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_batches_of_samples_cost_what_they_cost_one_by_one(size):
    desk = await a_desk(DAY_NIGHT)
    start = an_event(EventKind.STARTED, 1800, transaction=None, connector=1, evse=1, wh=1000)
    (outcome,) = await hear(desk, start)
    readings = [(1800 + 600 * n, 1000 + 1000 * n) for n in range(1, 6)]
    for index in range(0, len(readings), size):
        batch = readings[index : index + size]
        await desk.report(values(outcome.answer.transaction_id, *batch), batch[-1][0])
    await hear(
        desk,
        an_event(
            EventKind.ENDED, 5400, transaction=outcome.answer.transaction_id, wh=7000,
            id_is_ours=True,
        ),
    )  # fmt: skip
    assert totals(desk) == ["18.75"]
    assert records(desk)[0]["bill"]["is_estimated"] is False


async def test_samples_in_the_stop_itself_say_when_the_energy_came():
    desk = await a_desk(DAY_NIGHT)
    start = an_event(EventKind.STARTED, 1800, transaction=None, connector=1, evse=1, wh=1000)
    (outcome,) = await hear(desk, start)
    samples = (
        a_sample(1800, wh=1000, context=BEGIN),
        a_sample(3600, wh=4000),
        a_sample(5400, wh=7000, context=END),
    )
    stop = an_event(
        EventKind.ENDED,
        5400,
        transaction=outcome.answer.transaction_id,
        wh=7000,
        id_is_ours=True,
        samples=samples,
    )
    await hear(desk, stop)
    assert totals(desk) == ["18.75"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(1, 5))))
async def test_every_order_of_arrival_comes_to_the_same_bill(order):
    desk = await a_desk(DAY_NIGHT)
    start, *rest = a_session()
    updates = rest[:4]
    await hear(desk, start, *(updates[index - 1] for index in order), received_s=6000)
    await hear(desk, *rest[4:], received_s=6000)
    await settle(desk, 6300)
    newest = records(desk)[-1]
    assert newest["bill"]["total"] == "18.75"
    assert newest["bill"]["energy_milliwh"] == 6_000_000


async def test_what_comes_late_makes_a_record_of_its_own_and_changes_none():
    desk = await a_desk(DAY_NIGHT)
    start, *rest = a_session()
    await hear(desk, start, rest[-2], rest[-1])
    # Numbers 1 to 4 are missing, so that the record waits for them, but not for ever.
    assert (records(desk), len(waiting(desk))) == ([], 1)
    assert desk.views()[0]["cost"]["is_final"] is False
    await settle(desk, 5400 + 121)
    first = records(desk)[0]
    assert first["bill"]["is_estimated"]
    assert "events_missing" in first["bill"]["reasons"]
    await hear(desk, *rest[:4], received_s=5600)
    assert len(records(desk)) == 1
    await settle(desk, 5700)
    assert records(desk)[0] == first
    second = records(desk)[1]
    assert (second["number"], second["replaces"]) == ("CDR-2026-000002", "CDR-2026-000001")
    assert (second["bill"]["total"], second["bill"]["is_estimated"]) == ("18.75", False)
    assert waiting(desk) == []
    await hear(desk, *rest[:4], received_s=5800)
    await settle(desk, 6000)
    assert len(records(desk)) == 2


async def test_what_waits_outlasts_a_restart():
    desk = await a_desk(DAY_NIGHT)
    start, *rest = a_session()
    await hear(desk, start, *rest[:2], rest[-1])
    await restart(desk)
    await settle(desk, 5400 + 121)
    assert len(records(desk)) == 1
    await hear(desk, *rest[2:5], received_s=5600)
    await restart(desk)
    await settle(desk, 5800)
    await settle(desk, 5900)
    assert [doc["replaces"] for doc in records(desk)] == [None, "CDR-2026-000001"]
    assert totals(desk)[-1] == "18.75"


async def test_a_session_that_has_begun_keeps_its_tariff_whatever_changes():
    desk = await a_desk(DAY_NIGHT, PER_KWH)
    start, *rest = a_session()
    await hear(desk, start, *rest[:2])
    dearer = tariff("day-night", element(ENERGY=100))
    made, is_new = desk.policy.tariffs.put("day-night", dearer, after(3000))
    assert (made.version, is_new) == (2, True)
    await desk.store.submit([made.write()])
    await assign(desk, 3000, {"tariff": "per-kwh"})
    await restart(desk)
    await hear(desk, *rest[2:])
    assert totals(desk) == ["18.75"]
    assert desk.sessions()[0].session.tariff["version"] == 1
    later = [event(EventKind.STARTED, 0, 7200, 0, transaction="T2")]
    await hear(desk, *later, event(EventKind.ENDED, 1, 7800, 1000, transaction="T2"))
    assert totals(desk)[-1] == "2.50"


async def test_a_token_that_comes_later_is_judged_by_the_rules_of_the_start():
    rules = [{"tariff": "day-night"}, {"tariff": "per-kwh", "token": "MEMBER"}]
    desk = await a_desk(DAY_NIGHT, PER_KWH, rules=rules)
    start, *rest = a_session()
    await hear(desk, start, rest[0])
    await assign(desk, 2500, {"tariff": "day-night"})
    named = event(EventKind.UPDATED, 2, 3000, 3000, token="member", trigger="Authorized")
    await hear(desk, named, *rest[2:])
    assert totals(desk) == ["15.00"]
    assert desk.sessions()[0].session.tariff["id"] == "per-kwh"


async def test_records_are_issued_while_the_database_is_away():
    desk = await a_desk(PER_KWH)
    start, *rest = a_session()
    await desk.engine.numbers.load()
    await hear(desk, start, *rest[:3])
    desk.store.is_behind = True
    *_, end = await hear(desk, *rest[3:])
    assert end.answer.total_cost == Decimal("15.00")
    assert totals(desk) == ["15.00"]


async def test_events_that_waited_tell_what_it_cost_by_then():
    desk = await a_desk(tariff("hours", element(PARKING_TIME=60)))
    start = event(EventKind.STARTED, 0, 0, 0, charging_state="EVConnected", is_offline=True)
    updates = [event(EventKind.UPDATED, n, 600 * n, 0, is_offline=True) for n in (1, 2)]
    outcomes = await hear(desk, start, *updates, received_s=90_000)
    assert [each.answer.total_cost for each in outcomes] == [None, Decimal("12.50"), Decimal(25)]


async def test_an_operator_who_closes_a_session_has_it_billed():
    desk = await a_desk(PER_KWH)
    await hear(desk, *a_session()[:4])
    (session_id,) = desk.state.running
    outcome = desk.engine.close_session(desk.state, session_id, "gone", after(4000))
    await desk.keep(outcome)
    await settle(desk, 4001)
    (record,) = records(desk)
    assert (record["bill"]["total"], record["session"]["state"]) == ("7.50", "closed")
    assert "closed_by_operator" in record["bill"]["reasons"]


async def test_a_session_without_energy_has_a_record_all_the_same():
    desk = await a_desk(tariff("fee", element(FLAT=8, ENERGY=2)))
    await hear(desk, event(EventKind.STARTED, 0, 0, 1000), event(EventKind.ENDED, 1, 60, 1000))
    assert totals(desk) == ["10.00"]


async def test_prices_that_come_after_the_session_correct_its_record():
    spot = {"type": "ENERGY", "price": 5, "step_size": 1, "spot": {"series": "SE3"}}
    desk = await a_desk(tariff("spot", {"price_components": [spot]}))
    await hear(desk, *a_session())
    assert totals(desk) == ["30.00"]
    assert records(desk)[0]["bill"]["reasons"] == ["price_missing"]
    assert len(waiting(desk, UNPRICED)) == 1
    await restart(desk)
    other_day = "time,price,currency,unit\n2026-11-20T08:00:00Z,1.00,SEK,kWh\n"
    take_series(desk.engine, read_series("SE3", other_day), after(89_000))
    assert not desk.engine.records.due
    table = (
        "time,price,currency,unit\n"
        "2026-11-21T08:00:00Z,1.00,SEK,kWh\n"
        "2026-11-21T09:00:00Z,2.00,SEK,kWh\n"
    )
    _, writes = take_series(desk.engine, read_series("SE3", table), after(90_000))
    await desk.store.submit(writes)
    await settle(desk, 90_000)
    assert totals(desk) == ["30.00", "9.00"]
    assert (waiting(desk), waiting(desk, UNPRICED)) == ([], [])


def last_reasons(desk: Desk) -> list[str]:
    return records(desk)[-1]["bill"]["reasons"]


async def test_a_silence_of_the_meter_makes_an_estimate():
    desk = await a_desk(DAY_NIGHT)
    await hear(
        desk,
        event(EventKind.STARTED, 0, 0, 0, charging_state="Charging"),
        *(event(EventKind.UPDATED, n, 60 * n, 100 * n) for n in range(1, 6)),
        event(EventKind.UPDATED, 6, 5700, 9500),
        event(EventKind.ENDED, 7, 5760, 9600),
    )
    assert last_reasons(desk) == ["gap"]
    flagged = [line["reasons"] for line in records(desk)[-1]["bill"]["lines"]]
    assert ["gap"] in flagged


async def test_a_register_that_falls_and_a_start_that_nobody_saw_make_estimates():
    desk = await a_desk(PER_KWH)
    await hear(
        desk,
        event(EventKind.UPDATED, 1, 600, 5000),
        event(EventKind.UPDATED, 2, 1200, 6000),
        event(EventKind.UPDATED, 3, 1800, 500),
        event(EventKind.ENDED, 4, 2400, 1500),
    )
    await settle(desk, 3600)
    assert {"start_unseen", "meter_flagged"} <= set(last_reasons(desk))
    milliwh = records(desk)[-1]["bill"]["energy_milliwh"]
    assert milliwh == desk.sessions()[0].session.energy_milliwh


async def test_data_that_contradict_each_other_are_named_and_billed():
    desk = await a_desk(DAY_NIGHT)
    await hear(desk, event(EventKind.STARTED, 0, 3600, 1000))
    await hear(desk, event(EventKind.ENDED, 1, 3000, 2000), received_s=3700)
    await settle(desk, 3800)
    kinds = [each["kind"] for each in records(desk)[-1]["contradictions"]]
    assert "end_before_start" in kinds
    assert records(desk)[-1]["bill"]["energy_milliwh"] == 1_000_000


async def test_a_session_without_any_reading_is_billed_for_its_time():
    desk = await a_desk(tariff("hours", element(TIME=6, PARKING_TIME=6)))
    await hear(desk, event(EventKind.STARTED, 0, 0), event(EventKind.ENDED, 1, 3600))
    assert totals(desk) == ["7.50"]
    assert [each["kind"] for each in records(desk)[0]["contradictions"]] == ["energy_unknown"]


async def test_the_settings_count_where_no_rule_does():
    price = Price("SEK", energy_per_kwh=Decimal("2.50"), session_fee=Decimal(5))
    own = Price("SEK", energy_per_kwh=Decimal(1))
    desk = await a_desk(prices=Prices(price, {"depot": own}))
    await hear(desk, *a_session())
    assert (totals(desk), records(desk)[0]["tariff"]["id"]) == (["20.00"], "settings")
    desk.state.record.site = "depot"
    await hear(desk, event(EventKind.STARTED, 0, 7200, 0, transaction="T2"))
    await hear(desk, event(EventKind.ENDED, 1, 7260, 1000, transaction="T2"))
    assert (totals(desk)[-1], records(desk)[-1]["tariff"]["id"]) == ("1.00", "settings:depot")


async def test_a_running_session_goes_on_counting_after_a_restart():
    desk = await a_desk(DAY_NIGHT)
    for each in a_session():
        await hear(desk, each)
        await restart(desk)
    assert totals(desk) == ["18.75"]


async def test_a_second_stop_that_says_the_same_issues_nothing():
    desk = await a_desk(PER_KWH)
    events = a_session()
    await hear(desk, *events, events[-1], events[-1])
    await settle(desk, 9000)
    assert totals(desk) == ["15.00"]


async def test_a_reading_from_after_the_end_adds_no_time():
    desk = await a_desk(tariff("hours", element(TIME=60, PARKING_TIME=60)))
    await hear(desk, event(EventKind.STARTED, 0, 0, 0, charging_state="Charging"))
    await hear(desk, event(EventKind.UPDATED, 1, 3640, 6000))
    await hear(desk, event(EventKind.ENDED, 2, 3600), received_s=3641)
    assert (totals(desk), len(records(desk))) == (["75.00"], 1)
    assert records(desk)[0]["bill"]["periods"][-1]["end"] == "2026-11-21T09:00:00Z"


def test_times_of_the_bench_are_what_the_tests_say():
    assert START + timedelta(hours=1) == after(3600)
    assert START.hour == 8
