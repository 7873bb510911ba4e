"""Which addresses may be asked, and what a look-up means for a request."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from graphs.outbound.addresses import Guard, Lookup, is_public
from graphs.outbound.errors import AddressRefused, NoAnswer
from tests.hostile_addresses import INSIDE, OUTSIDE


def finds(*addresses: str) -> Lookup:
    async def lookup(host: str, port: int) -> Sequence[str]:
        return addresses

    return lookup


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
async def test_public_addresses_may_be_asked(address: str):
    assert is_public(ip_address(address))
    place = await Guard(lookup=finds(address)).place_of("page.test", 443)
    assert ip_address(place) == ip_address(address)


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 11211, 65535])
async def test_ports_of_other_services_are_refused(port: int):
    with pytest.raises(AddressRefused):
        await Guard(lookup=finds("1.1.1.1")).place_of("page.test", port)


async def test_network_that_is_let_in_is_asked_on_any_port_and_no_other_network():
    private = (ip_network("10.1.0.0/16"),)
    for address in ("10.1.2.3", "::ffff:10.1.2.3"):
        place = await Guard(private=private, lookup=finds(address)).place_of("page.test", 5000)
        assert ip_address(place) == ip_address(address)
    with pytest.raises(AddressRefused):
        await Guard(private=private, lookup=finds("10.2.2.3")).place_of("page.test", 80)


@pytest.mark.parametrize("found", [(), ("1.1.1.1", "10.0.0.1"), ("10.0.0.1", "1.1.1.1")])
async def test_one_address_inside_or_none_is_enough_for_a_refusal(found: tuple[str, ...]):
    with pytest.raises(AddressRefused):
        await Guard(lookup=finds(*found)).place_of("page.test", 443)


async def test_names_that_nobody_can_look_up():
    with pytest.raises(AddressRefused):
        await Guard().place_of("a" * 64 + ".test", 443)

    async def fail(host: str, port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(NoAnswer):
        await Guard(lookup=fail).place_of("page.test", 443)
