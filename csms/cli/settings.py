"""`csms settings`: every setting with its default and what it means."""

from __future__ import annotations

from typing import Any


def settings() -> None:
    """Print every setting: its name in a TOML file, its environment variable, its default."""
    from csms.config import Settings

    print("\n".join(describe(Settings)))


def describe(model: Any, prefix: str = "") -> list[str]:  # noqa: ANN401 - a pydantic model
    """Returns a Markdown table of a model's settings, nested ones included."""
    lines = ["| setting | environment | default | meaning |", "|---|---|---|---|"]
    return lines + _rows(model, prefix)


def _rows(model: Any, prefix: str) -> list[str]:  # noqa: ANN401 - a pydantic model
    rows: list[str] = []
    for name, field in model.model_fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        if nested:
            rows += _rows(field.annotation, f"{prefix}{name}.")
            continue
        variable = "CSMS_" + f"{prefix}{name}".upper().replace(".", "__")
        default = field.get_default(call_default_factory=True)
        shown = "none" if default is None else f"`{default}`"
        rows.append(f"| `{prefix}{name}` | `{variable}` | {shown} | {field.description} |")
    return rows
