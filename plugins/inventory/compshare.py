# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: compshare
short_description: CompShare instances as inventory hosts
version_added: 1.0.0
author:
  - CompShare Cloud collection contributors (@compshare-cloud)
description:
  - Adds a host for each virtual machine, container and pod of the account.
  - The file must be named C(compshare.yml) or C(compshare.yaml), or end in one of these, such as C(team.compshare.yml).
  - The list of instances is complete or the inventory fails.
  - An instance that is not running is a host without C(ansible_host).
extends_documentation_fragment:
  - compshare.cloud.connection
  - compshare.cloud.connection.env
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [compshare.cloud.compshare]
  regions:
    description:
      - Only instances in these regions. If omitted, O(region) applies, and without that, all regions are read.
      - A region that does not exist is an error that lists the regions.
    type: list
    elements: str
  zones:
    description:
      - Only instances in these zones. If omitted, O(zone) applies, and without that, all zones are read.
      - A zone that does not exist is an error that lists the zones.
    type: list
    elements: str
  states:
    description:
      - Only instances in one of these states, for example V(Running) or V(Stopped), in upper or lower case.
      - An unknown state gives a warning that lists the known ones.
    type: list
    elements: str
  filters:
    description:
      - Jinja expressions over the host variables, without braces. Only hosts for which all of them are true.
      - An expression that fails is an error, also without O(strict), so that no host is lost by mistake.
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - What to name a host after. The first of these that is not empty is used.
      - V(name) is the name of the instance, V(id) its id, V(name_id) both. Anything else is a template over the host
        variables, with braces. A template that fails is skipped, or is an error with O(strict=true).
      - If several hosts would have the same name, the id is appended to each of these names. It is also appended to a
        name that a group or this machine has, or that another inventory file gave to another instance.
      - Letters and digits of every script, underscores, dots and hyphens are kept. Every other character becomes an
        underscore, in host names and in group names.
    type: list
    elements: str
    default: [name]
  hostvars_prefix:
    description:
      - The prefix of the names of host variables.
    type: str
    default: compshare_
  connect_with:
    description:
      - Where C(ansible_host), C(ansible_port) and C(ansible_user) come from.
      - V(ssh_command) uses the login command that the API returns, and the public address if it returns none, as for
        Windows. V(public_ip) and V(private_ip) use that address.
    type: str
    choices: [ssh_command, public_ip, private_ip]
    default: ssh_command
  use_password:
    description:
      - Whether to set C(ansible_password) to the password that the API returns. Everybody who can list the inventory
        can then read it. Deploying a public key is safer.
      - The cache holds no passwords, so with this option it is written but not read.
    type: bool
    default: false
notes:
  - The host variables are the keys of RV(compshare.cloud.compshare_instance_info#module:instances), each with
    O(hostvars_prefix), such as C(compshare_state) or C(compshare_gpu_type). They hold no password and no token.
  - Text from the API is never evaluated as a template.
  - Every option can be a template over the extra variables, for example with a lookup that finds a key, and every value
    can be vaulted. The templates and expressions of O(hostnames), O(filters), O(compose), O(groups) and
    O(keyed_groups) are evaluated for each host. They see the extra variables with O(use_extra_vars=true).
  - The cache is read before any request is sent. It holds what the API returned, so a change of O(filters), O(states),
    O(hostnames) or groups needs no new list. It is kept apart by address, account, project and regions.
  - A cache that cannot be read is replaced in the same run, with a warning.
  - Addresses of pods can change when they restart. Refresh the cache after that, with the C(--flush-cache) of
    C(ansible-playbook) or C(meta=refresh_inventory).
  - Ansible only warns about an inventory that fails, and runs plays without its hosts. Set the environment variable
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) or C(any_unparsed_is_failed) in the C([inventory]) section of
    C(ansible.cfg) to true, so that it fails the run.
seealso:
  - module: compshare.cloud.compshare_instance_info
    description: The same list as a task.
  - plugin: ansible.builtin.constructed
    plugin_type: inventory
    description: Explains C(compose), C(groups) and C(keyed_groups).
"""

EXAMPLES = r"""
# Each example is a file of its own, whose name ends in compshare.yml. The smallest one adds all instances of the
# account; the keys come from the environment or the vendor's profile:
#
#   plugin: compshare.cloud.compshare
#
# Keys from elsewhere, and host names with the zone:
#
#   plugin: compshare.cloud.compshare
#   public_key: "{{ lookup('ansible.builtin.file', '~/keys/compshare.pub') }}"
#   private_key: "{{ lookup('ansible.builtin.env', 'TEAM_KEY') }}"
#   hostnames:
#     - "{{ compshare_name }}.{{ compshare_zone }}"
#     - id
#
# Running instances in groups by GPU and tag, with a cache:
plugin: compshare.cloud.compshare
states: [Running]
filters:
  - compshare_gpu_count > 0
  - compshare_os_type == 'Linux'
