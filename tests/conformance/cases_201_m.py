"""OCPP 2.0.1, block M: certificates of stations and vehicles. Source: part 6, 3.14."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance import pki
from tests.conformance.book import V201, case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conformance.charger import Answer, Charger, Payload
    from tests.conformance.pki import Issued
    from tests.conformance.stage import Operated, Stage

ROOTS = (
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "V2GRootCertificate",
    "MORootCertificate",
)


def as_asked(held: Payload) -> Payload:
    """Returns a CertificateHashDataType in the API's words."""
    return {
        "hash_algorithm": held["hashAlgorithm"],
        "issuer_name_hash": held["issuerNameHash"],
        "issuer_key_hash": held["issuerKeyHash"],
        "serial_number": held["serialNumber"],
    }


async def install(
    stage: Stage, charger: Charger, kind: str, issued: Issued, status: str = "Accepted"
) -> Operated:
    """Has a root certificate installed (CertificateInstalled, table 709)."""
    return await stage.operate(
        charger,
        "install_certificate",
        {"type": kind, "certificate": issued.pem},
        sends=("InstallCertificate", {"certificateType": kind, "certificate": issued.pem}),
        answer={"status": status},
    )


async def shown(stage: Stage, charger: Charger) -> set[tuple[str, str]]:
    """Returns type and serial number of the certificates that the API shows of a station."""
    found = (await stage.get(f"/stations/{charger.id}/certificates"))["installed"]
    return {(each["type"], each["serial_number"].lower().lstrip("0")) for each in found}


async def list_installed(
    stage: Stage,
    charger: Charger,
    kinds: Sequence[str] | None,
    held: list[Payload],
) -> Operated:
    """Has the station tell its certificates (GetInstalledCertificates, table 708).

    `held` are the entries of its answer, none at all is NotFound.
    """
    answer: Answer = {"status": "Accepted", "certificateHashDataChain": held}
    if not held:

        def not_found(_: Payload) -> Payload:
            return {"status": "NotFound"}

        answer = not_found
    return await stage.operate(
        charger,
        "get_installed_certificate_ids",
        {} if kinds is None else {"types": list(kinds)},
        sends=(
            "GetInstalledCertificateIds",
            {} if kinds is None else {"certificateType": list(kinds)},
        ),
        answer=answer,
    )


def entry(kind: str, issued: Issued, algorithm: str = "SHA256") -> Payload:
    """Returns what a station tells of an installed certificate; a chain has those above it."""
    told: Payload = {
        "certificateType": kind,
        "certificateHashData": issued.hash_data(algorithm),
    }
    if kind == "V2GCertificateChain":
        below = []
        while issued.parent is not None and issued.parent.parent is not None:
            issued = issued.parent
            below.append(issued.hash_data(algorithm))
        told["childCertificateHashData"] = below
    return told


def serial(issued: Issued) -> str:
    """Returns the serial number as the API shows it."""
    return f"{issued.certificate.serial_number:x}"


async def _installs(stage: Stage, kind: str) -> None:
    charger = await stage.charger()
    root = pki.root(f"{kind} of a case")
    done = await install(stage, charger, kind, root)
    assert done.view["state"] == "done"
    assert (kind, serial(root)) in await shown(stage, charger)


@case(
    "TC_M_01_CSMS",
    version=V201,
    block="M",
    title="Install CA certificate - CSMSRootCertificate",
    requirements=("M05.FR.01",),
)
async def install_csms_root(stage: Stage) -> None:
    await _installs(stage, "CSMSRootCertificate")


@case(
    "TC_M_02_CSMS",
    version=V201,
    block="M",
    title="Install CA certificate - ManufacturerRootCertificate",
    requirements=("M05.FR.01",),
)
async def install_manufacturer_root(stage: Stage) -> None:
    await _installs(stage, "ManufacturerRootCertificate")


@case(
    "TC_M_03_CSMS",
    version=V201,
    block="M",
    title="Install CA certificate - V2GRootCertificate",
    requirements=("M05.FR.01",),
)
async def install_v2g_root(stage: Stage) -> None:
    await _installs(stage, "V2GRootCertificate")


@case(
    "TC_M_04_CSMS",
    version=V201,
    block="M",
    title="Install CA certificate - MORootCertificate",
    requirements=("M05.FR.01",),
)
async def install_mo_root(stage: Stage) -> None:
    await _installs(stage, "MORootCertificate")


@case(
    "TC_M_05_CSMS",
    version=V201,
    block="M",
    title="Install CA certificate - Failed",
    requirements=("M05.FR.01", "M05.FR.03"),
    variants=("Failed", "Rejected"),
)
async def install_failed(stage: Stage) -> None:
    charger = await stage.charger()
    root = pki.root("not taken")
    done = await install(stage, charger, "CSMSRootCertificate", root, str(stage.variant))
    assert done.view["state"] == "refused"
    assert await shown(stage, charger) == set()


async def _tells(stage: Stage, *kinds: str, algorithms: Sequence[str] = ("SHA256",)) -> None:
    charger = await stage.charger()
    for algorithm in algorithms:
        held = {kind: _held(kind) for kind in kinds}
        told = [entry(kind, issued, algorithm) for kind, issued in held.items()]
        done = await list_installed(stage, charger, kinds, told)
        assert done.view["state"] == "done"
        wanted = {(kind, serial(issued)) for kind, issued in held.items()}
        assert wanted <= await shown(stage, charger)


