"""How many GPUs each zone of a world has left."""

from __future__ import annotations

from .gpu_market import STOCK
from .instance_store import Instance
from .scenario import Scenario


class Stock:
    """The cards in stock by zone and GPU type; ``instances.stock`` of the scenario stands over the built-in numbers."""

    def __init__(self, scenario: Scenario) -> None:
        self.left: dict[str, dict[str, int]] = {zone: dict(types) for zone, types in STOCK.items()}
        for zone, types in scenario.instances.stock.items():
            self.left.setdefault(zone, {}).update(types)

    def sells(self, zone: str, gpu_type: str) -> bool:
        return gpu_type in self.left.get(zone, {})

    def has(self, zone: str, gpu_type: str, cards: int) -> bool:
        return self.left.get(zone, {}).get(gpu_type, 0) >= cards

    def take(self, instance: Instance, cards: int) -> None:
        self.left.setdefault(instance.zone, {}).setdefault(instance.row["GpuType"], 0)
        self.left[instance.zone][instance.row["GpuType"]] -= cards
        instance.gpu_held = cards

    def give_back(self, instance: Instance) -> None:
        types = self.left.setdefault(instance.zone, {})
        types[instance.row["GpuType"]] = types.get(instance.row["GpuType"], 0) + instance.gpu_held
        instance.gpu_held = 0
