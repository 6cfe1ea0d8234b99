# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""One instance, the same dictionary wherever it is needed: results, host variables, cache."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._api import values
from .._api.errors import printable
from .._api.secrets import is_secret_name
from .._api.values import POD_PREFIX, epoch_seconds, iso_time, region_of
from .login import decode_password, is_address, parse_ssh_command, without_secrets

#: An instance as results have it.
Instance = dict[str, t.Any]

#: States of an instance as they were seen or are documented, and where each leads to.
RUNNING = "Running"
STOPPED = "Stopped"
INITIALIZING = "Initializing"
IMAGE_MAKING = "ImageMaking"
#: A spot instance that the platform took back. It can only be started or deleted; the word is not recorded.
INTERRUPTED = "Interrupted"
#: With a space. It does not end by itself, and was seen often.
INSTALL_FAIL = "Install Fail"
FAILED = frozenset((INSTALL_FAIL,))
#: States on the way to being there for the first time.
CREATING = frozenset((INITIALIZING, "Install", "Pending", "Starting"))
#: Where a state that passes leads to, as far as that is sure.
LEADS_TO = {
    INITIALIZING: RUNNING,
    "Install": RUNNING,
    "Starting": RUNNING,
    "Rebooting": RUNNING,
    "Stopping": STOPPED,
    "Resizing": STOPPED,
}
#: Every state that was seen or is documented.
REINSTALLING = "Reinstalling"
STATES = frozenset(
    (RUNNING, STOPPED, INSTALL_FAIL, "Deleted", REINSTALLING, IMAGE_MAKING, INTERRUPTED, *CREATING, *LEADS_TO)
)

#: How each key of an instance is read: the API's field names, the first that says something, and what it is.
_FIELDS: values.Fields = (
    ("id", ("UHostId",), values.text),
    ("name", ("Name",), values.text),
    ("state", ("State",), values.text),
    ("remark", ("Remark",), values.text),
    ("tag", ("Tag",), values.text),
    ("region", ("Region",), values.text),
    ("zone", ("Zone",), values.text),
    ("instance_type", ("InstanceType",), values.text),
    ("machine_type", ("MachineType",), values.text),
    ("spot", ("IsSpot",), values.boolean),
    ("gpu_type", ("GpuType", "GPUType"), values.text),
    ("gpu_count", ("GPU", "Gpu"), values.integer),
    ("cpu", ("CPU", "Cpu"), values.integer),
    ("cpu_platform", ("CpuPlatform",), values.text),
    ("cpu_arch", ("CpuArch",), values.text),
    ("supports_start_without_gpu", ("SupportWithoutGpuStart",), values.boolean),
    ("image_id", ("CompShareImageId",), values.text),
    ("image_name", ("CompShareImageName",), values.text),
    ("image_type", ("CompShareImageType",), values.text),
    ("image_status", ("CompShareImageStatus",), values.text),
    ("image_version", ("CompShareImageVersionName",), values.text),
    ("image_author", ("CompShareImageAuthor",), values.text),
    ("image_owner", ("CompShareImageOwnerAlias",), values.text),
    ("os_name", ("OsName",), values.text),
    ("os_type", ("OsType",), values.text),
    ("ssh_command", ("SshLoginCommand",), values.text),
    ("ingress_host", ("IngressHost",), values.text),
    ("disk_gb", ("TotalDiskSpace",), values.number),
    ("charge_type", ("ChargeType",), values.text),
    ("instance_price", ("InstancePrice",), values.number),
    ("disk_price", ("DiskPrice",), values.number),
    ("image_price", ("CompShareImagePrice",), values.number),
    ("auto_renew", ("AutoRenew",), values.boolean),
    ("expired", ("IsExpire",), values.boolean),
    ("create_time", ("CreateTime",), values.iso_time),
    ("start_time", ("StartTime",), values.iso_time),
    ("stop_time", ("StopTime",), values.iso_time),
    ("update_time", ("UpdateTime",), values.iso_time),
    ("expire_time", ("ExpireTime",), values.iso_time),
    ("release_time", ("ReleaseTime",), values.iso_time),
    # The SDK knows the second name, the API sends the first.
    ("scheduled_stop_time", ("SchedulerStopTime", "StopSchedulerTime"), values.iso_time),
)
#: Every key that an instance always has, in the order of the documentation.
INSTANCE_KEYS = (
    "id",
    "name",
    "state",
    "kind",
    "remark",
    "tag",
    "region",
    "zone",
    "instance_type",
    "machine_type",
    "spot",
    "interrupted",
    "without_gpu",
    "gpu_type",
    "gpu_count",
    "gpu_memory_gb",
    "cpu",
    "memory_gb",
    "cpu_platform",
    "cpu_arch",
    "supports_start_without_gpu",
    "image_id",
    "image_name",
    "image_type",
    "image_status",
    "image_version",
    "image_author",
    "image_owner",
    "os_name",
    "os_type",
    "public_ip",
    "private_ip",
    "addresses",
    "ssh_command",
    "ssh_host",
    "ssh_port",
    "ssh_user",
    "software",
    "ports",
    "ingress_host",
    "disks",
    "disk_gb",
    "charge_type",
    "instance_price",
    "disk_price",
    "image_price",
    "auto_renew",
    "expired",
    "create_time",
    "start_time",
    "stop_time",
    "update_time",
    "expire_time",
    "release_time",
    "scheduled_stop_time",
)
#: Keys that follow the others only if secrets are requested.
SECRET_KEYS = ("password", "file_browser_password")
_KNOWN = frozenset(name for _key, names, _read in _FIELDS for name in names) | {
    "GraphicsMemory",
    "Memory",
    "IPSet",
    "Softwares",
    "Ports",
    "DiskSet",
    "UDiskSet",
    "Password",
    "FileBrowserPassword",
}
_PUBLIC = ("Internation", "Bgp")
_WITHOUT_GPU = "O"
#: A release that is so near, in seconds, is warned of.
_SOON = 2 * 86400
_LISTED = 10


