"""Dialects: the places where the API's sources contradict each other or say nothing, each a switch with its answers.

The first answer of a switch is the default: what was seen in production where that is known, else what this simulator
decided. The second is the other one: what the documentation says, or what nobody has ruled out. The dialect
``documented`` gives the second answer everywhere. ``python -m tests.simulator --list-dialects`` shows all switches.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

SEEN, DECIDED = "seen in production", "decided here"
RECORDED, DOCUMENTED = "recorded", "documented"
#: The environment variable that says which of the two is meant where nothing else does.
DIALECT_VARIABLE = "SIMULATOR_DIALECT"


@dataclass(frozen=True)
class Switch:
    """A question that the sources leave open, and the answers that a world can give. ``basis`` is of the first one."""

    question: str
    answers: tuple[str, ...]
    basis: str = DECIDED


SWITCHES: Mapping[str, Switch] = {
    # Lists
    "offset_past_end": Switch("What does a list return at an Offset at or past its end?", ("empty", "refused")),
    "empty_region": Switch("Is an empty Region the same as none?", ("absent", "refused")),
    "list_region": Switch("Does a list of images need a Region?", ("optional", "required"), SEEN),
    "own_total": Switch("What does TotalCount of the own images count?", ("page", "list"), SEEN),
    "own_place": Switch("Do Region and Zone filter the own images?", ("ignored", "filtered")),
    "group_total": Switch("What does TotalCount of a community list count?", ("groups", "versions")),
    "community_shape": Switch("How does the community list look?", ("CompshareImageGroup", "ImageSet"), SEEN),
    "published_shape": Switch(
        "How do the lists of the own and of one user's community images look?",
        ("CompshareImageGroup", "ImageSetGroup"),
        SEEN,
    ),
    "community_filters": Switch("Do Name, Author, IsFree … filter community lists?", ("honoured", "ignored")),
    "community_tags": Switch("Do Tag and SortCondition work in a JSON body?", ("ignored", "honoured")),
    "platform_zone": Switch("Does Zone filter the platform images?", ("ignored", "filtered")),
    "image_types": Switch("Which ImageTypes do platform images have?", ("four", "two")),
    "unknown_image_type": Switch("What does an ImageType that does not exist give?", ("refused", "empty")),
    "favorites_list": Switch("Is the list of favorites served?", ("161", "served"), SEEN),
    # Images
    "progress_start": Switch("What does the progress call return at first?", ("numbers", "null")),
    "progress_end": Switch("What does the progress call return after the end?", ("100", "refused")),
    "progress_types": Switch("Of which type are the durations of a build?", ("numbers", "text"), SEEN),
    "progress_unknown": Switch("How is the progress of an unknown image refused?", ("230", "8039")),
    "progress_platform": Switch("What is the progress of a platform image?", ("refused", "100")),
    "progress_container": Switch("How is the progress of a container image refused?", ("8433", "230", "served")),
    "duplicate_name": Switch("What does a second image of one name give?", ("230", "8968", "accepted")),
    "name_scope": Switch("Within what must the name of an image be unique?", ("account", "zone")),
    "failed_name": Switch("Does a failed image keep its name?", ("kept", "free")),
    "parallel_builds": Switch("How many images can be built at a time?", ("unlimited", "20")),
    "delete_while_making": Switch("Can an image be deleted while it is being built?", ("8436", "accepted")),
    "terminate_while_making": Switch("Can the source be deleted meanwhile?", ("8964", "accepted")),
    "source_while_making": Switch("In which state is the source meanwhile?", ("ImageMaking", "unchanged"), SEEN),
    "image_without_gpu": Switch("Can an instance without its GPU be imaged?", ("tier B", "never"), SEEN),
    "delete_missing": Switch("What does deleting an image that is gone return?", ("8039", "0", "230", "8351")),
    "rejected_status": Switch("Which Status has an image that the review rejected?", ("UnAvailable", "Rejected")),
    "image_copy": Switch("Which action copies an image to other zones?", ("sync", "copy"), SEEN),
    "copied_status": Switch("Which Status has a copy that is under way?", ("Making", "Syncing")),
    "favorite_again": Switch("What does adding a favorite a second time give?", ("accepted", "8436")),
    "favorite_unknown": Switch("What does a favorite that does not exist give?", ("230", "accepted")),
    # Stock and prices
    "inventory_key": Switch("Where are the counts by zone?", ("GpuInventory", "GpuInventoryByZone"), SEEN),
    "inventory_type": Switch("Of which type are the counts?", ("object", "JSON text"), SEEN),
    "sold_out": Switch("How is a GPU type without stock written?", ("SoldOut", "Soldout"), SEEN),
    "start_without_stock": Switch("How is a start without stock refused?", ("8357", "226604"), SEEN),
    "price_key": Switch("Where are the prices?", ("PriceDetails", "PriceDetail")),
    "year": Switch("Can an instance be created for a year?", ("sold", "refused")),
    # Instances
    "pod_addresses": Switch("What is in the IPSet of a pod?", ("host names", "nothing"), SEEN),
    "no_gpu_sign": Switch(
        "Which field shows that an instance runs without its GPU?",
        ("WithoutGpuSpec", "MachineType", "SrcInstanceConfig"),
        SEEN,
    ),
    "stop_time": Switch("What is StopTime?", ("moment of the stop", "planned stop"), SEEN),
    "schedule_key": Switch("Where is the planned stop?", ("SchedulerStopTime", "StopSchedulerTime"), SEEN),
    "schedule_early": Switch("Can a stop be scheduled before the instance runs?", ("refused", "accepted")),
    "first_pod_state": Switch("In which state does a pod begin?", ("Initializing", "Pending")),
    "stop_initializing": Switch("Can an instance be stopped while it is Initializing?", ("accepted", "8905"), SEEN),
    "terminate_state": Switch("In which states can an instance be deleted?", ("stopped", "any")),
    "spot_stop": Switch("Can a spot instance be stopped?", ("with Force", "never")),
    "interrupted_state": Switch("In which state is an interrupted spot instance?", ("Interrupted", "Stopped")),
    "reinstall_state": Switch("In which state can an instance be reinstalled?", ("by kind", "stopped"), SEEN),
    "reinstall_password": Switch("Is the password of a reinstall used?", ("ignored", "used"), SEEN),
    "resize_without_gpu": Switch("Can a resize take the GPU away?", ("refused", "accepted"), SEEN),
    "container_password": Switch("Can a stopped container get a password?", ("8433", "accepted"), SEEN),
    "password_length": Switch("How long may a password be?", ("32", "30")),
    "pod_disks": Switch("Is ReleaseUDisk honoured for pods?", ("honoured", "ignored")),
    "recycle": Switch("What does InRecycle say?", ("Yes", "No"), SEEN),
    # Disks, ports, monitor
    "disk_pages": Switch("Are the disks listed in pages?", ("pages", "ignored")),
    "created_disk": Switch("What does creating a disk return?", ("UDiskId", "nothing")),
    "grow_attached": Switch("Can a disk grow on a running instance?", ("accepted", "8010")),
    "delete_attached": Switch("What happens to an attached disk that is deleted?", ("detached and deleted", "8436")),
    "ports_zone_id": Switch("Does changing ports need zone_id?", ("optional", "required")),
    "ports_missing": Switch("What happens to the ports of a protocol that is not sent?", ("kept", "removed")),
    "monitor_body": Switch("Which body does the monitor take?", ("JSON", "any"), SEEN),
    "monitor_batch": Switch("How many instances may be monitored at once?", ("20", "10")),
    "pod_monitor": Switch("Which shape has the monitor of a pod?", ("one object", "a list of metrics"), SEEN),
    "sync_body": Switch("Which body does copying an image take?", ("JSON", "any"), SEEN),
    # Transport
    "timestamp": Switch("Is the header U-Timestamp-Ms checked?", ("ignored", "checked"), SEEN),
}


def default_dialect() -> str:
    """The dialect of worlds that name none: what the environment says, else what was seen in production."""
    return os.environ.get(DIALECT_VARIABLE, RECORDED)


class DialectError(ValueError):
    """A switch or an answer that does not exist; the text lists those that do."""


class Dialect:
    """The answers of one world. Every question is asked with one of its known answers, so that no typo goes unseen."""

    def __init__(self, setting: str | Mapping[str, str] | None = None, base: str = RECORDED) -> None:
        """Read a setting: ``recorded``, ``documented``, or answers by switch, which stand over those of ``base``."""
        preset = setting if isinstance(setting, str) else base
        answers = {} if setting is None or isinstance(setting, str) else setting
        if preset not in (RECORDED, DOCUMENTED):
            raise DialectError(f"there is no dialect {preset!r}; there are {RECORDED} and {DOCUMENTED}")
        place = 1 if preset == DOCUMENTED else 0
        self._answers = {name: switch.answers[place] for name, switch in SWITCHES.items()}
        for name, answer in answers.items():
            _check(name, str(answer))
            self._answers[name] = str(answer)

    def is_(self, name: str, answer: str) -> bool:
        """Whether the world answers this question so."""
        _check(name, answer)
        return self._answers[name] == answer

    def __getitem__(self, name: str) -> str:
        return self._answers[name]

    def as_dict(self) -> dict[str, str]:
        return dict(self._answers)


def _check(name: str, answer: str) -> None:
    if name not in SWITCHES:
        raise DialectError(f"there is no switch {name!r}; there are {', '.join(SWITCHES)}")
    if answer not in SWITCHES[name].answers:
        raise DialectError(f"{name} is {' or '.join(SWITCHES[name].answers)}, not {answer!r}")


def table() -> str:
    """All switches as a table of Markdown, as README.md shows them."""
    lines = ["| Switch | Question | Default | Documented, or the other value |", "|---|---|---|---|"]
    for name, switch in SWITCHES.items():
        first, *others = (f"`{answer}`" for answer in switch.answers)
        mark = " (seen)" if switch.basis == SEEN else ""
        lines.append(f"| `{name}` | {switch.question} | {first}{mark} | {', '.join(others)} |")
    return "\n".join(lines)
