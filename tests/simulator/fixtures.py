"""pytest fixtures: one server in a session, and a fresh world, an account of its own, in each test.

Load them with ``pytest_plugins``; the module path is that of this package where the tests run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .caller import Caller
from .dialect import default_dialect
from .server import Simulator
from .world import World

MakeWorld = Callable[..., World]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The server. Its first world's clock stands still; tests make worlds of their own with :func:`make_world`."""
    with Simulator(speed=0, dialect=default_dialect()) as running:
        yield running


@pytest.fixture
def make_world(simulator: Simulator) -> Iterator[MakeWorld]:
    """Create a world: scenario settings as keywords. Its clock stands still unless ``speed`` is given."""
    created: list[World] = []
    crashes = len(simulator.crashes)

    def make(**settings: Any) -> World:
        world = simulator.new_world({"speed": 0, **settings})
        created.append(world)
        return world

    yield make
    for world in created:
        simulator.drop_world(world)
    assert simulator.crashes[crashes:] == [], "the simulator itself failed during this test"


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A world with all defaults and a clock that stands still."""
    return make_world()


@pytest.fixture
def caller(world: World) -> Caller:
    """A signed caller of :func:`world`."""
    return Caller.of(world)


@pytest.fixture(scope="session")
def state_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(autouse=True)
def state_folder(state_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the locks and records of this test alone, where the collection creates it when it needs it."""
    folder = state_folders / str(next(_numbers))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
