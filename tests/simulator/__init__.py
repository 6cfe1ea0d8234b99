"""A CompShare API on loopback, for tests, demonstrations and trying playbooks.

It responds as the real API was recorded or documented to respond, quirks included: it checks signatures, ignores
parameters that are not declared, pages platform images by type, and so on. It shares no code with the collection,
so that a mistake cannot stand on both sides. README.md beside this file says how to use it.
"""

from __future__ import annotations

from .scenario import Scenario, ScenarioError
from .server import Simulator
from .world import World

__all__ = ["Scenario", "ScenarioError", "Simulator", "World"]
