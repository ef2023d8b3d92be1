"""Our own authority: two hierarchies, made once, kept in files that only we can read."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from made_certificates import a_csr, name

from csms.domain.certificate_facts import CertificateUse
from csms.link.certificate_authority import Authority, make_missing, trust_pem

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def loaded(text):
    return x509.load_pem_x509_certificates(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("use", "purposes", "authority"),
    [
        (CertificateUse.STATION, {CLIENT}, "chargers"),
        (CertificateUse.V2G, {SERVER}, "v2g"),
        (CertificateUse.COMBINED, {CLIENT, SERVER}, "v2g"),
    ],
)
def test_a_certificate_is_for_its_use_and_for_the_key_that_asked(use, purposes, authority):
    own = Authority(None)
    key = rsa.generate_private_key(65537, 2048)
    csr, _ = a_csr("CP1", key, organization="Laddkraft")
    leaf, sub = loaded(own.sign(csr, use, NOW, 90))
    assert leaf.subject == name("CP1", "Laddkraft")
    assert leaf.public_key() == key.public_key()
    assert leaf.not_valid_after_utc == NOW + timedelta(days=90)
    assert leaf.not_valid_before_utc < NOW
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == purposes
    known = own.certificates(NOW)
    assert loaded(known[f"{authority}-sub"]) == [sub]
    (root,) = loaded(known[f"{authority}-root"])
    sub.verify_directly_issued_by(root)
    leaf.verify_directly_issued_by(sub)


def test_the_trust_file_has_all_that_a_client_certificate_hangs_on(tmp_path):
    make_missing(tmp_path, NOW)
    leaf, sub = loaded(Authority(tmp_path).sign(a_csr("CP1")[0], CertificateUse.STATION, NOW, 9))
    assert leaf.issuer == sub.subject
    subjects = {each.subject for each in loaded(trust_pem(tmp_path))}
    assert subjects >= {sub.subject, sub.issuer}
    assert len(subjects) == 4
    assert trust_pem(tmp_path / "none") == b""


def test_what_is_made_stays_and_its_keys_are_ours_alone(tmp_path):
    made = make_missing(tmp_path, NOW)
    assert len(made) == 8
    assert make_missing(tmp_path, NOW) == []
    for file in made:
        mode = stat.S_IMODE(file.stat().st_mode)
        assert file.suffix == ".pem" or mode == 0o600
    first, second = (Authority(tmp_path).certificates(NOW) for _ in range(2))
    assert first == second


def test_a_folder_with_a_key_that_is_not_its_certificates_is_refused(tmp_path):
    make_missing(tmp_path, NOW)
    folder = tmp_path / "ca"
    (folder / "chargers-sub.key").write_bytes((folder / "v2g-sub.key").read_bytes())
    with pytest.raises(ValueError, match="is not the key of"):
        Authority(tmp_path).sign(a_csr("CP1")[0], CertificateUse.STATION, NOW, 9)


@pytest.mark.parametrize("left", ["chargers-root.key", "chargers-sub.key", "chargers-sub.pem"])
def test_a_part_of_an_authority_is_neither_used_nor_overwritten(tmp_path, left):
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / left).write_text("kept", "ascii")
    for use in (lambda: make_missing(tmp_path, NOW), lambda: Authority(tmp_path).certificates(NOW)):
        with pytest.raises(OSError, match=r"only a part .* chargers-root\.pem"):
            use()
    assert (tmp_path / "ca" / left).read_text("ascii") == "kept"


def test_no_certificate_outlives_its_authority():
    late = NOW + timedelta(days=365 * 15 - 10)
    own = Authority(None)
    own.certificates(NOW)
    leaf, sub = loaded(own.sign(a_csr("CP1")[0], CertificateUse.STATION, late, 365))
    assert leaf.not_valid_after_utc == sub.not_valid_after_utc
