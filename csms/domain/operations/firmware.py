"""Operations of block L: firmware. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Len

from csms.domain.operations.authorization import Moment
from csms.domain.operations.base import LongText, Operation, Text, Whole


@dataclass(frozen=True, slots=True)
class UpdateFirmware(Operation):
    """Have a station fetch and install a firmware.

    With `signing_certificate` (PEM) and `signature` (base64) it is a signed update: in 1.6 a
    SignedUpdateFirmware. `retrieve_at` None means now. Source: OCPP 1.6, 5.19; security
    whitepaper, L01; OCPP 2.0.1 part 2, L01 and L02.
    """

    location: Text
    retrieve_at: Moment | None = None
    install_at: Moment | None = None
    signing_certificate: LongText | None = None
    signature: Annotated[str, Len(1, 800)] | None = None
    retries: Whole | None = None
    retry_interval_s: Whole | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class PublishFirmware(Operation):
    """Have a local controller fetch a firmware and publish it. Source: OCPP 2.0.1 part 2, L03."""

    location: Text
    checksum: Annotated[str, Len(1, 32)]
    retries: Whole | None = None
    retry_interval_s: Whole | None = None
    request_id: Whole | None = None


@dataclass(frozen=True, slots=True)
class UnpublishFirmware(Operation):
    """Have a local controller publish a firmware no more. Source: OCPP 2.0.1 part 2, L04."""

    checksum: Annotated[str, Len(1, 32)]
