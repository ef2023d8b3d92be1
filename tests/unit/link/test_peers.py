"""Who is at the other end: by the socket, or by the headers of a listed proxy."""

from __future__ import annotations

import ipaddress
from types import SimpleNamespace

import pytest
from websockets.datastructures import Headers

from csms.link.peers import ClientCertificate, Proxies, distinguished, plain_serial

PROXIES = Proxies((ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")))
VERIFIED = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "CN=CP1,O=Acme"}
HTTPS = {"X-Forwarded-Proto": "https"}


def a_connection(address="10.0.0.1"):
    transport = SimpleNamespace(get_extra_info=lambda name: None)
    return SimpleNamespace(remote_address=(address, 4711), transport=transport)


def peer_of(headers, address="10.0.0.1", proxies=PROXIES):
    return proxies.peer_of(a_connection(address), Headers(headers))


@pytest.mark.parametrize("address", ["10.1.2.3", "::1", "::ffff:10.0.0.9"])
def test_a_listed_proxy_is_believed(address):
    peer = peer_of(HTTPS | VERIFIED | {"X-Forwarded-For": "203.0.113.7"}, address)
    assert peer.is_proxied
    assert peer.is_secure
    assert peer.address == "203.0.113.7"
    assert peer.certificate == ClientCertificate("CP1", "Acme")


@pytest.mark.parametrize("address", ["11.0.0.1", "192.168.0.1", "::2", "?", "nonsense"])
def test_nobody_else_is(address):
    peer = peer_of(HTTPS | VERIFIED | {"X-Forwarded-For": "203.0.113.7"}, address)
    assert (peer.address, peer.is_secure, peer.certificate) == (address, False, None)
    assert not peer.is_proxied


@pytest.mark.parametrize(
    ("hops", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("203.0.113.7:51000", "203.0.113.7"),
        ("unknown", "10.0.0.1"),
        ("203.0.113.7, unknown", "10.0.0.1"),
        ("10.0.0.5", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_the_last_hop_that_is_no_proxy_of_ours(hops, address):
    assert peer_of({"X-Forwarded-For": hops}).address == address


@pytest.mark.parametrize("protocol", ["http", "ws", "", "https, http", "HTTPSX"])
def test_without_https_there_is_no_certificate(protocol):
    peer = peer_of(VERIFIED | {"X-Forwarded-Proto": protocol})
    assert not peer.is_secure
    assert peer.certificate is None


@pytest.mark.parametrize("verified", ["FAILED:expired", "NONE", "success", ""])
def test_what_the_proxy_has_not_verified_proves_nothing(verified):
    assert peer_of(HTTPS | VERIFIED | {"X-SSL-Client-Verify": verified}).certificate is None


def test_a_header_that_comes_twice_proves_nothing():
    headers = Headers(HTTPS | VERIFIED)
    headers["X-SSL-Client-S-DN"] = "CN=CP2"
    assert PROXIES.peer_of(a_connection(), headers).certificate is None


def test_the_headers_have_the_names_that_are_set():
    proxies = Proxies(PROXIES.networks, "X-Verified", "X-Subject", "X-Serial")
    headers = HTTPS | {"X-Verified": "SUCCESS", "X-Subject": "CN=CP1", "X-Serial": "0a:FF"}
    assert peer_of(headers, proxies=proxies).certificate == ClientCertificate("CP1", None, "AFF")
    assert peer_of(HTTPS | VERIFIED, proxies=proxies).certificate is None


@pytest.mark.parametrize(
    ("name", "common_name"),
    [
        ("CN=CP1,O=Acme", "CP1"),
        ("O=Acme, CN=CP1", "CP1"),
        ("/C=SE/O=Acme/CN=CP1", "CP1"),
        ("/O=Acme/CN=CP/1", "CP/1"),
        (r"CN=CP\,1,O=Acme", "CP,1"),
        ("cn=CP1", "CP1"),
        ("CN=CP1+O=Acme", "CP1"),
        (r"O=Acme\,CN=CP2,CN=CP1", "CP1"),
        ("CN=CP1,CN=CP2", None),
        ("O=Acme", None),
        ("", None),
    ],
)
def test_a_subject_names_one_station_or_none(name, common_name):
    headers = HTTPS | VERIFIED | {"X-SSL-Client-S-DN": name}
    certificate = peer_of(headers).certificate
    assert certificate is not None
    assert certificate.common_name == common_name


def test_parts_of_a_name():
    assert distinguished(r"CN=a\+b,O=\"x\"") == [("CN", "a+b"), ("O", '"x"')]


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("00:0A:ff", "AFF"),
        ("0x0aFF", "AFF"),
        ("0", "0"),
        ("xyz", None),
        ("", None),
        ("1" * 99, None),
    ],
)
def test_serial_numbers_compare_in_one_form(text, serial):
    assert plain_serial(text) == serial
