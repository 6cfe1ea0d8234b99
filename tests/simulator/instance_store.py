"""The instances of one world: what each is, and how its row looks at this moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .catalogue import DAY, NEWEST, Row
from .dialect import Dialect
from .dice import Dice, IdMaker
from .gpu_market import GPU_TYPES, hourly_disk_price, hourly_price
from .image_store import ImageStore
from .places import ZONE_BY_NAME, Zone
from .scenario import Scenario

VM, CONTAINER, POD, WINDOWS = "vm", "container", "pod", "windows"
# Fields of a row that depend on the state and are new in every response.
_HEADS: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    # kind, name, zone, GPU type, state, shape of SshLoginCommand, ChargeType
    (VM, "train-vm", "cn-wlcb-01", "4090", "Running", "plain", "Postpay"),
    (CONTAINER, "jupyter-4090", "cn-wlcb-01", "4090", "Running", "port first", "Postpay"),
    (POD, "comfy-pod", "cn-sh2-01", "5090", "Running", "-s1", "Postpay"),
    (POD, "推理服务-pod", "cn-bj2-03", "H20", "Running", "bare", "Month"),
    (POD, "batch-pod", "cn-bj2-03", "5090", "Running", "port last", "Postpay"),
    (WINDOWS, "win-render", "cn-sh2-02", "4090", "Running", "plain", "Dynamic"),
    (VM, "wyp-test", "cn-wlcb-01", "3090", "Stopped", "plain", "Postpay"),
    (CONTAINER, "wyp-test", "cn-wlcb-01", "4090", "Install Fail", "port last", "Postpay"),
)


@dataclass
class Instance:
    """One instance.

    ``row``: its fields as the API names them, as they are while it runs. ``ssh``: the login command while it runs.
    ``changes``: counts every change of state, so that a transition that was overtaken does nothing.
    ``locked_until``: another operation is refused with 226609 before that moment. ``gpu_held``: cards taken out of
    the stock. ``usage``: what the monitor shows, in per cent. ``without_gpu``: the size, A or B, that it has without
    its GPU, and ``full_size`` the archived GPU, CPU, Memory and price. ``leaving``: released, still listed.
    """

    row: Row
    ssh: str
    visible_at: float = 0.0
    changes: int = 0
    locked_until: float = 0.0
    gpu_held: int = 0
    usage: dict[str, float] = field(default_factory=dict)
    without_gpu: str | None = None
    full_size: Row = field(default_factory=dict)
    leaving: bool = False
    release_disks: bool = False

    @property
    def identifier(self) -> str:
        return str(self.row["UHostId"])

    @property
    def state(self) -> str:
        return str(self.row["State"])

    @property
    def zone(self) -> str:
        return str(self.row["Zone"])

    @property
    def is_pod(self) -> bool:
        return self.identifier.startswith("cpod-")

    @property
    def is_container(self) -> bool:
        return bool(self.row.get("InstanceType") == "Container")

    @property
    def boot_disk_gb(self) -> int:
        return next((int(disk["Size"]) for disk in self.row["DiskSet"] or [] if disk.get("IsBoot") == "True"), 100)

    def shown(self, dialect: Dialect) -> Row:
        """The row of a list: the login command only while it runs, no public address while a VM is being imaged."""
        row = dict(self.row)
        if self.is_pod and dialect.is_("pod_addresses", "nothing"):
            row["IPSet"] = []
        if self.without_gpu is not None:
            row.update(self._no_gpu_sign(dialect["no_gpu_sign"]))
        if dialect.is_("stop_time", "planned stop"):
            row["StopTime"] = row["SchedulerStopTime"]
        if dialect.is_("schedule_key", "StopSchedulerTime"):
            row["StopSchedulerTime"] = row.pop("SchedulerStopTime")
        windows = row.get("OsType") == "Windows"
        row["SshLoginCommand"] = self.ssh if self.state == "Running" and not windows else ""
        if self.state == "ImageMaking" and not self.is_container:
            row["IPSet"] = [one for one in row["IPSet"] or [] if one["Type"] == "Private"]
        return row

    def _no_gpu_sign(self, field: str) -> Row:
        """What shows that it has no GPU now; never more than one of the fields that sources know."""
        if field == "MachineType":
            return {"MachineType": "O"}
        if field == "SrcInstanceConfig":
            return {field: {"GpuType": self.row["GpuType"], **self.full_size}}
        return {field: {"Spec": self.without_gpu, "Cpu": self.row["CPU"], "Gpu": 0, "Memory": self.row["Memory"]}}


def disk_set(identifier: str, boot_gb: int, data_gb: int, disk_type: str = "CLOUD_SSD") -> list[Row]:
    disks: list[Row] = [
        {
            "DiskId": f"bsi-{identifier[-8:]}0",
            "DiskType": disk_type,
            "Drive": "/dev/vda",
            "Encrypted": "false",
            "IsBoot": "True",
            "Name": "",
            "Size": boot_gb,
            "Type": "Boot",
        }
    ]
    if data_gb:
        second = {"DiskId": f"bsi-{identifier[-8:]}1", "Drive": "/dev/vdb", "IsBoot": "False", "Type": "Data"}
        disks.append({**disks[0], **second, "Name": "data", "Size": data_gb})
    return disks


def addresses(number: int, kind: str, identifier: str = "") -> list[Row]:
    """A private and a public address. A Pod has its id and its host name in their places (recorded)."""
    if kind == POD:
        host = f"{identifier}.podtcp.compshare.cn"
        return [
            {"Type": "Private", "IPMode": "IPv4", "IP": identifier, "Default": "true"},
            {"Type": "Bgp", "IPMode": "IPv4", "IP": host, "Bandwidth": 300, "Weight": 50},
        ]
    high, low = divmod(number, 250)
    public = f"203.0.113.{10 + number}" if number < 200 else f"198.18.{high}.{low + 1}"
    return [
        {
            "Type": "Private",
            "IPMode": "IPv4",
            "IP": f"10.60.{high}.{low + 1}",
            "Default": "true",
            "Mac": f"52:54:00:00:{high:02x}:{low:02x}",
            "VPCId": "uvnet-simulator",
            "SubnetId": "subnet-simulator",
        },
        {"Type": "Bgp", "IPMode": "IPv4", "IP": public, "IPId": f"eip-{number:06}", "Bandwidth": 300, "Weight": 50},
    ]


def ssh_command(kind: str, shape: str, identifier: str, number: int, ip_set: list[Row]) -> str:
    """The login command in one of the recorded shapes."""
    public = next((one["IP"] for one in ip_set if one["Type"] == "Bgp"), "")
    port = 28000 + number % 4000
    host = f"{identifier}-s1" if shape == "-s1" else identifier
    if kind == POD:
        target = f"root@{host}.podtcp.compshare.cn"
        return f"ssh {target} -p {port}" if shape == "port last" else f"ssh -p {port} {target}"
    if kind == CONTAINER:
        return f"ssh root@{public} -p 23" if shape == "port last" else f"ssh -p 23 root@{public}"
    return f"ssh ubuntu@{public}"


class InstanceStore:
    """Every instance of a world, created when first looked at."""

    def __init__(self, scenario: Scenario, images: ImageStore, on_stopped: Callable[[Instance], None]) -> None:
        self._scenario = scenario
        self._on_stopped = on_stopped
        self._images = images
        self._seed = scenario.seed
        self._ids = {prefix: IdMaker(prefix, scenario.seed, 40) for prefix in ("uhost-", "cpod-")}
        self._created = 0
        self._rows: dict[str, Instance] | None = None

    @property
    def all(self) -> dict[str, Instance]:
        if self._rows is None:
            planted = [self._planted(row) for row in self._scenario.rows.instances]
            count = 0 if "instances" in self._scenario.replace else self._scenario.counts.instances
            built_in = [self._built_in(index) for index in range(count)]
            self._rows = {one.identifier: one for one in (*planted, *built_in)}
            for one in self._rows.values():
                if one.state == "Stopped":
                    self._on_stopped(one)
        return self._rows

    @property
    def _stopped_at(self) -> int:
        """Two days before the world begins: whoever stopped a built-in instance did so not long ago."""
        start = time.time() if self._scenario.start is None else self._scenario.start
        return int(start) - 2 * DAY

    def new_number(self) -> int:
        self._created += 1
        return self._created

    def new_id(self, kind: str, number: int) -> str:
        return self._ids["cpod-" if kind == POD else "uhost-"].id(number)

    def blank(
        self, kind: str, zone: Zone, *, gpu_type: str, image: Row, shape: str = "", identifier: str | None = None
    ) -> Instance:
        """An instance with every field that rows show, Running, with one card and the smallest size."""
        number = self.new_number()
        identifier = identifier or self.new_id(kind, number)
        gpu = GPU_TYPES[gpu_type]
        cpus, memory_gb = gpu.sizes[0]
        ip_set = addresses(number, kind, identifier)
        windows = kind == WINDOWS
        row: Row = {
            "UHostId": identifier,
            "UUID": f"00000000-0000-4000-8000-{number:012}",
            "Name": "host",
            "Remark": "",
            "Tag": "Default",
            "Region": zone.region,
            "Zone": zone.name,
            "State": "Running",
            "InstanceType": "Container" if kind in (POD, CONTAINER) else "UHost",
            "MachineType": "G",
            "IsSpot": False,
            "GpuType": gpu_type,
            "GPU": 1,
            "GraphicsMemory": {"Value": gpu.memory, "Rate": gpu.rate},
            "CPU": cpus,
            "Memory": memory_gb * 1024,
            "CpuPlatform": "Amd/Auto",
            "CpuArch": "x86_64",
            "OsName": f"{image['Name'] if image['ImageType'] == 'System' else 'Ubuntu 22.04'} 64位",
            "OsType": "Windows" if windows else "Linux",
            "IPSet": ip_set,
            "DiskSet": disk_set(identifier, 100, 0),
            "TotalDiskSpace": 0,
            "Password": "QW5zaWJsZS1UM3N0LSQ=",
            "Softwares": None,
            "ChargeType": "Postpay",
            "InstancePrice": hourly_price(gpu_type, 1, "Postpay"),
            "DiskPrice": hourly_disk_price(100, 0),
            "AutoRenew": "No",
            "IsExpire": "No",
            "SupportWithoutGpuStart": True,
            "CreateTime": NEWEST,
            "StartTime": NEWEST + 120,
            "StopTime": 0,
            "UpdateTime": NEWEST,
            "ExpireTime": 0,
            "ReleaseTime": 0,
            "SchedulerStopTime": 0,
        }
        if kind == POD:
            host = f"{identifier}-s1" if shape == "-s1" else identifier
            row.update(
                IngressHost=f"{host}.pod.compshare.cn",
                Ports={"HttpPorts": [8888, 8889, 8188], "TcpPorts": [23], "UdpPorts": []},
            )
        if kind in (POD, CONTAINER):
            where = f"8888-{row.get('IngressHost', '')}" if kind == POD else f"{ip_set[1]['IP']}:8888"
            row["Softwares"] = [{"Name": "JupyterLab", "URL": f"https://{where}/lab?token=simulator-token-{number}"}]
        set_image(row, image)
        return Instance(row, ssh_command(kind, shape, identifier, number, ip_set), gpu_held=1)

    def _built_in(self, index: int) -> Instance:
        dice = Dice(self._seed, 41, index)
        kind, name, zone, gpu_type, state, shape, charge_type = _HEADS[index % len(_HEADS)]
        if index >= len(_HEADS):
            name = f"{name}-{index:04}"
            state = dice.pick((state, state, state, "Stopped", "Starting"))
            charge_type = dice.pick(("Postpay", "Postpay", "Dynamic", "Month"))
        instance = self.blank(
            kind, ZONE_BY_NAME[zone], gpu_type=gpu_type, image=self._image_for(kind, dice), shape=shape
        )
        age = dice.below(90 * DAY)
        instance.row.update(
            Name=name,
            State=state,
            Tag=dice.pick(("Default", "prod", "lab")),
            CreateTime=NEWEST - age,
            StartTime=NEWEST - age + 120,
            StopTime=self._stopped_at if state == "Stopped" else 0,
            InstancePrice=hourly_price(gpu_type, 1, charge_type),
            ChargeType=charge_type,
        )
        if charge_type == "Month":
            instance.row.update(ExpireTime=NEWEST + 5 * DAY + dice.below(25 * DAY), AutoRenew="Yes")
        if state in ("Stopped", "Install Fail"):
            instance.gpu_held = 0
        return instance

    def _image_for(self, kind: str, dice: Dice) -> Row:
        platform = self._images.platform
        if kind == POD:
            groups = list(self._images.groups.values())
            rows: list[Row] = dice.pick(groups[:20])["_rows"] if groups else []
            if rows:
                return rows[0]
        image_type = "App" if kind in (POD, CONTAINER) else "System"
        count = platform.count(image_type)
        if not count:
            return {"CompShareImageId": "compshareImage-1gone", "Name": "gone", "ImageType": image_type}
        return platform.row(image_type, min(count - 1, 5 if kind == WINDOWS else dice.below(4)))

    def _planted(self, planted: Row) -> Instance:
        """A planted row over a blank of its kind; the kind follows from its id, InstanceType and OsType."""
        identifier = planted.get("UHostId")
        if str(identifier or "").startswith("cpod-"):
            kind = POD
        elif planted.get("OsType") == "Windows":
            kind = WINDOWS
        else:
            kind = CONTAINER if planted.get("InstanceType") == "Container" else VM
        zone = ZONE_BY_NAME[str(planted.get("Zone", "cn-sh2-01" if kind == POD else "cn-wlcb-01"))]
        gpu_type = str(planted.get("GpuType", "4090"))
        image = self._image_for(kind, Dice(self._seed, 42))
        known_type = gpu_type if gpu_type in GPU_TYPES else "4090"
        instance = self.blank(kind, zone, gpu_type=known_type, image=image, identifier=identifier)
        instance.ssh = str(planted.get("SshLoginCommand", instance.ssh))
        if planted.get("State") == "Stopped":
            instance.row["StopTime"] = self._stopped_at
            instance.gpu_held = 0
        instance.row.update({key: value for key, value in planted.items() if key != "SshLoginCommand"})
        return instance


def set_image(row: Row, image: Row) -> None:
    """Note in an instance's row which image it runs."""
    row.update(
        CompShareImageId=image["CompShareImageId"],
        CompShareImageName=image["Name"],
        CompShareImageType=image["ImageType"],
        CompShareImageStatus=image.get("Status", "Available"),
        CompShareImageOwnerAlias=image.get("ImageOwnerAlias", "Official"),
        CompShareImageAuthor=image.get("Author", ""),
        CompShareImageVersionName=image.get("VersionName", ""),
        CompShareImagePrice=image.get("Price", 0),
    )
