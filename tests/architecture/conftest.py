from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the work tree that the tests stand in."""
    return Path(__file__).resolve().parents[2]
