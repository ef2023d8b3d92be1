"""Both versions: TLS, certificates of stations, and the way up to a higher security profile."""

from __future__ import annotations

import ssl
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.conformance import pki
from tests.conformance.book import V16, V201, case
from tests.conformance.patterns import Maybe
from tests.conformance.tls_world import (
    SUITES,
    TLS,
    certificate_of,
    is_refused,
    is_unauthorized,
    over_tls,
    secured,
)

if TYPE_CHECKING:
    from tests.conformance.charger import Charger
    from tests.conformance.stage import Stage

ACCEPTED = {"status": "Accepted"}


def shown_by(charger: Charger) -> x509.Certificate:
    """Returns the certificate that the server has shown."""
    assert charger.socket is not None
    channel: ssl.SSLObject = charger.socket.transport.get_extra_info("ssl_object")
    told = channel.getpeercert(binary_form=True)
    assert told is not None
    assert channel.version() in {"TLSv1.2", "TLSv1.3"}
    return x509.load_der_x509_certificate(told)


async def valid_server(stage: Stage) -> None:
    charger = await secured(stage, 2)
    for suite in SUITES:
        charger.tls = stage.server.beside.context()
        charger.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        charger.tls.set_ciphers(f"{suite}:@SECLEVEL=1")
        await charger.connect()
        shown = shown_by(charger)
        assert shown.serial_number > 0
        key = shown.public_key()
        if "ECDSA" in suite:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            assert key.key_size >= 224
        else:
            assert isinstance(key, rsa.RSAPublicKey)
            assert key.key_size >= 2048
        name = shown.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        assert name == "localhost"  # the server's name
        await charger.boot()
        await charger.disconnect()


async def too_low(stage: Stage) -> None:
    charger = await secured(stage, 2)
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        charger.tls = stage.server.beside.context()
        charger.tls.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # to be refused is the point
            charger.tls.minimum_version = charger.tls.maximum_version = version
        await is_refused(charger)
    over_tls(stage, charger)
    await charger.connect()
    await charger.boot()


async def valid_client(stage: Stage) -> None:
    charger = await secured(stage, 3)
    over_tls(stage, charger, certificate_of(stage, charger.id))
    await charger.connect()
    await charger.boot()
    await charger.disconnect()
    for suite in SUITES:
        charger.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        charger.tls.set_ciphers(f"{suite}:@SECLEVEL=1")
        await charger.connect()
        await charger.boot()
        await charger.disconnect()


async def invalid_client(stage: Stage) -> None:
    charger = await secured(stage, 3)
    over_tls(stage, charger)
    match stage.variant:
        case "unknown":
            over_tls(stage, charger, pki.leaf(charger.id, pki.authority("Nobody")))
        case "expired":
            over_tls(stage, charger, certificate_of(stage, charger.id, lasts=timedelta(days=-1)))
        case "of another":
            over_tls(stage, charger, certificate_of(stage, "another-station"))
    await is_refused(charger)
    over_tls(stage, charger, certificate_of(stage, charger.id))
    await charger.connect()
    await charger.boot()


INVALID = ("unknown", "expired", "of another", "none")
_SERVER, _CLIENT = "TLS - server-side certificate", "TLS - Client-side certificate"
for _version, _block, _ids in (
    (V201, "A", ("TC_A_04_CSMS", "TC_A_06_CSMS", "TC_A_07_CSMS", "TC_A_08_CSMS")),
    (V16, "Security", ("TC_086", "X_086_TOO_LOW", "TC_087", "X_087_INVALID")),
):
    _of: dict[str, Any] = {"version": _version, "block": _block, "server": TLS}
    case(_ids[0], title=f"{_SERVER} - Valid certificate", **_of)(valid_server)
    case(_ids[1], title=f"{_SERVER} - TLS version too low", **_of)(too_low)
    case(_ids[2], title=f"{_CLIENT} - valid certificate", **_of)(valid_client)
    case(_ids[3], title=f"{_CLIENT} - Invalid certificate", variants=INVALID, **_of)(invalid_client)