def _held(kind: str) -> Issued:
    if kind != "V2GCertificateChain":
        return pki.root(f"{kind} on a station")
    sub = pki.authority("Sub 2", pki.authority("Sub 1", pki.root("V2G on a station")))
    return pki.leaf("SECC", sub)


@case(
    "TC_M_12_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - CSMSRootCertificate",
    requirements=("M03.FR.01",),
)
async def tells_csms_root(stage: Stage) -> None:
    await _tells(stage, "CSMSRootCertificate", algorithms=pki.ALGORITHMS)


@case(
    "TC_M_13_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - ManufacturerRootCertificate",
    requirements=("M03.FR.01",),
)
async def tells_manufacturer_root(stage: Stage) -> None:
    await _tells(stage, "ManufacturerRootCertificate")


@case(
    "TC_M_14_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - V2GRootCertificate",
    requirements=("M03.FR.01",),
)
async def tells_v2g_root(stage: Stage) -> None:
    await _tells(stage, "V2GRootCertificate")


@case(
    "TC_M_15_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - V2GCertificateChain",
    requirements=("M03.FR.01", "M03.FR.05"),
)
async def tells_v2g_chain(stage: Stage) -> None:
    await _tells(stage, "V2GCertificateChain")


@case(
    "TC_M_16_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - MORootCertificate",
    requirements=("M03.FR.01",),
)
async def tells_mo_root(stage: Stage) -> None:
    await _tells(stage, "MORootCertificate")


@case(
    "TC_M_17_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates - CSMSRootCertificate & ManufacturerRootCertificate",
    requirements=("M03.FR.01",),
)
async def tells_two_types(stage: Stage) -> None:
    await _tells(stage, "CSMSRootCertificate", "ManufacturerRootCertificate")


@case(
    "TC_M_18_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - All certificateTypes",
    requirements=("M03.FR.01",),
)
async def tells_all(stage: Stage) -> None:
    charger = await stage.charger()
    held = {kind: _held(kind) for kind in (*ROOTS, "V2GCertificateChain")}
    told = [entry(kind, issued) for kind, issued in held.items()]
    done = await list_installed(stage, charger, None, told)
    assert done.request == {}
    assert await shown(stage, charger) >= {(kind, serial(each)) for kind, each in held.items()}


@case(
    "TC_M_19_CSMS",
    version=V201,
    block="M",
    title="Retrieve certificates from Charging Station - No matching certificate found",
    requirements=("M03.FR.01", "M03.FR.02"),
)
async def tells_none(stage: Stage) -> None:
    charger = await stage.charger()
    kind = "ManufacturerRootCertificate"
    await install(stage, charger, kind, pki.root("soon gone"))
    done = await list_installed(stage, charger, [kind], [])
    assert done.view["status"] == "NotFound"
    assert done.view["ended_at"] is not None
    assert await shown(stage, charger) == set(), "what is told last holds"


async def delete(stage: Stage, charger: Charger, held: Payload, status: str) -> Operated:
    """Has a certificate deleted, named as the station has named it."""
    return await stage.operate(
        charger,
        "delete_certificate",
        {"certificate": as_asked(held)},
        sends=("DeleteCertificate", {"certificateHashData": held}),
        answer={"status": status},
    )


def told_by(listed: Operated) -> Payload:
    """Returns the hash data of the first certificate, as the operator was told it."""
    if listed.answer:
        entries = listed.answer["payload"]["certificateHashDataChain"]
        held: Payload = entries[0]["certificateHashData"]
        return held
    seen = listed.result["certificate_hash_data_chain"][0]["certificate_hash_data"]
    return {
        "hashAlgorithm": seen["hash_algorithm"],
        "issuerNameHash": seen["issuer_name_hash"],
        "issuerKeyHash": seen["issuer_key_hash"],
        "serialNumber": seen["serial_number"],
    }


@case(
    "TC_M_20_CSMS",
    version=V201,
    block="M",
    title="Delete a certificate from a Charging Station - Success",
    requirements=("M04.FR.01", "M04.FR.07"),
    variants=pki.ALGORITHMS,
)
async def delete_success(stage: Stage) -> None:
    charger = await stage.charger()
    root, kind = pki.root("to be deleted"), "CSMSRootCertificate"
    await install(stage, charger, kind, root)
    held = entry(kind, root, str(stage.variant))
    # a station writes them as it likes: capitals, and zeros in front
    named = held["certificateHashData"]
    named["serialNumber"] = f"00{named['serialNumber'].upper()}"
    named["issuerNameHash"] = named["issuerNameHash"].upper()
    listed = await list_installed(stage, charger, [kind], [held])
    assert told_by(listed) == named, "unchanged"
    done = await delete(stage, charger, told_by(listed), "Accepted")
    assert done.request == {"certificateHashData": named}
    assert await shown(stage, charger) == set()


@case(
    "TC_M_21_CSMS",
    version=V201,
    block="M",
    title="Delete a certificate from a Charging Station - Failed",
    requirements=("M04.FR.01", "M04.FR.07"),
)
async def delete_failed(stage: Stage) -> None:
    charger = await stage.charger()
    root, kind = pki.root("to be kept"), "CSMSRootCertificate"
    await install(stage, charger, kind, root)
    listed = await list_installed(stage, charger, [kind], [entry(kind, root)])
    done = await delete(stage, charger, told_by(listed), "Failed")
    assert done.view["state"] == "refused"
    assert (kind, serial(root)) in await shown(stage, charger)
