"""The ports of Pods: a full list at each change, in which two ports are always put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import missing, unavailable
from .instance_moves import check_free, check_state
from .instance_reads import instance_at
from .params import Params
from .registry import Response, action

if TYPE_CHECKING:
    from .world import World

ALWAYS = {"HttpPorts": 8888, "TcpPorts": 23}
MOST = 10


@action("UpdateCompShareInstancePorts", required=("Region", "Zone", "UHostId"))
def update_ports(world: World, params: Params) -> Response:
    """Replace the ports of a running Pod. What is not sent stays, or is gone, by the dialect."""
    instance = instance_at(world, params)
    if not instance.is_pod:
        raise unavailable("UHostId")
    if params.text("zone_id") is None and world.dialect.is_("ports_zone_id", "required"):
        raise missing("zone_id")
    check_free(world, instance)
    check_state(instance, "Running")
    before = instance.row["Ports"]
    kept = world.dialect.is_("ports_missing", "kept")
    after: dict[str, list[int]] = {}
    for name in ("HttpPorts", "TcpPorts", "UdpPorts"):
        sent = _ports(params, name) if params.has_list(name) or not kept else list(before[name])
        after[name] = [*sent, *(port for port in (ALWAYS.get(name),) if port is not None and port not in sent)]
    instance.row["Ports"] = after
    host = instance.row["IngressHost"]
    return {
        "UHostId": instance.identifier,
        "AddedServicePorts": _difference(after, before),
        "RemovedServicePorts": _difference(before, after),
        "AddedIngresses": [port for port in after["HttpPorts"] if port not in before["HttpPorts"]] or None,
        "IngressHosts": [f"{port}-{host}" for port in after["HttpPorts"]],
        "TcpForwards": [{"InternalPort": port, "ExternalPort": 20000 + port % 10000} for port in after["TcpPorts"]],
    }


def _ports(params: Params, name: str) -> list[int]:
    ports = list(dict.fromkeys(params.integers(name)))
    if len(ports) > MOST or any(not 1 <= port <= 65535 for port in ports):
        raise unavailable(name)
    return ports


def _difference(one: dict[str, list[int]], other: dict[str, list[int]]) -> list[Any] | None:
    return [port for name, ports in one.items() for port in ports if port not in other[name]] or None
