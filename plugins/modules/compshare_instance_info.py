#!/usr/bin/python
# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compshare_instance_info
short_description: Gather information about CompShare instances
version_added: 1.0.0
description:
  - Lists virtual machines, containers and pods of the account, filtered.
  - If O(region) and O(zone) are omitted, instances of all regions are listed. A region or zone that does not exist is
    an error that lists those that do.
  - Warns of instances that the platform will release within two days.
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud._attributes
  - compshare.cloud._attributes.info
  - compshare.cloud._attributes.action_group
options:
  instance_ids:
    description:
      - Only instances with one of these ids. An id that no instance has is not an error.
    type: list
    elements: str
    aliases: [instance_id]
  name:
    description:
      - Only instances of exactly this name. There may be several.
    type: str
  states:
    description:
      - Only instances in one of these states, for example V(Running) or V(Stopped), in upper or lower case. An
        unknown state gives a warning.
    type: list
    elements: str
  tag:
    description:
      - Only instances with exactly this tag.
    type: str
  kind:
    description:
      - Only virtual machines, only containers on such hosts, or only pods.
    type: str
    choices: [vm, container, pod]
  gpu_type:
    description:
      - Only instances with this GPU type, for example V(4090). If none matches, a type that no zone sells
        gives a warning.
    type: str
  charge_type:
    description:
      - Only instances with this charge type.
    type: str
    choices: [Postpay, Dynamic, Day, Month, Year, Spot]
  image_id:
    description:
      - Only instances with this image.
    type: str
  released_before:
    description:
      - Only instances that the platform will release before this time, with their system disk.
      - A duration such as V(36h) or V(2d) counts from now. A time such as V(2026-11-22T20:00:00Z) is in UTC if it names
        no time zone.
    type: str
    version_added: 1.1.0
  include_secrets:
    description:
      - Whether to return the secrets of an instance, its RV(instances[].password) and the tokens in the addresses of
        RV(instances[].software).
      - Later tasks can use these values, so they cannot be blanked out of the result. Instead, the output of this task
        is hidden as with C(no_log), and on ansible-core 2.22 and later Ansible treats the values as secrets
        and masks them wherever they are printed.
      - On earlier versions, give C(no_log=true) to later tasks that use them, since Ansible does not know these
        values as secrets there. With C(async), this task needs C(no_log=true), too, and fails without it.
    type: bool
    default: false
attributes:
  action:
    description: Has an action plugin, which runs in the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
notes:
  - If the list cannot be read completely, the task fails.
  - The module applies the filters itself, to the whole list, because the API silently ignores most filters.
seealso:
  - module: compshare.cloud.compshare_instance
    description: Create, start, stop, resize, reinstall and delete instances.
  - plugin: compshare.cloud.compshare
    plugin_type: inventory
    description: Instances as hosts.
"""

EXAMPLES = r"""
- name: List all instances
  compshare.cloud.compshare_instance_info:
  register: all

- name: Show where each one is and how to log in
  ansible.builtin.debug:
    msg: "{{ item.name }} {{ item.state }} {{ item.zone }} {{ item.ssh_command | default('no SSH', true) }}"
  loop: "{{ all.instances }}"
  loop_control:
    label: "{{ item.id }}"

- name: List the 4090s that run and are paid by the hour
  compshare.cloud.compshare_instance_info:
    gpu_type: "4090"
    states: [Running]
    charge_type: Postpay

- name: Find one instance by its name
  compshare.cloud.compshare_instance_info:
    name: train-vm
  register: train

- name: Read its password for a later task
  compshare.cloud.compshare_instance_info:
    name: train-vm
    include_secrets: true
  register: secret
  no_log: true
