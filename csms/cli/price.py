"""`csms price`: what sessions cost under a tariff, worked out here, without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from csms.cli.tables import print_table
from csms.errors import LaddvaktError, SettingsError

if TYPE_CHECKING:
    from csms.billing import Bill, Finding, PriceSeries, Tariff, TariffInvalid

_DEFAULTS = {"country_code": "ZZ", "party_id": "ZZZ", "id": "unnamed"}
_LARGEST = 20_000_000


def price(
    tariff: Annotated[Path, typer.Argument(help="A tariff, as JSON of OCPI 2.2.1.")],
    session: Annotated[Path, typer.Argument(help="A session, or a list of them, as JSON.")],
    time_zone: Annotated[
        str | None,
        typer.Option(help="Where the station stands; else the session's time_zone, else UTC."),
    ] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A spot-price series, as CSV, JSON or XML."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the bills as JSON.")] = False,
) -> None:
    """Price sessions under a tariff: every line, and the total."""
    from csms.billing import dump_bill

    priced = _tariff(tariff)
    books = dict(_series(one, priced.currency) for one in series or ())
    bills = []
    for path, doc in _sessions(session):
        zone = _zone(time_zone or _given_zone(doc) or "UTC")
        bills.append((_bill(session, priced, (doc, path), zone, books), zone, _told(doc)))
    if as_json:
        docs = [dump_bill(bill) for bill, *_ in bills]
        print(json.dumps(docs[0] if len(docs) == 1 else docs, indent=2))
        return
    _notes(priced, books)
    for number, (bill, zone, told) in enumerate(bills, 1):
        if not priced.is_valid_at(bill.periods[0].start):
            typer.echo("note: the tariff is not valid at the start of the session", err=True)
        _print(bill, zone, f"session {number}" if len(bills) > 1 else "session")
        if told and told != (bill.net, bill.total):
            print(f"the record itself says: net {told[0]:f}, total {told[1]:f}\n")
    if len(bills) > 1:
        total = sum((bill.total for bill, *_ in bills), Decimal(0))
        print(f"{len(bills)} sessions: {total:f} {priced.currency} with VAT")


def _tariff(path: Path) -> Tariff:
    from csms.billing import TariffInvalid, read_tariff

    doc = _json(path)
    if isinstance(doc, dict) and "elements" not in doc and isinstance(doc.get("data"), dict):
        doc = doc["data"]  # the answer of a tariffs endpoint, saved as it came
    now = datetime.now(UTC).isoformat()
    try:
        return read_tariff(doc, {**_DEFAULTS, "last_updated": now})
    except TariffInvalid as error:
        raise _refusal(path, error) from None


def _series(given: str, currency: str) -> tuple[str, PriceSeries]:
    from csms.billing import SeriesInvalid, read_series

    name, equals, path = given.partition("=")
    if not equals:
        raise SettingsError(f"--series wants NAME=FILE, not {given}")
    try:
        return name, read_series(name, _text(Path(path)), currency=currency)
    except SeriesInvalid as error:
        raise _refusal(Path(path), error) from None


def _sessions(path: Path) -> list[tuple[str, Any]]:
    doc = _json(path)
    inner = doc.get("sessions") if isinstance(doc, dict) else doc
    if not isinstance(inner, list):
        return [("", doc)]
    if not inner:
        raise SettingsError(f"{path}: has no sessions")
    return [(f"[{index}]", one) for index, one in enumerate(inner)]


def _bill(
    file: Path,
    tariff: Tariff,
    session: tuple[Any, str],
    zone: ZoneInfo,
    books: dict[str, PriceSeries],
) -> Bill:
    from csms.billing import TariffInvalid, price_session

    doc, path = session
    try:
        return price_session(tariff, doc, zone, books, path)
    except TariffInvalid as error:
        raise _refusal(file, error) from None


def _given_zone(doc: object) -> object:
    return doc.get("time_zone") if isinstance(doc, dict) else None


def _told(doc: object) -> tuple[Decimal, Decimal] | None:
    """Returns what a charge detail record says of its cost, without and with VAT."""
    from csms.billing.fields import exact

    cost = doc.get("total_cost") if isinstance(doc, dict) else None
    if not isinstance(cost, dict):
        return None
    net, total = (exact(cost.get(name)) for name in ("excl_vat", "incl_vat"))
    return (net, total) if isinstance(net, Decimal) and isinstance(total, Decimal) else None


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, LookupError):
        raise SettingsError(
            f"'{str(name)[:40]}' is no time zone; write one like Europe/Stockholm"
        ) from None


def _refusal(path: Path, error: TariffInvalid) -> LaddvaktError:
    return SettingsError("\n".join(_sentence(path, finding) for finding in error.findings))


def _sentence(path: Path, finding: Finding) -> str:
    where = f"{path}: {finding.field}" if finding.field else f"{path}:"
    return f"{where} {finding.message}"


def _notes(tariff: Tariff, books: dict[str, PriceSeries]) -> None:
    from csms.billing import advise

    for finding in advise(tariff):
        typer.echo(f"note: {finding.field} {finding.message}", err=True)
    for name, series in books.items():
        for note in series.notes:
            typer.echo(f"note: {name}: {note.message}", err=True)


def _print(bill: Bill, zone: ZoneInfo, title: str) -> None:
    rows = [
        (
            line.start.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z"),
            line.end.astimezone(zone).strftime("%m-%d %H:%M:%S"),
            line.dimension,
            line.element,
            f"{line.quantity.normalize():f}",
            line.unit,
            f"{line.price.normalize():f}",
            f"{line.net:f}",
            None if line.vat_percent is None else f"{line.vat_percent.normalize():f}",
            f"{line.vat:f}",
            ", ".join(line.reasons) or None,
        )
        for line in bill.lines
    ]
    columns = "from,to,what,element,quantity,unit,price,net,VAT %,VAT,estimated because"
    print_table(title, columns.split(","), rows)
    energy = Decimal(bill.energy_milliwh) / 1_000_000
    print(
        f"{energy.normalize():f} kWh, charging {_clock(bill.charging_s)}, "
        f"parking {_clock(bill.parking_s)}"
    )
    print(f"net {bill.net:f}  VAT {bill.vat:f}  total {bill.total:f} {bill.currency}")
    print(f"{_unrounded(bill)}\n" if bill.lines[-1:] else "")


def _unrounded(bill: Bill) -> str:
    """Returns the sums of the lines as they are before the totals are rounded."""
    kept = [line for line in bill.lines if line.dimension != "ROUNDING"]
    net, vat = (sum((getattr(one, of) for one in kept), Decimal(0)) for of in ("net", "vat"))
    return f"before rounding: net {net:f}  VAT {vat:f}  total {net + vat:f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(_text(path), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: is no JSON: {str(error)[:100]}") from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise SettingsError(f"{path}: is larger than {_LARGEST // 1_000_000} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is no UTF-8 text") from None