async def climb(stage: Stage, charger: Charger, profile: int) -> None:
    """Has a station, told to, reconnect by a higher profile, and never by the lower one again."""
    lower = charger.url, charger.tls, charger.password
    await charger.disconnect()
    over_tls(stage, charger, certificate_of(stage, charger.id) if profile == 3 else None)
    await charger.connect()
    await charger.boot()
    station = await stage.station(charger)
    assert station["security_profile"] == profile, station
    await charger.disconnect()
    higher = charger.url, charger.tls, charger.password
    charger.url, charger.tls, charger.password = lower
    await is_unauthorized(charger)
    charger.url, charger.tls, charger.password = higher
    await charger.connect()
    await charger.boot()


@case(
    "TC_A_19_CSMS",
    version=V201,
    block="A",
    title="Upgrade Charging Station Security Profile - Accepted",
    requirements=("A05.FR.04", "A05.FR.07"),
    server=TLS,
    variants=("1 to 2", "2 to 3"),
)
async def upgrade(stage: Stage) -> None:
    now = int(str(stage.variant)[0])
    charger = await secured(stage, now)
    await charger.connect()
    await charger.boot()
    url = stage.server.tls_url("")
    connection = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": now + 1,
        "ocppInterface": "Wired0",
    }
    await stage.operate(
        charger,
        "set_network_profile",
        {"configuration_slot": 2, "security_profile": now + 1, "csms_url": url},
        sends=("SetNetworkProfile", {"configurationSlot": 2, "connectionData": connection}),
        answer=ACCEPTED,
    )
    named = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
    }
    written = {"attributeValue": "2,1", **named, "attributeType": Maybe("Actual")}
    wanted = {"component": "OCPPCommCtrlr", "variable": "NetworkConfigurationPriority"}
    await stage.operate(
        charger,
        "set_variables",
        {"variables": [wanted | {"value": "2,1"}]},
        sends=("SetVariables", {"setVariableData": [written]}),
        answer={"setVariableResult": [{"attributeStatus": "Accepted", **named}]},
    )
    sends = ("Reset", {"type": "Immediate"})
    await stage.operate(charger, "reset", {"type": "Immediate"}, sends=sends, answer=ACCEPTED)
    await climb(stage, charger, now + 1)


@case(
    "TC_083",
    version=V16,
    block="Security",
    title="Upgrade Charge Point Security Profile - Accepted",
    server=TLS,
    variants=("1 to 2", "2 to 3"),
)
async def upgrade_16(stage: Stage) -> None:
    now = int(str(stage.variant)[0])
    charger = await secured(stage, now)
    await charger.connect()
    await charger.boot()
    value = str(now + 1)
    await stage.operate(
        charger,
        "set_variables",
        {"variables": [{"variable": "SecurityProfile", "value": value}]},
        sends=("ChangeConfiguration", {"key": "SecurityProfile", "value": value}),
        answer=ACCEPTED,
        status="Accepted",
    )
    sends = ("Reset", {"type": "Hard"})
    await stage.operate(charger, "reset", {"type": "Hard"}, sends=sends, answer=ACCEPTED)
    await climb(stage, charger, now + 1)


@case(
    "TC_088",
    version=V16,
    block="Security",
    title="WebSocket Subprotocol validation",
    variants=("unknown", "several"),
)
async def subprotocol(stage: Stage) -> None:
    charger = await stage.charger(connect=False)
    if stage.variant == "unknown":
        await is_refused(charger, subprotocols=["ocpp0.1"])
    await charger.connect(subprotocols=["ocpp0.1", "ocpp1.6", "nonsense"])
    assert charger.socket is not None
    assert charger.socket.subprotocol == "ocpp1.6"
    await charger.boot()
