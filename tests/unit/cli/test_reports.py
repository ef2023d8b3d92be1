"""`csms report` and `csms tariffs` before they ask the server anything."""

import json

import pytest
from typer.testing import CliRunner

from csms.cli import report, tariffs

UNREACHED = "http://127.0.0.1:9"


def form_of(name):
    return report._form_of(None if name is None else report.Path(name))


def test_the_ending_of_a_file_names_its_format():
    names = (None, "a", "a.txt", "a.CSV", "b/a.xlsx", "a.json", "a.html")
    forms = ["table", "table", "table", "csv", "xlsx", "json", "html"]
    assert [form_of(name) for name in names] == forms


def test_an_ending_of_no_format_is_refused():
    with pytest.raises(
        report.ReportError, match=r"^\.doc is no format's ending .*; give --format$"
    ):
        form_of("a.doc")


@pytest.mark.parametrize("wrapped", [True, False])
def test_rules_are_an_object_or_just_their_list(wrapped, tmp_path, monkeypatch):
    rules = [{"tariff": "day"}]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"rules": rules} if wrapped else rules))
    sent = []
    monkeypatch.setattr(tariffs, "put", lambda *given: sent.append(given[-1]) or given[-1])
    made = CliRunner().invoke(tariffs.app, ["assign", str(file), "--api-url", UNREACHED])
    assert made.exit_code == 0, made.output
    assert sent == [{"rules": rules}]
