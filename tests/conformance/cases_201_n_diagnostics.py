"""OCPP 2.0.1, block N: logs and customer information. Source: part 6, 3.15."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance import pki
from tests.conformance.book import V201, case
from tests.conformance.patterns import ANY_INT, such
from tests.conformance.states import TOKEN_TYPE, stamp

if TYPE_CHECKING:
    from tests.conformance.charger import Answer, Charger, Payload
    from tests.conformance.stage import Operated, Stage

LOGS = "https://logs.example.org/upload"


async def get_log(
    stage: Stage, charger: Charger, kind: str = "DiagnosticsLog", answer: Answer = None
) -> Operated:
    """Has a log be uploaded."""
    asked = {"logType": kind, "requestId": ANY_INT, "log": {"remoteLocation": LOGS}}
    return await stage.operate(
        charger,
        "get_log",
        {"location": LOGS, "log_type": kind},
        sends=("GetLog", asked),
        answer={"status": "Accepted", "filename": "log.zip"} if answer is None else answer,
    )


async def reports(charger: Charger, job: Operated, *statuses: str) -> None:
    """Tells statuses of an upload, each of which must be seen at its operation."""
    for status in statuses:
        told = {"status": status, "requestId": job.request["requestId"]}
        assert await charger.call("LogStatusNotification", told) == {}
        await job.told(status=status)


async def _upload(stage: Stage, kind: str) -> None:
    charger = await stage.charger()
    job = await get_log(stage, charger, kind)
    await reports(charger, job, "Uploading")
    assert (await job.look())["state"] == "accepted"
    await reports(charger, job, "Uploaded")
    await job.comes_to("done")
    shown = (await stage.get(f"/stations/{charger.id}/logs"))["log"]
    assert (shown["status"], shown["operation_id"]) == ("Uploaded", job.id), shown


@case(
    "TC_N_25_CSMS",
    version=V201,
    block="N",
    title="Retrieve Log Information - Diagnostics Log - Success",
)
async def diagnostics_log(stage: Stage) -> None:
    await _upload(stage, "DiagnosticsLog")


@case(
    "TC_N_35_CSMS",
    version=V201,
    block="N",
    title="Retrieve Log Information - Security Log - Success",
)
async def security_log(stage: Stage) -> None:
    await _upload(stage, "SecurityLog")


@case("TC_N_34_CSMS", version=V201, block="N", title="Retrieve Log Information - Rejected")
async def log_rejected(stage: Stage) -> None:
    charger = await stage.charger()
    job = await get_log(stage, charger, answer={"status": "Rejected"})
    assert job.view["state"] == "refused"


@case("TC_N_36_CSMS", version=V201, block="N", title="Retrieve Log Information - Second Request")
async def second_log(stage: Stage) -> None:
    charger = await stage.charger()
    first = await get_log(stage, charger)
    await reports(charger, first, "Uploading")
    answer = {"status": "AcceptedCanceled", "filename": "second.zip"}
    second = await get_log(stage, charger, answer=answer)
    assert second.request["requestId"] != first.request["requestId"]
    told = {"status": "AcceptedCanceled", "requestId": first.request["requestId"]}
    assert await charger.call("LogStatusNotification", told) == {}
    given_up = await first.look()
    assert given_up["ended_at"] is not None, given_up
    assert given_up["state"] != "done", given_up
    await reports(charger, second, "Uploading")
    assert (await second.look())["state"] == "accepted"
    await reports(charger, second, "Uploaded")
    await second.comes_to("done")


class Who:
    """Who a customer is: as the operator names them, and as the wire does."""

    def __init__(self, asked: Payload, wire: Payload) -> None:
        self.asked, self.wire = asked, wire


async def by_token(stage: Stage) -> Who:
    """Returns a customer known by an accepted token."""
    text = await stage.token(type=TOKEN_TYPE)
    wire = {"idToken": {"idToken": text, "type": TOKEN_TYPE}}
    return Who({"token": text, "token_type": TOKEN_TYPE}, wire)


async def ask(
    stage: Stage, charger: Charger, who: Who, *, status: str = "Accepted", **what: bool
) -> Operated:
    """Asks what a station holds of a customer (`report`), or has it forget (`clear`)."""
    return await stage.operate(
        charger,
        "customer_information",
        {**what, **who.asked},
        sends=("CustomerInformation", {"requestId": ANY_INT, **what, **who.wire}),
        answer={"status": status},
    )


async def notifies(charger: Charger, asked: Operated, *parts: str) -> None:
    """Tells what is held in parts; each is acknowledged by an empty answer."""
    for at, part in enumerate(parts):
        told = {
            "data": part,
            "seqNo": at,
            "generatedAt": stamp(),
            "requestId": asked.request["requestId"],
            **({"tbc": True} if at < len(parts) - 1 else {}),
        }
        assert await charger.call("NotifyCustomerInformation", told) == {}


async def _told(asked: Operated, text: str) -> None:
    view = await asked.comes_to("done")
    assert view["result"].get("data", "") == text, view


@case(
    "TC_N_27_CSMS",
    version=V201,
    block="N",
    title="Get Customer Information - Accepted + data",
    requirements=("N09.FR.01", "N09.FR.04"),
    variants=("one part", "three parts"),
)
async def get_data(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await ask(stage, charger, await by_token(stage), report=True, clear=False)
    parts = ["name=Ada"] if stage.variant == "one part" else ["name=Ada", ";city=", "Malmö"]
    await notifies(charger, asked, *parts)
    await _told(asked, "".join(parts))


@case(
    "TC_N_28_CSMS",
    version=V201,
    block="N",
    title="Get Customer Information - Accepted + no data",
    requirements=("N09.FR.01", "N09.FR.04"),
)
async def get_no_data(stage: Stage) -> None:
    charger = await stage.charger()
    asked = await ask(stage, charger, await by_token(stage), report=True, clear=False)
    await notifies(charger, asked, "")
    await _told(asked, "")


@case(
    "TC_N_29_CSMS",
    version=V201,
    block="N",
    title="Get Customer Information - Not Accepted",
    requirements=("N09.FR.01", "N09.FR.04"),
    variants=("Rejected", "Invalid"),
)
async def not_accepted(stage: Stage) -> None:
    charger = await stage.charger()
    who = await by_token(stage)
    status = str(stage.variant)
    asked = await ask(stage, charger, who, status=status, report=True, clear=False)
    assert asked.view["state"] == "refused"


async def _cleared(stage: Stage, who: Who, text: str, *, report: bool = True) -> None:
    charger = await stage.charger()
    asked = await ask(stage, charger, who, report=report, clear=True)
    await notifies(charger, asked, text)
    await _told(asked, text)


@case(
    "TC_N_30_CSMS",
    version=V201,
    block="N",
    title="Clear Customer Information - Clear and report + data",
    requirements=("N10.FR.08",),
)
async def clear_data(stage: Stage) -> None:
    await _cleared(stage, await by_token(stage), "name=Ada")


@case(
    "TC_N_31_CSMS",
    version=V201,
    block="N",
    title="Clear Customer Information - Clear and report + no data",
    requirements=("N10.FR.08",),
)
async def clear_no_data(stage: Stage) -> None:
    await _cleared(stage, await by_token(stage), "")


@case(
    "TC_N_32_CSMS",
    version=V201,
    block="N",
    title="Clear Customer Information - Clear and no report",
    requirements=("N10.FR.08",),
)
async def clear_unreported(stage: Stage) -> None:
    await _cleared(stage, await by_token(stage), "", report=False)


@case(
    "TC_N_62_CSMS",
    version=V201,
    block="N",
    title="Clear Customer Information - Clear and report - customerIdentifier",
    requirements=("N10.FR.08",),
)
async def clear_by_identifier(stage: Stage) -> None:
    name = "OpenChargeAlliance"
    who = Who({"customer_identifier": name}, {"customerIdentifier": name})
    await _cleared(stage, who, "name=Ada")


@case(
    "TC_N_63_CSMS",
    version=V201,
    block="N",
    title="Clear Customer Information - Clear and report - customerCertificate",
    requirements=("N10.FR.08",),
    variants=pki.ALGORITHMS,
)
async def clear_by_certificate(stage: Stage) -> None:
    held = pki.leaf("Customer", pki.root("Mobility Operator")).hash_data(str(stage.variant))
    asked = {
        "hash_algorithm": held["hashAlgorithm"],
        "issuer_name_hash": held["issuerNameHash"],
        "issuer_key_hash": held["issuerKeyHash"],
        "serial_number": held["serialNumber"],
    }
    await _cleared(stage, Who({"certificate": asked}, {"customerCertificate": held}), "name=Ada")


async def sends_list(stage: Stage, charger: Charger, *tokens: str) -> int:
    """Has the full local list be sent with these tokens; returns its version."""
    entries = [
        {"idToken": {"idToken": text, "type": TOKEN_TYPE}, "idTokenInfo": {"status": "Accepted"}}
        for text in tokens
    ]

    def is_all(told: list[Payload]) -> bool:
        accepted = {each["idToken"]["idToken"]: each["idTokenInfo"]["status"] for each in told}
        return accepted == dict.fromkeys(tokens, "Accepted") and len(told) == len(tokens)

    pattern = {
        "versionNumber": ANY_INT,
        "updateType": "Full",
        "localAuthorizationList": such("the tokens, all accepted", is_all, entries),
    }
    done = await stage.operate(
        charger,
        "send_local_list",
        {"update_type": "Full", "tokens": list(tokens)},
        sends=("SendLocalList", pattern),
        answer={"status": "Accepted"},
    )
    return int(done.request["versionNumber"])


@case(
    "TC_N_46_CSMS",
    version=V201,
    block="N",
    title="Clear Customer Information - Update Local Authorization List",
    requirements=("N10.FR.02", "N10.FR.08", "D01.FR.01", "D01.FR.06", "D01.FR.18"),
)
async def clear_from_local_list(stage: Stage) -> None:
    charger = await stage.charger()
    who, other = await by_token(stage), await by_token(stage)
    version = await sends_list(stage, charger, who.asked["token"], other.asked["token"])
    removal = {
        "versionNumber": version + 1,
        "updateType": "Differential",
        "localAuthorizationList": [who.wire],
    }
    sent = charger.expects("SendLocalList", removal, {"status": "Accepted"})
    asked = await ask(stage, charger, who, report=True, clear=True)
    await notifies(charger, asked, "name=Ada")
    await _told(asked, "name=Ada")
    await sent
