"""Tasks of compshare_instance in a world, for the tests of what it does."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ensure import ensure_instances
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import RecordedTask, instance_in, task_in

MODULE = "compshare_instance"


def run(world: World, *, check_mode: bool = False, scope: Scope | None = None, **options: Any) -> dict[str, Any]:
    return ensure_instances(task_in(world, MODULE, options, check_mode=check_mode, scope=scope))


def run_task(world: World, *, check_mode: bool = False, **options: Any) -> tuple[dict[str, Any], RecordedTask]:
    task = task_in(world, MODULE, options, check_mode=check_mode)
    return ensure_instances(task), task


def failed(world: World, kind: type[CompShareError] = CompShareError, **options: Any) -> CompShareError:
    with pytest.raises(kind) as caught:
        run(world, **options)
    return caught.value


def named(world: World, name: str) -> list[dict[str, Any]]:
    return [one.row for one in world.instances.all.values() if one.row["Name"] == name]


def put(world: World, name: str, **fields: Any) -> str:
    """Give the instance of a name other fields, and return its id."""
    identity = instance_in(world, name)
    world.instances.all[identity].row.update(fields)
    return identity
