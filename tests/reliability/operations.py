"""What users do with the collection: every public module and plugin, with options for the simulator's world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.compshare.cloud.plugins.module_utils._api.clock import Clock
from ansible_collections.compshare.cloud.tests.reliability.public_runs import (
    Outcome,
    run_inventory,
    run_lookup,
    run_module,
)
from ansible_collections.compshare.cloud.tests.reliability.ssh_stand_in import instances_with_ssh
from ansible_collections.compshare.cloud.tests.simulator.world import World

Options = Mapping[str, Any]
#: Seconds that an operation which waits may wait.
WAIT_TIMEOUT = 1500.0
#: Seconds that one request may take, where a fault needs no other time-out.
REQUEST_TIMEOUT = 5.0
START = 1_790_000_000.0
#: More than two pages in each list, so that there is a page in the middle.
MANY = {"platform": 230, "custom": 210, "shared": 205, "community_groups": 230, "published": 205, "favorites": 203}
FEW = {"platform": 12, "custom": 5, "shared": 3, "community_groups": 12, "published": 3, "favorites": 2}


@dataclass(frozen=True, eq=False)
class Operation:
    """One thing to do, and how to check that it came out right.

    ``plugin`` is the module or plugin, ``goal`` what is done with it. ``options`` are its options, or a function of a
    world. ``value`` takes what must be the same in every good run from the result. ``repeats`` says whether a second
    run has nothing left to do, ``may_repeat`` whether its writes may be carried out several times, ``waits`` whether it
    takes wait_timeout. ``prepare`` changes a new world before the run. ``touched`` is the option that names
    what it changes; an error after a change must show its value. ``remedy`` are options of a task that an error may
    name besides the same one again. ``expected`` are titles of faults that are right responses here: no faults at
    all. ``undoes`` are actions that put back what a failure would leave behind, besides the writes of a good run.
    ``stand_in`` provides what the simulator does not have while the module runs.
    """

    plugin: str
    goal: str
    options: Options | Callable[[World], Options] = field(default_factory=dict)
    value: Callable[[Any], Any] = lambda result: result
    scenario: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[World], None] = lambda _world: None
    writes: bool = False
    touched: str = ""
    repeats: bool = True
    may_repeat: bool = False
    remedy: Options = field(default_factory=dict)
    expected: Sequence[str] = ()
    undoes: Sequence[str] = ()
    waits: bool = False
    terms: Sequence[str] = ()
    stand_in: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def title(self) -> str:
        return f"{self.plugin}: {self.goal}"

    def settings(self) -> dict[str, Any]:
        """Return the scenario of a world for this operation."""
        return {"speed": 0, "start": START, "counts": FEW, **self.scenario}

    def options_in(self, world: World) -> dict[str, Any]:
        """Return all options of the run, with those that point to the world."""
        own = self.options(world) if callable(self.options) else self.options
        keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}
        return {**keys, "api_timeout": REQUEST_TIMEOUT, **own}

    def run(
        self,
        options: Options,
        *,
        clock: Clock,
        folder: Path,
        transport: object = None,
        check_mode: bool = False,
    ) -> Outcome:
        """Do it with these options; ``folder`` is for files that it needs."""
        if self.plugin == "inventory":
            path = folder / "test.compshare.yml"
            path.write_text(yaml.safe_dump({"plugin": "compshare.cloud.compshare", **options}), encoding="utf-8")
            return run_inventory(path, clock=clock, transport=transport)
        if self.plugin == "lookup":
            return run_lookup(list(self.terms), options, clock=clock, transport=transport)
        with self.stand_in():
            return run_module(self.plugin, options, clock=clock, transport=transport, check_mode=check_mode)


def state_of(world: World) -> dict[str, Any]:
    """Return what the account has: everything that an operation may change, without times and ids."""
    with world.lock:
        world.clock.settle()
        names = {str(row["CompShareImageId"]): "a community image" for _group, row in world.images.versions()}
        names.update({image.identifier: str(image.row["Name"]) for image in world.images.own.values()})
        return {
            "images": sorted(
                (
                    *(str(image.row.get(key)) for key in ("Name", "Status", "Description", "Readme", "Tags")),
                    sorted(map(str, image.shared_with)),
                )
                for image in world.images.own.values()
            ),
            "instances": sorted(
                (str(one.row["Name"]), one.state, _image_of(one.row, names), *_details(one.row))
                for one in world.instances.all.values()
            ),
            "published": sorted(
                (str(group["ImageName"]), str(row.get("VersionName")), str(row["Status"]))
                for group, row in world.images.versions()
                if group["_owner"] == world.scenario.account.id
            ),
            "favorites": sorted(world.images.favorites),
            "disks": sorted(
                (str(disk.entry["Name"]), disk.size, disk.status, disk.owner.identifier if disk.owner else "")
                for disk in world.disks.all.values()
            ),
        }


def _image_of(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the name of an instance's image if it is the account's own, whose ids are random, and no community image.

    Pods begin with one of these at random, and no operation gives them another.
    """
    identifier = str(row.get("CompShareImageId"))
    return names.get(identifier, identifier)


