"""Rows through the journal: what comes out is what would have been written directly."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from csms.engine.writes import AlertWrite, CommandWrite, QuarantineWrite, SampleWrite, Write
from csms.store.grouping import grouped, grouped_rows
from csms.store.journal_rows import decode_unit, encode_unit
from csms.store.rows import TABLES
from tests.builders import START, a_sample, after
from tests.integration.test_store import ONE_OF_EACH


def widths(more: int = 0) -> dict[str, int]:
    return {
        type(write).__name__: len(TABLES[type(write)][0](write)) + more for write in ONE_OF_EACH
    }


def test_every_kind_of_write_comes_out_as_it_went_in():
    assert decode_unit(encode_unit(ONE_OF_EACH), widths()) == [
        (type(write), TABLES[type(write)][0](write)) for write in ONE_OF_EACH
    ]


def test_odd_values_of_a_sample_come_out_as_they_went_in():
    sample = SampleWrite("CP1", None, 1, START, a_sample(0.000001, wh=0.001, power_w=1e-9))
    ((_, row),) = decode_unit(encode_unit([sample]), widths())
    assert row == TABLES[SampleWrite][0](sample)


def test_a_newer_version_fills_columns_that_it_has_appended():
    for (_, row), write in zip(
        decode_unit(encode_unit(ONE_OF_EACH), widths(2)), ONE_OF_EACH, strict=True
    ):
        assert row == (*TABLES[type(write)][0](write), None, None)


@pytest.mark.parametrize(
    "payload",
    [b"{}x", b'[["StrangeWrite",["a"]]]', orjson.dumps([["RecordWrite", ["a", "b", "c", "d"]]])],
)
def test_what_this_version_cannot_read_is_said_so(payload):
    with pytest.raises(ValueError, match="cannot read"):
        decode_unit(payload, widths())


def command(state: str, **doc: Any) -> CommandWrite:
    return CommandWrite("P1", "CP1", None, "Reset", state, after(len(doc)), doc)


def alert(state: str, at_s: float) -> AlertWrite:
    return AlertWrite("A1", "CP1", None, "OVER_LIMIT", "minor", state, after(at_s), {"s": state})


def held(state: str, **values: Any) -> QuarantineWrite:
    known = {"transaction_id": None, "session_id": None, "doc": {}, **values}
    return QuarantineWrite(
        quarantine_id="Q1",
        station_id="CP1",
        received_at=START,
        message_id="m",
        version="1.6",
        action="StopTransaction",
        payload={},
        why="x",
        state=state,
        attempts=0,
        **known,
    )


@pytest.mark.parametrize(
    ("writes", "column", "value"),
    [
        ([command("wanted", a=1), command("sent", b=2, c=3)], 6, '{"a":1,"b":2,"c":3}'),
        ([command("wanted", a=1), command("sent", b=2, c=3)], 5, after(1)),
        ([command("wanted", a=1), command("sent", b=2, c=3)], 4, "sent"),
        ([alert("open", 0), alert("closed", 9)], 6, after(0)),
        ([alert("open", 0), alert("closed", 9)], 5, "closed"),
        ([held("attached"), held("held")], 9, "attached"),
        ([held("held", transaction_id="7", doc={"a": 1}), held("attached", doc={"b": 2})], 6, "7"),
        ([held("held", doc={"a": 1}), held("attached", doc={"b": 2})], 12, '{"a":1,"b":2}'),
    ],
)
def test_rows_of_one_key_in_one_group_are_joined_as_the_table_joins_them(
    writes: list[Write], column: int, value: object
):
    for rows in (
        grouped([[write] for write in writes]),
        grouped_rows(decode_unit(encode_unit([write]), widths()) for write in writes),
    ):
        ((row,),) = rows.values()
        assert row[column] == value
