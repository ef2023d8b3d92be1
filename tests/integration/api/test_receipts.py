"""CDRs, receipts and meter keys over the API and the command line, of sessions really charged."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from typer.testing import CliRunner

from csms.__main__ import app
from csms.engine.writes import ChargeRecordWrite
from simulator.metering.signing import Signer
from tests.charge_records import a_record
from tests.ocpi_cdr import mistakes
from tests.pdf_text import pages_of
from tests.signed_values import a_key, oca_of


async def run(node, *command):
    asked = [*command, "--api-url", f"http://127.0.0.1:{node.api_port}"]
    return await asyncio.to_thread(CliRunner().invoke, app, asked)


async def a_signed_session(node, signer, register=1000):
    """A session of 1.6 whose begin and end came signed with the stop; returns its ID."""
    at = datetime.now(UTC)
    async with node.station("CP1") as station:
        transaction = await station.start_v16(register=register, at=at)
        values = []
        for context, wh in (("Transaction.Begin", register), ("Transaction.End", register + 500)):
            sent = signer.sign(context, wh, at, is_dc=False)
            value = {"value": sent.text(), "context": context, "format": "SignedData"}
            values.append({"timestamp": at.isoformat(), "sampledValue": [value]})
        stop = {
            "transactionId": transaction,
            "meterStop": register + 500,
            "timestamp": datetime.now(UTC).isoformat(),
            "transactionData": values,
        }
        await station.call("StopTransaction", stop)
    return (await node.get("/sessions", station="CP1"))["items"][0]["id"]


async def test_a_signed_session_has_its_verdict_on_everything(node, tmp_path):
    session_id = await a_signed_session(node, Signer(1))
    session = await node.get(f"/sessions/{session_id}")
    assert session["signed"]["state"] == "valid", session["signed"]
    assert (session["signed"]["energy_wh"], session["signed"]["key_source"]) == (500, "first_use")
    (record,) = (await node.get(f"/sessions/{session_id}/records"))["items"]
    assert (record["signed"]["state"], record["signed"]["agrees"]) == ("valid", True)
    cdr = await node.get(f"/sessions/{session_id}/cdr")
    assert mistakes(cdr) == []
    assert cdr == await node.get(f"/records/{record['number']}/cdr")
    assert (cdr["total_energy"], cdr["id"]) == (0.5, record["number"])
    natures = [each["nature"] for each in cdr["signed_data"]["signed_values"]]
    assert natures == ["Start", "End"]
    text = (await node.http.get(f"/sessions/{session_id}/receipt")).text
    assert "Signed meter values (OCMF): valid. Begin and end are signed, 0.500 kWh" in text
    pdf = await node.http.get(f"/records/{record['number']}/receipt", params={"format": "pdf"})
    assert pdf.headers["content-type"] == "application/pdf"
    told = "".join(pages_of(pdf.content))
    for figure in (record["bill"]["total"], "0.500 kWh", session_id, record["number"]):
        assert figure in text
        assert figure in told
    shown = await run(node, "receipt", session_id)
    assert (shown.exit_code, shown.stdout) == (0, text)
    file = tmp_path / "receipt.pdf"
    written = await run(node, "receipt", record["number"], "--pdf", str(file))
    assert f"{record['number']}: {file}, {len(pdf.content)} bytes" in " ".join(
        written.stdout.split()
    )
    assert file.read_bytes() == pdf.content
    assert json.loads((await run(node, "cdr", session_id)).stdout) == cdr


async def test_a_meters_key_is_set_seen_and_forgotten(node):
    await a_signed_session(node, Signer(1))
    (first,) = (await node.get("/stations/CP1/meter-keys"))["items"]
    assert (first["evse"], first["source"]) == (1, "first_use")
    answer = await node.http.put("/stations/CP1/meter-keys/1", json={"key": oca_of(a_key())})
    assert [each["source"] for each in answer.json()["items"]] == ["operator", "first_use"]
    session_id = await a_signed_session(node, Signer(1), 2000)
    signed = (await node.get(f"/sessions/{session_id}"))["signed"]
    assert (signed["state"], signed["key_source"]) == ("inconsistent", "operator")
    assert (await node.http.delete("/stations/CP1/meter-keys/1")).status_code == 204
    gone = await node.http.delete("/stations/CP1/meter-keys/1")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:laddvakt:unknown-meter-key")
    wrong = await node.http.put("/stations/CP1/meter-keys/1", json={"key": "no key"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "key"
    assert (await node.http.get("/stations/NOBODY/meter-keys")).status_code == 404


async def test_a_corrected_record_is_a_credit_and_a_new_cdr_in_the_list(node):
    began = datetime(2026, 3, 1, tzinfo=UTC)
    old = a_record(began=began)
    new = a_record(began=began, number="CDR-2026-000124", replaces=old["number"])
    others = [a_record(began=began, number=f"X-{number:04}") for number in range(150)]
    issued = [(old, 0), (new, 60), *((each, 120) for each in others)]
    await node.store.submit(
        [
            ChargeRecordWrite(
                doc["number"],
                doc["session_id"],
                began + timedelta(hours=4, seconds=after_s),
                doc["replaces"],
                doc,
            )
            for doc, after_s in issued
        ]
    )
    span = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    found = (await node.get("/cdrs", **span))["items"]
    ids = [each["id"] for each in found]
    assert ids[:3] == ["CDR-2026-000123", "CDR-2026-000123-C", "CDR-2026-000124"]
    assert ids[3:] == [each["number"] for each in others]
    assert not any(mistakes(each) for each in found[:5])
    assert found[1]["total_cost"]["excl_vat"] == -found[0]["total_cost"]["excl_vat"]
    credit = await node.get("/records/CDR-2026-000123/cdr", credit="true")
    assert credit == found[1]
    answer = await node.http.get("/records/CDR-2026-000124/cdr", params={"credit": "true"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:laddvakt:not-replaced")
    assert (await node.get("/cdrs", **{"from": span["to"], "to": span["to"]}))["items"] == []


async def test_what_is_not_there_or_not_known_is_named(node):
    for path, query, status, told in (
        ("/records/NONE/cdr", {}, 404, "there is no charge record 'NONE'"),
        ("/records/NONE/receipt", {}, 404, "there is no charge record 'NONE'"),
        ("/sessions/NONE/receipt", {}, 404, "there is no session 'NONE'"),
        ("/cdrs", {"from": "2026-03-02", "to": "2026-03-01"}, 422, "ends before it starts"),
        ("/cdrs", {"form": "x"}, 422, "form"),
        ("/records/NONE/receipt", {"format": "docx"}, 422, "format"),
    ):
        answer = await node.http.get(path, params=query)
        assert (answer.status_code, told in answer.text) == (status, True), answer.text
    async with node.station("CP1") as station:
        await station.start_v16()
        (running,) = (await node.get("/sessions"))["items"]
        answer = await node.http.get(f"/sessions/{running['id']}/cdr")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:laddvakt:no-record")
    missing = await run(node, "receipt", "NONE")
    assert "there is no charge record and no session 'NONE'" in str(missing.exception)
