"""No key, password or token comes to light: everything is run at once, and every byte that it wrote is searched."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from ansible_collections.compshare.cloud.tests.simulator.scenario import Scenario
from ansible_collections.compshare.cloud.tests.simulator.server import Simulator
from ansible_collections.compshare.cloud.tests.simulator.wire import signature_of
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .playbook_runs import Ended, Stage, connection_options, module_defaults
from .secret_search import Search, Secret

#: Characters that look different in every notation.
ODD = '/+="\\&%é密'

PRIVATE_KEY = Secret("private key", f"only-for-tests-private-key-Vb7{ODD}q1")
WRONG_KEY = Secret("another private key", f"only-for-tests-wrong-key-Mz3{ODD}q2")
LOGIN_PASSWORD = Secret("password of an instance", f"Login-Word-Xk9{ODD}q3")
FILE_PASSWORD = Secret("password of a file browser", "File-Word-Pw5-7183552-q4")
SOFTWARE_TOKEN = Secret("token in an address", "lab-word-Tj2-5519034-q5")
NEW_PASSWORD = Secret("password in a parameter", "New-Word-Hd6-2290417-q6")
PROXY_PASSWORD = Secret("password of a proxy", "proxy-word-Ln8-3348126-q7")
ORDER_PASSWORD = Secret("password of a new instance", "Order-Word-Qn4-6620913-q8")
SECRETS = [
    PRIVATE_KEY,
    WRONG_KEY,
    LOGIN_PASSWORD,
    FILE_PASSWORD,
    SOFTWARE_TOKEN,
    NEW_PASSWORD,
    PROXY_PASSWORD,
    ORDER_PASSWORD,
]

INSTANCE = "uhost-secretsearch1"
PLACE = {"region": "cn-wlcb", "zone": "cn-wlcb-01"}


def encoded(secret: Secret) -> str:
    """Return a secret as the API takes and returns passwords."""
    return base64.b64encode(secret.text.encode()).decode()


def task(module: str, options: Mapping[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    """Return a task of one of our modules (or of ansible.builtin, with its full name), named after it."""
    full = module if "." in module else f"compshare.cloud.{module}"
    return {"name": f"{module} {keywords}"[:80], full: dict(options or {}), **keywords}


def failing(module: str, options: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a task that must fail, and lets the others go on."""
    return task(module, options, ignore_errors=True, **keywords)