"""

RETURN = r"""
instances:
  description:
    - The instances, sorted by name and id. Each has all of these keys, null if the API gives no value.
    - Other fields of the API follow under their own names in snake case.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the instance.
      type: str
      sample: uhost-1testvm00001
    name:
      description: The name. Several instances may have the same.
      type: str
      sample: train-vm
    state:
      description:
        - V(Running), V(Stopped), V(Install Fail), or a state in transition, such as V(Initializing), V(Install),
          V(Starting), V(Stopping), V(Rebooting), V(Reinstalling), V(Resizing), V(Pending) or V(ImageMaking).
        - Null if the API does not know it.
      type: str
      sample: Running
    kind:
      description: V(vm) for a virtual machine, V(container) for a container on such a host, V(pod) for a pod.
      type: str
      sample: vm
    remark:
      description: The remark of its owner.
      type: str
    tag:
      description: The tag, which the console calls business group.
      type: str
      sample: Default
    region:
      description: The region.
      type: str
      sample: cn-wlcb
    zone:
      description: The zone.
      type: str
      sample: cn-wlcb-01
    instance_type:
      description: V(UHost) or V(Container), in the API's words; see RV(instances[].kind).
      type: str
      sample: UHost
    machine_type:
      description: V(G), or V(O) in no-GPU mode; see RV(instances[].without_gpu).
      type: str
      sample: G
    spot:
      description: Whether it is a spot instance, which the platform may take back.
      type: bool
      sample: false
    interrupted:
      description: Whether it is a spot instance that the platform has taken back. It can only be started or deleted.
      type: bool
      sample: false
      version_added: 1.1.0
    without_gpu:
      description: Whether it is in no-GPU mode. A stop does not leave that mode, a start with the GPU does.
      type: bool
      sample: false
    gpu_type:
      description: The GPU type.
      type: str
      sample: "4090"
    gpu_count:
      description: The number of GPUs.
      type: int
      sample: 1
    gpu_memory_gb:
      description: The memory of one GPU, in GB.
      type: float
      sample: 24
    cpu:
      description: The number of CPUs.
      type: int
      sample: 16
    memory_gb:
      description: The main memory, in GB.
      type: float
      sample: 64
    cpu_platform:
      description: The CPU platform.
      type: str
      sample: Amd/Auto
    cpu_arch:
      description: The architecture of the CPU.
      type: str
      sample: x86_64
    supports_start_without_gpu:
      description: Whether it can be started without its GPU.
      type: bool
    image_id:
      description: The id of its image.
      type: str
      sample: compshareImage-1aaaaaaaaaa2
    image_name:
      description: The name of that image.
      type: str
      sample: Ubuntu 22.04
    image_type:
      description: The type of that image, such as V(System), V(App), V(Custom) or V(Community).
      type: str
      sample: System
    image_status:
      description: The status of that image.
      type: str
      sample: Available
    image_version:
      description: The version of that image, for one of the community.
      type: str
    image_author:
      description: The author of that image.
      type: str
    image_owner:
      description: V(Official) for an image of the vendor, V(Community) for one of the community.
      type: str
      sample: Official
    os_name:
      description: The operating system.
      type: str
      sample: Ubuntu 22.04 64位
    os_type:
      description: V(Linux) or V(Windows).
      type: str
      sample: Linux
    public_ip:
      description: The public address of its outgoing traffic. Null if it has none at the moment.
      type: str
      sample: 203.0.113.10
    private_ip:
      description: The private address. Null for pods, which have none.
      type: str
      sample: 192.0.2.10
    addresses:
      description: All addresses.
      type: list
      elements: dict
      contains:
        type:
          description: V(Internation) or V(Bgp) for a public address, V(Private), or V(Proxy).
          type: str
        ip:
          description: The address.
          type: str
        mode:
          description: V(IPv4) or V(IPv6).
          type: str
        bandwidth_mbps:
          description: The bandwidth, in Mbit/s.
          type: float
        weight:
          description: Of several public addresses, outgoing traffic uses the one with the highest weight.
          type: float
        default:
          description: Whether it is the default address.
          type: bool
    ssh_command:
      description: The login command of the API. Null unless it runs, and always for Windows.
      type: str
      sample: ssh ubuntu@203.0.113.10
    ssh_host:
      description: The host in RV(instances[].ssh_command).
      type: str
      sample: 203.0.113.10
    ssh_port:
      description: The port in RV(instances[].ssh_command), V(22) if it names none.
      type: int
      sample: 22
    ssh_user:
      description: The user in RV(instances[].ssh_command).
      type: str
      sample: ubuntu
    software:
      description: What can be opened in a browser.
      type: list
      elements: dict
      contains:
        name:
          description: The name.
          type: str
          sample: JupyterLab
        url:
          description: Its address. Without O(include_secrets=true), the query is omitted, because it holds tokens.
          type: str
    ports:
      description: The ports of a pod that can be reached from outside.
      type: dict
      contains:
        http:
          description: Ports for HTTP.
          type: list
          elements: int
        tcp:
          description: Ports for TCP.
          type: list
          elements: int
        udp:
          description: Ports for UDP.
          type: list
          elements: int
    ingress_host:
      description: The host name for the HTTP ports of a pod.
      type: str
    disks:
      description: The disks.
      type: list
      elements: dict
      contains:
        id:
          description: The id of the disk.
          type: str
        name:
          description: The name of the disk.
          type: str
        type:
          description: The disk type.
          type: str
          sample: CLOUD_SSD
        use:
          description: V(Boot), V(Data) or V(Udisk).
          type: str
        boot:
          description: Whether it is the system disk.
          type: bool
        size_gb:
          description: The size, in GB.
          type: float
        drive:
          description: The device.
          type: str
          sample: /dev/vda
        encrypted:
          description: Whether it is encrypted.
          type: bool
    disk_gb:
      description: The total size of the data disks, in GB.
      type: float
    charge_type:
      description: V(Postpay), V(Dynamic), V(Day), V(Month), V(Year) or V(Spot).
      type: str
      sample: Postpay
    instance_price:
      description: What it costs while it runs, without disks and image, in CNY per hour.
      type: float
      sample: 1.48
    disk_price:
      description: What its disks cost, in CNY per hour.
      type: float
    image_price:
      description: What its image costs, in CNY per hour.
      type: float
    auto_renew:
      description: Whether it is renewed automatically when its prepaid time ends. The console changes it.
      type: bool
    expired:
      description: Whether its prepaid time has ended.
      type: bool
    create_time:
      description: When it was created.
      type: str
      sample: "2026-11-22T08:00:00Z"
    start_time:
      description: When it was started last.
      type: str
    stop_time:
      description: When it was stopped last.
      type: str
    update_time:
      description: When it was last changed.
      type: str
    expire_time:
      description: When its prepaid time ends. Null if it is not prepaid.
      type: str
    release_time:
      description:
        - When the platform will release it with its system disk and address. For a stopped instance that is not
          prepaid, that is the seventh day after the stop. Data disks are only detached.
      type: str
    scheduled_stop_time:
      description: When it stops by itself.
      type: str
    password:
      description: The password of RV(instances[].ssh_user), if O(include_secrets=true).
      type: str
    file_browser_password:
      description: The password of the file browser, if O(include_secrets=true).
      type: str
