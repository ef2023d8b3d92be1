"""Settings of certificates: who signs those of stations, and who is asked about others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _is_http(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text


Url = Annotated[str, AfterValidator(_is_http)]


class CertificateSettings(BaseModel):
    """What the operator has decided about certificates."""

    model_config = ConfigDict(extra="forbid")

    dir: Path | None = Field(
        default=None,
        description="Folder of our certificate authorities (ca/) and of known roots (roots/); by "
        "default certs in data_dir. See docs/certificates.md.",
    )
    names: Literal["own", "unclaimed"] = Field(
        default="own",
        description="Which common name a station may ask a certificate for: own is its ID, its "
        "serial number, or certificate_common_name; unclaimed any that is no other station's.",
    )
    organization: str | None = Field(
        default=None,
        min_length=1,
        description="Organization (O) that a certificate request must name; by default any.",
    )
    valid_days: int = Field(
        default=365, ge=1, le=3650, description="How long a certificate that we sign is valid."
    )
    renew_before_days: int = Field(
        default=0,
        ge=0,
        le=365,
        description="Have a station renew its certificate so many days before it ends; 0: only "
        "when an operator asks for it.",
    )
    signer_url: Url | None = Field(
        default=None,
        description="Outside authority that requests are posted to as JSON, instead of our own.",
    )
    signer_command: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Command that reads the request on its input and prints the chain, instead "
        "of our own authority.",
    )
    signer_timeout_s: float = Field(
        default=60, gt=0, le=600, description="How long an outside authority may take."
    )
    ocsp_timeout_s: float = Field(
        default=6, gt=0, le=25, description="How long all OCSP responders of one question may take."
    )
    responder_hosts: list[str] = Field(
        default_factory=list,
        description="OCSP responders that may be asked although their address is not public: "
        "names, addresses or networks such as 10.1.0.0/16.",
    )
    private_responders: Literal["auto", "listed"] = Field(
        default="auto",
        description="Responders at addresses that are not public: auto asks those that a station "
        "names which comes from such a network itself; listed only those in responder_hosts.",
    )
    ev_provider_url: Url | None = Field(
        default=None,
        description="Provider of contract certificates, which Get15118EVCertificate is posted to.",
    )
    ev_provider_timeout_s: float = Field(
        default=15, gt=0, le=25, description="How long that provider may take."
    )
