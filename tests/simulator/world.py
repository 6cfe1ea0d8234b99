"""A world: one account with its keys, images, instances, clock, faults and request log."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from .builds import Build, plant_build
from .catalogue_words import CUSTOM_NAMES
from .clock import WorldClock
from .dialect import Dialect
from .dice import Dice
from .disks import DiskStore
from .fault_rules import FaultBook
from .image_store import ImageStore, OwnImage
from .instance_moves import move, plan_release
from .instance_store import Instance, InstanceStore
from .limit import Limit
from .scenario import LimitRules, Scenario, load
from .ssh_greeter import Greeter, SshGreeter
from .stock import Stock

_numbers = itertools.count(1)
_LOG_LENGTH = 100_000
_SECRETS = frozenset({"Password", "FileBrowserPassword", "Softwares"})


class World:
    """The state that requests signed with one key pair see. Hold :attr:`lock` while touching it from another thread.

    ``dice()`` creates a fresh reproducible stream of choices at each call.
    """

    def __init__(
        self,
        scenario: Scenario,
        public_key: str | None = None,
        private_key: str | None = None,
        find_url: Callable[[], str] = str,
    ) -> None:
        number = next(_numbers)
        self.scenario = scenario
        self.dialect = Dialect(scenario.dialect)
        self.public_key = public_key or f"simulator-public-key-{number:04}"
        self.private_key = private_key or f"simulator-private-key-{number:04}-not-a-secret"
        self._find_url = find_url
        self.lock = threading.RLock()
        self.clock = WorldClock(scenario.start, scenario.speed)
        self.images = ImageStore(scenario)
        self.instances = InstanceStore(scenario, self.images, self._plan_release)
        self.disks = DiskStore(self)
        self.deleted_disks: list[str] = []
        if scenario.rows.disks:
            self.disks.load()  # those that are attached change how their instances look
        self.stock = Stock(scenario)
        self.released: dict[str, Instance] = {}
        self._greeters: dict[str, Greeter] = {}
        #: What listens on the SSH port of an instance.
        self.new_greeter: Callable[[Instance], Greeter] = lambda _instance: SshGreeter()
        self.faults = FaultBook(scenario.seed)
        self.faults.add(scenario.faults)
        self.limit = Limit(scenario.limit, self.clock.now)
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)
        self._request_numbers = itertools.count(1)
        self._rolls = itertools.count(1)
        self.builds: dict[str, Build] = {}
        self.sources: dict[str, str] = {}
        if "custom" not in scenario.replace and scenario.counts.custom >= len(CUSTOM_NAMES):
            plant_build(self, {"name": CUSTOM_NAMES[-1], "duration": 1200, "started_ago": 300})
        for trace in scenario.traces:
            plant_build(self, trace)

    @property
    def url(self) -> str:
        """Where the server listens that this world belongs to."""
        return self._find_url()

    def environment(self) -> dict[str, str]:
        """The environment variables that point the collection at this world."""
        return {
            "COMPSHARE_API_URL": self.url,
            "COMPSHARE_PUBLIC_KEY": self.public_key,
            "COMPSHARE_PRIVATE_KEY": self.private_key,
        }

    def dice(self) -> Dice:
        return Dice(self.scenario.seed, 0xD1CE, next(self._rolls))

    def next_request_number(self) -> int:
        return next(self._request_numbers)

    def is_visible(self, image: OwnImage) -> bool:
        return image.visible_at <= self.clock.now()

    def interrupt(self, instance_id: str) -> None:
        """Take a running spot instance's GPU away, as the provider may at any time."""
        with self.lock:
            instance = self.instances.all[instance_id]
            if not instance.row["IsSpot"] or instance.state != "Running":
                raise ValueError(f"{instance_id} is no running spot instance")
            move(self, instance, [(0.0, self.dialect["interrupted_state"])])

    def set_usage(self, instance_id: str, **per_cent: float) -> None:
        """What the monitor shows of an instance from now on: gpu, vram, cpu, memory, disk."""
        with self.lock:
            self.instances.all[instance_id].usage.update(per_cent)

    def _plan_release(self, instance: Instance) -> None:
        plan_release(self, instance)

    def is_being_imaged(self, instance: Instance) -> bool:
        """``sources``: the instance of each image that is being built."""
        return instance.identifier in self.sources.values()

    def close(self) -> None:
        """Let go of what the world holds outside of itself: the ports of its instances."""
        with self.lock:
            for identifier in list(self._greeters):
                self._greeters.pop(identifier).close()

    def greet_later(self, instance: Instance) -> None:
        """Where the scenario wants it, let a port respond like SSH some seconds after an instance is Running."""
        rules = self.scenario.instances
        if not rules.ssh_listener or instance.row["OsType"] == "Windows":
            return
        self.stop_greeting(instance)
        greeter = self._greeters[instance.identifier] = self.new_greeter(instance)
        user = "root" if instance.is_container else "ubuntu"
        instance.ssh = f"ssh -p {greeter.port} {user}@127.0.0.1"

        def begin() -> None:
            if self._greeters.get(instance.identifier) is greeter:
                greeter.begin()

        self.clock.after(rules.ssh_after, begin)

    def stop_greeting(self, instance: Instance) -> None:
        greeter = self._greeters.pop(instance.identifier, None)
        if greeter is not None:
            greeter.close()

    def requests(self, action: str | None = None) -> list[dict[str, Any]]:
        """The log so far, oldest first; of one action, or of all."""
        with self.lock:
            return [entry for entry in self.log if action in (None, entry["action"])]

    def advance(self, seconds: float) -> None:
        """Move the clock on by hand."""
        with self.lock:
            self.clock.advance(seconds)

    def add_faults(self, *rules: Mapping[str, Any]) -> None:
        """Arm faults; README.md lists the kinds."""
        with self.lock:
            self.faults.add(rules)

    def clear_faults(self) -> None:
        with self.lock:
            self.faults.clear()

    def set_limit(self, **rules: Any) -> None:
        """Limit the requests of this key by a token bucket; without rules there is no limit."""
        with self.lock:
            self.limit.set(load(LimitRules, rules, "limit"))

    def expected_ids(self, source: str, user_id: int | None = None) -> set[str]:
        """The image ids that a reader of a source must come to know.

        :param source: platform, custom, shared, published, favorite, community or user.
        """
        from .community import EVERY, ONLINE, PUBLIC

        with self.lock:
            self.clock.settle()
            images = self.images
            if source == "platform":
                return set(images.platform.identifiers())
            if source == "custom":
                return {image.identifier for image in images.own.values() if self.is_visible(image)}
            if source == "shared":
                return {str(row["CompShareImageId"]) for row in images.shared}
            statuses = {"published": EVERY, "community": PUBLIC, "favorite": PUBLIC, "user": ONLINE}[source]
            if source == "favorite" and self.dialect.is_("favorites_list", "served"):
                statuses = ONLINE
            owner = {"published": self.scenario.account.id, "user": user_id}.get(source)
            return {
                str(row["CompShareImageId"])
                for group, row in images.versions()
                if row["Status"] in statuses
                and owner in (None, group["_owner"])
                and (source != "favorite" or group["GroupId"] in images.favorites)
            }

    def state(self) -> dict[str, Any]:
        """What is in the world, for tests: never a private key, never a password."""
        with self.lock:
            self.clock.settle()
            return {
                "public_key": self.public_key,
                "time": self.clock.now(),
                "speed": self.clock.speed,
                "dialect": self.dialect.as_dict(),
                "account_id": self.scenario.account.id,
                "images": [
                    {**image.row, "SharedWith": list(image.shared_with), "Visible": self.is_visible(image)}
                    for image in self.images.own.values()
                ],
                "instances": [
                    {key: value for key, value in one.shown(self.dialect).items() if key not in _SECRETS}
                    for one in self.instances.all.values()
                ],
                "groups": [
                    {"GroupId": group["GroupId"], "ImageName": group["ImageName"], "OwnerId": group["_owner"]}
                    for group in self.images.groups.values()
                ],
                "disks": [disk.row() for disk in self.disks.all.values()],
                "deleted_disks": list(self.deleted_disks),
                "stock": {zone: dict(types) for zone, types in self.stock.left.items()},
                "released_instances": list(self.released),
                "favorites": sorted(self.images.favorites),
                "faults": self.faults.state(),
                "limit": self.limit.state(),
                "requests": list(self.log),
            }