total:
  description: The number of instances that match.
  returned: success
  type: int
  sample: 12
error:
  description: What went wrong, with the keys of RV(compshare.cloud.compshare_api#module:error).
  returned: failure
  type: dict
  sample:
    action: DescribeCompShareInstance
    ret_code: 171
    message: Signature VerifyAC Error
"""

# Absolute, because Mitogen looks for it to know a module.
from ansible_collections.compshare.cloud.plugins.module_utils._module import run_module

from ..module_utils._instances.gpu_types import unknown_gpu_types
from ..module_utils._instances.model import release_warning, secrets_of
from ..module_utils._instances.query import CHARGE_TYPES, KINDS, InstanceQuery, find_instances, unknown_states
from ..module_utils._task import Task


def list_instances(task: Task) -> dict[str, object]:
    query = InstanceQuery.from_options(task.options)
    instances = find_instances(task.client, query)
    found_none = query.gpu_type if not instances else None
    for warning in (
        unknown_states(instances, query.states),
        unknown_gpu_types(task.client, [found_none] if found_none else []),
        release_warning(instances, task.client.clock.epoch()),
    ):
        if warning:
            task.warn(warning)
    if query.include_secrets:
        task.register_secrets([secret for instance in instances for secret in secrets_of(instance)])
    return {"instances": instances, "total": len(instances)}


def main() -> None:
    run_module(
        {
            "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id"]},
            "name": {"type": "str"},
            "states": {"type": "list", "elements": "str"},
            "tag": {"type": "str"},
            "kind": {"type": "str", "choices": list(KINDS)},
            "gpu_type": {"type": "str"},
            "charge_type": {"type": "str", "choices": list(CHARGE_TYPES)},
            "image_id": {"type": "str"},
            "released_before": {"type": "str"},
            "include_secrets": {"type": "bool", "default": False},
        },
        list_instances,
    )


if __name__ == "__main__":
    main()
