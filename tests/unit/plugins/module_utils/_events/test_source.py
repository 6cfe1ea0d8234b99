"""What the event sources share: arguments, polling, faults, and one reading for all."""

from __future__ import annotations

import asyncio
import importlib.util
import types
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError
from ansible_collections.compshare.cloud.plugins.module_utils._events import source
from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

SOURCES = Path(source.__file__).parents[3] / "extensions/eda/plugins/event_source"
PASSWORDS = ("Password", "FileBrowserPassword")


def load(name: str) -> types.ModuleType:
    """Return an event source, loaded from its file; runpy.run_path() fails behind the import hooks of ansible-core."""
    spec = importlib.util.spec_from_file_location(f"event_source_{name}", SOURCES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Queue:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    async def put(self, event: dict[str, Any]) -> None:
        self.events.append(event)


class Numbers:
    """A source whose readings count up; listed errors come first."""

    name = "numbers"
    sharing: tuple[object, ...] = ()

    def __init__(self, *errors: CompShareError) -> None:
        self.errors = list(errors)
        self.read_times = 0

    def read(self, _client: Client) -> int:
        self.read_times += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.read_times

    def events(self, reading: int) -> list[dict[str, Any]]:
        return [{"number": reading}]


class Time:
    """A clock of its own for each test; it cancels the source after some pauses."""

    def __init__(self, pauses: int, world: World | None = None) -> None:
        self.pauses: list[float] = []
        self.left = pauses
        self.world = world

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self.left:
            raise asyncio.CancelledError
        if self.world:
            self.world.advance(seconds)

    def now(self) -> float:
        return sum(self.pauses)


def arguments(world: World, **more: Any) -> dict[str, Any]:
    keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
    return {**keys, "api_retries": 0, **more}


def run(world: World, one: Any, time: Time, **more: Any) -> list[dict[str, Any]]:
    queue = Queue()
    task = source.run_source(queue, arguments(world, **more), one, interval=30, sleep=time.sleep, now=time.now)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(task)
    return queue.events


def test_a_source_reads_every_interval(world: World) -> None:
    time = Time(3)
    assert run(world, Numbers(), time, interval=7) == [{"number": 1}, {"number": 2}, {"number": 3}]
    assert time.pauses == [7, 7, 7]


def test_a_transient_error_is_waited_out_with_growing_pauses(world: World, caplog: pytest.LogCaptureFixture) -> None:
    time = Time(8)
    faults = [CompShareError("The API is down.", retryable=True) for _fault in range(6)]
    assert run(world, Numbers(*faults), time) == [{"number": 7}, {"number": 8}]
    assert time.pauses == [60, 120, 240, 480, 600, 600, 30, 30]
    assert caplog.text.count("The API is down.") == 6


def test_any_other_error_ends_the_source(world: World) -> None:
    with pytest.raises(CompShareError, match="wrong key"):
        asyncio.run(source.run_source(Queue(), arguments(world), Numbers(CompShareError("wrong key")), interval=30))


def test_sources_with_the_same_arguments_share_one_reading(world: World) -> None:
    numbers, queues = Numbers(), [Queue(), Queue(), Queue()]

    async def run_all() -> None:
        runs = [source.run_source(queue, arguments(world), numbers, interval=30) for queue in queues]
        tasks = [asyncio.create_task(each) for each in runs]
        while not all(queue.events for queue in queues):
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()

    asyncio.run(run_all())
    assert numbers.read_times == 1
    assert [queue.events for queue in queues] == [[{"number": 1}]] * 3


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("builds", {"image_id": ["x"]}, "no argument 'image_id' .did you mean 'image_ids'"),
        ("builds", {"image_ids": "x"}, "image_ids must be a list"),
        ("builds", {"step": 0}, "step must be a number above 0"),
        ("instances", {"interval": 1}, "interval must be 5 seconds or more"),
        ("builds", {"api_timeout": "soon"}, "^api_timeout must be a number, not 'soon'"),
        ("builds", {"api_timeout": True}, "^api_timeout must be a number, not True"),
        ("builds", {"validate_certs": "flase"}, "^validate_certs must be true or false, not 'flase'"),
        ("stock", {"max_price": float("nan")}, "max_price must be a number above 0"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(world: World, name: str, args: dict[str, Any], message: str) -> None:
    main = load(name).main
    with pytest.raises(OptionError, match=message):
        asyncio.run(main(Queue(), arguments(world, **args)))


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "API_TIMEOUT",
            "soon",
            r"^api_timeout \(from .* COMPSHARE_API_TIMEOUT\) must be a number",
        ),
        ("API_TIMEOUT", "0", "^api_timeout must be 0.1 seconds or more"),
        ("API_RETRIES", "1.5", "^api_retries .* must be a whole number"),
        ("API_RATE", "nan", "^api_rate is nan; it must be a number"),
        ("VALIDATE_CERTS", "flase", "^validate_certs .* must be true or false"),
    ],
)
def test_what_the_environment_says_is_checked(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"COMPSHARE_{variable}", value)
    with pytest.raises(OptionError, match=message):
        first_events("builds", world, api_retries=None)


def test_numbers_of_the_environment_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPSHARE_API_TIMEOUT", " 30 ")
    monkeypatch.setenv("COMPSHARE_API_RETRIES", "")
    monkeypatch.setenv("COMPSHARE_VALIDATE_CERTS", "false")
    assert first_events("builds", world, api_retries=None)


def first_events(name: str, world: World, **args: Any) -> list[dict[str, Any]]:
    """The events of the first reading of a source, run from its file as ansible-rulebook does."""
    main, queue = load(name).main, Queue()

    async def run_until_first() -> None:
        task = asyncio.create_task(main(queue, arguments(world, **args)))
        while not queue.events and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        if task.done() and not task.cancelled():
            task.result()

    asyncio.run(run_until_first())
    return queue.events


def test_the_source_of_builds(make_world: MakeWorld) -> None:
    world = make_world(traces=[{"image_id": "compshareImage-b1", "name": "b1", "duration": 300, "started_ago": 30}])
    [event] = [each for each in first_events("builds", world) if each["build"]["name"] == "b1"]
    assert event["type"] == "build_moved"
    assert event["build"]["progress"] == pytest.approx(10, abs=1)


def test_the_source_of_stock(world: World) -> None:
    events = first_events("stock", world, gpu_types=["4090"], max_price=100)
    assert {event["type"] for event in events} == {"gpu_available", "gpu_price_below"}
    assert {event["gpu"]["gpu_type"] for event in events} == {"4090"}


def test_the_source_of_instances_shows_no_secret(make_world: MakeWorld) -> None:
    world = make_world(counts={"instances": 3})
    secrets = {one.row[name] for one in world.instances.all.values() for name in PASSWORDS if one.row.get(name)}
    queue, one, time = Queue(), load("instances")._Instances({}), Time(2, world)

    async def sleep(seconds: float) -> None:
        for instance in world.instances.all.values():
            instance.row["State"] = "Rebooting"
        await time.sleep(seconds)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(source.run_source(queue, arguments(world), one, interval=30, sleep=sleep, now=time.now))
    assert {event["type"] for event in queue.events} == {"instance_state_changed"}
    assert secrets
    assert not [secret for secret in secrets if secret in str(queue.events)]