@pytest.fixture
def world(simulator: Simulator) -> Iterator[World]:
    """An account with a distinctive key, and an instance that has every kind of secret."""
    row = {
        "UHostId": INSTANCE,
        "Name": "keeper",
        "Zone": PLACE["zone"],
        "State": "Running",
        "InstanceType": "Container",
        "Password": encoded(LOGIN_PASSWORD),
        "FileBrowserPassword": FILE_PASSWORD.text,
        "Softwares": [{"Name": "JupyterLab", "URL": f"https://203.0.113.9:8888/lab?token={SOFTWARE_TOKEN.text}"}],
    }
    echo = {
        "kind": "ret_code",
        "code": 230,
        "message": f"Params [Password] {encoded(NEW_PASSWORD)} not available",
        "action": "ResetCompShareInstancePassword",
        "where": {"UHostId": "uhost-echo"},
    }
    order_echo = {
        "kind": "ret_code",
        "code": 230,
        "message": f"Params [Password] {encoded(ORDER_PASSWORD)} not available",
        "action": "CreateCompShareInstance",
        "where": {"Name": "refused-order"},
    }
    scenario = {
        "speed": 100,
        "counts": {"instances": 3},
        "rows": {"instances": [row]},
        "builds": {"default": {"duration": 200}},
        "faults": [echo, order_echo],
    }
    created = simulator.server.add_world(Scenario.read(scenario), "only-for-tests-public-key-0001", PRIVATE_KEY.text)
    yield created
    simulator.drop_world(created)
    assert simulator.crashes == []


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage on which Ansible writes as much as it can."""
    created = Stage(tmp_path)
    written = created.written
    created.environment.update(
        ANSIBLE_LOG_PATH=str(written / "ansible.log"),
        ANSIBLE_CACHE_PLUGIN="ansible.builtin.jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(written / "facts"),
        ANSIBLE_INVENTORY_CACHE="true",
        ANSIBLE_INVENTORY_CACHE_PLUGIN="ansible.builtin.jsonfile",
        ANSIBLE_INVENTORY_CACHE_CONNECTION=str(written / "inventory"),
        ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.junit,ansible.builtin.tree",
        ANSIBLE_CALLBACK_TREE_DIR=str(written / "tree"),
        JUNIT_OUTPUT_DIR=str(written / "junit"),
        ANSIBLE_DISPLAY_ARGS_TO_STDOUT="true",
        ANSIBLE_RETRY_FILES_ENABLED="true",
        ANSIBLE_RETRY_FILES_SAVE_PATH=str(written / "retry"),
        HTTPS_PROXY=f"http://someone:{PROXY_PASSWORD.text}@127.0.0.1:9",
    )
    return created


def everything(world: World) -> list[dict[str, Any]]:
    """Return tasks with every module, the lookup, and what makes Ansible write more than usual."""
    image = "created from {{ keeper }}"
    secrets_included = {"include_secrets": True}
    make = {"name": "secret-search", "instance_id": INSTANCE, "wait_timeout": 600, **PLACE}
    order = {"image": "Ubuntu 22.04", "gpu_type": "4090", "password": "{{ order_password }}", **PLACE}
    ordered = {"name": "ordered", "wait_timeout": 600}
    return [
        *(task("compshare_image_info", {"source": source, "limit": 2}) for source in ("platform", "custom")),
        task("compshare_image_info", {"source": "community", "limit": 2}, register="community"),
        task("compshare_zone_info"),
        task("compshare_account_info"),
        task("compshare_account_check"),
        task("compshare_instance_monitor_info"),
        task("compshare_disk", {"name": "searched", "instance_id": INSTANCE, "size_gb": 20}),
        task("compshare_disk_info", {"prices": True}),
        failing("compshare_disk", {"name": "searched", "size_gb": 10}),
        task("compshare_instance_type_info", PLACE),
        task("compshare_instance_info", register="instances"),
        task("compshare_instance_info", secrets_included, register="with_secrets"),
        task("compshare_instance_info", {**secrets_included, **PLACE}, no_log=True, **{"async": 60, "poll": 1}),
        failing("compshare_instance_info", secrets_included, **{"async": 60, "poll": 1}),
        task(
            "ansible.builtin.assert",
            {
                "that": [
                    f"(with_secrets.instances | selectattr('id', 'eq', '{INSTANCE}') | first).password | length > 20",
                    f"(instances.instances | selectattr('id', 'eq', '{INSTANCE}') | first).password is not defined"
                    f" or not (instances.instances | selectattr('id', 'eq', '{INSTANCE}') | first).password",
                ],
                "quiet": True,
            },
        ),
        task("compshare_image", make, check_mode=True),
        task("compshare_image", {**make, "description": image}, register="created", vars={"keeper": "keeper"}),
        task("compshare_image", {**make, "tags": ["LLM"]}, **{"async": 60, "poll": 0}, register="job"),
        {
            **task("ansible.builtin.async_status", {"jid": "{{ job.ansible_job_id }}"}, register="status"),
            "until": "status is finished",
            "retries": 60,
            "delay": 1,
        },
        task("compshare_image_progress", {"image_id": "{{ created.image.id }}", **PLACE}),
        task("compshare_image_progress", {"image_id": "{{ created.image.id }}", "wait": True, **PLACE}),
        task("compshare_image_share", {"image_id": "{{ created.image.id }}", "accounts": [50000002], **PLACE}),
        task("compshare_image_favorite", {"group_id": "{{ community.images[0].group_id }}"}),
        task(
            "compshare_image_publication",
            {
                "image_id": "{{ created.image.id }}",
                "community_name": "Search",
                "version_name": "v1.0",
                "readme": "text",
                "tags": ["AIGC热门"],
            },
        ),
        failing("compshare_image", {"name": "secret-search", "state": "absent"}),
        task("compshare_instance", {**order, **ordered}, check_mode=True),
        task("compshare_instance", {**order, **ordered}, register="ordered"),
        task("compshare_instance", {**order, **ordered, "state": "reinstalled", "force": True}),
        task("compshare_instance", {**ordered, "state": "absent"}),
        failing("compshare_instance", {**order, "name": "refused-order"}, register="refused_order"),
        failing("compshare_instance", {**order, "name": "weak", "password": "{{ order_password }}密"}),
        task("compshare_api", {"action": "DescribeCompShareInstance"}, register="response"),
        task("compshare_api", {"action": "DescribeCompShareInstance", **secrets_included}, register="secret_response"),
        *(
            call(
                "compshare_api",
                {
                    "action": "ResetCompShareInstancePassword",
                    "params": {"UHostId": identity},
                    "secret_params": {"Password": "{{ new_password }}"},
                    **PLACE,
                },
            )
            for call, identity in ((failing, "uhost-echo"), (failing, INSTANCE))
        ),
        failing(
            "compshare_api",
            {"action": "StopCompShareInstance", "params": {"Password": "{{ new_password }}"}},
            no_log=True,
        ),
        # What fails: a wrong key, an address that cannot be used, a proxy that does not respond, a wrong option.
        failing("compshare_image_info", {"private_key": "{{ wrong_key }}"}),
        failing("compshare_image_share", {"private_key": "{{ wrong_key }}", "image_id": "x", "accounts": [1]}),
        failing("compshare_image", {"private_key": "{{ wrong_key }}", "name": "x"}, register="refused"),
        failing("compshare_zone_info", {"api_url": "https://api.invalid", "api_retries": 0}, register="unreached"),
        failing("compshare_zone_info", {"api_url": "http://api.invalid"}),
        task("compshare_image_info", {"source": "custom", "search": "{{ private_key }}"}),
        failing("compshare_image_info", {"limit": "many"}),
        task("ansible.builtin.debug", {"var": "[refused, refused_order, ordered, unreached, response, instances]"}),
        # Facts that the cache keeps.
        task(
            "ansible.builtin.set_fact",
            {"cacheable": True, "kept": "{{ [refused, unreached, response, instances, community, created] }}"},
        ),
        task("ansible.builtin.set_fact", {"found": "{{ lookup('compshare.cloud.compshare_image', **looked_up) }}"}),
        failing(
            "ansible.builtin.debug",
            {"msg": "{{ lookup('compshare.cloud.compshare_image', 'none', **looked_up) }}"},
        ),
        failing(
            "ansible.builtin.debug",
            {"msg": "{{ lookup('compshare.cloud.compshare_image', **(looked_up | combine(wrong))) }}"},
        ),
    ]


def signatures(world: World) -> list[Secret]:
    """Return the signatures of the requests so far: whoever has one can send that request again."""
    found = []
    for entry in world.requests():
        if "***" not in entry["params"].values():
            fields = {"Action": entry["action"], "PublicKey": world.public_key, **entry["params"]}
            found.append(Secret("signature of a request", signature_of(fields, world.private_key)))
    return found


def inventory_file(stage: Stage, world: World, name: str, **options: Any) -> Path:
    source = {
        "plugin": "compshare.cloud.compshare",
        **connection_options(world),
        "cache": True,
        "strict": True,
        **options,
    }
    return stage.write(f"{name}.compshare.yml", source)


def search_everything(stage: Stage, runs: Mapping[str, Ended], secrets: list[Secret]) -> Search:
    """Search what the runs wrote to their terminals and to files, and the command lines of their processes."""
    search = Search(secrets)
    for name, ended in runs.items():
        search.look_in(ended.stdout, f"standard output of {name}")
        search.look_in(ended.stderr, f"standard error of {name}")
        for command_line in ended.command_lines:
            search.look_in(command_line, f"a command line of {name}")
    search.look_under(stage.written)
    return search


def run_everything(stage: Stage, world: World) -> dict[str, Ended]:
    """Run all there is, well and badly, as verbosely as possible."""
    keys = connection_options(world)
    variables = {
        "private_key": world.private_key,
        "wrong_key": WRONG_KEY.text,
        "new_password": encoded(NEW_PASSWORD),
        "order_password": ORDER_PASSWORD.text,
        "looked_up": {**keys, "image_type": "System"},
        "wrong": {"private_key": WRONG_KEY.text},
    }
    given = stage.write("variables.yml", variables)
    verbose = ("-vvvv", "--diff", "-e", f"@{given}")
    defaults = module_defaults({**keys, "private_key": "{{ private_key }}"})
    runs = {"every task": stage.play(everything(world), *verbose, module_defaults=defaults)}
    hosts = inventory_file(stage, world, "hosts", keyed_groups=[{"key": "compshare_state", "prefix": "state"}])
    runs["inventory"] = stage.inventory(hosts, "--list", "-vvvv")
    with_passwords = inventory_file(stage, world, "passwords", use_password=True)
    shown = task("ansible.builtin.debug", {"msg": "{{ groups['all'] | length }} hosts"})
    runs["inventory with passwords"] = stage.play([shown], *verbose, "-i", str(with_passwords), name="hosts.yml")
    bad = inventory_file(stage, world, "bad", private_key=WRONG_KEY.text, cache=False)
    runs["inventory that is refused"] = stage.inventory(bad, "--list", "-vvvv")
    wrong = inventory_file(stage, world, "wrong", hostvars_prefix="ansible_")
    runs["inventory with a wrong option"] = stage.inventory(wrong, "--list", "-vvvv")
    return runs


def record_row(record_figures: Any, what: str, search: Search, runs: Mapping[str, Ended]) -> None:
    figures = {
        "secrets": len(search.secrets),
        "files": search.searched_files,
        "command lines": sum(len(ended.command_lines) for ended in runs.values()),
        "MB searched": round(search.searched_bytes / 1e6, 1),
        "found": len(search.found),
    }
    record_figures("secrets", what, figures)


@pytest.mark.parametrize("result_format", ["yaml", pytest.param("json", marks=pytest.mark.long)])
def test_nothing_written_anywhere_holds_a_secret(
    stage: Stage, world: World, result_format: str, record_figures: Any
) -> None:
    stage.environment["ANSIBLE_CALLBACK_RESULT_FORMAT"] = result_format
    runs = run_everything(stage, world)
    assert runs["every task"].returncode == 0, runs["every task"].text
    assert runs["inventory"].returncode == 0, runs["inventory"].text
    assert runs["inventory with passwords"].returncode == 0, runs["inventory with passwords"].text
    assert "RetCode 171" in runs["inventory that is refused"].text
    assert "hostvars_prefix is" in runs["inventory with a wrong option"].text
    # What was meant to be written was, and processes were seen at work.
    for name in ("ansible.log", "facts/*localhost", "inventory/*", "junit/*.xml", "tree/localhost", "async/j*"):
        assert any(stage.written.glob(name)), name
    assert any(b"AnsiballZ_compshare_image.py" in line for line in runs["every task"].command_lines)
    [facts] = stage.written.glob("facts/*localhost")
    assert "keeper" in facts.read_text()
    search = search_everything(stage, runs, [*SECRETS, *signatures(world)])
    record_row(record_figures, f"everything at -vvvv, results as {result_format}", search, runs)
    assert search.found == []


def test_an_exception_nobody_expected_shows_no_secret(stage: Stage, world: World, record_figures: Any) -> None:
    """The library below everything breaks where the request, with its signature, is at hand."""
    broken = stage.given / "python/requests"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(BROKEN_REQUESTS)
    stage.environment.update(world.environment(), PYTHONPATH=str(broken.parent))
    tasks = [
        failing("compshare_zone_info", PLACE),  # in the controller's process at first
        failing("compshare_image", {"name": "x", **PLACE}, diff=True),
        failing("compshare_api", {"action": "GetProjectList"}, **{"async": 60, "poll": 1}),
        failing("ansible.builtin.debug", {"msg": "{{ lookup('compshare.cloud.compshare_image') }}"}),
    ]
    source = stage.write("broken.compshare.yml", {"plugin": "compshare.cloud.compshare"})
    runs = {
        "tasks": stage.play(tasks, "-vvvv"),
        "inventory": stage.inventory(source, "--list", "-vvvv"),
    }
    for ended in runs.values():
        assert "on purpose" in ended.text
    assert runs["tasks"].text.count("...ignoring") == len(tasks), runs["tasks"].text
    search = search_everything(stage, runs, SECRETS)
    record_row(record_figures, "an exception in every module, lookup and inventory", search, runs)
    assert search.found == []


#: Nothing of it works; what is sent fails in the way of a library's own bug.
BROKEN_REQUESTS = """
class exceptions:
    class RequestException(Exception): pass
    class ProxyError(RequestException): pass
    class SSLError(RequestException): pass
    class Timeout(RequestException): pass
    class InvalidProxyURL(RequestException): pass
    class InvalidSchema(RequestException): pass
