"""The command line of the central system."""

from __future__ import annotations

import sys

import typer

from csms.cli import (
    accounts,
    alerts,
    certificates,
    certs,
    demo,
    imports,
    operations,
    price,
    profiles,
    quarantine,
    quirks,
    receipt,
    records,
    remedies,
    replay,
    report,
    reservations,
    serve,
    sessions,
    settings,
    stations,
    tariffs,
    tokens,
    vehicles,
    webhooks,
)
from csms.errors import LaddvaktError

app = typer.Typer(
    name="csms",
    help="Laddvakt: an OCPP 1.6-J and 2.0.1 central system that checks every charging session "
    "against its profile.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.add_typer(sessions.app, name="sessions")
app.add_typer(stations.app, name="stations")
app.add_typer(alerts.app, name="alerts")
app.add_typer(certificates.app, name="certificates")
app.command("security-events")(certificates.security_events)
app.add_typer(certs.app, name="certs")
app.add_typer(remedies.app, name="remedies")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(quirks.app, name="quirks")
app.add_typer(tokens.app, name="tokens")
app.add_typer(vehicles.app, name="vehicles")
app.add_typer(accounts.app, name="accounts")
app.command("records")(records.records)
app.command("receipt")(receipt.receipt)
app.add_typer(tariffs.app, name="tariffs")
app.add_typer(tariffs.prices, name="prices")
app.command("cdr")(receipt.cdr)
app.command("reservations")(reservations.reservations)
app.command("ask")(operations.ask)
app.command("call")(operations.call)
app.add_typer(operations.app, name="operations")
app.add_typer(imports.app, name="import")
app.command("profiles")(profiles.check)
app.command("price")(price.price)
app.command("replay")(replay.replay)
app.command("report")(report.report)
app.command("settings")(settings.settings)


def main() -> None:
    """Runs a command; what goes wrong is one sentence on stderr and exit code 1."""
    try:
        app()
    except LaddvaktError as error:
        print(f"csms: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
