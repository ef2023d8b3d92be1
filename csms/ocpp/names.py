"""Names of the wire as ours: camelCase keys of payloads as snake_case, for operators to read."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(payload: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns JSON with its keys in snake_case; a vendor's own data keep theirs."""
    if isinstance(payload, dict):
        return {
            _snake(key): value if key in {"customData", "data"} else snake_case(value)
            for key, value in payload.items()
        }
    if isinstance(payload, list):
        return [snake_case(each) for each in payload]
    return payload


@lru_cache(maxsize=2048)
def _snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()