class _Adapter:
    def __init__(self, **_settings): pass
    def send(self, request, **settings):
        raise RuntimeError("on purpose")
class adapters:
    HTTPAdapter = _Adapter
class PreparedRequest:
    headers = {}
    def copy(self): return self
    def prepare_body(self, data, files): self.body = data
class utils:
    DEFAULT_CA_BUNDLE_PATH = "none"
    def select_proxy(url, proxies): return None
def Request(method, url): return PreparedRequest()
class Session:
    headers = {}
    def merge_environment_settings(self, *settings): return {"proxies": {}}
    def prepare_request(self, request): return request
"""


def test_the_search_finds_what_a_user_has_kept(stage: Stage, world: World) -> None:
    """Kept payloads hold the arguments of their modules: that is what they are kept for, and it proves the search."""
    stage.environment["ANSIBLE_KEEP_REMOTE_FILES"] = "true"
    keys = stage.write("variables.yml", {"private_key": world.private_key})
    defaults = module_defaults({**connection_options(world), "private_key": "{{ private_key }}"})
    ended = stage.play([task("compshare_zone_info")], "-vvvv", "-e", f"@{keys}", module_defaults=defaults)
    search = search_everything(stage, {"the task": ended}, SECRETS)
    assert {place.secret for place in search.found} == {PRIVATE_KEY.name}
    assert all("AnsiballZ_compshare_zone_info.py" in place.where for place in search.found)


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize(
    ("form", "write"),
    [
        ("plain", lambda text: text),
        ("base64", lambda text: base64.b64encode(text.encode()).decode()),
        ("base64", lambda text: base64.urlsafe_b64encode(text.encode()).decode()),
        ("URL-encoded", lambda text: quote(text, safe="")),
        ("URL-encoded", lambda text: urlencode({"key": text})),
        ("JSON", json.dumps),
        ("JSON", lambda text: json.dumps(text, ensure_ascii=False)),
        ("part", lambda text: repr(json.dumps(json.dumps(text)))),
        ("part", lambda text: base64.b64encode(json.dumps(text).encode()).decode()),
        ("repr", lambda text: repr({"key": text})),
    ],
)
def test_the_search_knows_every_form(form: str, write: Callable[[str], str], before: str) -> None:
    search = Search(SECRETS)
    search.look_in(write(before + PRIVATE_KEY.text + before).encode(), "here")
    assert form in {place.form for place in search.found}
    assert {place.secret for place in search.found} == {PRIVATE_KEY.name}


def test_a_profile_that_others_can_read_is_warned_about(stage: Stage, world: World) -> None:
    keys = {"public_key": world.public_key, "private_key": world.private_key}
    profile = stage.write("config.json", json.dumps({"current_profile": "team", "profiles": {"team": keys}}))
    stage.environment.update(COMPSHARE_API_URL=world.url, COMPSHARE_CONFIG_FILE=str(profile))
    source = stage.write("team.compshare.yml", {"plugin": "compshare.cloud.compshare"})
    look = "{{ lookup('compshare.cloud.compshare_image', image_type='System') | length }}"
    tasks = [
        task("compshare_zone_info"),
        task("compshare_api", {"action": "GetProjectList"}, register="response"),
        task("ansible.builtin.debug", {"var": "response.warnings"}),
        task("ansible.builtin.debug", {"msg": look}),
    ]
    said = {}
    for mode in (0o600, 0o644):
        profile.chmod(mode)
        ended = stage.play(tasks, "-i", str(source))
        assert ended.returncode == 0, ended.text
        said[mode] = " ".join(ended.text.split())
        assert PRIVATE_KEY.text not in said[mode]
    assert "chmod 600" not in said[0o600]
    # Ansible says the same warning once; the module's own also stands in its result.
    assert said[0o644].count(f"Other users of this machine can read the keys in {profile}") >= 2
