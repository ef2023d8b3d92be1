"""Settings of TLS: what is served, and by which certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384"
)
"""What OCPP asks for, the suites with forward secrecy first.

Source: OCPP 2.0.1 part 2, A00.FR.318 and 421.
"""


class KeyPairSettings(BaseModel):
    """A server certificate and its key."""

    model_config = ConfigDict(extra="forbid")

    certificate: Path = Field(description="The certificate with what leads to its root, PEM.")
    key: Path = Field(description="Its key, PEM.")
