"""The least that an inventory plugin can do: add the hosts of a JSON file with their variables."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = """
name: cheapest
short_description: Add the hosts of a JSON file
description: Add the hosts of a JSON file with their variables.
"""


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]  # ansible-core says nothing of its type
    NAME = "cheapest"

    def verify_file(self, path: str) -> bool:
        return path.endswith(".cheapest.json")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        with open(path, encoding="utf-8") as file:
            hosts = json.load(file)
        for host, variables in hosts.items():
            inventory.add_host(host)
            for name, value in variables.items():
                inventory.set_variable(host, name, value)
