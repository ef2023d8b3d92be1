"""Secrets are found by the form of what holds them, in any version and in our own operations."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.secrets import HIDDEN, holds_secret, redacted, without_secrets
from csms.ocpp.secrets import password_in, redacted_frame
from csms.ocppj.version import Version

SECRET = "s3cret-s3cret"
PASSWORD_201 = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
KEY = f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----\n"

PAYLOADS = {
    "1.6 key": {"key": "AuthorizationKey", "value": SECRET},
    "1.6 key, other case": {"key": "authorizationKEY", "value": SECRET},
    "1.6 vendor key": {"key": "WifiPassword", "value": SECRET},
    "1.6 told": {"configurationKey": [{"key": "AuthorizationKey", "value": SECRET}]},
    "2.0.1 set": {"setVariableData": [{**PASSWORD_201, "attributeValue": SECRET}]},
    "2.0.1 told": {"getVariableResult": [{**PASSWORD_201, "attributeValue": SECRET}]},
    "2.0.1 report": {
        "reportData": [{**PASSWORD_201, "variableAttribute": [{"type": "Actual", "value": SECRET}]}]
    },
    "2.0.1 event": {"eventData": [{**PASSWORD_201, "actualValue": SECRET}]},
    "2.0.1 network": {
        "connectionData": {
            "apn": {"apn": "x", "apnPassword": SECRET, "simPin": 1234},
            "vpn": {"server": "x", "user": "u", "password": SECRET, "key": SECRET},
        }
    },
    "typed": {"variables": [{"variable": "AuthorizationKey", "value": SECRET}]},
    "typed result": {"set_variable_result": [{**PASSWORD_201, "attribute_value": SECRET}]},
    "rotation": {"password": SECRET},
    "location": {"location": f"ftp://user:{SECRET}@files.example/a/b?c=d"},
    "user alone": {"remoteLocation": f"sftp://{SECRET}@files.example/"},
    "private key": {"data": f"text {KEY} text"},
    "cut private key": {"data": f"-----BEGIN PRIVATE KEY-----\n{SECRET}"},
}
HARMLESS = {
    "1.6 key": {"key": "HeartbeatInterval", "value": "300"},
    "asked for": {"key": ["AuthorizationKey", "HeartbeatInterval"]},
    "location": {"location": "https://files.example/fw@2.bin"},
    "certificate": {"certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"},
    "mail": {"data": "write to who@example.com"},
    "other variable": {
        "setVariableData": [
            {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "OrganizationName"},
                "attributeValue": "Acme",
            }
        ]
    },
    "nothing": {"password": None},
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_secret_is_hidden_and_the_form_stays(name):
    payload = PAYLOADS[name]
    shown = redacted(payload)
    assert SECRET not in str(shown)
    assert "1234" not in str(shown)
    assert HIDDEN in str(shown)
    assert shown.keys() == payload.keys()
    assert holds_secret(payload)
    assert SECRET in str(payload)  # what is to leave is left as it is
    assert redacted(shown) == shown


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_secret_is_the_very_same_object(name):
    assert redacted(HARMLESS[name]) is HARMLESS[name]
    assert not holds_secret(HARMLESS[name])


def test_names_and_statuses_beside_a_password_stay():
    entry = {**PASSWORD_201, "attributeType": "Actual", "attributeStatus": "Accepted"}
    payload = {"setVariableResult": [{**entry, "attributeValue": SECRET}]}
    assert redacted(payload) == {"setVariableResult": [{**entry, "attributeValue": HIDDEN}]}


def test_an_address_keeps_all_but_its_credentials():
    text = "get ftp://me:pw@host/path and https://host/x, then ws://a:b@c"
    assert without_secrets(text) == "get ftp://***@host/path and https://host/x, then ws://***@c"


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_frame_is_kept_without_its_secret(name):
    text = json.dumps([2, "id", "Any", PAYLOADS[name]])
    shown = redacted_frame(text)
    assert SECRET not in shown
    assert json.loads(shown)[:3] == [2, "id", "Any"]


def test_a_frame_with_escapes_hides_nothing_from_us():
    key = '[2,"i","ChangeConfiguration",{"key":"Authorization\\u004bey","value":"SECRET"}]'
    address = '[2,"i","X",{"location":"ftp:\\/\\/u:SECRET@h"}]'
    assert "SECRET" not in redacted_frame(key)
    assert "SECRET" not in redacted_frame(address)


def test_what_is_no_json_and_may_hold_a_secret_is_not_kept():
    assert redacted_frame('[2,"i","X",{"AuthorizationKey":"' + SECRET) == HIDDEN
    assert redacted_frame("not json") == "not json"


@pytest.mark.parametrize("text", ['[2,"i","Heartbeat",{}]', '[3,"i",{"status":"Accepted"}]'])
def test_a_harmless_frame_is_the_very_same_text(text):
    assert redacted_frame(text) is text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "value", "variable", "name", "password", "vpn", "x"])
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_taken_and_a_second_time_changes_nothing(payload):
    once = redacted(payload)
    assert redacted(once) == once


def test_the_password_in_a_call():
    change = {"key": "authorizationkey", "value": "00ff"}
    assert password_in(Version.V16, "ChangeConfiguration", change) == "00ff"
    other = {"key": "HeartbeatInterval", "value": "1"}
    assert password_in(Version.V16, "ChangeConfiguration", other) is None
    assert password_in(Version.V16, "Reset", {"type": "Soft"}) is None
    short = {"component": {"name": "SecurityCtrl"}, "variable": {"name": "BasicAuthPassword"}}
    payload = {"setVariableData": [{**short, "attributeValue": SECRET}]}
    assert password_in(Version.V201, "SetVariables", payload) == SECRET
    target = {"setVariableData": [{**short, "attributeType": "Target", "attributeValue": "x"}]}
    assert password_in(Version.V201, "SetVariables", target) is None
    assert password_in(Version.V201, "SetVariables", {}) is None
    assert password_in(Version.V201, "SetVariables", {"setVariableData": [7]}) is None
