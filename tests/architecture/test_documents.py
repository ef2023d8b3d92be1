"""The documents say what is: links resolve, settings and alerts are complete, commands exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from csms.__main__ import app as csms
from csms.cli.settings import describe
from csms.config import Settings
from csms.monitor.episodes import Kind
from simulator.__main__ import app as simulator

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)">')
CODE = re.compile(r"^(?:```.*?^```|    .*?$)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?<![\w/.-])(?<!from )(csms|simulator) ([a-z]+)(?: ([a-z]+))?")
ADDRESSES = ("http://", "https://", "mailto:")


def documents(root: Path) -> list[Path]:
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def anchors(document: Path) -> set[str]:
    """The names that a link may jump to, headings as forges name them."""
    text = document.read_text(encoding="utf-8")
    slugs = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(text)
    }
    return slugs | set(ANCHOR.findall(text))


def broken_links(root: Path) -> Iterator[str]:
    for document in documents(root):
        for link in LINK.findall(CODE.sub("", document.read_text(encoding="utf-8"))):
            if link.startswith(ADDRESSES):
                continue
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            if not target.exists():
                yield f"{document.relative_to(root)}: {link} is not there"
            elif anchor and anchor not in anchors(target):
                yield f"{document.relative_to(root)}: {link} has no such anchor"


def unknown_commands(text: str) -> Iterator[str]:
    """The commands in code of a text that do not exist."""
    groups = {"csms": typer.main.get_command(csms), "simulator": typer.main.get_command(simulator)}
    inline = re.findall(r"`([^`\n]+)`", text)
    for program, name, second in COMMAND.findall("\n".join([*CODE.findall(text), *inline])):
        command = groups[program].commands.get(name)
        below = getattr(command, "commands", {})
        if command is None:
            yield f"{program} {name}"
        elif below and second and second not in below:
            yield f"{program} {name} {second}"


def test_links_lead_somewhere(project):
    assert list(broken_links(project)) == []


def test_every_kind_of_alert_has_its_section(project):
    page = project / "docs" / "alerts.md"
    assert {kind.value.lower() for kind in Kind} <= anchors(page)
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    assert {kind.value for kind in Kind} <= set(headings)


def test_the_settings_page_holds_what_the_command_prints(project):
    page = (project / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in page if line.startswith("|")] == describe(Settings)


@pytest.mark.parametrize("page", ["README.md", "docs/simulator.md", "docs/replay.md"])
def test_commands_in_the_documents_exist(project, page):
    assert list(unknown_commands((project / page).read_text(encoding="utf-8"))) == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A b\n[x](a.md#a-b) [y](a.md#c) [z](d.md)\n")
    assert len(list(broken_links(tmp_path))) == 2


def test_a_command_that_does_not_exist_is_found():
    text = "`csms serve`, `csms sessions show X`, `csms sessions drop`\n\n    simulator swim -v\n"
    assert list(unknown_commands(text)) == ["simulator swim", "csms sessions drop"]
