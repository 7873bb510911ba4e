"""Ports and the data folder, as read from the environment."""

import socket

import pytest

from controlplane.embedded.errors import PortTaken, SettingInvalid
from controlplane.embedded.options import PROJECT_ROOT, Options, Ports, check_ports
from tests.ports import free_ports


def test_defaults_are_those_of_the_documentation() -> None:
    options = Options.read({})
    assert options.data == PROJECT_ROOT / ".data"
    assert options.ports == Ports(
        control_plane=8000, agent_server=8123, postgres=5433, valkey=6380, model=8124
    )


def test_environment_moves_the_data_and_the_ports() -> None:
    options = Options.read({"THREADPLANE_DATA": "/srv/threadplane", "VALKEY_PORT": "7001"})
    assert str(options.data) == "/srv/threadplane"
    assert options.ports.valkey == 7001


def test_port_zero_means_any_free_one() -> None:
    ports = Ports.read({"MODEL_PORT": "0"})
    assert ports.model > 0
    check_ports(ports, ("model",))


@pytest.mark.parametrize("port", ["eighty", "-1", "65536", "80.5"])
def test_nonsense_is_refused_by_name(port: str) -> None:
    with pytest.raises(SettingInvalid, match="LANGGRAPH_PORT"):
        Ports.read({"LANGGRAPH_PORT": port})


def test_taken_port_is_named_with_who_wanted_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as refusal:
            check_ports(Ports(valkey=port), ("valkey",))
        assert str(refusal.value) == (
            f"port {port} on 127.0.0.1 is taken; valkey wanted it: free it or set VALKEY_PORT"
        )
        check_ports(Ports(valkey=port), ("migrate", "worker"))


def test_two_parts_cannot_share_a_port() -> None:
    (port,) = free_ports(1)
    with pytest.raises(PortTaken, match=f"port {port} is wanted by postgres and by model: change MODEL_PORT"):
        check_ports(Ports(postgres=port, model=port), ("postgres", "model"))
