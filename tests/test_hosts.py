"""An address belongs to the neighbour with the most specific entry."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.hosts import CACHED, HostTable
from sidecar.settings.schema import Settings

PBX, CARRIER, BACKUP = ("pbx", "main"), ("trunk", "carrier"), ("trunk", "backup")


def table(pbx: list[str], carrier: list[str], backup: list[str] | None = None) -> HostTable:
    trunks = {"carrier": carrier, "backup": backup or ["203.0.113.99"]}
    return HostTable(
        Settings.model_validate(
            {
                "sip": {"listen": ["udp://127.0.0.1:5070"]},
                "pbx": {"main": {"uri": "sip:127.0.0.1:5080", "hosts": pbx}},
                "trunk": {name: {"uri": "sip:x", "hosts": own} for name, own in trunks.items()},
            }
        )
    )


def test_a_port_on_an_address_goes_before_the_address():
    hosts = table(["127.0.0.1:5080"], ["127.0.0.1"])

    assert hosts.find("127.0.0.1", 5080) == PBX
    assert hosts.find("127.0.0.1", 5081) == CARRIER


def test_an_address_goes_before_its_network_and_a_narrow_network_before_a_wide_one():
    hosts = table(["10.0.0.7"], ["10.0.0.0/8"], ["10.0.0.0/24"])

    assert hosts.find("10.0.0.7", 5060) == PBX
    assert hosts.find("10.0.0.8", 5060) == BACKUP
    assert hosts.find("10.0.1.8", 5060) == CARRIER


def test_a_stranger_is_nobody():
    hosts = table(["10.0.0.7"], ["10.1.0.0/16", "2001:db8::/32"])

    assert hosts.find("10.0.0.8", 5060) is None
    assert hosts.find("2001:db9::1", 5060) is None


def test_a_port_on_another_port_is_a_stranger():
    assert table(["10.0.0.7:5080"], ["10.1.0.0/16"]).find("10.0.0.7", 5060) is None


@pytest.mark.parametrize("entry", ["2001:db8::7", "2001:DB8:0::7", "[2001:db8::7]:5060"])
def test_ipv6_is_compared_as_numbers(entry):
    assert table([entry], ["10.1.0.0/16"]).find("2001:db8::7", 5060) == PBX


@pytest.mark.parametrize("entry", ["10.0.0.7", "::ffff:10.0.0.7", "[::ffff:10.0.0.7]:5060"])
def test_ipv4_mapped_into_ipv6_is_the_ipv4_address(entry):
    hosts = table([entry], ["192.0.2.0/24"])

    assert hosts.find("10.0.0.7", 5060) == PBX
    assert hosts.find("::ffff:10.0.0.7", 5060) == PBX


@pytest.mark.parametrize("address", ["", "pbx.example", "10.0.0", "10.0.0.7.1"])
def test_what_is_no_address_is_nobody(address):
    assert table(["0.0.0.0/0"], ["::/0"]).find(address, 5060) is None


def test_everyone_is_the_last_resort_of_each_version():
    hosts = table(["0.0.0.0/0"], ["::/0"], ["10.0.0.0/8"])

    assert hosts.find("192.0.2.1", 1) == PBX
    assert hosts.find("10.0.0.1", 1) == BACKUP
    assert hosts.find("2001:db8::1", 1) == CARRIER


def test_a_flood_of_strangers_is_not_kept():
    hosts = table(["10.0.0.7"], ["192.0.2.0/24"])

    for port in range(1, CACHED * 2):
        hosts.find("198.51.100.1", port)

    assert hosts.find.cache_info().currsize == CACHED
    assert hosts.find("10.0.0.7", 5060) == PBX


ENTRIES = st.tuples(
    st.integers(0, 15).map(lambda last: f"10.0.0.{last}"), st.sampled_from([None, 28, 30, 5060])
)


def written(entry: tuple[str, int | None]) -> str:
    address, how = entry
    if how is None:
        return address
    if how > 32:
        return f"{address}:{how}"
    return str(ipaddress.ip_network(f"{address}/{how}", strict=False))


@given(
    st.lists(ENTRIES, min_size=3, max_size=12, unique_by=written),
    st.integers(0, 15),
    st.sampled_from([5060, 5061]),
)
def test_it_finds_what_looking_at_every_entry_finds(entries, last, port):
    texts = [written(entry) for entry in entries]
    shares = [texts[::3], texts[1::3], texts[2::3]]
    address = ipaddress.ip_address(f"10.0.0.{last}")

    found = table(*shares).find(str(address), port)

    fitting = []
    for neighbour, share in zip((PBX, CARRIER, BACKUP), shares, strict=True):
        for text in share:
            network, _, only_port = text.partition(":")
            if address in ipaddress.ip_network(network) and only_port in ("", str(port)):
                width = ipaddress.ip_network(network).prefixlen
                fitting.append(((bool(only_port), width), neighbour))
    assert found == (max(fitting)[1] if fitting else None)