def settled(state: str | None) -> str | None:
    """Return the state that C(state) will be, where that is sure; otherwise C(state) itself."""
    return LEADS_TO.get(state or "", state)


def system_disk(instance: Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the system disk of an instance, None if the API shows none."""
    return next((disk for disk in instance["disks"] if disk["boot"]), None)


def place_of(instance: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the parameters of a request that name an instance and where it is."""
    return {"Region": instance["region"], "Zone": instance["zone"], "UHostId": instance["id"]}


def describe(instance: Mapping[str, t.Any]) -> str:
    """Return C(train-vm (uhost-1a, Running, cn-wlcb-01)): an instance in words, for messages."""
    details = [instance["id"] or "no id yet", instance["state"] or "state unknown"]
    if instance["zone"]:
        details.append(instance["zone"])
    return f"{printable(instance['name'] or 'without a name')} ({', '.join(printable(text) for text in details)})"


def normalise_instance(row: Mapping[str, t.Any], *, include_secrets: bool = False) -> Instance:
    """Return the instance in a row, with INSTANCE_KEYS and then the fields that have no key of ours.

    Times are ISO 8601 in UTC, prices CNY as the API reports them, sizes in the unit of the key's name. Without
    C(include_secrets) nothing in it opens anything: no password, and no query in a web address, since that is where
    tokens stand. With it, SECRET_KEYS follow and addresses are whole. Nothing in a row can raise.
    """
    instance: dict[str, t.Any] = dict.fromkeys(INSTANCE_KEYS)
    values.read_fields(instance, _FIELDS, row)
    instance["region"] = instance["region"] or region_of(instance["zone"])
    instance["kind"] = _kind(instance["id"], instance["instance_type"])
    instance["interrupted"] = instance["spot"] and instance["state"] == INTERRUPTED
    instance["without_gpu"] = _runs_without_gpu(instance, row)
    instance["gpu_memory_gb"] = values.number(values.dictionary(row.get("GraphicsMemory")).get("Value"))
    memory_mb = values.number(row.get("Memory"))
    instance["memory_gb"] = None if memory_mb is None else values.number(memory_mb / 1024)
    _add_access(instance, row)
    instance["software"] = [
        {
            "name": values.text(entry.get("Name")),
            "url": values.text(entry.get("URL")) if include_secrets else without_secrets(entry.get("URL")),
        }
        for entry in values.dictionaries(row.get("Softwares"))
    ]
    instance["ports"] = _ports(row.get("Ports"))
    instance["disks"] = _disks(row)
    if include_secrets:
        instance["password"] = decode_password(row.get("Password"))
        instance["file_browser_password"] = decode_password(row.get("FileBrowserPassword"))
    for name, value in row.items():
        if name not in _KNOWN and (include_secrets or not is_secret_name(name)):
            instance.setdefault(values.snake_case(str(name)), value if include_secrets else _scrubbed(value))
    return instance


def secrets_of(instance: Mapping[str, t.Any]) -> list[str]:
    """Return the secrets in an instance, for whoever keeps them out of logs."""
    found = [instance.get(key) for key in SECRET_KEYS]
    for software in instance.get("software", ()):
        if software["url"] != without_secrets(software["url"]):
            found.append(software["url"])
    found += _nested_secrets({key: value for key, value in instance.items() if key not in INSTANCE_KEYS})
    return list(dict.fromkeys(text for text in found if text))


def _nested_secrets(value: object, named_so: bool = False) -> list[str]:
    if isinstance(value, Mapping):
        return [
            secret for name, item in value.items() for secret in _nested_secrets(item, named_so or is_secret_name(name))
        ]
    if isinstance(value, list):
        return [secret for item in value for secret in _nested_secrets(item, named_so)]
    text = values.text(value)
    if text is None:
        return []
    return [text] if named_so or ("://" in text and without_secrets(text) != text) else []


def _kind(identity: str | None, instance_type: str | None) -> str | None:
    """Return vm, container or pod: pods by their id, containers by their type, as in the vendor's clients."""
    if identity is not None and identity.startswith(POD_PREFIX):
        return "pod"
    if instance_type is None:
        return None
    return "container" if instance_type == "Container" else "vm"


def _runs_without_gpu(instance: Mapping[str, t.Any], row: Mapping[str, t.Any]) -> bool | None:
    """Return whether an instance lacks its GPU now; None where nothing says so. Sources know three signs of it."""
    if row.get("WithoutGpuSpec") or (instance["gpu_count"] == 0 and row.get("SrcInstanceConfig")):
        return True
    return None if instance["machine_type"] is None else bool(instance["machine_type"] == _WITHOUT_GPU)


def _add_access(instance: dict[str, t.Any], row: Mapping[str, t.Any]) -> None:
    addresses = [
        {
            "type": values.text(entry.get("Type")),
            "ip": values.text(entry.get("IP")),
            "mode": values.text(entry.get("IPMode")),
            "bandwidth_mbps": values.number(entry.get("Bandwidth")),
            "weight": values.number(entry.get("Weight")),
            "default": values.boolean(entry.get("Default")),
        }
        for entry in values.dictionaries(row.get("IPSet"))
    ]
    instance["addresses"] = addresses
    # The heaviest public address is the one that traffic leaves by.
    # A pod has its id and a host name there.
    public = [entry for entry in addresses if entry["type"] in _PUBLIC and is_address(entry["ip"])]
    private = [entry for entry in addresses if entry["type"] == "Private" and is_address(entry["ip"])]
    instance["public_ip"] = max(public, key=lambda entry: entry["weight"] or 0)["ip"] if public else None
    instance["private_ip"] = private[0]["ip"] if private else None
    login = parse_ssh_command(row.get("SshLoginCommand"))
    instance["ssh_host"], instance["ssh_port"], instance["ssh_user"] = login or (None, None, None)


def _ports(ports: object) -> dict[str, list[int]]:
    found = values.dictionary(ports)
    return {key: _integers(found.get(f"{key.capitalize()}Ports")) for key in ("http", "tcp", "udp")}


def _integers(value: object) -> list[int]:
    numbers = (values.integer(item) for item in (value if isinstance(value, list) else []))
    return [number for number in numbers if number is not None]


def _disks(row: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    rows = [*values.dictionaries(row.get("DiskSet")), *values.dictionaries(row.get("UDiskSet"))]
    disks = [
        {
            "id": values.text(disk.get("DiskId")),
            "name": values.text(disk.get("Name")),
            "type": values.text(disk.get("DiskType")),
            "use": values.text(disk.get("Type")),
            "boot": values.boolean(disk.get("IsBoot")),
            "size_gb": values.number(disk.get("Size")),
            "drive": values.text(disk.get("Drive")),
            "encrypted": values.boolean(disk.get("Encrypted")),
        }
        for disk in rows
    ]
    # A disk may stand in both lists.
    by_id = {disk["id"] or f"no id {index}": disk for index, disk in reversed(list(enumerate(disks)))}
    return list(reversed(list(by_id.values())))


def _scrubbed(value: t.Any) -> t.Any:
    """Return a field that we do not know without what may be a secret in it."""
    if isinstance(value, Mapping):
        return {name: _scrubbed(item) for name, item in value.items() if not is_secret_name(name)}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    if isinstance(value, str) and "://" in value:
        return without_secrets(value)
    return value


def release_warning(instances: Sequence[Mapping[str, t.Any]], now: float) -> str | None:
    """Return a warning about instances that will be released within two days; C(now) is epoch seconds.

    A stopped instance that is not prepaid is deleted with its system disk on the seventh day, its release time.
    """
    due = sorted(
        (released_at, describe(instance))
        for instance in instances
        if (released_at := epoch_seconds(instance["release_time"])) is not None and released_at - now < _SOON
    )
    if not due:
        return None
    listed = "; ".join(f"{name} at {iso_time(released_at)}" for released_at, name in due[:_LISTED])
    more = f" and {len(due) - _LISTED} more" if len(due) > _LISTED else ""
    return (
        f"The platform will soon delete {listed}{more}, with the system disk and the address; data disks are only "
        "detached. A start and a new stop put that off by seven days."
    )
