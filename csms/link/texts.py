"""Texts that no record may hold: a NUL, which PostgreSQL refuses, and passwords that are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from csms.domain.secrets import HIDDEN, redacted
from csms.ocppj.frames import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from csms.ocppj.frames import CallResult
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
    call = replace(received.call, payload=_mapped(received.call.payload, without_nul))
    return replace(received, call=call)


def storable_answer(said: CallResult | CallError, text: str) -> CallResult | CallError:
    """Returns a station's answer without a NUL; `text` is the frame as it came."""
    if "\\" not in text or "\\u0000" not in text:
        return said
    if isinstance(said, CallError):
        return replace(
            said,
            error_code=without_nul(said.error_code),
            error_description=without_nul(said.error_description),
            error_details=_mapped(said.error_details, without_nul),
        )
    return replace(said, payload=_mapped(said.payload, without_nul))


def without(text: str, secrets: Iterable[str]) -> str:
    """Returns a text that quotes none of these secrets, in capitals or not."""
    for each in secrets:
        for form in (each, each.upper(), each.lower()):
            text = text.replace(form, HIDDEN)
    return text


def unquoted(said: CallResult | CallError, secrets: Iterable[str]) -> CallResult | CallError:
    """Returns a station's answer without the secrets that it quotes from the call."""

    def hidden(text: str) -> str:
        return without(text, secrets)

    if isinstance(said, CallError):
        description = hidden(said.error_description)
        details = _mapped(said.error_details, hidden)
        return replace(said, error_description=description, error_details=details)
    return replace(said, payload=_mapped(said.payload, hidden))


def without_nul(text: str) -> str:
    """Returns the text with each NUL replaced."""
    return text.replace(_NUL, _INSTEAD)


def _mapped(value: Any, of_text: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, list):
        return [_mapped(each, of_text) for each in value]
    if isinstance(value, dict):
        return {of_text(name): _mapped(each, of_text) for name, each in value.items()}
    return value
