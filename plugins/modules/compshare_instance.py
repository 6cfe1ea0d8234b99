#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance
short_description: Make, start, stop, restart, reinstall and remove CompShare instances
version_added: 1.0.0
description:
  - Makes an instance of an image in the first zone that has the GPU in stock, brings instances into a state and waits
    until they are there, and removes them.
  - An instance is known by its exact name within the account, or by its id. Several instances of one name are an error
    that lists them. Where it is there and as it should be, nothing is done.
  - An instance is never made twice for one wish. Where the answer of the API is lost, the list of instances decides
    what has happened. Tasks of one user on one machine that want the same instance wait for each other, so it is made
    once also where every host of a play asks for it. Where somebody else makes one of the same name in the same moment,
    the task fails and names both.
  - Stock and price are asked for before anything is made. Check mode asks, too, and shows both.
  - Instances are paid for while they run. By default they are charged by the hour, afterwards; never for a month unless
    O(charge_type) says so.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
attributes:
  action:
    description: Has an action plugin of the same name, which shows the live lines.
    support: full
    details:
      - Without it the module does the same, but for the lines.
  async:
    description: Can run with C(async) in the background.
    support: full
    details:
      - There are no live lines then.
  check_mode:
    details:
      - Check mode does not wait. Of an instance that is on its way from one state to another, it foresees where that
        leads to.
  idempotent:
    details:
      - O(state=restarted) restarts each time. O(state=reinstalled) with O(force=true) reinstalls each time.