keyed_groups:
  - key: compshare_gpu_type
    prefix: gpu
  - key: compshare_tag
    prefix: tag
  - key: compshare_state | lower
    prefix: state
groups:
  pods: compshare_kind == 'pod'
compose:
  ansible_python_interpreter: "'/usr/bin/python3'"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/compshare-inventory
cache_timeout: 600
"""

import hashlib
import json
import typing as t
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

from ansible.constants import config
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ..plugin_utils._bytecode import keep_bytecode

keep_bytecode()

from ..module_utils._api.client import Client
from ..module_utils._api.credentials import account_of, connection_warnings
from ..module_utils._api.errors import CompShareError, OptionError, printable
from ..module_utils._api.values import inert
from ..module_utils._api.version import VERSION
from ..module_utils._instances.hosts import host_variables, unique_names
from ..module_utils._instances.login import decode_password
from ..module_utils._instances.model import INSTANCE_KEYS, normalise_instance
from ..module_utils._instances.query import (
    InstanceQuery,
    check_places,
    explaining_places,
    matches,
    ordered,
    read_rows,
    unknown_states,
)
from ..plugin_utils._options import CheckedOptions, plugin_options
from ..plugin_utils._templates import holds, is_template, render, rendered
from ..plugin_utils._unsafe import make_unsafe

ENDINGS = ("compshare.yml", "compshare.yaml")
_NAMES = ("name", "id", "name_id")
#: Options whose templates and expressions are about each host.
_PER_HOST = frozenset(("plugin", "hostnames", "filters", "compose", "groups", "keyed_groups"))
#: Keys of an instance that decide which host it is; text, or null.
_TEXT_KEYS = ("id", "name", "zone", "region", "state", "kind", "os_type", "ssh_host", "ssh_user", "public_ip")
_TEXT_OR_NULL = (str, type(None))
_INSTANCE_KEYS = frozenset(INSTANCE_KEYS)
_UNPARSED = (
    "Ansible goes on without these hosts unless the environment variable ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED, or "
    "any_unparsed_is_failed in the section [inventory] of ansible.cfg, is true."
)
#: The instance that is a host, for each host that this plugin added, from whichever file. ansible-core gives each file
#: another view of the inventory, with the same hosts.
_id_of: WeakKeyDictionary[t.Any, str | None] = WeakKeyDictionary()


class _NameOfAGroup(Exception):
    """A new group has the name of one of our hosts."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Places(t.NamedTuple):
    """Where to list instances; empty for everywhere."""

    regions: Sequence[str]
    zones: Sequence[str]

    def unseen(self, instances: Sequence[Mapping[str, t.Any]]) -> set[str]:
        """Return the regions and zones in which none of C(instances) is."""
        return {*self.regions, *self.zones} - {instance[key] for instance in instances for key in ("region", "zone")}


