"""A webhook as an operator sets it: the tables [[webhooks]], checked field by field."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from csms.engine.webhooks import Hook
from csms.monitor.episodes import Kind, Severity, StationKind

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX: Final = "whsec_"
_LEAST_BYTES: Final = 16
_KINDS: Final = tuple(each.value for each in (*Kind, *StationKind))


def _is_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not has_port:
        raise ValueError("must be a URL such as https://ops.example.com/alerts")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must name no user and password; messages are signed with the secret")
    if any(not letter.isprintable() or letter.isspace() for letter in text):
        raise ValueError("must have no spaces and no control characters")
    return text


def _is_secret(secret: SecretStr) -> SecretStr:
    if len(key_of(secret)) < _LEAST_BYTES:
        raise ValueError(f"must have {_LEAST_BYTES} bytes or more")
    return secret


def key_of(secret: SecretStr) -> bytes:
    """Returns the key: base64 after `whsec_`, else the text itself."""
    text = secret.get_secret_value()
    if not text.startswith(_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be base64 after {_PREFIX}") from None


def _is_kind(name: str) -> str:
    if name not in _KINDS:
        raise ValueError(f"{name!r} is no kind of alert; there are {', '.join(_KINDS)}")
    return name


Address = Annotated[str, AfterValidator(_is_address)]
Secret = Annotated[SecretStr, AfterValidator(_is_secret)]


class WebhookSettings(BaseModel):
    """Where changes of alerts are posted to. See docs/webhooks.md."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    url: Address
    secret: Secret
    kinds: list[Annotated[str, AfterValidator(_is_kind)]] = []
    severities: list[Severity] = []
    sites: list[str] = []
    changes: list[Literal["raised", "changed", "escalated", "acknowledged", "cleared"]] = []

    def hook(self) -> Hook:
        """Returns what the rest of the program works with."""
        return Hook(
            self.name,
            self.url,
            key_of(self.secret),
            frozenset(self.kinds),
            frozenset(each.value for each in self.severities),
            tuple(self.sites),
            frozenset(self.changes),
        )


def have_names_of_their_own(webhooks: Sequence[WebhookSettings]) -> Sequence[WebhookSettings]:
    """Returns the webhooks. Raises: ValueError if two have one name."""
    names = [each.name for each in webhooks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two webhooks have the name {twice[0]!r}; each needs one of its own")
    return webhooks
