"""What is remembered of certificates."""

from datetime import UTC, datetime, timedelta

import orjson

from csms.domain.certificate_effects import CertificatesTold, InstalledCertificate
from csms.domain.certificate_facts import CertificateUse
from csms.engine.certificate_book import CertificateBook, Installed, Issued, IssuedState
from csms.store.rows import to_json

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def an_issued(serial, station="CP1", minutes=0, **values):
    at = NOW + timedelta(minutes=minutes)
    return Issued(
        serial=serial,
        station_id=station,
        use=CertificateUse.STATION,
        subject="CN=CP1",
        issuer="CN=CA",
        not_before=NOW,
        not_after=NOW + timedelta(days=90),
        fingerprint="f",
        key="k",
        chain="PEM",
        issued_at=at,
        **values,
    )


def named(serial, kind="V2GRootCertificate", children=()):
    return InstalledCertificate(kind, "SHA256", "aB", "Cd", serial, tuple(children))


def stored(doc):
    return orjson.loads(to_json(doc))


def test_what_is_stored_is_loaded_again():
    issued = an_issued("A1", state=IssuedState.REVOKED, revoked_at=NOW, reason="stolen")
    installed = Installed([named("01", children=[named("02")])], NOW)
    book = CertificateBook()
    unreadable = book.load(
        {"A1": stored(issued.doc()), "B2": {"serial": "B2"}},
        {"CP1": stored(installed.doc()), "CP2": {}},
        {"f": {"fingerprint": "f"}},
    )
    assert set(unreadable) == {"B2", "CP2"}
    assert book.issued == {"A1": issued}
    assert book.installed == {"CP1": installed}
    assert (book.is_revoked(0xA1), book.issued_to(0xA1)) == (True, "CP1")
    assert (book.is_revoked(0xB2), book.issued_to(0xB2)) == (False, None)


def test_the_last_fifty_of_a_station_are_kept():
    book = CertificateBook()
    for minute in range(50):
        assert book.put(an_issued(f"{minute:X}", minutes=minute)) == []
    forgotten = book.put(an_issued("FFFF", minutes=60))
    assert [each.serial for each in forgotten] == ["0"]
    assert [each.serial for each in book.of("CP1")][:2] == ["FFFF", "31"]
    assert len(book.issued) == 50
    assert book.put(an_issued("FFFF", minutes=60)) == []
    assert len(book.of("CP1")) == 50


def test_the_newest_accepted_certificate_of_a_use_is_the_current_one():
    book = CertificateBook()
    states = (IssuedState.ACCEPTED, IssuedState.ACCEPTED, IssuedState.REJECTED)
    for minute, state in enumerate(states):
        book.put(an_issued(f"{minute:X}", minutes=minute, state=state))
    book.put(an_issued("9", "CP2", state=IssuedState.ACCEPTED))
    assert sorted(each.serial for each in book.current()) == ["1", "9"]


def test_a_list_of_some_types_leaves_the_others():
    known = Installed([named("1", "MORootCertificate"), named("2")])
    told = CertificatesTold(frozenset({"V2GRootCertificate"}), (named("3"),))
    known.take(told, NOW)
    assert [each.serial_number for each in known.certificates] == ["1", "3"]
    known.take(CertificatesTold(None, ()), NOW)
    assert (known.certificates, known.told_at) == ([], NOW)


def test_a_certificate_is_dropped_however_its_name_is_written_also_from_a_chain():
    known = Installed([named("0A"), named("7", children=[named("0A"), named("8")])])
    known.drop(InstalledCertificate("", "SHA256", "AB", "CD", "a"))
    assert known.certificates == [named("7", children=[named("8")])]
