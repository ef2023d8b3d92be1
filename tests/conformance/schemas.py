"""The official schemas, read here for themselves, formats too; no code of ours is shared."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs

_FOLDERS = {"1.6": "v16", "2.0.1": "v201"}
_REQUESTS = {"1.6": "", "2.0.1": "Request"}


@cache
def _validator(version: str, name: str) -> Any:
    file = resources.files("ocpp") / _FOLDERS[version] / "schemas" / f"{name}.json"
    schema = json.loads(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    # Draft 6 (2.0.1) counts 1.0 as an integer, which firmware does not; formats are checked.
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def request_fault(version: str, action: str, payload: Any) -> str | None:
    """Returns what is wrong with a request, None if nothing is."""
    return _fault(version, action + _REQUESTS[version], payload)


def response_fault(version: str, action: str, payload: Any) -> str | None:
    """Returns what is wrong with a response, None if nothing is."""
    return _fault(version, f"{action}Response", payload)


def has_status(version: str, action: str) -> bool:
    """Whether the response to an action has a plain `status` that may be Accepted."""
    return response_fault(version, action, {"status": "Accepted"}) is None


def _fault(version: str, name: str, payload: Any) -> str | None:
    try:
        validator = _validator(version, name)
    except FileNotFoundError:
        return f"there is no {name} in OCPP {version}"
    error = next(iter(validator.iter_errors(payload)), None)
    if error is None:
        return None
    return f"{name}/{'/'.join(map(str, error.instance_path))}: {error.message:.300}"
