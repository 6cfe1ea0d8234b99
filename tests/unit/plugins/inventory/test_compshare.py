from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar
from ansible.utils.display import Display

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 all text of a user is a template

    def trust_as_template(value: str) -> str:
        return value


PLUGIN = "compshare.cloud.compshare"
LIST = "DescribeCompShareInstance"
HOSTILE = [
    "{{ 6*7 }}",
    "{% set x = 41 %}{{ x + 1 }}",
    "{# gone #}{{ 6*7 }}",
    "a\x1b[31mb\nc",
    "../../../etc/passwd",
    "x" * 10_240,
    "localhost",
    "all",
    "ungrouped",
    "-oProxyCommand=touch /tmp/x",
    "web[1:3],!db",
    "gpu_4090",
    "{{ lookup('pipe', 'id') }}",
    "'~(6 * 7)~'",
]


class Lines:
    """What the plugin reports: -v lines and warnings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.verbose: list[str] = []
        self.warnings: list[str] = []
        monkeypatch.setattr(Display, "v", lambda _self, message, **_kwargs: self.verbose.append(message))
        monkeypatch.setattr(Display, "warning", lambda _self, message, **_kwargs: self.warnings.append(str(message)))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    return Lines(monkeypatch)


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("COMPSHARE_")]:
        monkeypatch.delenv(name)


class Source:
    """An inventory file for a world of the simulator."""

    def __init__(self, folder: Path, world: Any) -> None:
        self.world = world
        self.folder = folder
        self.path = folder / "test.compshare.yml"
        self.loader = DataLoader()
        self.keys = {"api_url": world.url, "public_key": world.public_key, "private_key": world.private_key}

    def parse(self, *, refresh: bool = False, inventory: InventoryData | None = None, **options: Any) -> InventoryData:
        """Return what the plugin reads from a file with these options."""
        self.path.write_text(yaml.safe_dump({"plugin": PLUGIN, **self.keys, **options}))
        inventory = inventory or InventoryData()
        self.plugin = plugin = inventory_loader.get(PLUGIN)
        assert plugin.verify_file(str(self.path))
        plugin.parse(inventory, self.loader, str(self.path), cache=not refresh)
        if getattr(plugin, "_cache", None):
            plugin.update_cache_if_changed()
        inventory.reconcile_inventory()
        return inventory

    def requests(self) -> int:
        return len(self.world.requests(LIST))

    def cached(self, **options: Any) -> dict[str, Any]:
        return {
            "cache": True,
            "cache_plugin": "ansible.builtin.jsonfile",
            "cache_connection": str(self.folder / "cache"),
            **options,
        }


@pytest.fixture
def source(tmp_path: Path, make_world: Any) -> Source:
    return Source(tmp_path, make_world())


def groups_of(inventory: InventoryData) -> dict[str, set[str]]:
    return {name: set(hosts) for name, hosts in inventory.get_groups_dict().items()}


def rendered(source: Source, inventory: InventoryData, host: str, template: str) -> Any:
    """Return what a task's template gives with a host's variables."""
    templar = Templar(loader=source.loader, variables=inventory.hosts[host].get_vars())
    return templar.template(trust_as_template(template))


def test_each_kind_of_instance_is_a_host(source: Source) -> None:
    inventory = source.parse()
    assert len(inventory.hosts) == 8
    assert len([name for name in inventory.hosts if name.startswith("wyp-test_uhost-")]) == 2
    variables = {name: host.get_vars() for name, host in inventory.hosts.items()}
    vm, container, pod = variables["train-vm"], variables["jupyter-4090"], variables["comfy-pod"]
    assert (vm["ansible_user"], vm["ansible_port"], vm["ansible_host"]) == ("ubuntu", 22, vm["compshare_public_ip"])
    assert (container["ansible_user"], container["ansible_port"]) == ("root", 23)
    assert pod["ansible_host"].endswith(".podtcp.compshare.cn")
    assert pod["ansible_port"] > 28000
    assert variables["win-render"]["ansible_user"] == "Administrator"
    assert "ansible_port" not in variables["win-render"]
    for name, reported in variables.items():
        assert ("ansible_host" in reported) is (reported["compshare_state"] == "Running"), name
        assert "ansible_password" not in reported
        assert "compshare_release_time" in reported


def test_the_file_must_have_its_name(source: Source) -> None:
    plugin = inventory_loader.get(PLUGIN)
    for name, expected in {"compshare.yml": True, "a.compshare.yaml": True, "hosts.yml": False}.items():
        path = source.folder / name
        path.write_text("x")
        assert plugin.verify_file(str(path)) is expected
    assert plugin.verify_file(str(source.folder / "none.compshare.yml")) is False


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- a list", "must be a dictionary"),
        (b"text", "must be a dictionary"),
        (b"", "is empty"),
        (b"a: [", "YAML|yaml"),
    ],
)
def test_a_file_that_holds_no_options(source: Source, content: bytes, said: str) -> None:
    source.path.write_bytes(content)
    with pytest.raises(AnsibleParserError, match=said):
        inventory_loader.get(PLUGIN).parse(InventoryData(), source.loader, str(source.path))


def test_constructed_features(source: Source) -> None:
    inventory = source.parse(
        keyed_groups=[
            {"key": "compshare_gpu_type", "prefix": "gpu"},
            {"key": "compshare_state | lower", "prefix": "is"},
        ],
        groups={"pods": "compshare_kind == 'pod'", "composed": "short == 'train'"},
        compose={"short": "compshare_name.split('-')[0]"},
    )
    groups = groups_of(inventory)
    assert groups["pods"] == {"comfy-pod", "batch-pod", "推理服务-pod"}
    assert "train-vm" in groups["gpu_4090"]
    assert groups["composed"] == {"train-vm"}
    assert "is_install_fail" in groups
    assert inventory.hosts["train-vm"].get_vars()["short"] == "train"


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({"regions": ["cn-bj2"]}, {"推理服务-pod", "batch-pod"}),
        ({"regions": ["cn-bj2", "cn-sh2"], "zones": ["cn-sh2-01"]}, {"comfy-pod"}),
        ({"zones": ["cn-sh2-02"]}, {"win-render"}),
        ({"region": "cn-sh2"}, {"comfy-pod", "win-render"}),
        ({"zone": "cn-sh2-01"}, {"comfy-pod"}),
        ({"region": "cn-sh2", "regions": ["cn-bj2"]}, {"推理服务-pod", "batch-pod"}),
        (
            {"states": ["running"], "filters": ["compshare_gpu_type == '4090'", "compshare_os_type == 'Linux'"]},
            {"train-vm", "jupyter-4090"},
        ),
        ({"filters": ["compshare_name is search('^comfy')"]}, {"comfy-pod"}),
        ({"states": ["Deleted"]}, set()),
    ],
)
def test_which_hosts_are_listed(source: Source, options: dict[str, Any], hosts: set[str]) -> None:
    assert set(source.parse(**options).hosts) == hosts


def test_regions_are_requested_one_by_one_and_none_by_default(source: Source) -> None:
    source.parse()
    assert "Region" not in source.world.requests(LIST)[0]["params"]
    source.world.log.clear()
    source.parse(regions=["cn-bj2", "cn-sh2"])
    assert sorted(entry["params"]["Region"] for entry in source.world.requests(LIST)) == ["cn-bj2", "cn-sh2"]


@pytest.mark.parametrize(
    ("hostnames", "pattern"),
    [
        (["id"], r"(uhost|cpod)-\w+"),
        (["name_id"], r".+_(uhost|cpod)-\w+"),
        (["{{ compshare_zone }}.{{ compshare_id }}"], r"cn-\w+-\d\d\.(uhost|cpod)-\w+"),
        (["{{ compshare_ingress_host or '' }}", "id"], r"uhost-\w+|cpod-[\w-]+\.pod\.compshare\.cn"),
        (["{{ nobody_set_this }}", "id"], r"(uhost|cpod)-\w+"),
    ],
)
def test_host_names(source: Source, hostnames: list[str], pattern: str) -> None:
    names = list(source.parse(hostnames=hostnames).hosts)
    assert len(names) == 8
    assert all(re.fullmatch(pattern, name) for name in names), names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hostnames": ["tag"]}, r"hostnames has 'tag', which is neither name, id, name_id nor a template"),
        ({"hostvars_prefix": ""}, "hostvars_prefix is ''"),
        ({"hostvars_prefix": "ansible_"}, "not 'ansible_'"),
        ({"hostvars_prefix": "my-"}, "letters, digits and underscores"),
        (
            {"filters": ["nobody_set_this > 3"]},
            r"The filter 'nobody_set_this > 3' cannot be evaluated for (uhost|cpod)-",
        ),
        ({"filters": ["compshare_gpu_count >"]}, "cannot be evaluated"),
        ({"hostnames": ["{{ nobody_set_this }}"], "strict": True}, "cannot be rendered for"),
        ({"api_url": "http://example.com"}, "plain HTTP"),
        ({"private_key": "wrong"}, "RetCode 171"),
    ],
)
def test_mistakes_are_errors_that_say_what_to_do(source: Source, options: dict[str, Any], message: str) -> None:
    inventory = InventoryData()
    with pytest.raises(AnsibleParserError, match=message):
        source.parse(inventory=inventory, **options)
    assert not inventory.hosts


def test_a_strict_failure_leaves_no_host_behind(source: Source) -> None:
    inventory = InventoryData()
    inventory.add_host("train-vm")
    with pytest.raises(AnsibleError, match="Could not set x"):
        source.parse(inventory=inventory, strict=True, compose={"x": "compshare_ingress_host.split('-')"})
    assert set(inventory.hosts) == {"train-vm"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "ret_code", "code": 299},
        {"kind": "ret_code", "code": 153},
        {"kind": "http", "status": 429},
        {"kind": "http", "status": 502},
        {"kind": "reset_before"},
        {"kind": "truncated"},
        {"kind": "string_list"},
        {"kind": "html"},
    ],
)
def test_a_page_that_cannot_be_had_fails_the_inventory(tmp_path: Path, make_world: Any, fault: dict[str, Any]) -> None:
    source = Source(tmp_path, make_world(counts={"instances": 250}))
    source.world.add_faults({**fault, "action": LIST, "where": {"Offset": "100"}})
    inventory = InventoryData()
    with pytest.raises(AnsibleParserError):
        source.parse(inventory=inventory, api_retries=1, api_throttle_timeout=0, **source.cached())
    assert not inventory.hosts
    source.world.clear_faults()
    assert len(source.parse(inventory=inventory, **source.cached()).hosts) == 250


def test_a_list_that_is_empty_for_a_moment_is_not_believed(source: Source) -> None:
    source.world.add_faults({"kind": "null_list", "action": LIST, "count": 1})
    assert len(source.parse().hosts) == 8


def test_a_fault_that_passes_is_waited_out(source: Source) -> None:
    source.world.add_faults({"kind": "http", "status": 502, "action": LIST, "count": 1})
    assert len(source.parse().hosts) == 8


# --- Cache ---


def test_a_cache_hit_sends_nothing_and_holds_no_secret(source: Source, lines: Lines) -> None:
    first = source.parse(**source.cached())
    assert source.requests() == 1
    assert "8 instances from http" in lines.verbose[-1]
    (file,) = (source.folder / "cache").iterdir()
    content = file.read_text()
    for secret in ("Ansible-T3st", "QW5zaWJsZS1UM3N0LSQ=", "simulator-token", source.world.private_key):
        assert secret not in content
    assert source.world.public_key not in content + file.name
    # No network: nothing listens there, and a client would fail to be created with this certificate folder.
    offline = {"ca_path": "/does/not/exist"}
    second = source.parse(**source.cached(**offline))
    assert source.requests() == 1
    assert "8 instances from the cache; no request was sent" in lines.verbose[-1]
    assert {name: host.get_vars() for name, host in first.hosts.items()} == {
        name: host.get_vars() for name, host in second.hosts.items()
    }


def test_filters_and_groups_need_no_new_list(source: Source) -> None:
    source.parse(**source.cached())
    inventory = source.parse(
        **source.cached(states=["Running"], keyed_groups=[{"key": "compshare_tag", "prefix": "t"}])
    )
    assert source.requests() == 1
    assert len(inventory.hosts) == 6


def test_the_cache_is_written_after_a_refresh(source: Source) -> None:
    source.parse(**source.cached())
    instance = next(iter(source.world.instances.all.values()))
    instance.row["Name"] = "renamed"
    assert "renamed" not in source.parse(**source.cached()).hosts
    assert "renamed" in source.parse(refresh=True, **source.cached()).hosts
    assert "renamed" in source.parse(**source.cached()).hosts
    assert source.requests() == 2


def test_the_cache_is_kept_apart(source: Source, make_world: Any) -> None:
    source.parse(**source.cached())
    other = make_world(counts={"instances": 3})
    keys = {"public_key": other.public_key, "private_key": other.private_key}
    assert len(source.parse(**source.cached(**keys)).hosts) == 3
    elsewhere = source.world.url.replace("127.0.0.1", "localhost")
    for options in ({"project_id": "org-second01"}, {"regions": ["cn-bj2"]}, {"api_url": elsewhere}):
        requests = source.requests()
        source.parse(**source.cached(**options))
        assert source.requests() == requests + 1
    assert len(list((source.folder / "cache").iterdir())) == 5
    # The same regions in another order are the same list.
    source.parse(**source.cached(regions=["cn-sh2", "cn-bj2"]))
    requests = source.requests()
    source.parse(**source.cached(regions=["cn-bj2", "cn-sh2", "cn-bj2"]))
    assert source.requests() == requests


def test_what_the_cache_holds_is_not_trusted(source: Source, lines: Lines) -> None:
    source.parse(**source.cached())
    plugin = source.plugin
    (key,) = plugin._cache
    plugin._cache[key] = ["something else"]
    plugin.update_cache_if_changed()
    assert len(source.parse(**source.cached()).hosts) == 8
    assert "something else" in lines.warnings[-1]
    assert source.requests() == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\x01"])
def test_a_damaged_cache_is_read_anew_in_the_same_run(source: Source, lines: Lines, content: str) -> None:
    source.parse(**source.cached())
    (file,) = (source.folder / "cache").iterdir()
    file.write_text(content)
    assert len(source.parse(**source.cached()).hosts) == 8
    assert any("read again" in warning for warning in lines.warnings), lines.warnings
    assert source.requests() == 2
    assert len(source.parse(**source.cached()).hosts) == 8
    assert source.requests() == 2


@pytest.mark.parametrize(
    "change", [{"id": 7}, {"name": ["a"]}, {"zone": {}}, {"ssh_host": 1}, {"addresses": ...}, {"state": ...}]
)
def test_rows_of_another_shape_in_the_cache_are_read_anew(source: Source, lines: Lines, change: dict[str, Any]) -> None:
    source.parse(**source.cached())
    (key,) = source.plugin._cache
    content = json.loads(json.dumps(source.plugin._cache[key]))
    content["instances"][3] = {
        name: value for name, value in {**content["instances"][3], **change}.items() if value is not ...
    }
    source.plugin._cache[key] = content
    source.plugin.update_cache_if_changed()
    assert len(source.parse(**source.cached()).hosts) == 8
    assert "something else" in lines.warnings[-1]
    assert source.requests() == 2


def test_a_place_without_instances_is_looked_up_once(source: Source) -> None:
    def places() -> int:
        return len(source.world.requests("DescribeCompShareSupportZone"))

    assert len(source.parse(**source.cached()).hosts) == 8
    assert places() == 0
    for _time in range(2):
        assert not source.parse(**source.cached(zones=["cn-sh2-03"])).hosts
        assert (places(), source.requests()) == (1, 2)
    assert len(source.parse(**source.cached()).hosts) == 8
    assert source.requests() == 2


def test_nothing_is_cached_without_the_option(source: Source) -> None:
    source.parse()
    source.parse()
    assert source.requests() == 2


# --- Secrets ---


def test_a_password_only_on_demand_and_never_in_the_cache(source: Source) -> None:
    inventory = source.parse(**source.cached(use_password=True))
    variables = inventory.hosts["train-vm"].get_vars()
    assert variables["ansible_password"] == "Ansible-T3st-$"
    assert all(
        ("ansible_password" in host.get_vars()) is ("ansible_host" in host.get_vars())
        for host in inventory.hosts.values()
    )
    (file,) = (source.folder / "cache").iterdir()
    assert "Ansible-T3st" not in file.read_text()
    assert source.parse(**source.cached(use_password=True)).hosts["train-vm"].get_vars()["ansible_password"]
    assert source.requests() == 2
    assert "ansible_password" not in source.parse(**source.cached()).hosts["train-vm"].get_vars()
    assert source.requests() == 2


def test_the_private_key_is_masked_where_the_core_can(source: Source) -> None:
    secrets = pytest.importorskip("ansible.module_utils.secrets", reason="before ansible-core 2.22")
    source.parse(private_key="{{ '" + source.world.private_key + "' }}")
    assert source.world.private_key not in secrets.mask_secrets(f"the key {source.world.private_key}")


def test_no_secret_in_the_variables(source: Source) -> None:
    inventory = source.parse()
    text = json.dumps([host.get_vars() for host in inventory.hosts.values()])
    assert "token" not in text
    assert "Ansible-T3st" not in text


def test_keys_may_be_templates(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_PUBLIC_KEY", source.world.public_key)
    monkeypatch.setenv("TEAM_KEY", source.world.private_key)
    monkeypatch.setenv("TEAM_URL", source.world.url)
    options = {
        "api_url": "{{ lookup('env', 'TEAM_URL') }}",
        "public_key": "{{ lookup('env', 'TEAM_PUBLIC_KEY') }}",
        "private_key": "{{ lookup('env', 'TEAM_KEY') }}",
    }
    assert len(source.parse(**source.cached(**options)).hosts) == 8
    assert len(source.parse(**source.cached()).hosts) == 8
    assert source.requests() == 1


def test_a_profile_that_others_can_read_is_warned_about(
    source: Source, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = source.folder / "config.json"
    keys = {"public_key": source.world.public_key, "private_key": source.world.private_key}
    profile.write_text(json.dumps({"current_profile": "team", "profiles": {"team": keys}}))
    profile.chmod(0o644)
    monkeypatch.setenv("COMPSHARE_CONFIG_FILE", str(profile))
    assert len(source.parse(public_key=None, private_key=None).hosts) == 8
    assert "chmod 600" in lines.warnings[0]


# --- Options ---


@pytest.mark.parametrize("name", ["validate_certs", "use_password", "cache", "strict", "use_extra_vars"])
@pytest.mark.parametrize("value", ["flase", "yess", "2", "{{ 'flase' }}"])
def test_text_that_is_no_truth_value_is_refused(source: Source, name: str, value: str) -> None:
    with pytest.raises(AnsibleParserError, match=f"{name} must be true or false, not '(flase|yess|2)'"):
        source.parse(**{name: value})


@pytest.mark.parametrize(
    ("value", "checked"),
    [("{{ true }}", True), ("{{ false }}", False), ("no", False), ("", True), ("  ", True), (None, True), (0, False)],
)
def test_certificates_are_checked_unless_the_user_says_no(
    source: Source, lines: Lines, value: object, checked: bool
) -> None:
    source.parse(validate_certs=value)
    assert source.plugin.get_option("validate_certs") is checked
    assert any("validate_certs is false" in warning for warning in lines.warnings) is not checked


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("COMPSHARE_VALIDATE_CERTS", "flase", "environment variable COMPSHARE_VALIDATE_CERTS.*true or false"),
        ("COMPSHARE_API_TIMEOUT", "soon", "environment variable COMPSHARE_API_TIMEOUT.*a number"),
        ("COMPSHARE_API_RETRIES", "2.5", "environment variable COMPSHARE_API_RETRIES.*a whole number"),
        ("ANSIBLE_INVENTORY_CACHE", "yess", "environment variable ANSIBLE_INVENTORY_CACHE.*true or false"),
    ],
)
def test_the_environment_is_read_as_strictly(
    source: Source, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(AnsibleParserError, match=message):
        source.parse()


def test_an_empty_variable_counts_as_unset(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "PROFILE PROJECT_ID REGION ZONE VALIDATE_CERTS CA_PATH API_TIMEOUT API_RETRIES".split()
    for name in (*(f"COMPSHARE_{name}" for name in names), "ANSIBLE_INVENTORY_CACHE"):
        monkeypatch.setenv(name, "")
    assert len(source.parse().hosts) == 8
    assert source.plugin.get_option("validate_certs") is True
    assert source.plugin.get_option("ca_path") is None


def test_every_option_may_be_a_template(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESIRED", "cn-bj2")
    desired = "{{ lookup('env', 'DESIRED') }}"
    hosts = {"推理服务-pod", "batch-pod"}
    assert set(source.parse(regions=[desired]).hosts) == hosts
    assert set(source.parse(regions="{{ [lookup('env', 'DESIRED')] }}").hosts) == hosts
    assert set(source.parse(region=desired).hosts) == hosts
    assert set(source.parse(states=["{{ 'Run' ~ 'ning' }}"], zones=["cn-sh2-{{ '01' }}"]).hosts) == {"comfy-pod"}
    given = {"api_timeout": "{{ 20 * 1.5 }}", "api_retries": "{{ 1 + 1 }}", "hostvars_prefix": "{{ 'my' }}_"}
    inventory = source.parse(connect_with="{{ 'private_ip' }}", use_password="{{ 1 == 2 }}", **given)
    assert "my_name" in inventory.hosts["train-vm"].get_vars()
    assert source.plugin.get_option("api_timeout") == 30.0
    assert source.plugin.get_option("api_retries") == 2


def test_a_template_that_fails_names_its_option(source: Source) -> None:
    with pytest.raises(AnsibleParserError, match=r"template of regions cannot be rendered.*nobody_set_this"):
        source.parse(regions=["{{ nobody_set_this }}"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state": ["Running"]}, "no option 'state' .did you mean 'states'.*The options are: api_"),
        ({"filter": ["x"]}, "no option 'filter' .did you mean 'filters'"),
        ({"keyed_group": []}, "no option 'keyed_group' .did you mean 'keyed_groups'"),
        ({"zzz": 1}, r"There is no option 'zzz'\. The"),
        ({"regions": ["cn-wlbc"]}, "There is no region 'cn-wlbc'.*cn-wlcb"),
        ({"region": "cn-wlbc"}, "There is no region 'cn-wlbc'.*cn-wlcb"),
        ({"zones": ["cn-wlcb-1"]}, "There is no zone 'cn-wlcb-1'.*cn-wlcb-01"),
        ({"zone": "cn-wlcb-1"}, "There is no zone 'cn-wlcb-1'.*cn-wlcb-01"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(source: Source, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleParserError, match=message):
        source.parse(**options)


def test_a_state_that_nobody_knows_is_warned_about(source: Source, lines: Lines) -> None:
    assert not source.parse(states=["Runing"]).hosts
    assert "in the state 'Runing'. States are:" in lines.warnings[-1] and "Running" in lines.warnings[-1]
    lines.warnings.clear()
    source.parse(states=["running", "Deleted"])
    assert not lines.warnings


def test_a_failure_says_how_it_can_end_the_run(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleParserError, match=r"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED.*any_unparsed_is_failed"):
        source.parse(private_key="wrong")
    monkeypatch.setenv("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true")
    with pytest.raises(AnsibleParserError) as caught:
        source.parse(private_key="wrong")
    assert "UNPARSED" not in str(caught.value)


def test_extra_variables_reach_filters_and_names(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible.plugins.inventory.load_extra_vars", lambda loader: {"desired_gpu": "4090", "team": "vision"}
    )
    options = {"filters": ["compshare_gpu_type == desired_gpu"], "hostnames": ["{{ team }}-{{ compshare_name }}"]}
    names = set(source.parse(use_extra_vars=True, **options).hosts)
    assert "vision-train-vm" in names and all(name.startswith("vision-") for name in names)
    with pytest.raises(AnsibleParserError, match="desired_gpu"):
        source.parse(**options)


# --- Several files ---


def test_instances_of_one_name_in_two_accounts_are_two_hosts(tmp_path: Path, source: Source, make_world: Any) -> None:
    other = Source(tmp_path, make_world())
    inventory = source.parse()
    first = {name: host.get_vars()["compshare_id"] for name, host in inventory.hosts.items()}
    for instance in other.world.instances.all.values():
        instance.row["UHostId"] = "other-" + instance.row["UHostId"]
    other.parse(inventory=inventory, hostvars_prefix="second_")
    assert len(inventory.hosts) == 16
    assert {name: inventory.hosts[name].get_vars()["compshare_id"] for name in first} == first
    added = {name: host.get_vars() for name, host in inventory.hosts.items() if name not in first}
    assert all(name.endswith(variables["second_id"]) for name, variables in added.items())
    assert not any("compshare_id" in variables for variables in added.values())


def test_an_instance_in_two_files_is_one_host(source: Source) -> None:
    inventory = source.parse()
    source.parse(inventory=inventory, compose={"second": "true"})
    assert len(inventory.hosts) == 8
    assert inventory.hosts["train-vm"].get_vars()["second"] is True


def test_variables_of_another_inventory_for_a_host_stay(source: Source) -> None:
    inventory = InventoryData()
    inventory.add_host("train-vm")
    inventory.set_variable("train-vm", "team", "vision")
    source.parse(inventory=inventory)
    assert len(inventory.hosts) == 8
    assert inventory.hosts["train-vm"].get_vars()["team"] == "vision"


# --- Untrusted text ---


@pytest.fixture
def hostile(tmp_path: Path, make_world: Any) -> Source:
    rows = [
        {"UHostId": f"uhost-hostile{index:05}", "Name": text, "Remark": text, "Tag": text, "GpuType": "4090"}
        for index, text in enumerate(HOSTILE)
    ]
    return Source(tmp_path, make_world(replace=["instances"], rows={"instances": rows}))


@pytest.mark.parametrize("cached", [False, True])
def test_untrusted_text_stays_literal(hostile: Source, cached: bool) -> None:
    options: dict[str, Any] = hostile.cached() if cached else {}
    options.update(
        hostnames=["id"],
        keyed_groups=[{"key": "compshare_tag", "prefix": "tag"}, {"key": "compshare_gpu_type", "prefix": "gpu"}],
        groups={"all_hostile": "compshare_remark is defined"},
        compose={"copied": "compshare_remark", "joined": "'<' ~ compshare_name ~ '>'"},
    )
    if cached:
        hostile.parse(**options)
    inventory = hostile.parse(**options)
    assert len(inventory.hosts) == len(HOSTILE)
    for index, text in enumerate(HOSTILE):
        host = f"uhost-hostile{index:05}"
        variables = inventory.hosts[host].get_vars()
        assert (variables["compshare_name"], variables["copied"]) == (text, text)
        assert rendered(hostile, inventory, host, "{{ compshare_remark }}") == text
        assert rendered(hostile, inventory, host, "{{ copied }}") == text
        assert rendered(hostile, inventory, host, "{{ joined }}") == f"<{text}>"
    groups = groups_of(inventory)
    assert all(re.fullmatch(r"\w+", name) for name in groups), sorted(groups)
    assert "tag____6_7___" in groups
    assert not any("42" in name for name in groups)


def test_hostile_names_make_safe_host_names(hostile: Source) -> None:
    inventory = hostile.parse(
        hostnames=["name"],
        keyed_groups=[{"key": "compshare_gpu_type", "prefix": "gpu"}],
    )
    names = set(inventory.hosts)
    assert len(names) == len(HOSTILE)
    assert not names & {"localhost", "all", "ungrouped", "gpu_4090"}
    assert "gpu_4090_uhost-hostile00011" in names
    assert all(name.isprintable() and "/" not in name and not name.startswith(("-", ".")) for name in names)
    assert groups_of(inventory)["gpu_4090"] == names
    # Variables went to hosts and to no group.
    assert all(not group.vars for group in inventory.groups.values())


def test_templates_for_names_do_not_evaluate_what_they_render(hostile: Source) -> None:
    names = set(hostile.parse(hostnames=["{{ compshare_name }}-x"]).hosts)
    assert "___6_7___-x" in names
    assert not any("42" in name for name in names)


def test_output_stays_clean_where_no_text_could_be_a_template(source: Source) -> None:
    text = json.dumps([host.get_vars() for host in source.parse().hosts.values()], default=repr)
    assert "__ansible_unsafe" not in text
