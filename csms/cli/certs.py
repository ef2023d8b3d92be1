"""`csms certs`: certificates for development, and what is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from csms.cli.tables import print_table
from csms.errors import LaddvaktError, SettingsError

app = typer.Typer(help="Make and show the certificates of this node.", no_args_is_help=True)

DataDir = Annotated[Path, typer.Option(help="The folder that csms serve uses as --data-dir.")]


@app.callback()
def certs() -> None:
    """Make and show the certificates of this node."""


@app.command("init")
def init(
    names: Annotated[
        list[str],
        typer.Argument(help="Host names or addresses that stations connect to, first the main."),
    ],
    data_dir: DataDir = Path("var"),
    days: Annotated[int, typer.Option(min=1, max=825, help="How long they are valid.")] = 397,
) -> None:
    """Make server certificates, their root, and the authority for stations' own certificates."""
    from csms.link.certificate_authority import make_missing
    from csms.link.server_certificates import make_server_certificates

    folder, now = (data_dir / "certs").absolute(), datetime.now(UTC)
    try:
        made = make_server_certificates(folder, names, now, days)
        made += make_missing(folder, now)
    except OSError as error:
        raise SettingsError(f"cannot write to {folder}: {error.strerror}") from None
    print(f"Made in {folder}:")
    for file in made:
        print(f"  {file.relative_to(folder)}")
    print(
        f"""
To serve TLS with them, settings in the file that --config names:

    data_dir = "{data_dir}"
    tls_port = 9443

Stations connect to wss://{names[0]}:9443/ocpp/<station ID>. They trust {names[0]} once
ca/server-ec-root.pem (or ca/server-rsa-root.pem, for those that know no EC keys) is installed on
them as CSMSRootCertificate, in OCPP 1.6 CentralSystemRootCertificate.
Certificates that ca/chargers-sub.pem signs are accepted from stations (security profile 3).
Keys (*.key) are for this account only. This authority is for development: for anything else
name certificates of your own in tls_certificates."""
    )


@app.command("show")
def show(data_dir: DataDir = Path("var")) -> None:
    """Show the certificates in the data folder, with their ends."""
    folder = (data_dir / "certs").absolute()
    rows = [row for file in sorted(folder.glob("*/*.pem")) for row in _rows(folder, file)]
    columns = ("file", "name", "key", "valid until", "days", "SHA-256")
    print_table(f"Certificates in {folder}", columns, rows)


def _rows(folder: Path, file: Path) -> list[list[Any]]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise LaddvaktError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise LaddvaktError(f"{file} holds no certificate as PEM") from None
    now = datetime.now(UTC)
    return [
        [
            str(file.relative_to(folder)),
            each.subject.rfc4514_string(),
            _key(each.public_key()),
            f"{each.not_valid_after_utc:%Y-%m-%d}",
            (each.not_valid_after_utc - now).days,
            each.fingerprint(hashes.SHA256()).hex()[:16],
        ]
        for each in found
    ]


def _key(key: Any) -> str:  # noqa: ANN401 - any kind of key
    from cryptography.hazmat.primitives.asymmetric import ec

    size = getattr(key, "key_size", None)
    kind = "EC" if isinstance(key, ec.EllipticCurvePublicKey) else "RSA"
    return type(key).__name__ if size is None else f"{kind} {size}"
