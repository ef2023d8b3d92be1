"""Files as other systems and spreadsheets write them become the sessions that they tell of."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from csms.reports.importing.cells import RowUnusable
from csms.reports.importing.columns import read_columns
from csms.reports.importing.files import open_file
from csms.reports.importing.rows import read_row
from csms.reports.importing.values import Manner

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def read(folder, text, encoding="utf-8", told=(), **manner):
    path = folder / "file.csv"
    path.write_bytes(text.encode(encoding))
    opened = open_file(path, None, encoding if encoding == "cp1252" else None)
    manner = Manner(zone=STOCKHOLM, has_semicolons=opened.has_semicolons, **manner)
    found = []
    try:
        for line in opened.lines:
            assert line.why is None, line.why
            columns = read_columns(line.cells, dict(told))
            by_member = {member: column for column, member in columns.items()}
            found.append(read_row(line.cells, by_member, manner))
    finally:
        opened.close()
    return found


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


WANTED = (utc(2026, 11, 2, 13, 5), utc(2026, 11, 2, 14, 35), 12_345_000)

FILES = {
    "Excel, German": (
        (
            "sep=;\r\nLadestation;Beginn;Ende;Energie (kWh);Karte;Betrag\r\n"
            "CP1;02.11.2026 14:05;02.11.2026 15:35;12,345;A1;5,55 €\r\n"
        ),
        {"told": {"Betrag": "total"}},
    ),
    "Excel, German, in its old encoding": (
        "Ladesäule;Beginn;Ende;Energie (kWh)\r\nCP1;02.11.26 14:05;02.11.26 15:35;12,345\r\n",
        {"encoding": "cp1252"},
    ),
    "Excel, French": (
        "Borne;Début;Fin;Énergie (kWh);Durée\nCP1;02/11/2026 14:05;02/11/2026 15:35;12,345;1:30\n",
        {"dates": "dmy", "told": {"Énergie (kWh)": "energy_kwh"}},
    ),
    "Excel, US, 12 hours": (
        (
            "Station Name,Start Date,End Date,Energy (kWh),Fee,Currency\n"
            "CP1,11/2/26 2:05 PM,11/2/26 3:35 PM,12.345,$4.20,USD\n"
        ),
        {"dates": "mdy"},
    ),
    "tabs, days and times apart": (
        (
            "CP ID\tStart Date\tStart Time\tEnd Date\tEnd Time\tTotal kWh\n"
            "CP1\t2026-11-02\t14:05\t2026-11-02\t15:35\t12.345\n"
        ),
        {},
    ),
    "one day, two times of day": (
        "Charger,Date,Start time,End time,kWh\nCP1,2026-11-02 00:00:00,14:05,15:35,12.345\n",
        {},
    ),
    "a duration in the place of an end": (
        "Charger,Start,Total Duration (hh:mm:ss),kWh\nCP1,2026-11-02 14:05,01:30:00,12.345\n",
        {},
    ),
    "minutes in the place of an end": (
        "Charger,Start,Duration (min),Energy (Wh)\nCP1,2026-11-02 14:05,90,12345\n",
        {},
    ),
    "a duration in words": (
        "Charger,Start,Duration,Energy (kWh)\nCP1,Nov 2 2026 2:05 PM,1 h 30 min,12.345 kWh\n",
        {},
    ),
    "offsets without seconds, units in cells": (
        "Charger,Start,End,kWh\nCP1,2026-11-02T14:05+01:00,2026-11-02 14:35 UTC,12345 Wh\n",
        {},
    ),
    "seconds since 1970": (
        "Charger,Start,End,kWh\nCP1,1793624700,1793630100000,12.345\n",
        {},
    ),
    "bars between": ("Charger|Start|End|kWh\nCP1|2-Nov-2026 14:05|2-Nov-2026 15:35|12.345\n", {}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_strangers_row_is_the_session_that_it_tells_of(name, tmp_path):
    text, manner = FILES[name]
    (found,) = read(tmp_path, text, **manner)
    assert (found.started_at, found.ended_at, found.energy_milliwh) == WANTED
    assert found.station == "CP1"
    assert found.oddities == ()


def test_money_may_have_its_sign_in_the_cell(tmp_path):
    text = "Charger,Start,End,kWh,Cost\nCP1,2026-11-02 14:05,2026-11-02 15:35,9,{}\n"
    for cell, currency in (('"5,55 €"', "EUR"), ("$5.55", "USD"), ("SEK 5.55", "SEK")):
        (found,) = read(tmp_path, text.format(cell))
        assert (str(found.total), found.currency) == ("5.55", currency)


def test_an_end_before_midnight_is_one_of_the_next_day(tmp_path):
    (found,) = read(tmp_path, "Charger,Date,Start time,End time,kWh\nA,2026-11-02,23:50,00:20,3\n")
    assert found.ended_at == utc(2026, 11, 2, 23, 20)


@pytest.mark.parametrize(
    ("row", "hours", "odd"),
    [
        ("A,2026-10-25 02:30,2026-10-25 02:50,", 20 / 60, 1),
        ("A,2026-10-25 02:50,2026-10-25 02:10,", 20 / 60, 0),
        ("A,2026-10-25 01:30,2026-10-25 02:30,2:00", 2, 0),
        ("A,2026-10-25 01:30,2026-10-25 02:30,1:00", 1, 0),
        ("A,2026-10-25 01:30,2026-10-25 02:30,", 1, 1),
        ("A,2026-10-25 01:30,2026-10-25 04:30,", 4, 0),
    ],
)
def test_the_hour_that_comes_twice_is_decided_or_told(row, hours, odd, tmp_path):
    (found,) = read(tmp_path, f"Charger,Start,End,Duration,kWh\n{row},1\n")
    assert (found.ended_at - found.started_at).total_seconds() == pytest.approx(hours * 3600)
    assert len(found.oddities) == odd


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        ("0.35,0.8", (35, 80)),
        ("0.35,1", (35, 100)),
        ("35%,80 %", (35, 80)),
        ("0,1", (0, 1)),
        ("1,80", (1, 80)),
        (",0.8", (None, 80)),
    ],
)
def test_charge_levels_may_be_parts_of_one(cells, levels, tmp_path):
    text = (
        f"Charger,Start,End,kWh,soc_start,soc_end\nA,2026-11-02 14:05,2026-11-02 15:35,9,{cells}\n"
    )
    (found,) = read(tmp_path, text)
    assert (found.soc_start, found.soc_end) == levels


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Charger,Start,Duration,kWh\nA,2026-11-02 14:05,90,1\n", "names no unit"),
        ("Charger,Start,End,kWh\nA,2026-11-02 14:05,2026-11-02 15:05,1 h\n", "is no number"),
        ("Charger,Start,End,kWh\nA,2026-11-02 14:05,2026-11-02 15:05,5 kW\n", "not in Wh or kWh"),
        ("Charger,Start,End,kWh\nTotal,,,912\n", "no start"),
        ("Charger,Start,End,kWh\nA,26-11-02 14:05,26-11-02 15:05,5\n", "no year of four digits"),
    ],
)
def test_what_may_mean_two_things_is_refused(text, why, tmp_path):
    with pytest.raises(RowUnusable, match=why):
        read(tmp_path, text)