class InventoryModule(CheckedOptions, BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "compshare.cloud.compshare"

    def verify_file(self, path: str) -> bool:
        if path.endswith(ENDINGS):
            return bool(super().verify_file(path))
        self.display.vvv(f"{self.NAME} reads only files whose names end in {' or '.join(ENDINGS)}.")
        return False

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        # Ansible's own reader takes for granted that this is so.
        if not isinstance(loader.load_from_file(path, cache="none") or {}, dict):
            raise AnsibleParserError(f"{path} holds no options: it must be a dictionary with plugin: {self.NAME}.")
        self._host_names: set[str] = set()
        failure: CompShareError | None = None
        try:
            self._read_config_data(path)
            self._check_options()
            hosts = self._hosts(cache)
        except CompShareError as error:
            failure = error
        # Outside of the handler, so that Ansible does not append the error to itself.
        if failure is not None:
            passed_over = "" if config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED") else f" {_UNPARSED}"
            raise AnsibleParserError(f"{failure}{passed_over}")
        self._populate(hosts)

    # --- Options ---

    def _render_option(self, name: str, value: t.Any) -> t.Any:
        return value if name in _PER_HOST else rendered(self.templar, value, self._vars or {})

    def _check_options(self) -> None:
        prefix = self.get_option("hostvars_prefix")
        if not f"{prefix}x".isidentifier() or prefix == "" or prefix.startswith("ansible_"):
            raise OptionError(
                f"hostvars_prefix is {prefix!r}; it must be letters, digits and underscores, and not 'ansible_'.",
                hint="Without a prefix, names such as 'name' and 'tags' would collide with Ansible's own.",
            )
        for pattern in self.get_option("hostnames"):
            if pattern not in _NAMES and not is_template(pattern):
                raise OptionError(
                    f"hostnames has {pattern!r}, which is neither {', '.join(_NAMES)} nor a template.",
                    hint="Write a template with its braces: '{{ compshare_name }}'.",
                )

    def _places(self, options: Mapping[str, t.Any]) -> _Places:
        regions = self.get_option("regions") or ([options["region"]] if options["region"] else [])
        zones = self.get_option("zones") or ([options["zone"]] if options["zone"] else [])
        return _Places(list(dict.fromkeys(map(str, regions))), list(dict.fromkeys(map(str, zones))))

    # --- Reading ---

    def _hosts(self, cache: bool) -> list[tuple[dict[str, t.Any], dict[str, t.Any]]]:
        """Return the requested instances, and the variables of each."""
        options = plugin_options(self)
        places = self._places(options)
        instances, passwords = self._instances(options, places, cache)
        query = InstanceQuery(states=self.get_option("states"))
        warning = unknown_states(instances, query.states)
        if warning:
            self.display.warning(f"{self.NAME}: {warning}")
        filters, prefix, connect_with = map(self.get_option, ("filters", "hostvars_prefix", "connect_with"))
        hosts = []
        for instance in ordered(instances):
            if not matches(instance, query) or (places.zones and instance["zone"] not in places.zones):
                continue
            if places.regions and instance["region"] not in places.regions:
                continue
            password = passwords.get(instance["id"])
            variables = make_unsafe(
                host_variables(instance, prefix=prefix, connect_with=connect_with, password=password)
            )
            if all(self._passes(condition, instance, variables) for condition in filters):
                hosts.append((instance, variables))
        return hosts

    def _instances(
        self, options: dict[str, t.Any], places: _Places, cache: bool
    ) -> tuple[list[dict[str, t.Any]], dict[str, str]]:
        """Return the instances, from the cache where it has them and may be used, and requested passwords by id."""
        caching, use_password = self.get_option("cache"), self.get_option("use_password")
        key = self._key(options, places.regions) if caching else ""
        if caching and cache and not use_password:
            instances = self._cached(key, places)
            if instances is not None:
                return instances, {}
        client = Client.from_options(options, debug=self.display.vvv)
        for warning in connection_warnings(client.endpoint, client.credentials, options):
            self.display.warning(warning)
        with explaining_places(client, regions=places.regions, zones=places.zones):
            rows = read_rows(client, regions=places.regions)
        instances = inert([normalise_instance(row) for row in rows])
        empty = sorted(places.unseen(instances))
        if empty:
            check_places(client, regions=places.regions, zones=places.zones)
        passwords: dict[str, str] = {}
        if use_password:
            decoded = {str(row.get("UHostId")): decode_password(row.get("Password")) for row in rows}
            passwords = {identity: password for identity, password in decoded.items() if password}
        self.display.v(f"{self.NAME}: {len(instances)} instances from {client.endpoint}.")
        if caching:
            self._cache[key] = {"instances": instances, "read_at": client.clock.epoch(), "empty": empty}
        return instances, passwords

    def _key(self, options: dict[str, t.Any], regions: Sequence[str]) -> str:
        """Return what the cache is kept apart by: nothing of it can be read back from the key."""
        endpoint, credentials = account_of(options)
        parts = [VERSION, endpoint, credentials.public_key, options["project_id"] or "", *sorted(regions)]
        return f"{self.NAME}_{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"

    def _cached(self, key: str, places: _Places) -> list[dict[str, t.Any]] | None:
        """Return the instances in the cache; None where it has none that can be used."""
        try:
            content = self._cache[key]
        except KeyError:
            self.display.v(f"{self.NAME}: the cache has nothing, or nothing recent enough.")
            return None
        except Exception as error:  # noqa: BLE001 -- a cache plugin raises anything for a damaged file
            reason = printable(str(error), 200)
            self.display.warning(f"{self.NAME}: the cache cannot be read, so the list is read again: {reason}")
            return None
        instances = content.get("instances") if isinstance(content, dict) else None
        if not isinstance(instances, list) or not all(map(_is_instance, instances)):
            self.display.warning(f"{self.NAME}: the cache holds something else, so the list is read again.")
            return None
        if places.unseen(instances) - set(content.get("empty") or ()):
            self.display.v(f"{self.NAME}: the cache knows nothing of a region or zone, so the list is read again.")
            return None
        self.display.v(f"{self.NAME}: {len(instances)} instances from the cache; no request was sent.")
        return instances

    def _with_extra(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the variables of a host, with extra variables if use_extra_vars wants them."""
        combined: dict[str, t.Any] = variables
        if self.get_option("use_extra_vars"):
            combined = combine_vars(variables, self._vars)
        return combined

    def _passes(self, condition: str, instance: dict[str, t.Any], variables: dict[str, t.Any]) -> bool:
        try:
            return holds(self.templar, condition, self._with_extra(variables))
        except AnsibleError as error:
            reason = printable(str(error), 300)
        raise OptionError(
            f"The filter {condition!r} cannot be evaluated for {printable(instance['id'] or '')}: {reason}",
            hint="Every host has every variable, null if the API gives no value; default(…, true) replaces null.",
        )

    # --- Hosts and groups ---

    def _populate(self, hosts: list[tuple[dict[str, t.Any], dict[str, t.Any]]]) -> None:
        """Add all hosts and their groups, or none: a failed inventory must not look like a small one."""
        variables_of = {id(instance): variables for instance, variables in hosts}
        present = self.inventory.hosts
        taken = set(self.inventory.groups)
        while True:
            names = unique_names(
                [instance for instance, _variables in hosts],
                lambda instance: self._preferred_name(instance, variables_of[id(instance)]),
                lambda name, instance: name in taken or _is_another(present.get(name), instance["id"]),
            )
            new = [name for name in names if name not in self.inventory.hosts]
            try:
                self._add(list(zip(names, (variables for _instance, variables in hosts))))
            except _NameOfAGroup as error:
                self._remove(new)
                taken.add(error.name)
            except BaseException:
                self._remove(new)
                raise
            else:
                _id_of.update({present[name]: instance["id"] for name, (instance, _variables) in zip(names, hosts)})
                return

    def _remove(self, names: list[str]) -> None:
        for name in names:
            host = self.inventory.hosts.get(name)
            if host is not None:
                self.inventory.remove_host(host)

    def _add(self, hosts: list[tuple[str, dict[str, t.Any]]]) -> None:
        self._host_names = {name for name, _variables in hosts}
        strict, compose = self.get_option("strict"), self.get_option("compose")
        for name, variables in hosts:
            self.inventory.add_host(name)
            for key, value in variables.items():
                self.inventory.set_variable(name, key, value)
            self._set_composite_vars(compose, variables, name, strict=strict)
        # Only when every host stands, because a variable set by name goes to a group of that name if there is one.
        groups, keyed_groups = self.get_option("groups"), self.get_option("keyed_groups")
        for name, variables in hosts:
            self._add_host_to_composed_groups(groups, variables, name, strict=strict, fetch_hostvars=bool(compose))
            self._add_host_to_keyed_groups(keyed_groups, variables, name, strict=strict, fetch_hostvars=bool(compose))

    def _preferred_name(self, instance: t.Mapping[str, t.Any], variables: dict[str, t.Any]) -> str | None:
        name, identity = instance["name"], instance["id"]
        plain = {"name": name, "id": identity, "name_id": f"{name}_{identity}" if name else identity}
        for pattern in self.get_option("hostnames"):
            found = plain[pattern] if pattern in plain else self._rendered_name(pattern, instance, variables)
            if found:
                return str(found)
        return None

    def _rendered_name(self, template: str, instance: t.Mapping[str, t.Any], variables: dict[str, t.Any]) -> t.Any:
        try:
            return render(self.templar, template, self._with_extra(variables))
        except AnsibleError as error:
            if not self.get_option("strict"):
                return None
            reason = printable(str(error), 300)
        raise AnsibleParserError(
            f"hostnames: {template!r} cannot be rendered for {printable(instance['id'] or '')}: {reason}"
        )

    def _sanitize_group_name(self, name: str) -> str:
        """Return a group name of letters, digits and underscores, whatever Ansible's setting: the text is untrusted."""
        safe = str(to_safe_group_name(name, force=True, silent=True))
        if safe in self._host_names:
            raise _NameOfAGroup(safe)
        return safe


def _is_another(host: t.Any, identity: str | None) -> bool:
    """Return whether a host is another instance than the one with this id. One of another source is not known."""
    return host is not None and _id_of.get(host, identity) != identity


def _is_instance(value: t.Any) -> bool:
    """Return whether a value from the cache is an instance as this version of the plugin writes it."""
    if not isinstance(value, dict) or not value.keys() >= _INSTANCE_KEYS:
        return False
    return all(isinstance(value[key], _TEXT_OR_NULL) for key in _TEXT_KEYS)
