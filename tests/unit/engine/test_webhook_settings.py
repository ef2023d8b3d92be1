"""What may be set of a webhook, and how a mistake is told."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from csms.config import load_settings
from csms.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "name": "ops",
    "url": "https://ops.example.com/alerts",
    "secret": "sixteen letters, or more",
}


@pytest.fixture
def load(tmp_path: Path):
    def load_text(*webhooks: dict[str, Any]) -> Any:
        lines = []
        for webhook in webhooks:
            lines.append("[[webhooks]]")
            lines += [f"{name} = {value!r}" for name, value in webhook.items()]
        file = tmp_path / "csms.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        return load_settings(file, {}).webhooks

    return load_text


def test_a_webhook_becomes_a_hook_with_its_key(load):
    (webhook,) = load({**GOOD, "kinds": ["OVER_LIMIT"], "severities": ["major"], "sites": ["a*"]})
    hook = webhook.hook()
    assert (hook.name, hook.secret) == ("ops", GOOD["secret"].encode())
    assert (hook.kinds, hook.severities, hook.sites) == ({"OVER_LIMIT"}, {"major"}, ("a*",))


def test_a_secret_may_be_base64_after_its_prefix_and_is_never_printed(load):
    key = bytes(range(24))
    secret = "whsec_" + base64.b64encode(key).decode()
    (webhook,) = load({**GOOD, "secret": secret})
    assert webhook.hook().secret == key
    assert secret not in repr(webhook)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("name", "Ops Team", "webhooks.0.name: "),
        ("url", "ftp://ops.example.com", "webhooks.0.url: must be a URL such as https://"),
        ("url", "https://", "webhooks.0.url: must be a URL such as https://"),
        ("url", "https://ops.example.com:99999/", "webhooks.0.url: is no URL"),
        ("url", "https://me:pw@ops.example.com/", "webhooks.0.url: must name no user"),
        ("url", "https://ops.example.com/a b", "webhooks.0.url: must have no spaces"),
        ("secret", "short", "webhooks.0.secret: must have 16 bytes or more"),
        ("secret", "whsec_???", "webhooks.0.secret: must be base64 after whsec_"),
        ("kinds", ["OVER"], "webhooks.0.kinds.0: 'OVER' is no kind of alert; there are OVER_LIMIT"),
        ("severities", ["bad"], "webhooks.0.severities.0: "),
        ("changes", ["gone"], "webhooks.0.changes.0: "),
        ("verify", False, "webhooks.0.verify: there is no such setting"),
    ],
)
def test_a_mistake_names_the_webhook_and_the_field(load, name, value, told):
    with pytest.raises(SettingsError) as error:
        load({**GOOD, name: value if value is not False else "no"})
    assert told in str(error.value)
    assert GOOD["secret"] not in str(error.value)


def test_two_webhooks_of_one_name_are_refused(load):
    with pytest.raises(SettingsError, match="two webhooks have the name 'ops'"):
        load(GOOD, GOOD)
