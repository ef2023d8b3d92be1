"""The `ocpp` package's own route for a call, without a socket: what `endpoint.py` compares with."""

# `ocpp` has no types: its classes and decorators are Any.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from typing import Any

from _baseline import Central16, Central201
from ocpp.routing import on
from ocpp.v16 import call_result as result16
from ocpp.v16.enums import Action as Action16
from ocpp.v201 import call_result as result201
from ocpp.v201.enums import Action as Action201

from csms.ocppj.version import Version

_UNKNOWN = "UnknownVendorId"


class _Wide16(Central16):
    """Handles the ten messages."""

    @on(Action16.data_transfer)
    def data_transfer(self, **_: object) -> object:
        return result16.DataTransfer(status=_UNKNOWN)

    @on(Action16.firmware_status_notification)
    def firmware(self, **_: object) -> object:
        return result16.FirmwareStatusNotification()

    @on(Action16.diagnostics_status_notification)
    def diagnostics(self, **_: object) -> object:
        return result16.DiagnosticsStatusNotification()


class _Wide201(Central201):
    """Handles the ten messages."""

    @on(Action201.meter_values)
    def meter_values(self, **_: object) -> object:
        return result201.MeterValues()

    @on(Action201.notify_event)
    def notify_event(self, **_: object) -> object:
        return result201.NotifyEvent()

    @on(Action201.data_transfer)
    def data_transfer(self, **_: object) -> object:
        return result201.DataTransfer(status=_UNKNOWN)

    @on(Action201.firmware_status_notification)
    def firmware(self, **_: object) -> object:
        return result201.FirmwareStatusNotification()

    @on(Action201.log_status_notification)
    def log_status(self, **_: object) -> object:
        return result201.LogStatusNotification()


class _Kept:
    """In place of a connection: keeps what is sent."""

    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    async def send(self, text: str) -> None:
        """Keeps a text."""
        self._answers.append(text)


def charge_point(version: Version, answers: list[str]) -> Any:  # noqa: ANN401 - the package's
    """Returns the package's end of a connection; what it answers is appended to `answers`."""
    wide = _Wide16 if version is Version.V16 else _Wide201
    return wide("CP1", _Kept(answers))
