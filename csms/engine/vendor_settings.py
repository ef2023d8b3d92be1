"""Vendors as an operator sets them: the tables [[vendors]], and the API's body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from csms.domain.vendor import Vendor, VendorAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_MESSAGES = 200


def _is_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not has_port:
        raise ValueError("must be a URL such as https://vendor.example.com/messages")
    if any(not letter.isprintable() or letter.isspace() for letter in text):
        raise ValueError("must have no spaces and no control characters")
    return text


class VendorAnswerBody(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["Accepted", "Rejected"] = "Accepted"
    data: Any = Field(default=None, description="Any JSON; OCPP 1.6 stations get it as text")

    def answer(self) -> VendorAnswer:
        """Returns what the rest of the program works with."""
        return VendorAnswer(self.status, self.data)


class VendorBody(VendorAnswerBody):
    """What a vendor's messages are answered."""

    messages: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=50)], VendorAnswerBody],
        Field(max_length=_MOST_MESSAGES),
    ] = Field(default={}, description="Answers by message ID; with any, other IDs are unknown")
    url: Annotated[str, AfterValidator(_is_address)] | None = Field(
        default=None,
        description="Where messages are posted to; what it answers goes to the station",
    )
    timeout_s: float = Field(default=5.0, ge=0.1, le=25.0, description="How long that may take")

    def vendor(self, vendor_id: str) -> Vendor:
        """Returns what the rest of the program works with."""
        known = {name: each.answer() for name, each in self.messages.items()}
        return Vendor(vendor_id, self.answer(), known, self.url, self.timeout_s)


class VendorSettings(VendorBody):
    """One table of [[vendors]]. See docs/vendors.md."""

    id: Annotated[str, Field(min_length=1, max_length=255)]


def vendors_of(given: Sequence[VendorSettings]) -> dict[str, Vendor]:
    """Returns the vendors by key; the last of one ID counts."""
    made = [each.vendor(each.id) for each in given]
    return {vendor.key: vendor for vendor in made}


def body_of(vendor: Vendor) -> dict[str, Any]:
    """Returns a vendor as the API shows it, and as it is stored."""
    return {
        "id": vendor.id,
        "status": vendor.answer.status,
        "data": vendor.answer.data,
        "messages": {
            name: {"status": each.status, "data": each.data}
            for name, each in vendor.messages.items()
        },
        "url": vendor.url,
        "timeout_s": vendor.timeout_s,
    }
