"""``ansible-inventory --list`` over instances, by our plugin and by others that add the same hosts."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.tools.trees import ROOT, link_tree

from . import chart
from .frame import Goal, Samples, Section, measured_in_turn, table
from .processes import run
from .worlds import LATENCY_MS, Simulator, new_world, requests_of, simulator

SIZES = (100, 1000, 2000, 5000)
GOAL_SIZE = 2000
PAGE = 100
YAML, CHEAPEST, COLD, CACHED = KINDS = ("static YAML", "cheapest plugin", "cold", "cached")
#: A static YAML file of more hosts takes minutes.
MOST_YAML = 1000
PLUGINS = ROOT / "tests/benchmarks/inventory_plugins"


class Sources:
    """Inventories of the instances of one world, as files in a folder."""

    def __init__(self, folder: Path, running: Simulator, instances: int) -> None:
        self.world = new_world(running, latency_ms=LATENCY_MS, types="mixed", counts={"instances": instances})
        self.instances = instances
        self.variables = {
            "ANSIBLE_COLLECTIONS_PATH": str(link_tree()),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_PLUGINS": str(PLUGINS),
            "ANSIBLE_INVENTORY_ENABLED": "compshare.cloud.compshare,cheapest,ansible.builtin.yaml",
        }
        self.files = {
            YAML: folder / "static.yml",
            CHEAPEST: folder / "hosts.cheapest.json",
            COLD: folder / "cold.compshare.yml",
            CACHED: folder / "cached.compshare.yml",
        }
        plugin = {"plugin": "compshare.cloud.compshare"}
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder / "cache")}
        self.files[COLD].write_text(yaml.safe_dump(plugin))
        self.files[CACHED].write_text(yaml.safe_dump({**plugin, **cache}))
        # Fills the cache, too.
        self.hosts = self._listed(CACHED)[1]
        self.files[CHEAPEST].write_text(json.dumps(self.hosts), encoding="utf-8")
        static = {"all": {"hosts": self.hosts}}
        self.files[YAML].write_text(yaml.safe_dump(static, allow_unicode=True), encoding="utf-8")

    def measure(self, name: str) -> Mapping[str, float]:
        """The seconds of one ``ansible-inventory --list``, and the requests that it sent."""
        requests_of(self.world)
        seconds, hosts = self._listed(name)
        if len(hosts) != self.instances or hosts != self.hosts:
            raise AssertionError(f"{name}: the hosts are not those of the {self.instances} instances.")
        return {"seconds": seconds, "requests": requests_of(self.world)}

    def _listed(self, name: str) -> tuple[float, dict[str, Any]]:
        command = [sys.executable, "-m", "ansible.cli.inventory", "-i", str(self.files[name]), "--list"]
        seconds, printed = run(command, self.world, self.variables)
        return seconds, json.loads(printed, object_hook=_plain)["_meta"]["hostvars"]


def _plain(value: dict[str, Any]) -> Any:
    """Text that no template may come from is marked from ansible-core 2.19 on; that of a static file is not."""
    return value["__ansible_unsafe"] if value.keys() == {"__ansible_unsafe"} else value


def section(rounds: int, sizes: tuple[int, ...] = SIZES) -> Section:
    """Time and requests of the inventory by the number of instances, without a cache and with one."""
    with simulator() as running, tempfile.TemporaryDirectory() as folder:
        things: dict[str, Callable[[], Mapping[str, float]]] = {}
        for size in sizes:
            place = Path(folder, str(size))
            place.mkdir()
            sources = Sources(place, running, size)
            things |= {f"{name} {size}": lambda n=name, s=sources: s.measure(n) for name in _kinds(size)}
        measured = measured_in_turn(things, rounds, warm_up=False)
    by_size = {size: {name: measured[f"{name} {size}"] for name in _kinds(size)} for size in sizes}
    ratios = {size: {name: _ratio(figures, name) for name in (COLD, CACHED)} for size, figures in by_size.items()}
    rows = [
        (
            f"{size:,}",
            *(figures[name]["seconds"].show() if name in figures else "" for name in KINDS),
            *(ratios[size][name].show() for name in (COLD, CACHED)),
            *(f"{figures[name]['requests'].median:.0f}" for name in (COLD, CACHED)),
        )
        for size, figures in by_size.items()
    ]
    header = (
        "instances",
        *(f"{name}, s" for name in KINDS),
        *(f"{name}, times the cheapest plugin" for name in (COLD, CACHED)),
        *(f"{name}, requests" for name in (COLD, CACHED)),
    )
    pages = by_size[GOAL_SIZE][COLD]["requests"]
    cached = [by_size[size][CACHED]["requests"] for size in sizes]
    return Section(
        "Inventory",
        [
            "`ansible-inventory --list` of virtual machines, containers and pods. Each response of the API is "
            f"{LATENCY_MS} ms late. Our plugin requests all instances (cold) or finds them in a cache of JSON files "
            "(cached). The cheapest plugin adds the same hosts with the same variables from a JSON file, no more. The "
            f"times are those of whole processes; the ratios are taken within each of {rounds} rounds. The instances "
            f"fill their pages of {PAGE}, so one more request shows that the last page is the last.",
            "",
            *table(header, rows),
        ],
        [
            Goal(f"Cold inventory of {GOAL_SIZE:,}, times the cheapest plugin", ratios[GOAL_SIZE][COLD].median, 1.25),
            Goal(f"Requests for {GOAL_SIZE:,} instances, the most", max(pages.values), GOAL_SIZE / PAGE + 1),
            Goal("Requests with a cache, the most", max(max(figures.values) for figures in cached), 0),
        ],
        {
            "inventory.svg": chart.lines(
                "ansible-inventory --list by the number of instances",
                "seconds",
                {
                    name: {size: by_size[size][name]["seconds"].median for size in sizes if name in by_size[size]}
                    for name in KINDS
                },
                [COLD, CACHED],
            )
        },
    )


def _kinds(size: int) -> tuple[str, ...]:
    return tuple(name for name in KINDS if name != YAML or size <= MOST_YAML)


def _ratio(figures: Mapping[str, Mapping[str, Samples]], name: str) -> Samples:
    least = figures[CHEAPEST]["seconds"].values
    return Samples(tuple(ours / theirs for ours, theirs in zip(figures[name]["seconds"].values, least, strict=True)))
