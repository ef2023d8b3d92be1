"""Receipts as PDF: A4, as many pages as it takes, with a font that has every letter of Europe.

The same receipt always gives the same bytes. Making one takes up to a second for hundreds of
lines, so it is done in a thread, one after the other: fonts of reportlab are one for all.
"""

from __future__ import annotations

import io
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from csms.reports.receipts import ESTIMATE_MARK, printable

if TYPE_CHECKING:
    from csms.reports.receipts import Receipt, ReceiptLine

_FONT, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_FILES: Final = {_FONT: "DejaVuSans.ttf", _BOLD: "DejaVuSans-Bold.ttf"}
_ONE_AT_A_TIME: Final = threading.Lock()
_SMALL, _USUAL, _LARGE = 7.5, 9, 15
_MARGIN_MM: Final = 18
_LABEL_MM: Final = 45
_WIDTHS_MM: Final = (8, 36, 28, 22, 20, 20, 19, 21)
_SUM_WIDTHS_MM: Final = (90, 28, 28, 28)


def to_pdf(receipt: Receipt) -> bytes:
    """Returns a receipt as a PDF document."""
    # Half a second to import; whoever never prints one does without.
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415
    from reportlab.lib.units import mm  # noqa: PLC0415
    from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415

    with _ONE_AT_A_TIME:
        _register_fonts()
        target = io.BytesIO()
        page = SimpleDocTemplate(
            target,
            pagesize=A4,
            invariant=1,
            title=f"{receipt.words['title']} {receipt.number}",
            author=printable(receipt.seller[0]) if receipt.seller else "",
            **dict.fromkeys(
                ("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN_MM * mm
            ),
        )
        page.build(_story(receipt), onFirstPage=_footer(receipt), onLaterPages=_footer(receipt))
        return target.getvalue()


def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    known = pdfmetrics.getRegisteredFontNames()
    for name, file in _FILES.items():
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, str(_fonts_dir() / file)))


def _fonts_dir() -> Path:
    """Returns where the DejaVu fonts are, which come with matplotlib and may be embedded."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None  # noqa: S101, PT018 - a dependency
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


def _story(receipt: Receipt) -> list[Any]:
    """Returns what stands on the pages, from top to bottom."""
    from reportlab.lib.units import mm  # noqa: PLC0415
    from reportlab.platypus import Spacer  # noqa: PLC0415

    words, gap = receipt.words, Spacer(1, 4 * mm)
    story = [_text(words["title"], _LARGE, is_bold=True), gap]
    story += [_text(each) for each in receipt.seller]
    story += [gap, _facts(receipt), gap]
    story.append(_text(f"{words['lines']} ({receipt.currency})", is_bold=True))
    story.append(_lines(receipt) if receipt.lines else _text(words["nothing"]))
    story += [gap, _text(words["per_rate"], is_bold=True), _sums(receipt)]
    story += [gap, _text(words["tariff"], is_bold=True)]
    story += [_text(each, _SMALL) for each in receipt.tariff]
    story += [gap, _text(words["notes"], is_bold=True)]
    story += [_text(each, _SMALL) for each in receipt.notes]
    return story


def _text(text: str, size: float = _USUAL, *, is_bold: bool = False) -> Any:  # noqa: ANN401 - reportlab's
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.platypus import Paragraph  # noqa: PLC0415

    font = _BOLD if is_bold else _FONT
    style = ParagraphStyle(
        "text", fontName=font, fontSize=size, leading=size * 1.35, splitLongWords=1, wordWrap="CJK"
    )
    if " " in text:
        style.wordWrap = None
    return Paragraph(escape(printable(text)), style)


def _facts(receipt: Receipt) -> Any:  # noqa: ANN401 - reportlab's
    rows = [[_text(label), _text(value)] for label, value in receipt.facts]
    return _table(rows, (_LABEL_MM, 174 - _LABEL_MM))


def _lines(receipt: Receipt) -> Any:  # noqa: ANN401 - reportlab's
    words = receipt.words
    names = ("line", "time", "what", "quantity", "price", "net", "vat", "total")
    rows: list[list[Any]] = [[_text(words[name], _SMALL, is_bold=True) for name in names]]
    rows += [_row(receipt, line) for line in receipt.lines]
    return _table(rows, _WIDTHS_MM, numbers_from=3, size=_SMALL, has_head=True)


def _row(receipt: Receipt, line: ReceiptLine) -> list[Any]:
    mark = f" {ESTIMATE_MARK}" if line.is_estimate else ""
    no_rate = line.vat_percent == receipt.words["no_vat"]
    return [
        str(line.number),
        _text(line.interval, _SMALL),
        _text(f"{line.what}{mark}", _SMALL),
        f"{line.quantity} {line.unit}".strip(),
        line.price,
        line.net,
        line.vat if no_rate else f"{line.vat}\n({line.vat_percent})",
        line.total,
    ]


def _sums(receipt: Receipt) -> Any:  # noqa: ANN401 - reportlab's
    words = receipt.words
    rows: list[list[Any]] = [["", words["net"], words["vat"], words["total"]]]
    rows += [[each.rate, each.net, each.vat, each.total] for each in receipt.rates]
    to_pay = f"{words['to_pay']}, {receipt.currency}"
    rows.append([to_pay, receipt.net, receipt.vat, receipt.total])
    return _table(rows, _SUM_WIDTHS_MM, numbers_from=1, has_foot=True)


def _table(
    rows: list[list[Any]],
    widths_mm: tuple[float, ...],
    *,
    numbers_from: int | None = None,
    size: float = _USUAL,
    has_head: bool = False,
    has_foot: bool = False,
) -> Any:  # noqa: ANN401 - reportlab's
    from reportlab.lib import colors  # noqa: PLC0415
    from reportlab.lib.units import mm  # noqa: PLC0415
    from reportlab.platypus import LongTable, TableStyle  # noqa: PLC0415

    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), _FONT, size),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ]
    if numbers_from is not None:
        style.append(("ALIGN", (numbers_from, 0), (-1, -1), "RIGHT"))
    if has_head:
        style.append(("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black))
    if has_foot:
        style.append(("LINEABOVE", (0, -1), (-1, -1), 0.5, colors.black))
        style.append(("FONT", (0, -1), (-1, -1), _BOLD, size))
    return LongTable(
        rows,
        colWidths=[each * mm for each in widths_mm],
        repeatRows=1 if has_head else 0,
        style=TableStyle(style),
        hAlign="LEFT",
    )


def _footer(receipt: Receipt) -> Any:  # noqa: ANN401 - reportlab's
    """Returns what writes a page's last line: which receipt, and which page of it."""

    def write(canvas: Any, page: Any) -> None:  # noqa: ANN401 - reportlab's
        canvas.setFont(_FONT, _SMALL)
        told = f"{receipt.number}, {receipt.words['page']} {canvas.getPageNumber()}"
        canvas.drawRightString(page.leftMargin + page.width, page.bottomMargin / 2, told)

    return write