def _details(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what operations change of an instance besides its state and image."""
    disks = [disk["Size"] for disk in row["DiskSet"] or []]
    return tuple(map(str, (row["GPU"], disks, row["ChargeType"], row.get("Ports"), bool(row["SchedulerStopTime"]))))


def _publisher(world: World) -> int:
    """Return an account, not the world's own, that has published something."""
    own = world.scenario.account.id
    owners = dict.fromkeys(group["_owner"] for group in world.images.groups.values())
    return next(int(owner) for owner in owners if owner != own and world.expected_ids("user", owner))


def _ids(result: Mapping[str, Any]) -> list[str]:
    return [image["id"] for image in result["images"]]


def _image_lists() -> list[Operation]:
    sources = ("platform", "custom", "shared", "published", "favorite", "community")
    found = [
        Operation("compshare_image_info", f"source={source}", {"source": source}, _ids, {"counts": MANY})
        for source in sources
    ]
    found.append(
        Operation(
            "compshare_image_info",
            "source=user",
            lambda world: {"source": "user", "user_id": _publisher(world)},
            _ids,
            {"counts": MANY},
        )
    )
    found.append(
        Operation(
            "compshare_image_info",
            "include_readme",
            {"source": "custom", "include_readme": True},
            lambda result: [(image["id"], image["readme"]) for image in result["images"]],
        )
    )
    return found


_BUILDS = {
    "traces": [
        {"image_id": f"compshareImage-b{number}", "name": f"b{number}", "duration": 300 * number, "started_ago": 60}
        for number in (1, 2, 3)
    ]
}
_BUILD_IDS = {"image_ids": ["compshareImage-b1", "compshareImage-b2", "compshareImage-b3"]}


def _builds(result: Mapping[str, Any]) -> Any:
    # A key that may not list images learns no names and no status.
    return result["complete"], [(one["image_id"], one["complete"], one["failed"]) for one in result["builds"]]


_BOX, _SHARED, _OUT = "compshareImage-box", "compshareImage-team", "compshareImage-out"
_OWN: dict[str, Any] = {
    "rows": {
        "custom": [
            {"CompShareImageId": _BOX, "Name": "box", "Container": "True", "Description": "before"},
            {"CompShareImageId": _SHARED, "Name": "team"},
        ]
    },
    "builds": {"default": {"duration": 400}},
}
_BUSY = {"wait_timeout": WAIT_TIMEOUT}


def instance_named(world: World, name: str) -> str:
    """Return the id of the first instance of a name."""
    return next(one.identifier for one in world.instances.all.values() if one.row["Name"] == name)


def _share_before(world: World) -> None:
    world.images.own[_SHARED].shared_with[:] = [60000001, 60000002]


def _one_image(result: Mapping[str, Any]) -> Any:
    image = result["image"] or {}
    return [image.get(key) for key in ("name", "status", "description", "tags")]


def _community_group(world: World, *, favorite: bool) -> str:
    groups = [
        group_id for group_id, group in world.images.groups.items() if group["_owner"] != world.scenario.account.id
    ]
    return next(group_id for group_id in groups if (group_id in world.images.favorites) == favorite)


_COPIED = {
    "rows": {
        "custom": [
            *_OWN["rows"]["custom"],
            {"CompShareImageId": "compshareImage-copy", "Name": "box.cn-sh2-02", "Zone": "cn-sh2-02"},
        ]
    }
}


def _image_writes() -> list[Operation]:
    def image(goal: str, options: Options | Callable[[World], Options], touched: str, **more: Any) -> Operation:
        common: dict[str, Any] = {"writes": True, "waits": True, "touched": touched, "scenario": _OWN}
        return Operation("compshare_image", goal, options, _one_image, **{**common, **more})

    def make(world: World) -> Options:
        details = {"description": "created by a test", "readme": "# How", "tags": ["LLM"], **_BUSY}
        return {"name": "new-env", "instance_id": instance_named(world, "train-vm"), **details}

    def rebuild(world: World) -> Options:
        return {"name": "box", "instance_id": instance_named(world, "jupyter-4090"), "rebuild": True, **_BUSY}

    return [
        image("create, with readme and tags", make, "name"),
        image(
            "create, without waiting",
            lambda world: {**make(world), "readme": None, "tags": None, "wait": False},
            "name",
        ),
        image("rename and describe", {"image_id": _BOX, "name": "box-2", "description": "after", **_BUSY}, "image_id"),
        image("rebuild", rebuild, "name", repeats=False),
        image("copy to a zone", {"image_id": _BOX, "copy_to_zones": ["cn-sh2-02"], **_BUSY}, "image_id"),
        image(
            "rename with its copy",
            {"image_id": _BOX, "name": "box-2", "copy_to_zones": ["cn-sh2-02"], **_BUSY},
            "image_id",
            scenario=_COPIED,
        ),
        image("delete", {"name": "box", "state": "absent", **_BUSY}, "name"),
        Operation(
            "compshare_image_share",
            "share with one and end it for another",
            {"image_id": _SHARED, "accounts": [60000001, 60000003], "exclusive": True, **_BUSY},
            lambda result: sorted(result["accounts"]),
            _OWN,
            prepare=_share_before,
            writes=True,
            touched="image_id",
            waits=True,
        ),
        Operation(
            "compshare_image_favorite",
            "mark",
            lambda world: {"group_id": _community_group(world, favorite=False), **_BUSY},
            lambda result: result["group_id"],
            writes=True,
            touched="group_id",
            waits=True,
        ),
        Operation(
            "compshare_image_favorite",
            "unmark",
            lambda world: {"group_id": _community_group(world, favorite=True), "state": "absent", **_BUSY},
            lambda result: result["group_id"],
            writes=True,
            touched="group_id",
            waits=True,
        ),
        Operation(
            "compshare_image_publication",
            "publish and wait for the review",
            {
                "image_id": _BOX,
                "community_name": "Box",
                "version_name": "v1.0",
                "readme": "# How",
                "wait": True,
                **_BUSY,
            },
            lambda result: (result["image"]["id"], result["image"]["status"]),
            _OWN,
            writes=True,
            touched="image_id",
            waits=True,
        ),
        Operation(
            "compshare_api",
            "rename an instance, may be repeated",
            lambda world: {
                "action": "ModifyCompShareInstanceName",
                "region": "cn-wlcb",
                "params": {"UHostId": instance_named(world, "train-vm"), "Name": "renamed"},
                "idempotent": True,
            },
            lambda result: result["response"]["RetCode"],
            writes=True,
            touched="action",
            repeats=False,
            may_repeat=True,
        ),
        Operation(
            "compshare_api",
            "rename an instance, once",
            lambda world: {
                "action": "ModifyCompShareInstanceName",
                "region": "cn-wlcb",
                "params": {"UHostId": instance_named(world, "train-vm"), "Name": "renamed"},
            },
            lambda result: result["response"]["RetCode"],
            writes=True,
            touched="action",
            repeats=False,
        ),
    ]


_MADE_OF, _NEXT = "compshareImage-1old", "compshareImage-2new"
_MACHINES = {
    "counts": {**FEW, "platform": 0, "instances": 8},
    "rows": {
        "platform": [
            {"CompShareImageId": identifier, "Name": identifier[-3:], "ImageType": "System", "Container": "False"}
            for identifier in (_MADE_OF, _NEXT)
        ],
        "instances": [{"UHostId": "uhost-off", "Name": "off", "State": "Stopped", "Zone": "cn-wlcb-01"}],
    },
}


def _instances(result: Mapping[str, Any]) -> Any:
    return [(one["name"], one["state"], one["image_id"]) for one in result["instances"]]


def _instance_writes() -> list[Operation]:
    order = {"image": _MADE_OF, "gpu_type": "4090", "zones": ["cn-wlcb-01", "cn-sh2-02"]}
    preferences = {"image": _MADE_OF, "gpu_types": ["A800", "4090"], "zones": ["cn-wlcb-01"]}

    def instance(goal: str, name: str, **options: Any) -> Operation:
        repeats = options.get("state") != "restarted"
        return Operation(
            "compshare_instance",
            goal,
            {"name": name, **options, **_BUSY},
            _instances,
            _MACHINES,
            writes=True,
            touched="name",
            repeats=repeats,
            remedy={"state": "running"} if options.get("state") == "reinstalled" or "resize" in options else {},
            # Setting the same stop again does no harm: after the early try, it is sent once more if a response is lost.
            undoes=("StartCompShareInstance",)
            if options.get("state") == "reinstalled"
            else ("UpdateCompShareStopScheduler",) * (2 if "schedule_stop" in options else 0),
            waits=True,
        )

    return [
        instance("create", "new-vm", **order),
        instance("create two", "worker", count=2, **order),
        instance("create the first of two types, and schedule its stop", "new-vm", schedule_stop="8h", **preferences),
        instance("start", "off", state="running"),
        instance("resize", "train-vm", resize=True, gpu_count=2, disks=[{"size_gb": 200, "boot": True}]),
        instance("change ports", "comfy-pod", ports={"http": [6006], "udp": [5000]}),
        instance("switch the charge type", "train-vm", charge_type="Month"),
        instance("stop", "train-vm", state="stopped"),
        instance("restart", "train-vm", state="restarted"),
        instance("reinstall", "train-vm", state="reinstalled", image=_NEXT),
        instance("delete", "train-vm", state="absent"),
    ]


#: A process that cannot exist, so the stop is moved on once.
_NO_PROCESS = 2**31 - 1


def _lease(world: World) -> Options:
    running = next(one for one in world.instances.all.values() if one.row["Name"] == "train-vm")
    return {"instance_id": running.identifier, "process": _NO_PROCESS}


def _types_sold(result: Mapping[str, Any]) -> Any:
    """Return what is sold, and whether everything is known of it: where the stock is unknown, a warning says so."""
    reported = [{key: value for key, value in one.items() if "stock" not in key} for one in result["instance_types"]]
    unknown = all(one["stock"] is None for one in result["instance_types"])
    return reported, unknown == any("stock is unknown" in str(warning) for warning in result.get("warnings", []))


_WITH_DISKS = {
    "counts": FEW,
    "rows": {
        "instances": [{"UHostId": "uhost-1a", "Name": "disk-vm"}, {"UHostId": "uhost-1b", "Name": "other-vm"}],
        "disks": [
            {"ResourceId": "bsi-used", "Name": "used", "Size": 50, "MountInstance": "uhost-1a"},
            *({"ResourceId": f"bsi-{number:03}", "Name": f"d{number:03}", "Size": 20} for number in range(120)),
        ],
    },
}


def _disk(result: Mapping[str, Any]) -> Any:
    disk = result["disk"]
    return disk and [disk[key] for key in ("name", "size_gb", "instance_id", "state")]


def _disk_operations() -> list[Operation]:
    expected: Sequence[tuple[str, Options]] = (
        ("create", {"name": "new", "instance_id": "uhost-1a", "size_gb": 30}),
        ("move and grow", {"name": "used", "state": "attached", "instance_id": "uhost-1b", "size_gb": 80}),
        ("detach", {"name": "used", "state": "detached"}),
        ("delete", {"name": "used", "state": "absent", "force": True}),
    )
    return [
        Operation(
            "compshare_disk",
            goal,
            {**options, "wait_timeout": WAIT_TIMEOUT},
            _disk,
            _WITH_DISKS,
            writes=True,
            touched="name",
            waits=True,
        )
        for goal, options in expected
    ]


def _use(result: Mapping[str, Any]) -> Any:
    return [(one["id"], one["gpu"]["points"] > 0) for one in result["instances"]]


_MANY_INSTANCES = {"counts": {**FEW, "instances": 230}}
_INVENTORY = {"hostnames": ["name_id"]}

OPERATIONS: tuple[Operation, ...] = (
    *_image_lists(),
    Operation("compshare_image_progress", "look", _BUILD_IDS, _builds, _BUILDS),
    Operation(
        "compshare_image_progress",
        "wait",
        {**_BUILD_IDS, "wait": True, "wait_timeout": WAIT_TIMEOUT},
        _builds,
        _BUILDS,
        waits=True,
    ),
    *_image_writes(),
    *_instance_writes(),
    Operation(
        "compshare_instance_lease",
        "one lease",
        _lease,
        lambda result: (result["ended"], result["renewals"]),
        _MACHINES,
        writes=True,
        touched="instance_id",
        repeats=False,
        may_repeat=True,
    ),
    Operation(
        "compshare_instance_access",
        "install a key, turn password log-in off",
        {"name": "train-vm", "keys": [f"ssh-ed25519 {'A' * 68}"], "password_login": False},
        lambda result: (result["changes"], result["instance"]["name"]),
        _MACHINES,
        stand_in=instances_with_ssh,
    ),
    Operation(
        "compshare_instance_info",
        "all",
        {},
        lambda result: [one["id"] for one in result["instances"]],
        _MANY_INSTANCES,
    ),
    Operation(
        "compshare_zone_info", "all", {}, lambda result: (result["regions"], [zone["zone"] for zone in result["zones"]])
    ),
    Operation(
        "compshare_instance_type_info",
        "stock and prices",
        {"zones": ["cn-wlcb-01", "cn-sh2-02"], "gpu_types": ["4090", "3090"]},
        _types_sold,
        expected=["RetCode 230"],  # there is no price for a size that is not sold
    ),
    Operation(
        "lookup",
        "one image by its name",
        {"source": "custom", "field": "id"},
        lambda result: result["value"],
        {"counts": MANY},
        terms=["golden-ubuntu-22.04"],
    ),
    *_disk_operations(),
    Operation(
        "compshare_disk_info",
        "all",
        {},
        lambda result: [disk["id"] for disk in result["disks"]],
        _WITH_DISKS,
    ),
    Operation("compshare_instance_monitor_info", "all that run", {}, _use),
    Operation(
        "compshare_account_info",
        "balance and projects",
        {},
        lambda result: (result["balance"], result["projects"], result["account_id"]),
        expected=["RetCode 299"],  # what the key may not read is null, with a warning
    ),
    Operation(
        "compshare_account_check",
        "the zones",
        {},
        lambda result: result["requests"] > 0,
        expected=["RetCode 171", "RetCode 299", "RetCode 230"],  # a refusal is what the check is to find
    ),
    Operation("inventory", "all hosts and groups", _INVENTORY, lambda result: result["value"], _MANY_INSTANCES),
)
