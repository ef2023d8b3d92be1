"""Faults at the same time: none may break a station, and the same seed gives the same bytes."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest
from unit.simulator.faults.odd import OddLab

from simulator.errors import SimulatorError
from simulator.faults.catalogue import FAULTS
from simulator.faults.effects import HONEST
from simulator.running.opening import Target, TlsFiles

BY_CHANCE = [
    "transaction-0-at-random%0.5",
    "answers-half",
    "boot-loop",
    "flapping-link",
    "replay-out-of-order",
    "start-twice%0.3",
]


def possible(version):
    return [name for name, fault in FAULTS.items() if version in fault.versions]


def test_all_faults_at_once_leave_a_station_that_goes_on(version):
    room = OddLab(version, possible(version), next_car_s=200, stays=100)
    room.run(500)
    assert room.texts
    assert room.station.wake_at > room.now - 1


@pytest.mark.parametrize("seed", range(4))
def test_some_faults_at_once_leave_a_station_that_goes_on(version, seed):
    names = Random(seed).sample(possible(version), 12)  # noqa: S311 - no secrets
    room = OddLab(version, names, next_car_s=200, stays=100, seed=seed)
    room.run(600)
    before = room.now
    room.run(60)
    assert room.now == before + 60


def test_the_same_seed_gives_the_same_texts_and_another_one_others(version):
    faults = [each for each in BY_CHANCE if each.partition("%")[0] in possible(version)]

    def texts(seed):
        room = OddLab(version, faults, next_car_s=200, stays=100, seed=seed)
        room.run(900)
        room.ask("ClearCache", {})
        return room.texts

    first = texts(1)
    assert first == texts(1)
    assert first != texts(2)


def test_each_effect_is_neutral_where_it_is_not_on():
    for fault in FAULTS.values():
        assert fault.effects.with_(HONEST) == fault.effects
        assert HONEST.with_(fault.effects) == fault.effects


def test_tls_files_that_cannot_be_used_are_told_by_their_option(tmp_path):
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    for files, word in (
        (TlsFiles(ca_file=tmp_path / "gone.pem"), "--ca-file"),
        (TlsFiles(ca_file=broken), "no usable PEM"),
        (TlsFiles(client_cert=broken), "--client-cert"),
        (TlsFiles(client_key=broken), "--client-key"),
        (TlsFiles(client_cert=broken), "a key in a file of its own is --client-key"),
    ):
        with pytest.raises(SimulatorError, match=word) as caught:
            files.context()
        assert "\n" not in str(caught.value)
    with pytest.raises(SimulatorError, match="cannot be used"):
        TlsFiles().context_as("chain", "key")
    assert not TlsFiles(is_insecure=True).context().check_hostname


def test_a_target_knows_whether_it_is_secure_and_escapes_the_id():
    assert Target("WSS://host/x").is_secure
    assert not Target("ws://host/x").is_secure
    assert Target("ws://host/x/").of("a/b c") == "ws://host/x/a%2Fb%20c"


def test_the_page_of_faults_can_be_made_from_the_command_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Faults\n", encoding="utf-8")
    command = [sys.executable, "-m", "simulator.faults.page", str(page)]
    subprocess.run(command, check=True)
    assert page.read_text(encoding="utf-8").startswith("# Faults\n## Limits")