options:
  state:
    description:
      - V(present) makes the instance where there is none. One that is stopped stays so.
      - V(running) makes it where there is none, and starts it where it is stopped.
      - V(stopped) stops it. It keeps its disks, which are still paid for.
      - V(restarted) reboots it where it runs, and starts it where it is stopped.
      - V(reinstalled) puts O(image) on its system disk, unless it has that image. All data of that disk is lost. It is
        stopped for it; afterwards it runs if it ran before, and is stopped if it was. With O(wait=false), it is left as
        the API leaves it.
      - V(absent) stops and removes it, whatever became of it.
    type: str
    choices: [present, running, stopped, restarted, reinstalled, absent]
    default: present
  name:
    description:
      - "The name of the instance. At most 63 Chinese characters, letters, digits, and C(_ , . : -)."
      - Together with O(instance_id), the instance gets this name.
      - One of O(name) and O(instance_id) is required.
    type: str
  instance_id:
    description:
      - The id of an instance that exists.
    type: str
  count:
    description:
      - How many instances the task is about. They are named C(NAME-1), C(NAME-2) and so on, after O(name).
      - A smaller number later leaves the others alone.
    type: int
  image:
    description:
      - The image to make it of, or to put on it, as an id or as its exact name.
    type: str
  image_source:
    description:
      - The list in which a name is looked for, as in O(compshare.cloud.compshare_image_info#module:source). Left out,
        V(platform) and V(custom).
    type: str
    choices: [platform, custom, shared, published, favorite, community]
  gpu_type:
    description:
      - The GPU type, for example V(4090). M(compshare.cloud.compshare_instance_type_info) lists them.
      - O(image) and one of O(gpu_type) and O(gpu_types) are required to create an instance.
    type: str
  gpu_types:
    description:
      - GPU types in order of preference. The instance is created with the first that can be had in one of the zones
        within O(max_price). All of O(charge_types) are tried with one GPU type before the next one is.
    type: list
    elements: str
    version_added: 1.1.0
  gpu_count:
    description:
      - How many GPUs it has. If omitted, a new instance has one.
    type: int
  cpu:
    description:
      - How many CPUs it has. Left out, the fewest that are in stock with these GPUs.
    type: int
  memory_gb:
    description:
      - How much memory it has, in GB. Left out, the least that is in stock with these GPUs and CPUs.
    type: int
  disks:
    description:
      - Its disks, of which exactly one is the system disk.
      - Left out, a system disk of 100 GB, or as large as the image needs where that is known because O(image) is a
        name.
    type: list
    elements: dict
    suboptions:
      size_gb:
        description:
          - The size, in GB.
        type: int
        required: true
      type:
        description:
          - The kind of disk.
        type: str
        default: CLOUD_SSD
      boot:
        description:
          - Whether it is the system disk.
        type: bool
        default: false
  charge_type:
    description:
      - How it is paid for. V(Postpay) by the hour, afterwards; V(Dynamic) by the hour, ahead; V(Day), V(Month) and
        V(Year) ahead for so long; V(Spot) by the hour, for less, until the platform takes it back.
    type: str
    choices: [Postpay, Dynamic, Day, Month, Year, Spot]
  charge_types:
    description:
      - Charge types of a new instance in order of preference, for example V([Spot, Postpay]).
      - It changes nothing on an instance that exists.
    type: list
    elements: str
    choices: [Postpay, Dynamic, Day, Month, Year, Spot]
    version_added: 1.1.0
  wait_for_stock:
    description:
      - How long to wait, in seconds, until one of the GPU types can be had within O(max_price). The time is not part of
        O(wait_timeout).
      - The list of free GPUs is polled every five minutes, which is how often the API renews it. Live lines show what
        is missing, and what there would be for more.
      - Check mode does not wait.
    type: float
    default: 0
    version_added: 1.1.0
  security_group_id:
    description:
      - The security group of a new instance. If omitted, the API chooses it.
      - It changes nothing on an instance that exists.
    type: str
    version_added: 1.1.0
  resize:
    description:
      - Whether to bring O(gpu_count), O(cpu), O(memory_gb) and the system disk in O(disks) of an instance that exists
        to what they say. What is omitted stays as it is, if the zone sells that with the others.
      - The API resizes only what is stopped, so a running instance is stopped for it and started again. RV(resized)
        says what it costs before and after, also in check mode. Nothing is resized above O(max_price).
      - A size that the zone does not sell is an error that lists those that it sells. A system disk never shrinks.
      - If a resize fails, an instance that ran is started again, and the error says what it is now.
    type: bool
    default: false
    version_added: 1.1.0
  ports:
    description:
      - The ports of a pod that can be reached from outside. It must run.
      - A protocol that is omitted keeps its ports. HTTP 8888 and TCP 23 always stay.
    type: dict
    version_added: 1.1.0
    suboptions:
      http:
        description:
          - All ports for HTTP, at most ten.
        type: list
        elements: int
      tcp:
        description:
          - All ports for TCP, at most ten.
        type: list
        elements: int
      udp:
        description:
          - All ports for UDP, at most ten.
        type: list
        elements: int
  zones:
    description:
      - The zones it may be made in. It is made in the first that sells it, has one left, and keeps to O(max_price).
      - Left out, that of O(zone). Where that is not set either, all zones, or those of O(region), in the API's order.
    type: list
    elements: str
  max_price:
    description:
      - The most that one instance may cost, in CNY per hour, with its disks and its image. Where every zone costs more,
        or the API names no price, nothing is made.
    type: float
  remark:
    description:
      - A note about it.
    type: str
  password:
    description:
      - The password of its user, for a new instance or with O(state=reinstalled). Left out, the API makes one, which
        O(compshare.cloud.compshare_instance_info#module:include_secrets) tells.
      - 8 to 32 characters, of at least two of letters, digits and punctuation.
    type: str
  release_disks:
    description:
      - Whether O(state=absent) also deletes its data disks. Otherwise they stay, and are still paid for.
    type: bool
    default: false
  schedule_stop:
    description:
      - When it shall stop by itself, while it runs. V(never) removes such a time.
      - A time such as V(2026-11-22T20:00:00Z) is set where it is another one. It must be five minutes away.
      - A duration such as V(90m), V(8h) or V(2d) is set where there is no such time, and counts from then.
      - For an instance that must be made first, a time must be fifteen minutes away, and O(wait) true. Spot instances
        have no such time.
    type: str
  without_gpu:
    description:
      - With O(state=running) and O(state=restarted), start it without its GPU, for less. V(A) has 2 CPUs and 4 GB,
        V(B) 8 CPUs and 16 GB.
      - An account may run one such instance at a time. One that runs with its GPU must be stopped first.
    type: str
    choices: [A, B]
  force:
    description:
      - With O(state=reinstalled), reinstall it also where it has that image.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the instances are where they should be. Otherwise the task ends when the API has accepted
        the last request; it waits only for what comes before that, such as the stop before a removal.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long the task may take, in seconds, for all instances together.
      - An answer that another operation is running is waited out so long, too.
    type: float
    default: 900
  wait_for_ssh:
    description:
      - Whether to wait also until an SSH server answers on each instance, from where the task runs. The instances must
        run, or be made or started by the task.
    type: bool
    default: false
  show_progress:
    description:
      - Whether to show a line, on standard error, each time that the state of an instance changes.
    type: bool
    default: true
notes:
  - Instances are looked for in all regions, whatever O(region) and O(zone) say. Requests about an instance go to where
    it is.
seealso:
  - module: compshare.cloud.compshare_instance_info
    description: What there is.
  - module: compshare.cloud.compshare_instance_type_info
    description: What can be had where, and what it costs.
  - module: compshare.cloud.compshare_image
    description: Makes an image of an instance.
  - plugin: compshare.cloud.compshare
    plugin_type: inventory
    description: The instances as hosts, to configure them.
"""

EXAMPLES = r"""
- name: Have a 4090 with Ubuntu, wherever it is in stock, for two yuan an hour at most
  compshare.cloud.compshare_instance:
    name: trainer
    image: Ubuntu 22.04
    gpu_type: "4090"
    max_price: 2
    schedule_stop: 8h
    wait_for_ssh: true
  register: train

- name: Show what it costs, where it was made now
  ansible.builtin.debug:
    msg: "{{ train.instance.name }} costs {{ train.price.per_hour }} CNY per hour"
  when: train.price is defined

- name: Have three workers of an own image in one of two zones
  compshare.cloud.compshare_instance:
    name: worker
    count: 3
    state: running
    image: "{{ image_id }}"
    gpu_type: "4090"
    cpu: 16
    memory_gb: 64
    disks:
      - {size_gb: 100, boot: true}
      - {size_gb: 200}
    zones: [cn-wlcb-01, cn-sh2-02]

- name: Stop it for the night
  compshare.cloud.compshare_instance:
    name: trainer
    state: stopped

- name: Copy data without paying for the GPU
  compshare.cloud.compshare_instance:
    name: trainer
    state: running
    without_gpu: A

- name: Begin anew with another image
  compshare.cloud.compshare_instance:
    name: trainer
    state: reinstalled
    image: cuda128_torch291_py312

- name: Give it back, with its data disks
  compshare.cloud.compshare_instance:
    name: trainer
    state: absent
    release_disks: true
"""

RETURN = r"""
instance:
  description:
    - The instance, if the task is about one and it exists (or, in check mode, would). Null after it was deleted.
    - It has the keys of RV(compshare.cloud.compshare_instance_info#module:instances), without secrets.
  returned: success, and on failure as it was seen last
  type: dict
  sample:
    id: uhost-1testvm00001
    name: train-vm
    state: Running
    kind: vm
    zone: cn-wlcb-01
    gpu_type: "4090"
    gpu_count: 1
    cpu: 16
    memory_gb: 64
    charge_type: Postpay
    ssh_command: ssh ubuntu@203.0.113.10
    scheduled_stop_time: "2026-11-22T20:00:00Z"
instances:
  description: All instances that the task is about, each like RV(instance), as far as they exist.
  returned: success, and on failure as they were seen last
  type: list
  elements: dict
actions:
  description: What was done, or in check mode would be, in this order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: StartCompShareInstance
    id:
      description: The id of the instance, null where it is not known before.
      type: str
      sample: uhost-1testvm00001
    name:
      description: The name of the instance.
      type: str
      sample: train-vm
resized:
  description: What was resized, or in check mode would be.
  returned: when something is resized
  type: list
  elements: dict
  version_added: 1.1.0
  contains:
    id:
      description: The id of the instance.
      type: str
      sample: uhost-1testvm00001
    name:
      description: The name of the instance.
      type: str
    before:
      description: The size before, with the keys C(gpu_count), C(cpu), C(memory_gb) and C(system_disk_gb).
      type: dict
      sample: {gpu_count: 1, cpu: 16, memory_gb: 64, system_disk_gb: 100}
    after:
      description: The size after it, with the same keys.
      type: dict
      sample: {gpu_count: 2, cpu: 32, memory_gb: 128, system_disk_gb: 100}
    price_per_hour_before:
      description: What it cost while it ran, with its disks, in CNY per hour. Null if the API does not say.
      type: float
      sample: 1.48
    price_per_hour_after:
      description: What it costs afterwards, in CNY per hour. Null if the API does not say.
      type: float
      sample: 2.94
    charged_at_once:
      description: What a prepaid instance is charged for the rest of its period, in CNY. Null if it is not prepaid.
      type: float
price:
  description:
    - What one of the instances costs that were made, or in check mode would be. Where zones differ, it is the dearest.
  returned: when an instance is made and the API names a price
  type: dict
  contains:
    charge_type:
      description: How it is charged.
      type: str
      sample: Postpay
    amount:
      description: What it costs, in CNY for one RV(price.unit).
      type: float
      sample: 1.58
    unit:
      description: V(hour), V(day), V(month) or V(year). A month counts 30 days, a year 365.
      type: str
      sample: hour
    per_hour:
      description: The same, in CNY per hour.
      type: float
      sample: 1.58
    instance:
      description: The part of the instance.
      type: float
    system_disk:
      description: The part of the system disk.
      type: float
    data_disks:
      description: The part of the data disks.
      type: float
    image:
      description: The part of the image.
      type: float
error:
  description: What went wrong, in parts.
  returned: failure
  type: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: CreateCompShareInstance
    ret_code:
      description: The RetCode that the API answered with, null where it gave none.
      type: int
      sample: 226604
    message:
      description: The message of the API, or what happened instead of an answer.
      type: str
      sample: This GPU type is currently out of resources
    request_id:
      description: The API's id of the request, to give to the vendor's support.
      type: str
    hint:
      description: What can be done.
      type: str
    retryable:
      description: Whether the same task may succeed when it is run again.
      type: bool
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._images.sources import SOURCES
from ..module_utils._instances.ensure import STATES, ensure_instances
from ..module_utils._instances.no_gpu import WITHOUT_GPU
from ..module_utils._instances.ports import PROTOCOLS
from ..module_utils._instances.query import CHARGE_TYPES


def main() -> None:
    run_module(
        {
            "state": {"type": "str", "choices": list(STATES), "default": "present"},
            "name": {"type": "str"},
            "instance_id": {"type": "str"},
            "count": {"type": "int"},
            "image": {"type": "str"},
            "image_source": {"type": "str", "choices": [source for source in SOURCES if source != "user"]},
            "gpu_type": {"type": "str"},
            "gpu_types": {"type": "list", "elements": "str"},
            "gpu_count": {"type": "int"},
            "cpu": {"type": "int"},
            "memory_gb": {"type": "int"},
            "disks": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "size_gb": {"type": "int", "required": True},
                    "type": {"type": "str", "default": "CLOUD_SSD"},
                    "boot": {"type": "bool", "default": False},
                },
            },
            "charge_type": {"type": "str", "choices": list(CHARGE_TYPES)},
            "charge_types": {"type": "list", "elements": "str", "choices": list(CHARGE_TYPES)},
            "wait_for_stock": {"type": "float", "default": 0},
            "security_group_id": {"type": "str"},
            "resize": {"type": "bool", "default": False},
            "ports": {
                "type": "dict",
                "options": {protocol: {"type": "list", "elements": "int"} for protocol in PROTOCOLS},
            },
            "zones": {"type": "list", "elements": "str"},
            "max_price": {"type": "float"},
            "remark": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "release_disks": {"type": "bool", "default": False},
            "schedule_stop": {"type": "str"},
            "without_gpu": {"type": "str", "choices": list(WITHOUT_GPU)},
            "force": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 900},
            "wait_for_ssh": {"type": "bool", "default": False},
            "show_progress": {"type": "bool", "default": True},
        },
        ensure_instances,
        required_one_of=[("name", "instance_id")],
    )


if __name__ == "__main__":
    main()
