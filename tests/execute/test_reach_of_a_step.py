"""What a step may reach: which grants its permissions are, here and now."""

from __future__ import annotations

import pytest

from bot.execute.sandbox.walls import Host, granted, hosts_of, may_lead_to, places_of
from bot.terms import Refused

ENVIRONMENT = {
    "TARGET": "http://127.0.0.1:4100",
    "MANY": "http://10.0.0.5:4100, deploy.internal:8080 https://api.internal",
    "NAME": "deploy.internal",
    "EMPTY": "",
    "DATA": "/srv/data",
    "RELATIVE": "data",
}


@pytest.mark.parametrize(
    ("entry", "means"),
    [
        pytest.param("api.example.com:8443", ["api.example.com:8443"], id="a host and its port"),
        pytest.param("API.Example.com.", ["api.example.com:80", "api.example.com:443"], id="the usual ports"),
        pytest.param("[::1]:80", ["[::1]:80"], id="an address"),
        pytest.param("${env.TARGET}", ["127.0.0.1:4100"], id="a URL of the environment"),
        pytest.param("${env.NAME}:8080", ["deploy.internal:8080"], id="a name of it, with a port"),
        pytest.param("${env.EMPTY}", [], id="empty grants nothing"),
        pytest.param("${env.ABSENT}:80", [], id="unset grants nothing"),
        pytest.param(
            "${env.MANY}", ["10.0.0.5:4100", "deploy.internal:8080", "api.internal:443"], id="several"
        ),
    ],
)
def test_hosts(entry: str, means: list[str]) -> None:
    assert [str(host) for host in hosts_of([entry], ENVIRONMENT)] == means


def test_only_what_the_workers_environment_says_is_trusted() -> None:
    assert [host.trusted for host in hosts_of(["${env.TARGET}", "example.com:443"], ENVIRONMENT)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("entry", ["", "http://", "host:99999", "[::1"])
def test_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(Refused, match="is no host"):
        hosts_of([entry], ENVIRONMENT)


@pytest.mark.parametrize(
    ("name", "port", "yes"),
    [
        pytest.param("example.com", 443, True, id="itself"),
        pytest.param("EXAMPLE.com.", 443, True, id="spelt otherwise"),
        pytest.param("example.com", 444, False, id="another port"),
        pytest.param("www.example.com", 443, False, id="below it"),
        pytest.param("example.com.evil.net", 443, False, id="beginning with it"),
        pytest.param("", 443, False, id="nothing"),
    ],
)
def test_a_grant_is_one_host_and_one_port(name: str, port: int, yes: bool) -> None:
    assert (granted(name, port, [Host("example.com", 443)]) is not None) == yes


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("127.8.9.10", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::169.254.169.254", False),
        ("2002:7f00:1::", False),
        ("::127.0.0.1", False),
    ],
)
def test_a_name_may_lead_to_the_world_and_not_into_this_network(address: str, public: bool) -> None:
    host = Host("api.example.com", 443)
    assert may_lead_to(host, address, [host]) == public


def test_an_address_granted_for_another_port_does_not_help_a_name() -> None:
    host = Host("db.example.com", 5432)
    assert may_lead_to(host, "10.0.0.5", [host, Host("10.0.0.5", 5432)])
    assert not may_lead_to(host, "10.0.0.5", [host, Host("10.0.0.5", 22)])


def test_places() -> None:
    entries = ["/srv/cache/", "${env.DATA}/in", "${env.ABSENT}/x", "${env.EMPTY}"]
    assert places_of(entries, ENVIRONMENT) == ("/srv/cache", "/srv/data/in")


@pytest.mark.parametrize("entry", ["relative", "/srv/../etc", "${env.RELATIVE}/x", "${env.DATA}/../../etc"])
def test_a_place_that_leads_elsewhere_is_refused(entry: str) -> None:
    with pytest.raises(Refused, match="no absolute path"):
        places_of([entry], ENVIRONMENT)
