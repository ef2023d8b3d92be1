from pathlib import Path

from simulator.metering.page import rewrite, tables

PAGE = Path(__file__).parents[4] / "docs" / "simulator-cars.md"


def test_the_page_holds_the_tables_of_the_catalogues():
    """`python -m simulator.metering.page docs/simulator-cars.md` puts right what is not."""
    assert "\n".join(tables()) in PAGE.read_text(encoding="utf-8")


def test_a_page_is_rewritten_behind_its_introduction(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n\nWords.\n\n## The cars\n\n| old |\n", encoding="utf-8")
    rewrite(page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Title\n\nWords.\n\n## The cars\n\n| car |")
    assert "| old |" not in text
