"""Both versions: certificates of stations, asked for by the operator. OCPP 2.0.1, A02."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conformance import pki
from tests.conformance.book import V16, V201, case
from tests.conformance.charger import now
from tests.conformance.patterns import Maybe, any_text
from tests.conformance.tls_world import TLS, certificate_of, over_tls, secured

if TYPE_CHECKING:
    from tests.conformance.charger import Charger, Payload
    from tests.conformance.stage import Operated, Stage

KINDS = {
    "ChargingStation": ("SignChargingStationCertificate", "ChargingStationCertificate"),
    "V2G": ("SignV2GCertificate", "V2GCertificate"),
    "Combined": ("SignCombinedCertificate", None),
}


@dataclass
class Renewed:
    """What came of a renewal: the operation, the station's key, and the certificates sent."""

    operated: Operated
    key: ec.EllipticCurvePrivateKey
    chain: list[x509.Certificate]
    chain_pem: str

    @property
    def key_pem(self) -> str:
        """The station's key as PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


async def asked(stage: Stage, charger: Charger, kind: str) -> Operated:
    """Has the operator ask for a renewal."""
    if stage.version == V16:
        sends = (
            "ExtendedTriggerMessage",
            {"requestedMessage": "SignChargePointCertificate"},
        )
    else:
        sends = ("TriggerMessage", {"requestedMessage": KINDS[kind][0]})
    return await stage.operate(charger, "renew_certificate", {"type": kind}, sends=sends)


def request_of(stage: Stage, charger: Charger, kind: str, key: Any) -> Payload:
    """Returns the station's SignCertificate."""
    csr: Payload = {"csr": pki.request(charger.id, key=key)}
    if stage.version == V16 or KINDS[kind][1] is None:
        return csr
    return csr | {"certificateType": KINDS[kind][1]}


async def renew(
    stage: Stage, charger: Charger, kind: str = "ChargingStation", status: str = "Accepted"
) -> Renewed:
    """Lives through a renewal: asked for, requested, signed; the station answers with `status`."""
    operated = await asked(stage, charger, kind)
    pattern: Payload = {"certificateChain": any_text()}
    if stage.version == V201:
        told = KINDS[kind][1]
        pattern["certificateType"] = Maybe(any_text()) if told is None else told
    sent = charger.expects("CertificateSigned", pattern, {"status": status})
    key = ec.generate_private_key(ec.SECP256R1())
    answer = await charger.call("SignCertificate", request_of(stage, charger, kind, key))
    assert answer["status"] == "Accepted", answer
    chain_pem = (await sent)["certificateChain"]
    chain = x509.load_pem_x509_certificates(chain_pem.encode())
    is_signed(chain, key, charger.id)
    return Renewed(operated, key, chain, chain_pem)


def is_signed(chain: list[x509.Certificate], key: Any, name: str) -> None:
    """Raises AssertionError unless a chain is what was requested, each signed by the next."""
    leaf = chain[0]
    assert leaf.public_key() == key.public_key(), "it is for another key"
    assert leaf.serial_number > 0
    names = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert [each.value for each in names] == [name], leaf.subject
    organizations = leaf.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    assert [each.value for each in organizations] == ["Conformance"], leaf.subject
    for lower, upper in itertools.pairwise(chain):
        lower.verify_directly_issued_by(upper)


RENEWALS = {
    "TC_A_11_CSMS": ("ChargingStation", ("A02.FR.11", "A02.FR.14", "F06.FR.01")),
    "TC_A_12_CSMS": ("V2G", ("A02.FR.11", "F06.FR.01")),
    "TC_A_13_CSMS": ("Combined", ("A02.FR.11",)),
}


async def renewed_201(stage: Stage) -> None:
    kind, _ = RENEWALS[stage.case.id]
    charger = await stage.charger()
    done = await renew(stage, charger, kind)
    await done.operated.comes_to("done")


for _id, (_kind, _requirements) in RENEWALS.items():
    case(
        _id,
        version=V201,
        block="A",
        title=f"Update Charging Station Certificate by request of CSMS - Success - {_kind}",
        requirements=_requirements,
    )(renewed_201)


@case(
    "X_A_TWO_AUTHORITIES",
    version=V201,
    block="A",
    title="Certificates of stations and of V2G come from different authorities",
    requirements=("A02.FR.04", "A02.FR.05"),
)
async def two_authorities(stage: Stage) -> None:
    charger = await stage.charger()
    station = await renew(stage, charger, "ChargingStation")
    v2g = await renew(stage, charger, "V2G")
    assert station.chain[0].issuer != v2g.chain[0].issuer


async def rejected(stage: Stage) -> None:
    charger = await stage.charger()
    done = await renew(stage, charger, status="Rejected")
    kind = (
        "InvalidChargePointCertificate"
        if stage.version == V16
        else "InvalidChargingStationCertificate"
    )
    event = {"type": kind, "timestamp": now()}
    assert await charger.call("SecurityEventNotification", event) == {}
    await done.operated.comes_to("failed")
    shown = await stage.get("/security-events", station=charger.id)
    assert kind in str(shown), shown


async def bad_request(stage: Stage) -> None:
    charger = await stage.charger()
    garbage = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
    for csr in ("no PEM at all", garbage):
        answer = await charger.call("SignCertificate", {"csr": csr})
        assert answer["status"] == "Rejected", answer
    await charger.call("Heartbeat")


async def used(stage: Stage) -> None:
    charger = await secured(stage, 3)
    over_tls(stage, charger, certificate_of(stage, charger.id))
    await charger.connect()
    await charger.boot()
    done = await renew(stage, charger)
    await done.operated.comes_to("done")
    await charger.disconnect()
    charger.tls = stage.server.beside.presenting(done.chain_pem, done.key_pem)
    await charger.connect()
    await charger.boot()


_ABOUT = "Update Certificate by request of the central system"
case(
    "TC_A_14_CSMS",
    version=V201,
    block="A",
    title=f"{_ABOUT} - Invalid certificate",
)(rejected)
case(
    "TC_077",
    version=V16,
    block="Security",
    title="Invalid ChargePointCertificate Security Event",
)(rejected)
for _version, _block, _suffix in ((V201, "A", "A"), (V16, "Security", "16")):
    case(
        f"X_{_suffix}_BAD_CSR",
        version=_version,
        block=_block,
        title="A request for a certificate that is none is Rejected, and the link stays",
    )(bad_request)
case(
    "X_A_RENEWED_AND_USED",
    version=V201,
    block="A",
    title="The new certificate opens the connection",
    server=TLS,
)(used)


@case("TC_074", version=V16, block="Security", title=_ABOUT)
async def renewed_16(stage: Stage) -> None:
    charger = await stage.charger()
    done = await renew(stage, charger)
    await done.operated.comes_to("done")


case("X_074_USED", version=V16, block="Security", title=f"{_ABOUT} - used", server=TLS)(used)
