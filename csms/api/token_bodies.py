"""What is said of a token over the API: as JSON, and how that becomes a token."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from csms.api.answers import with_z
from csms.api.times import Moment
from csms.domain.token import Token, TokenStatus

LONGEST = 255
_EVSE = r"^([^/]+/)?[1-9][0-9]{0,8}$"

TokenType = Literal[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Texts = Annotated[list[Text], Field(max_length=1000)]
Evse = Annotated[str, Field(pattern=_EVSE, max_length=LONGEST, coerce_numbers_to_str=True)]
Digest = Annotated[str, Field(min_length=1, max_length=128)]


class AdditionalInfo(BaseModel):
    """A further text that goes out with a token. Source: 2.0.1, AdditionalInfoType."""

    model_config = ConfigDict(extra="forbid")

    additional_id_token: Annotated[str, Field(min_length=1, max_length=36)]
    type: Annotated[str, Field(min_length=1, max_length=50)]


class ContractCertificate(BaseModel):
    """The hash data of a contract certificate. Source: 2.0.1, CertificateHashDataType."""

    model_config = ConfigDict(extra="forbid")

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: Digest
    issuer_key_hash: Digest
    serial_number: Annotated[str, Field(min_length=1, max_length=40)]


class TokenBody(BaseModel):
    """What is decided about a token; the whole of it, at each PUT."""

    model_config = ConfigDict(extra="forbid")

    type: TokenType | None = Field(None, description="The 2.0.1 type; 1.6 has none")
    status: Literal[
        "Accepted",
        "Blocked",
        "Expired",
        "Invalid",
        "ConcurrentTx",
        "NoCredit",
        "NotAllowedTypeEVSE",
        "NotAtThisLocation",
        "NotAtThisTime",
        "Unknown",
    ] = Field("Accepted", description="1.6 stations are told Invalid or Blocked of the last five")
    valid_from: Moment | None = Field(None, description="NotAtThisTime before it")
    expires_at: Moment | None = Field(None, description="Expired from then on")
    parent: Text | None = Field(None, description="1.6 parentIdTag; by default the group")
    group: Text | None = Field(None, description="2.0.1 groupIdToken; by default the parent")
    vehicle: Text | None = Field(None, description="Whose token it is; shown in its sessions")
    vehicle_class: Text | None = Field(None, description="What assignment rules may ask for")
    language: Annotated[str, Field(min_length=2, max_length=8)] | None = Field(
        None, description="In which language the driver reads, such as sv or en-US (2.0.1)"
    )
    message: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None, description="What the station shows to the driver (2.0.1)"
    )
    max_transactions: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="How many may run at once, at all stations; one more is ConcurrentTx"
    )
    sites: Texts = Field(default=[], description="Sites where it may charge; none is everywhere")
    stations: Texts = Field(default=[], description="Stations where it may charge, beside those")
    evses: Annotated[list[Evse], Field(max_length=1000)] = Field(
        default=[],
        description="EVSEs where it may charge: `STATION/1`, or `1` for that one of any station",
    )
    additional_info: Annotated[list[AdditionalInfo], Field(max_length=50)] = []
    contract_certificates: Annotated[list[ContractCertificate], Field(max_length=50)] = Field(
        default=[], description="The contract certificates that go with an eMAID; none is any"
    )


class TokenView(TokenBody):
    """A token."""

    token: str
    created_at: AwareDatetime | None
    updated_at: AwareDatetime | None


_SAME = (
    "expires_at",
    "group",
    "language",
    "max_transactions",
    "message",
    "parent",
    "valid_from",
    "vehicle",
    "vehicle_class",
)
_LISTS = ("sites", "stations", "evses")


def token_of(text: str, body: TokenBody) -> Token:
    """Returns the token that a body describes."""
    members: dict[str, Any] = {name: getattr(body, name) for name in _SAME}
    members |= {name: tuple(getattr(body, name)) for name in _LISTS}
    return Token(
        text=text,
        status=TokenStatus(body.status),
        kind=body.type,
        **members,
        additional_info=tuple(
            (each.additional_id_token, each.type) for each in body.additional_info
        ),
        contract_certificates=tuple(each.model_dump() for each in body.contract_certificates),
    )


def view_of(doc: dict[str, Any]) -> dict[str, Any]:
    """Returns a stored token as the API shows it."""
    return {
        "token": doc["text"],
        "type": doc.get("kind"),
        "status": doc["status"],
        **{name: with_z(doc.get(name)) for name in (*_SAME, "created_at", "updated_at")},
        **{name: doc.get(name) or [] for name in (*_LISTS, "contract_certificates")},
        "additional_info": [
            {"additional_id_token": text, "type": kind}
            for text, kind in doc.get("additional_info") or ()
        ],
    }
