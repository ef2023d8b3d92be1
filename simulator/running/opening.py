"""How a station opens its websocket: URL, subprotocol, password and certificates.

Source: OCPP-J 1.6, 3.1 and 6; OCPP 2.0.1 part 4, 3 and part 2, A00 (security profiles 0 to 3).
"""

from __future__ import annotations

import base64
import ssl
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from simulator.errors import SimulatorError
from simulator.faults.doors import Opening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from csms.ocppj.version import Version
    from simulator.faults.effects import Effects


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS relies on: root certificates (the system's by default), and who we are.

    `client_cert` and `client_key` are of security profile 3; a file with both needs no key.
    `is_insecure` asks the server for no valid certificate, for trials.
    """

    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    is_insecure: bool = False

    def context(self) -> ssl.SSLContext:
        """Return what connections are made with; one does for a whole fleet.

        Raises: SimulatorError naming the option of which the file cannot be used.
        """
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.is_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.ca_file is not None:
            _use("--ca-file", self.ca_file, lambda: context.load_verify_locations(self.ca_file))
        if self.client_cert is not None:
            chain, key = self.client_cert, self.client_key
            _use("--client-cert", chain, lambda: context.load_cert_chain(chain, key))
        elif self.client_key is not None:
            raise SimulatorError(f"--client-key {self.client_key}: give --client-cert as well")
        return context

    def context_as(self, chain_pem: str, key_pem: str) -> ssl.SSLContext:
        """Return the same with a client certificate that the station was given on the wire.

        Raises: SimulatorError when the two do not go together.
        """
        context = self.context()
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            # The library reads certificates from files only.
            file.write(f"{chain_pem.rstrip()}\n{key_pem}")
            file.flush()
            try:
                context.load_cert_chain(file.name)
            except ssl.SSLError as error:
                raise SimulatorError(f"the client certificate cannot be used: {error}") from error
        return context


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the URL without the station's ID."""

    url: str

    @property
    def is_secure(self) -> bool:
        """Whether the connection is TLS."""
        return self.url.lower().startswith("wss:")

    def of(self, station_id: str) -> str:
        """Return the URL of one station."""
        return f"{self.url.rstrip('/')}/{quote(station_id, safe='')}"


def security_profile(target: Target, password: str | None) -> int:
    """Return the security profile of a connection: TLS without a password is by certificate."""
    if target.is_secure:
        return 3 if password is None else 2
    return 0 if password is None else 1


def opening(
    station_id: str, version: Version, password: str | None, target: Target, effects: Effects
) -> Opening:
    """Return how a station opens its connection now, with what its faults make of it."""
    subprotocol = version.subprotocol
    made = Opening(
        station=station_id,
        base=target.url.rstrip("/"),
        url=target.of(station_id),
        subprotocols=[subprotocol],
        accepted=frozenset({subprotocol}),
        user=station_id,
        password=None if password is None else password.encode(),
    )
    for door in effects.doors:
        door(made)
    return made


def header_lines(made: Opening) -> list[tuple[str, str]]:
    """Return the headers that an opening adds to those of every websocket request."""
    lines = list(made.headers)
    if made.password is not None:
        credentials = base64.b64encode(made.user.encode() + b":" + made.password)
        lines.append(("Authorization", f"Basic {credentials.decode()}"))
    if made.subprotocols:
        lines.append(("Sec-WebSocket-Protocol", ", ".join(made.subprotocols)))
    return lines


_PEM: Final = {
    "": "no usable PEM certificate with its key; a key in a file of its own is --client-key",
    "KEY_VALUES_MISMATCH": "the key in --client-key belongs to another certificate",
}
"""What OpenSSL means by its reasons; it gives none where a part is missing."""


def _use(option: str, file: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except FileNotFoundError as error:
        raise SimulatorError(f"{option} {file}: there is no such file") from error
    except ssl.SSLError as error:
        told = _PEM.get(error.reason or "", f"no usable PEM certificate ({error.reason})")
        raise SimulatorError(f"{option} {file}: {told}") from error
    except OSError as error:
        raise SimulatorError(f"{option} {file}: {error.strerror or error}") from error
