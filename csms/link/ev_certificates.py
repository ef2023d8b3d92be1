"""Contract certificates of vehicles: passed on to a provider that makes them.

The provider is any HTTP service of the operator's choice: it is posted what the vehicle said, in
JSON, and answers what the vehicle shall be told. Source: OCPP 2.0.1 part 2, M01 and M02.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from csms.domain.certificate_facts import EvCertificateFound
from csms.link.outside import NotAsked, Question, post

if TYPE_CHECKING:
    from csms.domain.certificate_facts import EvCertificateAsked
    from csms.engine.certificate_settings import CertificateSettings
    from csms.link.outside import Client

_MOST_EXI: Final = 7500
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_NONE: Final = "no provider of contract certificates is set (certificates.ev_provider_url)"


async def ask_provider(
    client: Client, settings: CertificateSettings, station_id: str, asked: EvCertificateAsked
) -> EvCertificateFound:
    """Returns what the provider answers; that it does not is told in `problem`."""
    if settings.ev_provider_url is None:
        return EvCertificateFound(problem=_NONE)
    body = orjson.dumps(
        {
            "station_id": station_id,
            "schema_version": asked.schema_version,
            "action": asked.action,
            "exi_request": asked.exi_request,
        }
    )
    timeout_s = settings.ev_provider_timeout_s
    question = Question(settings.ev_provider_url, body, _HEADERS, timeout_s)
    try:
        said = orjson.loads(await post(await client.get(), question))
    except NotAsked as error:
        return EvCertificateFound(problem=f"the provider of contract certificates: {error}")
    except ValueError:
        return EvCertificateFound(problem="the provider did not answer in JSON")
    return _read(said)


def _read(said: Any) -> EvCertificateFound:  # noqa: ANN401 - any JSON
    exi = said.get("exi_response") if isinstance(said, dict) else None
    if not isinstance(exi, str) or not exi or not exi.isascii() or not exi.isprintable():
        return EvCertificateFound(problem="the provider's answer has no exi_response in base64")
    if len(exi) > _MOST_EXI:
        return EvCertificateFound(problem=f"exi_response has more than {_MOST_EXI} characters")
    status = said.get("status", "Accepted")
    if status == "Accepted":
        return EvCertificateFound(exi, is_accepted=True)
    return EvCertificateFound(exi, problem=f"the provider says {str(status)[:100]}")
