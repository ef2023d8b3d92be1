"""What TLS is served with: files that cannot be used are named, ends are told in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from csms.errors import SettingsError
from csms.link.server_certificates import make_server_certificates
from csms.link.tls import KeyPair, Tls, TlsFiles

NOW = datetime.now(UTC)


def pair(folder, kind):
    return KeyPair(folder / "server" / f"{kind}.pem", folder / "server" / f"{kind}.key")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("certs")
    make_server_certificates(made, ["csms.example", "192.0.2.1"], NOW, days=40)
    return made


def test_both_kinds_of_key_serve_side_by_side(folder):
    tls = Tls(TlsFiles((pair(folder, "ec"), pair(folder, "rsa"))))
    names = {each["name"] for each in tls.context.get_ciphers()}
    assert {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"} <= names
    assert not any("CBC" in name or name.endswith("-SHA") for name in names)
    assert not tls.asks_for_certificates


def test_an_authority_has_stations_asked_for_certificates(folder, tmp_path):
    late = tmp_path / "late.pem"
    files = TlsFiles((pair(folder, "ec"),), own_ca=(late,))
    tls = Tls(files)
    assert not tls.asks_for_certificates
    late.write_bytes((folder / "ca" / "server-ec-root.pem").read_bytes())
    assert tls.has_changed()
    assert tls.reload()
    assert not tls.has_changed()
    assert tls.asks_for_certificates


def bad_files(folder, tmp_path):
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    ec, rsa = pair(folder, "ec"), pair(folder, "rsa")
    missing = tmp_path / "missing.pem"
    return {
        "cannot read": TlsFiles((KeyPair(missing, ec.key),)),
        "cannot read ": TlsFiles((KeyPair(ec.certificate, missing),)),
        "does not go with": TlsFiles((KeyPair(ec.certificate, rsa.key),)),
        "holds no certificate": TlsFiles((KeyPair(text, ec.key),)),
        "are both EC": TlsFiles((ec, ec)),
        "tls_client_ca": TlsFiles((ec,), client_ca=(text,)),
        "is no revocation list": TlsFiles((ec,), client_crl=(text,)),
        "tls_ciphers": TlsFiles((ec,), ciphers="NOTHING"),
    }


def test_what_cannot_be_used_is_named(folder, tmp_path):
    for why, files in bad_files(folder, tmp_path).items():
        with pytest.raises(SettingsError, match=why.strip()):
            Tls(files)


def test_a_file_that_becomes_bad_leaves_what_was(folder, tmp_path):
    copy = KeyPair(tmp_path / "ec.pem", tmp_path / "ec.key")
    for new, old in zip(
        (copy.certificate, copy.key),
        (pair(folder, "ec").certificate, pair(folder, "ec").key),
        strict=True,
    ):
        new.write_bytes(old.read_bytes())
    tls = Tls(TlsFiles((copy,)))
    before = tls.context
    copy.certificate.unlink()
    assert tls.has_changed()
    assert not tls.reload()
    assert tls.context is before
    assert not tls.has_changed()  # it is told once


def test_an_end_is_told_at_30_7_and_1_days_once_each(folder):
    tls = Tls(TlsFiles((pair(folder, "ec"),)))
    ends_at = NOW + timedelta(days=40)
    told = []
    for days in (35, 30, 29, 8, 7, 6.5, 2, 1, 0.5, -0.5):
        with capture_logs() as lines:
            tls.warn(ends_at - timedelta(days=days))
        told += [(days, each["log_level"]) for each in lines if each["event"] == "tls.expires"]
    assert told == [(30, "warning"), (7, "warning"), (1, "warning")]


def test_one_that_has_ended_is_an_error(folder):
    tls = Tls(TlsFiles((pair(folder, "ec"),)))
    with capture_logs() as lines:
        tls.warn(NOW + timedelta(days=41))
    assert [each["log_level"] for each in lines] == ["error"]


def test_old_certificates_are_not_overwritten(folder):
    with pytest.raises(SettingsError, match="is there already"):
        make_server_certificates(folder, ["csms.example"], NOW, days=40)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a..b", "-", "ex\u00e4mple"])
def test_what_is_no_host_name_is_refused(tmp_path, name):
    with pytest.raises(SettingsError, match="is no host name"):
        make_server_certificates(tmp_path, [name], NOW, days=40)
    assert not list(tmp_path.iterdir())


def test_keys_are_for_us_alone(folder):
    assert {file.stat().st_mode & 0o777 for file in folder.rglob("*.key")} == {0o600}
