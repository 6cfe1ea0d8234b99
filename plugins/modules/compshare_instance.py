#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance
short_description: Create, start, stop, resize, reinstall and delete CompShare instances
version_added: 1.0.0
description:
  - Creates an instance in the first zone that has the GPU in stock, brings instances into the desired state and waits
    until they are there, and deletes them.
  - An instance is identified by its exact name within the account, or by its id. Several instances of one name are an
    error that lists them. If it is in the desired state, nothing is done.
  - An instance is not ordered twice by one user on one machine. Each order is recorded on disk before it is sent. If
    the response is lost, or the run is killed, this run or the next one looks for the instance in the list for 150
    seconds after the order before it believes that there is none. Tasks that order the same name wait for each other.
  - This does not hold if the API takes more than 150 seconds to list an instance, if no file can be written to the home
    or the folder for temporary files (a warning says so), or against tasks of other users and machines. If one of those
    creates an instance of the same name at the same moment, the task fails and names both.
  - If a response of the API lacks an instance, the list is read again before the instance counts as absent, after five
    seconds if it is identified by its name, and once more after fifteen seconds if it is identified by its id.
  - Stock and price are read before anything is ordered. Check mode reads and shows them, too.
  - Instances are charged while they run; by default by the hour, afterwards. A stopped instance that is not prepaid is
    deleted by the platform with its system disk on the seventh day, at its C(release_time). The task warns of that two
    days before.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.write
  - compshare.cloud._attributes.action_group
  - compshare.cloud._attributes.live_lines
attributes:
  check_mode:
    details:
      - Check mode does not wait. For an instance that is in transition, it predicts the state that this leads to.
      - A reinstall of a container or a pod is predicted in the state that it is in. If the API refuses that, the real
        run stops or starts it first.
  idempotent:
    details:
      - O(state=restarted) restarts each time. O(state=reinstalled) with O(force=true) reinstalls each time.
