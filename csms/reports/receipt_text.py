"""Receipts as plain text of at most 78 columns, for mails and terminals."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from csms.reports.receipts import ESTIMATE_MARK, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from csms.reports.receipts import Receipt, ReceiptLine

WIDTH: Final = 78
_LABEL: Final = 26
_NUMBER: Final = 5


def to_text(receipt: Receipt) -> str:
    """Returns a receipt as lines of at most `WIDTH` characters, with a line end at each."""
    words = receipt.words
    told = [words["title"].center(WIDTH).rstrip(), "=" * WIDTH]
    for each in receipt.seller:
        told += _wrapped(each)
    if receipt.seller:
        told.append("-" * WIDTH)
    for label, value in receipt.facts:
        told += _labelled(label, value)
    told += _heading(f"{words['lines']} ({receipt.currency})")
    if not receipt.lines:
        told.append(words["nothing"])
    for line in receipt.lines:
        told += _line(receipt, line)
    told += _sums(receipt)
    told += _heading(words["tariff"])
    for each in receipt.tariff:
        told += _wrapped(each)
    told += _heading(words["notes"])
    for each in receipt.notes:
        told += _wrapped(each)
    return "\n".join(told) + "\n"


def _line(receipt: Receipt, line: ReceiptLine) -> Iterable[str]:
    mark = f" {ESTIMATE_MARK}" if line.is_estimate else ""
    yield from _wrapped(
        f"{f'{line.number}.':<{_NUMBER}}{line.interval}  {line.what}{mark}", " " * _NUMBER
    )
    vat = line.vat if line.vat_percent == receipt.words["no_vat"] else _vat(line)
    told = receipt.words["times"].format(
        quantity=line.quantity,
        unit=line.unit,
        price=line.price,
        net=line.net,
        vat=vat,
        total=line.total,
    )
    yield from _wrapped(" " * _NUMBER + " ".join(told.split()), " " * _NUMBER)


def _vat(line: ReceiptLine) -> str:
    return f"{line.vat_percent} {line.vat}"


def _sums(receipt: Receipt) -> Iterable[str]:
    words = receipt.words
    yield from _heading(words["per_rate"])
    yield _columns("", words["net"], words["vat"], words["total"])
    for each in receipt.rates:
        yield _columns(each.rate, each.net, each.vat, each.total)
    yield "-" * WIDTH
    to_pay = f"{words['to_pay']}, {receipt.currency}"
    yield _columns(to_pay, receipt.net, receipt.vat, receipt.total)


def _columns(label: str, *amounts: str) -> str:
    rest = WIDTH - _LABEL
    return f"{label[:_LABEL]:<{_LABEL}}" + "".join(
        f"{each:>{rest // len(amounts)}}" for each in amounts
    )


def _heading(text: str) -> list[str]:
    return ["", text, "-" * WIDTH]


def _labelled(label: str, value: str) -> list[str]:
    return _wrapped(f"{label:<{_LABEL}}{value}", " " * _LABEL)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        printable(text),
        WIDTH,
        subsequent_indent=indent,
        break_on_hyphens=False,
        drop_whitespace=True,
    ) or [""]
