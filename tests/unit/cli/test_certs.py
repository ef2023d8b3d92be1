"""`csms certs`: the certificates of this node."""

import pytest
from typer.testing import CliRunner

from csms.__main__ import app
from csms.errors import LaddvaktError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    found = CliRunner().invoke(app, ["certs", "init", "localhost", "--data-dir", str(folder)])
    assert found.exit_code == 0
    return folder


def test_keys_are_for_this_account_only(made):
    keys = list(made.glob("certs/*/*.key"))
    assert keys
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_a_second_init_changes_nothing(made):
    before = {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
    again = CliRunner().invoke(app, ["certs", "init", "localhost", "--data-dir", str(made)])
    assert isinstance(again.exception, LaddvaktError)
    assert "there already" in str(again.exception)
    assert {file: file.read_bytes() for file in made.rglob("*") if file.is_file()} == before


def test_a_file_that_is_no_certificate_is_named(tmp_path):
    junk = tmp_path / "certs" / "server" / "ec.pem"
    junk.parent.mkdir(parents=True)
    junk.write_text("junk", encoding="utf-8")
    found = CliRunner().invoke(app, ["certs", "show", "--data-dir", str(tmp_path)])
    assert isinstance(found.exception, LaddvaktError)
    assert str(found.exception) == f"{junk} holds no certificate as PEM"
