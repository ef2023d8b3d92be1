"""Names on the wire: each member of the `ocpp` package's types is one that a schema has."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import ocpp
import pytest

from simulator.wire import to_payload


def properties(schema):
    """Yield all names of members in a schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties") or {}
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from properties(each)


@pytest.mark.parametrize("version", ["v16", "v201"])
def test_every_member_is_spelled_as_the_schemas_have_it(version):
    folder = Path(ocpp.__file__).parent / version / "schemas"
    known = {
        name
        for file in folder.glob("*.json")
        for name in properties(json.loads(file.read_text(encoding="utf-8-sig")))
    }
    for module in ("call", "call_result", "datatypes"):
        for of in vars(importlib.import_module(f"ocpp.{version}.{module}")).values():
            if is_dataclass(of):
                made = of(**{each.name: "given" for each in fields(of)})
                assert set(to_payload(made)) <= known, of


def test_what_is_json_already_stays_as_it_is():
    @dataclass
    class Inner:
        bulk_soc: int

    @dataclass
    class Outer:
        responder_url: list[Inner]
        left_out: None = None

    assert to_payload({"a_b": 1}) == {"a_b": 1}
    assert to_payload(Outer([Inner(3)])) == {"responderURL": [{"bulkSoC": 3}]}