options:
  state:
    description:
      - V(present) creates the instance if it does not exist. One that is stopped stays stopped.
      - V(running) creates it if it does not exist, and starts it if it is stopped.
      - V(stopped) stops it. Its disks are kept and still charged.
      - V(restarted) reboots it if it runs, and starts it if it is stopped.
      - V(reinstalled) puts O(image) on its system disk, unless it has that image. All data on that disk is lost.
        Virtual machines are stopped for it. Afterwards it runs if it ran before, and is stopped if it was. With
        O(wait=false), it is left as the API leaves it. An instance in no-GPU mode is started with its GPU first.
      - V(absent) stops and deletes it, whatever its state. If it is stuck in a state that should pass, stop and delete
        are tried all the same, and the error says what was tried.
    type: str
    choices: [present, running, stopped, restarted, reinstalled, absent]
    default: present
  name:
    description:
      - "The name of the instance. At most 63 Chinese characters, letters, digits, and C(_ , . : -)."
      - Together with O(instance_id), the instance is renamed to it.
      - One of O(name) and O(instance_id) is required.
    type: str
  instance_id:
    description:
      - The id of an existing instance.
    type: str
  count:
    description:
      - The number of instances. They are named C(NAME-1), C(NAME-2) and so on, after O(name).
      - If a later task has a smaller number, the others stay as they are.
    type: int
  image:
    description:
      - The image to create it from, or to put on it, as an id or as its exact name.
    type: str
  image_source:
    description:
      - The list in which the name is looked up, as in O(compshare.cloud.compshare_image_info#module:source). If
        omitted, V(platform) and V(custom).
    type: str
    choices: [platform, custom, shared, published, favorite, community]
  gpu_type:
    description:
      - The GPU type, for example V(4090). M(compshare.cloud.compshare_instance_type_info) lists them.
      - O(image) and one of O(gpu_type) and O(gpu_types) are required to create an instance. They change nothing on an
        existing one.
    type: str
  gpu_types:
    description:
      - GPU types in order of preference. The instance is created with the first one that is in stock in one of the
        zones within O(max_price). All of O(charge_types) are tried with one GPU type before the next one.
    type: list
    elements: str
    version_added: 1.1.0
  gpu_count:
    description:
      - The number of GPUs. If omitted, a new instance has one.
    type: int
  cpu:
    description:
      - The number of CPUs. If omitted, the smallest that is in stock with these GPUs.
    type: int
  memory_gb:
    description:
      - The memory, in GB. If omitted, the smallest that is in stock with these GPUs and CPUs.
    type: int
  disks:
    description:
      - The disks of a new instance, exactly one of which is the system disk.
      - If omitted, a system disk of 100 GB, or as large as the image needs if that is known because O(image) is a name.
      - With O(resize=true), the system disk of an existing instance grows to this size.
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
          - The disk type.
        type: str
        default: CLOUD_SSD
      boot:
        description:
          - Whether it is the system disk.
        type: bool
        default: false
  charge_type:
    description:
      - How it is charged. V(Postpay) by the hour, afterwards; V(Dynamic) by the hour, ahead; V(Day), V(Month) and
        V(Year) prepaid for that time; V(Spot) by the hour, for less, until the platform takes it back.
      - If omitted, a new instance is charged as V(Postpay), and an existing one stays as it is.
      - An existing instance is switched from V(Postpay) to V(Dynamic), V(Day), V(Month) or V(Year). A warning says
        so and what it costs before it is done, also in check mode. Nothing else can be switched, and a switch
        cannot be undone; a warning says that the instance stays as it is.
      - Prepaid instances are renewed automatically unless that is turned off in the console.
        RV(compshare.cloud.compshare_instance_info#module:instances[].auto_renew) shows whether it is; the API has no
        action for it. No documentation of the API has V(Year) for new instances, so it may be refused.
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
      - How long to wait, in seconds, until one of the GPU types is in stock within O(max_price). The time is not part
        of O(wait_timeout).
      - The list of free GPUs is polled every five minutes, which is how often the API refreshes it. Live lines show
        what is missing, and what is in stock at a higher price.
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
      - Whether to resize an existing instance to O(gpu_count), O(cpu), O(memory_gb) and the system disk in O(disks).
        What is omitted stays as it is, if the zone sells that with the others.
      - The API resizes only stopped instances, so a running instance is stopped for it and started again. RV(resized)
        says what it costs before and after, also in check mode. Nothing is resized above O(max_price).
      - A size that the zone does not sell is an error that lists those that it sells. A system disk never shrinks.
      - If a resize fails, an instance that ran is started again, and the error shows its current size.
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
      - The zones that it may be created in. It is created in the first one that sells it, has one in stock, and is
        within O(max_price). A zone that does not exist is an error that lists those that do.
      - If omitted, the zone in O(zone). If that is not set either, all zones, or those of O(region), in the API's
        order.
    type: list
    elements: str
  max_price:
    description:
      - The most that one instance may cost, in CNY per hour, with its disks and its image. If every zone costs more, or
        the API returns no price, nothing is created, resized or switched.
    type: float
  remark:
    description:
      - A remark on a new instance.
    type: str
  password:
    description:
      - The password of the login user, for a new instance or with O(state=reinstalled). If omitted, the API generates
        one; read it with O(compshare.cloud.compshare_instance_info#module:include_secrets).
      - 8 to 30 characters for virtual machines and 8 to 32 for containers and pods, of at least two of lower-case
        letters, upper-case letters, digits and punctuation. Windows needs three of them.
      - A reinstall may ignore it and keep or generate another one. The task checks that and warns.
    type: str
  release_disks:
    description:
      - Whether O(state=absent) also deletes the data disks. Otherwise they are kept and still charged.
    type: bool
    default: false
  schedule_stop:
    description:
      - When a running instance stops by itself. V(never) removes such a time.
      - A time such as V(2026-11-22T20:00:00Z) is set unless it is set already. It must be five minutes ahead. A time
        that names no time zone is in UTC; a warning shows it with its zone.
      - A duration such as V(90m), V(8h) or V(2d) is set if no time is set, and counts from then.
      - The stop of a new instance is scheduled as soon as it has an id, or as soon as the API accepts it, at the latest
        when it runs. It is at least fifteen minutes after the order, and needs O(wait=true).
      - If the API refuses it, the error says which instance runs on and what it costs. Spot instances have no such
        time.
    type: str
  without_gpu:
    description:
      - With O(state=running) and O(state=restarted), start it without its GPU, for less. V(A) has 2 CPUs and 4 GB,
        V(B) 8 CPUs and 16 GB. Pods have V(A) only.
      - Only for instances that are charged as V(Postpay) or V(Dynamic), and for one in an account at a time. One that
        runs with its GPU must be stopped first.
      - Starting it with its GPU again needs one in stock.
    type: str
    choices: [A, B]
  force:
    description:
      - Whether O(state=reinstalled) also reinstalls an instance that has that image.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the instances are in the desired state. Otherwise the task ends when the API has accepted
        the last request; it waits only for the steps before that, such as the stop before a deletion.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long the task may take, in seconds, for all instances together.
      - Busy responses are retried until this timeout, too.
    type: float
    default: 900
  wait_for_ssh:
    description:
      - Whether to wait also until an SSH server responds on each instance, from where the task runs. The instances must
        run, or be created or started by the task.
    type: bool
    default: false
  show_progress:
    description:
      - Whether to show a line, on standard error, each time that the state of an instance changes.
    type: bool
    default: true
notes:
  - Instances are looked up in all regions, whatever O(region) and O(zone) say. Requests about an instance go to its own
    zone.
seealso:
  - module: compshare.cloud.compshare_instance_info
    description: Gather information about instances.
  - module: compshare.cloud.compshare_instance_type_info
    description: GPU types, sizes, stock and prices.
  - module: compshare.cloud.compshare_image
    description: Create an image from an instance.
  - module: compshare.cloud.compshare_disk
    description: Data disks of instances.
  - plugin: compshare.cloud.compshare
    plugin_type: inventory
    description: Instances as hosts.
"""

EXAMPLES = r"""
- name: Create a 4090 instance in any zone that has one, for two yuan an hour at most
  compshare.cloud.compshare_instance:
    name: trainer
    image: Ubuntu 22.04
    gpu_type: "4090"
    max_price: 2
    schedule_stop: 8h
    wait_for_ssh: true
  register: train

- name: Show what it costs if it was created now
  ansible.builtin.debug:
    msg: "{{ train.instance.name }} costs {{ train.price.per_hour }} CNY per hour"
  when: train.price is defined

- name: Create three workers from a custom image in one of two zones
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

- name: Wait up to an hour for a 4090, or a 5090, as a spot instance if possible
  compshare.cloud.compshare_instance:
    name: whatever-is-free
    image: Ubuntu 22.04
    gpu_types: ["4090", "5090"]
    charge_types: [Spot, Postpay]
    max_price: 2.5
    wait_for_stock: 3600

- name: Give it two GPUs and a larger system disk
  compshare.cloud.compshare_instance:
    name: trainer
    resize: true
    gpu_count: 2
    disks:
      - {size_gb: 200, boot: true}

- name: Stop it for the night
  compshare.cloud.compshare_instance:
    name: trainer
    state: stopped

- name: Copy data without paying for the GPU
  compshare.cloud.compshare_instance:
    name: trainer
    state: running
    without_gpu: A

- name: Start over with another image
  compshare.cloud.compshare_instance:
    name: trainer
    state: reinstalled
    image: cuda128_torch291_py312

- name: Delete it with its data disks
  compshare.cloud.compshare_instance:
    name: trainer
    state: absent
    release_disks: true
"""

RETURN = r"""
instance:
  description:
    - The instance, if there is one (or, in check mode, would be). Null after it was deleted.
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
  description: All instances of the task that exist, each like RV(instance).
  returned: success, and on failure as they were seen last
  type: list
  elements: dict
actions:
  description: The requests that were sent, or in check mode would be, in this order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The action of the API.
      type: str
      sample: StartCompShareInstance
    id:
      description: The id of the instance, null if it is not known yet.
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
    - What one of the instances costs that were created, or in check mode would be. If zones differ, it is the highest.
    - It has the keys of RV(compshare.cloud.compshare_instance_type_info#module:instance_types[].prices), without the
      size.
  returned: when an instance is created and the API names a price
  type: dict
  sample:
    charge_type: Postpay
    amount: 1.48
    unit: hour
    per_hour: 1.48
    instance: 1.46
    system_disk: 0.02
    data_disks: 0
    image: 0
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: CreateCompShareInstance
    ret_code: 226604
    message: This GPU type is currently out of resources
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._images.sources import SOURCES
from ..module_utils._instances.ensure import STATES, ensure_instances
from ..module_utils._instances.ports import PROTOCOLS
from ..module_utils._instances.query import CHARGE_TYPES
from ..module_utils._instances.transitions import WITHOUT_GPU


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
