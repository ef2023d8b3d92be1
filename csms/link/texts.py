"""Texts that no record may hold: a NUL, which PostgreSQL refuses, and passwords that are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from csms.domain.secrets import redacted

if TYPE_CHECKING:
    from csms.ocppj.peer import CallReceived

_TELLING = frozenset({"DataTransfer", "NotifyEvent", "NotifyReport", "NotifyMonitoringReport"})
_NUL, _INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"


def storable(received: CallReceived, text: str) -> CallReceived:
    """Returns the call without a NUL in its payload; `text` is the frame as it came.

    A station's reports of its own settings lose the passwords among them.
    """
    if received.call.action in _TELLING:
        shown = redacted(received.call.payload)
        if shown is not received.call.payload:
            received = replace(received, call=replace(received.call, payload=shown))
    if "\\" not in text or "\\u0000" not in text:  # the first is a tenth of the second
        return received
    call = replace(received.call, payload=_without_nul(received.call.payload))
    return replace(received, call=call)


def without_nul(text: str) -> str:
    """Returns the text with each NUL replaced."""
    return text.replace(_NUL, _INSTEAD)


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return without_nul(value)
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {without_nul(name): _without_nul(each) for name, each in value.items()}
    return value
