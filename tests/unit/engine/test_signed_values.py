"""Signed meter values: what is kept of them, and what they prove."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import random
import time
import warnings
from datetime import timedelta
from pathlib import Path

import ecdsa
import pyocmf
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyocmf.crypto.fallback import _secp192k1

from csms.domain.device_model import ACTUAL, VariableKey, VariableTold
from csms.domain.device_model_facts import VariablesReported
from csms.domain.facts import EventKind, SamplesReported
from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.domain.session import Session, SessionState
from csms.domain.signed_value import SignedValue, keep
from csms.domain.station import Station
from csms.engine.meter_keys import OPERATOR, read_key, set_key
from csms.engine.signed_values import verdict
from csms.engine.work import Work
from csms.engine.writes import AlertWrite, AnomalyWrite
from csms.ocpp.signed_values import signed_value
from simulator.metering.signing import Signer
from tests.builders import START, Desk, a_sample, after, an_event
from tests.signed_values import METHOD, a_key, a_row, a_value, an_ocmf, der_of, oca_of

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
KEY = a_key()
BEGIN, END = a_row(START, "B", "100.000"), a_row(after(3600), "E", "107.400")


def judged(*values, wh=None, station=None, end_s=3600.0, contexts=None):
    """What a session of an hour is told that has brought these values."""
    session = Session(
        id="S1",
        station_id="CP1",
        transaction_id="1",
        started_at=START,
        started_received_at=START,
        evse=1,
        state=SessionState.ENDED,
        ended_at=after(end_s),
    )
    if wh is not None:
        session.ledger = type(
            "Fixed", (), {"energy_milliwh": round(wh * 1000), "flags": (), "span": None}
        )()
    contexts = contexts or (
        (TRANSACTION_BEGIN, TRANSACTION_END) if len(values) > 1 else (TRANSACTION_END,)
    )
    for at_s, value, context in zip((0, end_s), values, contexts, strict=False):
        session.signed = keep(session.signed, [value], after(at_s), context)
    return verdict(session, station or Station(id="CP1"))


def both(**more) -> SignedValue:
    return a_value(an_ocmf(BEGIN, END, key=KEY, **more), KEY)


# What is kept


def test_first_and_last_value_are_kept_in_whatever_order_they_come():
    moments = [
        (after(0), TRANSACTION_BEGIN, "a"),
        (after(1), "Sample.Periodic", "b"),
        (after(2), "Sample.Periodic", "c"),
        (after(2), TRANSACTION_END, "d"),
    ]
    kept = set()
    for order in itertools.permutations([*moments, moments[0]]):
        doc = None
        for at, context, text in order:
            doc = keep(doc, [SignedValue("OCMF", text, public_key=f"key {text}")], at, context)
        kept.add(json.dumps(doc, sort_keys=True))
    (only,) = kept
    assert [each["data"] for each in json.loads(only)["values"]] == ["a", "d"]
    assert [each["key"] for each in json.loads(only)["keys"]] == ["key a", "key d"]


def test_ten_thousand_signed_samples_keep_as_much_as_two():
    doc = None
    for at_s in range(10_000):
        doc = keep(doc, [SignedValue("OCMF", f"{at_s:05}")], after(at_s), "Sample.Periodic")
    assert [each["data"] for each in doc["values"]] == ["00000", "09999"]


# What is proven


def test_a_signed_begin_and_end_that_agree_with_the_session_are_valid():
    found = judged(both(), wh=7400)
    assert (found["state"], found["energy_wh"], found["agrees"]) == ("valid", 7400.0, True)
    assert found["key_source"] == "first_use"
    assert found["begin"]["register_wh"] == 100_000.0
    assert found["end"]["at"] == "2026-11-21T09:00:00Z"


def test_begin_and_end_in_records_of_their_own_are_valid():
    values = a_value(an_ocmf(BEGIN, key=KEY), KEY), a_value(an_ocmf(END, key=KEY, page="T2"), KEY)
    assert judged(*values, wh=7400)["state"] == "valid"


@pytest.mark.parametrize("name", ["vcp-16", "vcp-201"])
def test_what_a_foreign_station_signs_is_valid_here_as_it_is_elsewhere(name):
    for line in (FRAMES / f"{name}.jsonl").read_text().splitlines():
        if "signedMeterData" in line:
            break
    (entry,) = _last(json.loads(line)["frame"][-1])
    value = signed_value(entry["sampledValue"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = pyocmf.OCMF.from_string(value.data)
    assert record.verify_signature(read_key(value.public_key))
    session = Session(
        id="S",
        station_id="CP1",
        transaction_id="1",
        started_at=record.payload.RD[0].timestamp,
        started_received_at=record.payload.RD[0].timestamp,
        ended_at=record.payload.RD[-1].timestamp,
    )
    session.signed = keep(None, [value], session.ended_at, TRANSACTION_END)
    found = verdict(session, Station(id="CP1"))
    assert found["state"] == "valid", found["why"]


def _last(payload):
    return payload.get("transactionData") or payload["meterValue"]


@pytest.mark.parametrize("encoding", [None, "base64"])
def test_no_text_with_one_character_changed_is_valid(encoding):
    text = an_ocmf(BEGIN, END, key=KEY, encoding=encoding)
    assert judged(a_value(text, KEY), wh=7400)["state"] == "valid"
    for place, bit in itertools.product(range(len(text)), (0x01, 0x20)):
        changed = text[:place] + chr(ord(text[place]) ^ bit) + text[place + 1 :]
        found = judged(a_value(changed, KEY), wh=7400)
        assert found["state"] != "valid", changed[max(place - 20, 0) : place + 5]


def test_no_base64_with_one_character_changed_is_valid():
    for spaces in ("", " ", "  "):
        raw = (an_ocmf(BEGIN, END, key=KEY) + spaces).encode()
        sent = {"encodingMethod": "OCMF", "publicKey": oca_of(KEY)}
        text = base64.b64encode(raw).decode()
        whole = sent | {"signedMeterData": text}
        assert judged(signed_value({"signedMeterValue": whole}), wh=7400)["state"] == "valid"
        for place in range(0 if not spaces else len(text) - 8, len(text)):
            changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
            value = signed_value({"signedMeterValue": sent | {"signedMeterData": changed}})
            assert judged(value, wh=7400)["state"] != "valid", place


CURVES = [
    (ec.SECP192R1(), "secp192r1"),
    (ec.SECP256K1(), "secp256k1"),
    (ec.SECP256R1(), "secp256r1"),
    (ec.SECP384R1(), "secp384r1"),
    (ec.BrainpoolP256R1(), "brainpool256r1"),
    (ec.BrainpoolP384R1(), "brainpool384r1"),
    (ec.SECP521R1(), "secp521r1"),
]


@pytest.mark.parametrize(("curve", "name"), CURVES)
def test_every_method_of_the_format_is_checked(curve, name):
    key = a_key(curve)
    for size, digest in (("SHA256", hashes.SHA256()), ("SHA512", hashes.SHA512())):
        text = an_ocmf(BEGIN, END, key=key, method=f"ECDSA-{name}-{size}", digest=digest)
        assert judged(a_value(text, key), wh=7400)["state"] == "valid"
        assert judged(a_value(text, a_key(curve, 8)), wh=7400)["state"] == "invalid"
    assert judged(a_value(an_ocmf(BEGIN, END, key=key), key))["state"] == (
        "valid" if name == "secp256r1" else "invalid"
    )


def test_a_key_on_secp192k1_is_checked_although_openssl_does_not_know_it():
    key = ecdsa.SigningKey.from_secret_exponent(4711, _secp192k1(), hashlib.sha256)
    text = an_ocmf(BEGIN, END, method="ECDSA-secp192k1-SHA256")
    head, payload, _ = text.split("|")
    raw = key.sign_deterministic(payload.encode(), sigencode=ecdsa.util.sigencode_der)
    proof = json.dumps({"SA": "ECDSA-secp192k1-SHA256", "SD": raw.hex()})
    value = SignedValue(
        "OCMF", f"{head}|{payload}|{proof}", public_key=key.verifying_key.to_der().hex()
    )
    assert judged(value, wh=7400)["state"] == "valid"
    other = SignedValue("OCMF", value.data.replace("107.4", "108.4"), public_key=value.public_key)
    assert judged(other, wh=8400)["state"] == "invalid"


def test_a_method_that_the_record_leaves_out_is_the_one_beside_it_or_the_usual_one():
    assert judged(a_value(an_ocmf(BEGIN, END, key=KEY, method=None), KEY))["state"] == "valid"
    key = a_key(ec.SECP384R1())
    text = an_ocmf(BEGIN, END, key=key, method=None)
    value = SignedValue("OCMF", text, "ECDSA-secp384r1-SHA256", oca_of(key))
    assert judged(value)["state"] == "valid"


# What is not


def test_without_a_key_nothing_is_verified():
    found = judged(a_value(an_ocmf(BEGIN, END)))
    assert found["state"] == "no_key"
    unreadable = judged(SignedValue("OCMF", an_ocmf(BEGIN, END), public_key="AAAA"))
    assert (unreadable["state"], "no public key of" in unreadable["why"]) == ("no_key", True)


def other(row, **more):
    return {name: more.get(name, value) for name, value in {**row, **more}.items()}


FAULTS = {
    "different meters": ([BEGIN], [END], {"MS": "M2"}, "different meters: M1, M2"),
    "the same page": ([BEGIN], [END], {"page": "T1"}, "pages do not follow"),
    "a page before": ([BEGIN], [END], {"page": "T0"}, "pages do not follow"),
    "another kind of page": ([BEGIN], [END], {"page": "F9"}, "pages do not follow"),
    "no end": ([BEGIN], [other(END, TX="C")], {}, "not marked as begin and end"),
    "other units": ([BEGIN], [other(END, RU="Wh", RV=107_400)], {}, "different registers"),
    "no energy": ([other(BEGIN, RU="mOhm")], [other(END, RU="mOhm")], {}, "no energies"),
    "a fallen register": ([BEGIN], [other(END, RV=99.0)], {}, "below that at the begin"),
    "time backwards": ([BEGIN], [a_row(after(-60), "E", "107.4")], {}, "before the begin"),
    "another day": (
        [a_row(after(-86_400), "B", "100")],
        [a_row(after(-82_800), "E", "107.4")],
        {},
        "not those of the session",
    ),
    "a bad meter": ([BEGIN], [other(END, ST="M")], {}, "not good: state M"),
    "a wrong energy": ([BEGIN], [other(END, EF="E")], {}, "energy of its end as wrong"),
    "another begin": ([BEGIN], [a_row(START, "B", "99.0"), END], {}, "not the one that was signed"),
    "other energy": ([BEGIN], [other(END, RV=107.403)], {}, "7403 Wh, that of the session 7400"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_contradicts_itself_or_the_session_is_inconsistent(name):
    begin, end, more, why = FAULTS[name]
    first = a_value(an_ocmf(*begin, key=KEY), KEY)
    last = a_value(an_ocmf(*end, key=KEY, **{"page": "T2", **more}), KEY)
    found = judged(first, last, wh=7400)
    assert found["state"] == "inconsistent"
    assert any(why in each for each in found["faults"]), found["faults"]


def test_an_end_without_a_begin_proves_no_energy():
    found = judged(a_value(an_ocmf(END, key=KEY), KEY), wh=7400)
    assert (found["state"], found["energy_wh"]) == ("inconsistent", None)
    assert found["why"].startswith("No begin of the transaction was signed")


def test_registers_agree_within_their_steps_and_no_more():
    coarse = an_ocmf(a_row(START, "B", "100"), other(END, RV=107.41), key=KEY)
    assert judged(a_value(coarse, KEY), wh=7400)["agrees"]
    fine = an_ocmf(BEGIN, other(END, RV=107.403), key=KEY)
    assert judged(a_value(fine, KEY), wh=7400)["agrees"] is False


@pytest.mark.parametrize("name", ["EDL", "ALFEN", ""])
def test_other_formats_are_named_and_not_verified(name):
    found = judged(SignedValue(name, "AP;1;2;3", public_key=oca_of(KEY)))
    assert found["state"] == "unverifiable"
    assert (name or "not named") in found["why"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<signedMeterValue> <encodingMethod>EDL</encodingMethod></signedMeterValue>", "EDL"),
        ("<?xml version='1.0'?><values/>", "XML"),
        ("AP;0;3;AJYHJP", "ALFEN"),
    ],
)
def test_a_format_that_only_its_text_names_is_named(text, name):
    for value in (text, base64.b64encode(text.encode()).decode()):
        assert judged(signed_value({"value": value, "format": "SignedData"}))["format"] == name


def test_a_clock_that_only_counts_from_its_start_is_held_against_nothing():
    begin = a_row(START, "B", "100.000", TM="2019-01-01T00:00:15,000+0000 R")
    end = a_row(START, "E", "107.400", TM="2019-01-01T01:00:15,000+0000 R")
    found = judged(a_value(an_ocmf(begin, end, key=KEY), KEY), wh=7400)
    assert (found["state"], found["end"]["at"]) == ("valid", "2019-01-01T01:00:15Z")
    unset = [row | {"TM": row["TM"].replace("R", "U")} for row in (begin, end)]
    assert judged(a_value(an_ocmf(*unset, key=KEY), KEY), wh=7400)["state"] == "valid"
    told = [row | {"TM": row["TM"].replace("R", "S")} for row in (begin, end)]
    assert judged(a_value(an_ocmf(*told, key=KEY), KEY), wh=7400)["state"] == "inconsistent"


HOSTILE = [
    "OCMF|",
    "OCMF||",
    "OCMF|{}|{}",
    "OCMF|[]|[]",
    'OCMF|{"RD":[]}|{"SD":"00"}',
    'OCMF|{"RD":[1]}|{"SD":"00"}',
    'OCMF|{"RD":[{"TM":5}]}|{"SD":"00"}',
    'OCMF|{"RD":[{"TM":"0001-01-01T00:00:00+2359 S"}]}|{"SD":"00"}',
    'OCMF|{"RD":[{"TM":"2026-01-01T00:00:00+0000 S","RV":1e999999}]}|{"SD":"00"}',
    'OCMF|{"RD":[{"TM":"2026-01-01T00:00:00+0000 S","RV":NaN}]}|{"SD":"00"}',
    'OCMF|{"RD":[{"TM":"2026-01-01T00:00:00+0000 S","RV":"Infinity"}]}|{"SD":"00"}',
    f'OCMF|{{"RD":[{{"TM":"2026-01-01T00:00:00+0000 S","RV":{"9" * 5000}}}]}}|{{"SD":"00"}}',
    "OCMF|" + "[" * 20_000 + "|{}",
    "OCMF|" + '{"a":' * 5000 + "1" + "}" * 5000 + '|{"SD":"00"}',
    'OCMF|{"RD":[' + ",".join(["{}"] * 5000) + ']}|{"SD":"00"}',
    "OCMF|{}|{} and more",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_station_writes_has_one_verdict(text):
    found = judged(SignedValue("OCMF", text, public_key=oca_of(KEY)))
    assert found["state"] == "invalid"
    assert found["why"].endswith(".")


def test_any_json_in_the_place_of_a_signed_value_is_read_or_named():
    chosen = random.Random(7)  # noqa: S311 - chosen texts, no secret
    texts = [an_ocmf(BEGIN, END, key=KEY), "T0NNRnw=", "{}", '{"signedMeterData":5}', "é", "<a/>"]
    for _ in range(300):
        raw = chosen.choice(texts)
        cut = chosen.randrange(len(raw) + 1)
        raw = raw[:cut] + chosen.choice(["", "\0", "\ud800", "|", '"', "OCMF|{"]) + raw[cut:]
        wrapped = {
            "signedMeterData": raw,
            "publicKey": raw,
            "encodingMethod": chosen.choice([raw, 5]),
        }
        for sampled in (
            {"value": raw, "format": "SignedData"},
            {"value": json.dumps(wrapped), "format": "SignedData"},
            {"value": 1, "signedMeterValue": chosen.choice([wrapped, raw, 5, [raw]])},
        ):
            value = signed_value(sampled)
            assert judged(value)["state"] in {"invalid", "unverifiable", "no_key", "valid"}
            json.dumps(keep(None, [value], START, "")).encode()


def test_a_huge_value_is_not_read():
    found = judged(signed_value({"value": "OCMF|" + "x" * 10**6}))
    assert (found["state"], "1000005 characters" in found["why"]) == ("unverifiable", True)


def test_a_verdict_takes_a_few_milliseconds_at_most():
    value = both()
    judged(value)
    began = time.process_time()
    for _ in range(20):
        judged(value)
    assert (time.process_time() - began) / 20 < 0.02


# Keys


@pytest.mark.parametrize(
    "text",
    [
        der_of(KEY).hex(),
        der_of(KEY).hex().upper(),
        f"0x{der_of(KEY).hex()}",
        oca_of(KEY),
        f"oca:base16:asn1:{' '.join(der_of(KEY).hex())}",
        f"OCA:BASE16:ASN1:0x{der_of(KEY).hex()}",
    ],
)
def test_a_key_is_read_in_whatever_form_it_comes(text):
    assert read_key(text) == der_of(KEY).hex()


@pytest.mark.parametrize("text", ["", "00", "oca:base16:asn1:", "oca:x:y", "é", "A" * 5000, "3000"])
def test_what_is_no_key_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"is no public key|characters"):
        read_key(text)


async def a_signed_session(desk: Desk, *, number: int = 0, signer: Signer | None = None) -> None:
    """A session of an hour in 1.6 whose begin and end are signed by a simulated meter."""
    signer, at_s = signer or Signer(1), number * 10_000.0
    start = an_event(EventKind.STARTED, at_s, transaction=None, token="T", wh=1000, evse=1)
    transaction = (await desk.report(start, at_s)).answer.transaction_id
    for context, when_s, wh in (
        (TRANSACTION_BEGIN, at_s, 1000),
        (TRANSACTION_END, at_s + 3600, 8400),
    ):
        sent = signer.sign(context, wh, after(when_s), is_dc=False)
        value = signed_value({"value": sent.text(), "format": "SignedData"})
        sample = a_sample(when_s, wh=wh, context=context, signed=(value,))
        await desk.report(SamplesReported(1, 1, (sample,), transaction), when_s)
    stop = an_event(EventKind.ENDED, at_s + 3600, transaction=transaction, wh=8400)
    await desk.report(stop, at_s + 3600)


async def test_a_simulated_meter_is_believed_from_its_first_key_on():
    desk = Desk()
    await a_signed_session(desk)
    (live,) = desk.sessions()
    assert verdict(live.session, desk.state.record)["state"] == "valid"
    assert desk.state.record.meter_keys["1"]["first_use"]["key"] == read_key(Signer(1).public_key)
    await desk.restart()
    await a_signed_session(desk, number=1, signer=Signer(2))
    found = verdict(desk.sessions()[1].session, desk.state.record)
    assert found["state"] == "inconsistent"
    assert "If the meter was replaced" in found["why"]
    assert "signed_values_doubtful" in desk.sessions()[1].session.flags
    assert [each.kind for each in desk.rows(AnomalyWrite)] == ["signed_values.inconsistent"]
    alerts = [each for each in desk.rows(AlertWrite) if "signed" in str(each.doc["evidence"])]
    assert [(each.kind, each.state) for each in alerts] == [("METER_ANOMALY", "cleared")]


async def test_what_came_before_a_restart_counts_after_it():
    desk, signer = Desk(), Signer(1)
    start = an_event(EventKind.STARTED, 0, transaction=None, token="T", wh=1000, evse=1)
    transaction = (await desk.report(start)).answer.transaction_id
    for context, when_s, wh in ((TRANSACTION_BEGIN, 0, 1000), ("Trigger", 3600, 8400)):
        sent = signer.sign(context, wh, after(when_s), is_dc=False)
        value = signed_value({"value": 5, "signedMeterValue": sent.fields()})
        sample = a_sample(when_s, wh=wh, context=context, signed=(value,))
        await desk.report(SamplesReported(1, 1, (sample,), transaction), when_s)
        await desk.restart()
    await desk.report(an_event(EventKind.ENDED, 3600, transaction=transaction, wh=8400), 3600)
    found = verdict(desk.sessions()[0].session, desk.state.record)
    assert (found["state"], found["energy_wh"]) == ("inconsistent", 7400.0)
    assert found["why"].startswith("The readings are not marked as begin and end")


async def test_an_end_that_comes_late_changes_the_verdict():
    desk, signer = Desk(), Signer(1)
    start = an_event(EventKind.STARTED, 0, transaction=None, token="T", wh=1000, evse=1)
    transaction = (await desk.report(start)).answer.transaction_id
    sent = {
        context: signer.sign(context, wh, after(when_s), is_dc=False)
        for context, when_s, wh in ((TRANSACTION_BEGIN, 0, 1000), (TRANSACTION_END, 3600, 8400))
    }
    await desk.report(an_event(EventKind.ENDED, 3600, transaction=transaction, wh=8400), 3600)
    states = []
    for context, when_s in ((TRANSACTION_BEGIN, 0), (TRANSACTION_END, 3600)):
        value = signed_value({"value": sent[context].text(), "format": "SignedData"})
        sample = a_sample(when_s, context=context, signed=(value,), extra={"x": [1]})
        await desk.report(SamplesReported(1, 1, (sample,), transaction), 3700)
        states.append(verdict(desk.sessions()[0].session, desk.state.record)["state"])
    assert states == ["inconsistent", "valid"]
    assert not desk.sessions()[0].session.flags & {"signed_values_doubtful"}


@pytest.mark.parametrize(
    "key",
    [
        VariableKey("", "MeterPublicKey1"),
        VariableKey("", "meterpublickey[1]"),
        VariableKey("FiscalMetering", "PublicKey", evse=1),
        VariableKey("FiscalMetering", "PublicKey"),
    ],
)
async def test_a_key_that_the_station_tells_is_known_and_the_operators_outweighs_it(key):
    desk = Desk()
    told = VariableTold(key, {ACTUAL: Signer(1).public_key})
    await desk.report(VariablesReported(1, 0, is_last=True, at=None, variables=(told,)))
    await a_signed_session(desk)
    found = verdict(desk.sessions()[0].session, desk.state.record)
    assert (found["state"], found["key_source"]) == ("valid", "station")
    work = Work(desk.state, after(9000) + timedelta(0))
    assert set_key(work, 1, OPERATOR, der_of(KEY).hex())
    found = verdict(desk.sessions()[0].session, desk.state.record)
    assert (found["state"], found["key_source"]) == ("inconsistent", "operator")


def test_the_usual_method_is_named_as_the_specification_does():
    assert METHOD in an_ocmf(BEGIN)
