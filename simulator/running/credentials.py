"""With which certificate each station opens a TLS connection.

One that a central system has signed for it, else a file of its own, else that of the fleet.
Source: OCPP 2.0.1 part 2, A00.FR.401 to A00.FR.429 and A02; OCPP 1.6 security whitepaper, 2.6.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.errors import SimulatorError
from simulator.running.opening import TlsFiles
from simulator.station.certificates import Own

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from simulator.station.core import Station

STATION: Final = "{id}"
"""Stands for the station's ID in the names of files."""


class Credentials:
    """The certificates of a fleet; contexts are made when first needed."""

    def __init__(self, files: TlsFiles | None) -> None:
        self._files = files or TlsFiles()
        self._shared: ssl.SSLContext | None = None
        self._of_each: dict[str, tuple[int, ssl.SSLContext]] = {}

    @property
    def _has_own_files(self) -> bool:
        return STATION in f"{self._files.client_cert}{self._files.client_key}"

    def check(self, stations: Iterable[str]) -> None:
        """Raise SimulatorError for files that cannot be used, or are not there."""
        if not self._has_own_files:
            self._common()
            return
        for station in stations:
            files = self._files_of(station)
            named = (("--client-cert", files.client_cert), ("--client-key", files.client_key))
            for option, file in named:
                if file is not None and not file.is_file():
                    raise SimulatorError(f"{option} {file}: there is no such file")

    def of(self, station: Station) -> ssl.SSLContext:
        """Return what a station opens its connection with now.

        Raises: SimulatorError for a certificate that cannot be used.
        """
        store = station.upkeep.certificates if station.upkeep.has_certificates else None
        own = None if store is None else store.own(Own.STATION)
        if own is None and not self._has_own_files:
            return self._common()
        serial = 0 if own is None else own.leaf.serial_number
        known = self._of_each.get(station.id)
        if known is None or known[0] != serial:
            plain = replace(self._files, client_cert=None, client_key=None)
            made = (
                self._files_of(station.id).context()
                if own is None
                else plain.context_as(*own.pem())
            )
            known = self._of_each[station.id] = (serial, made)
        return known[1]

    def _common(self) -> ssl.SSLContext:
        if self._shared is None:
            self._shared = self._files.context()
        return self._shared

    def _files_of(self, station: str) -> TlsFiles:
        def named(file: Path | None) -> Path | None:
            return None if file is None else Path(str(file).replace(STATION, station))

        files = self._files
        return replace(
            files, client_cert=named(files.client_cert), client_key=named(files.client_key)
        )
