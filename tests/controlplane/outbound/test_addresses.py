"""Which addresses may be asked, however they are written."""

from ipaddress import ip_address

import pytest

from controlplane.outbound.addresses import may_be_asked, resolve
from controlplane.outbound.errors import AddressRefused
from tests.hostile_addresses import INSIDE, OUTSIDE


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address):
    assert not may_be_asked(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_may_be_asked(address):
    assert may_be_asked(ip_address(address))


def test_only_the_network_that_is_let_in_may_be_asked():
    assert may_be_asked(ip_address("10.1.2.3"), private=["10.1.0.0/16"])
    assert not may_be_asked(ip_address("10.2.2.3"), private=["10.1.0.0/16"])
    assert may_be_asked(ip_address("::ffff:10.1.2.3"), private=["10.1.0.0/16"])


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0x7f.1", "[::1]".strip("[]"), "0"],
)
async def test_other_ways_to_write_an_address_inside_are_refused(host):
    with pytest.raises(AddressRefused):
        await resolve(host, 80)


async def test_one_address_inside_among_public_ones_is_enough():
    async def both(host, port):
        return ["1.1.1.1", "10.0.0.1"]

    with pytest.raises(AddressRefused):
        await resolve("provider.test", 443, resolver=both)
    with pytest.raises(AddressRefused):
        await resolve("a" * 64 + ".test", 443)
