"""The roots of contract certificates that are known: those of the API, and those in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from csms.engine import pem

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from csms.engine.certificate_book import CertificateBook

log = structlog.get_logger("link")

_Key = tuple[tuple[str, ...], tuple[tuple[str, float], ...]]


class Roots:
    """Known roots, read anew when they have changed. Blocks: call it on a thread."""

    def __init__(self, book: CertificateBook) -> None:
        self._book = book
        self._key: _Key | None = None
        self._certificates: tuple[x509.Certificate, ...] = ()

    def known(self, folder: Path | None) -> tuple[x509.Certificate, ...]:
        """Returns all known roots; `folder` is that of our certificates, with `roots` in it."""
        files = [] if folder is None else sorted((folder / "roots").glob("*.pem"))
        texts = dict(self._book.roots)
        stamps = tuple((each.name, each.stat().st_mtime) for each in files)
        key = (tuple(sorted(texts)), stamps)
        if key != self._key:
            found = [cert for doc in texts.values() for cert in _read("api", doc["certificate"])]
            for file in files:
                found += _read(str(file), file.read_text("utf-8", "replace"))
            self._key, self._certificates = key, tuple(found)
        return self._certificates


def _read(source: str, text: str) -> list[x509.Certificate]:
    try:
        return pem.load_chain(text)
    except ValueError as error:
        log.warning("root.skipped", source=source, why=str(error))
        return []
