from __future__ import annotations

import ast
import base64
import importlib
import io
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.compshare.cloud.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, RefusedError
from ansible_collections.compshare.cloud.plugins.module_utils._api.options import NUMBERS
from ansible_collections.compshare.cloud.plugins.module_utils._journal import JOURNAL_NAME
from ansible_collections.compshare.cloud.plugins.module_utils._module import CONNECTION_ARGUMENT_SPEC, run_module
from ansible_collections.compshare.cloud.plugins.module_utils._task import Task

MODULES = Path(__file__).parents[4] / "plugins/modules"
KEYS = {"public_key": "public-key-0001", "private_key": "private-key-0001"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Run = Callable[..., dict[str, Any]]


def masked(output: str) -> str:
    """Return what a module prints as users see it: from ansible-core 2.22 on, the controller masks secrets."""
    try:
        secrets = importlib.import_module("ansible.module_utils.secrets")
    except ImportError:
        return output
    return str(secrets.mask_secrets(output, mask_placeholder="********"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a module's work as Ansible does, and return what it prints."""

    def run_with(work: Callable[[Task], dict[str, Any]], *, spec: Any = None, **options: Any) -> dict[str, Any]:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": options})
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", arguments.encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        with pytest.raises(SystemExit):
            run_module({"name": {"type": "str"}, **(spec or {})}, work)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        printed = capsys.readouterr()
        result: dict[str, Any] = json.loads(masked(printed.out))
        # Newer releases of ansible-core show a warning at once where they run in the controller, as here.
        return {"warnings": [], **result, "stderr": printed.err}

    return run_with


def test_the_work_gets_options_and_modes_and_its_result_is_returned(run: Run) -> None:
    tasks: list[Task] = []

    def work(task: Task) -> dict[str, Any]:
        tasks.append(task)
        task.warn("be warned")
        return {"images": []}

    result = run(work, name="x", _ansible_check_mode=True, _ansible_diff=True, **KEYS)
    assert (result["changed"], result["images"]) == (False, [])
    assert "be warned" in json.dumps(result["warnings"]) + result["stderr"]
    assert (tasks[0].check_mode, tasks[0].diff, tasks[0].options["name"]) == (True, True, "x")


@pytest.mark.parametrize(("verbosity", "shown"), [(2, False), (3, True)])
def test_that_requests_are_not_shared_is_said_to_those_who_look_for_causes(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verbosity: int, shown: bool
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for variable in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))

    def work(task: Task) -> dict[str, Any]:
        return {"requests": task.client.requests_sent}

    result = run(work, _ansible_verbosity=verbosity, **KEYS)
    said = json.dumps(result["warnings"]) + result["stderr"]
    assert ("The limit of requests is not shared with other processes: no folder" in said) is shown


def test_an_error_becomes_a_failure_with_its_parts_and_facts(run: Run) -> None:
    def work(_task: Task) -> dict[str, Any]:
        raise RefusedError("Refused.", action="A", ret_code=230, hint="Look.", facts={"changed": True, "left": [1]})

    result = run(work, _ansible_verbosity=4, **KEYS)
    assert result["failed"]
    assert result["msg"] == "Refused. Look."
    assert result["error"]["ret_code"] == 230
    assert (result["changed"], result["left"]) == (True, [1])
    assert "Traceback" not in json.dumps(result)


@pytest.mark.parametrize("failed", [False, True])
def test_no_text_of_a_result_can_steer_a_terminal(run: Run, failed: bool) -> None:
    def work(task: Task) -> dict[str, Any]:
        task.warn(f"failed={failed} \x1b[2J")
        if failed:
            raise RefusedError("Refused.", ret_code=230, api_message="no \x9b2J", facts={"image": {"name": "\u202ea"}})
        return {"image": {"name": "\u202ea"}}

    result = run(work, **KEYS)
    assert result["image"] == {"name": "\ufffda"}
    warned = json.dumps(result["warnings"], ensure_ascii=False) + result["stderr"]
    assert f"failed={failed} \ufffd[2J" in warned
    if failed:
        assert result["error"]["message"] == "no \ufffd2J"


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("begun", [False, True])
def test_a_signal_ends_the_work_with_a_failure_and_a_report(run: Run, tmp_path: Any, number: int, begun: bool) -> None:
    def work(task: Task) -> dict[str, Any]:
        if begun:
            assert task.client
        os.kill(os.getpid(), number)
        raise AssertionError("the work went on")

    journal = tmp_path / JOURNAL_NAME
    journal.touch()
    result = run(work, **KEYS, _ansible_tmpdir=str(tmp_path))
    assert result["failed"] and result["error"]["retryable"]
    expected = "before it changed anything" if begun else "before it began"
    assert result["msg"].startswith(f"The task was interrupted {expected}.")
    assert json.loads(journal.read_text()) == {"kind": "interrupted", "message": result["msg"]}


def test_facts_cannot_stand_in_the_place_of_the_message(run: Run) -> None:
    def work(_task: Task) -> dict[str, Any]:
        raise OptionError("Wrong.", facts={"msg": "All is well.", "error": None, "image": None})

    result = run(work, **KEYS)
    assert (result["msg"], result["error"]["message"], result["image"]) == ("Wrong.", "Wrong.", None)


def test_the_private_key_is_never_in_a_result(run: Run) -> None:
    result = run(lambda task: {"options": dict(task.options)}, **KEYS)
    assert "private-key-0001" not in json.dumps(result)
    assert "public-key-0001" in json.dumps(result)


@pytest.mark.parametrize("secret", ["private-key-0001", "密码-0001"])
def test_a_secret_is_in_no_result_in_base64_either(run: Run, secret: str) -> None:
    """Passwords are sent so, and an error of the API may quote what was sent."""
    encoded = base64.b64encode(secret.encode()).decode()
    result = run(lambda _task: {"said": f"Params {encoded} not available"}, **{**KEYS, "private_key": secret})
    assert result["said"] == "Params ******** not available"


def test_options_fall_back_to_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PUBLIC_KEY": "p", "PRIVATE_KEY": "q", "REGION": "cn-sh2", "VALIDATE_CERTS": "no"}.items():
        monkeypatch.setenv(f"COMPSHARE_{name}", value)
    result = run(lambda task: {"region": task.client.scope.region, "checked": task.options["validate_certs"]})
    assert (result["region"], result["checked"]) == ("cn-sh2", False)


@pytest.mark.parametrize("name", ["VALIDATE_CERTS", "API_TIMEOUT", "API_RETRIES", "API_RATE", "CA_PATH", "REGION"])
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_environment_variable_counts_as_unset(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, empty: str
) -> None:
    monkeypatch.setenv(f"COMPSHARE_{name}", empty)
    option = name.lower()
    result = run(lambda task: {"value": task.options[option], "client": bool(task.client)}, **KEYS)
    assert (result.get("value"), result.get("client")) == (CONNECTION_ARGUMENT_SPEC[option].get("default"), True)


@pytest.mark.parametrize("value", ["flase", "yess", "2"])
def test_what_is_no_boolean_never_switches_the_check_of_certificates_off(
    run: Run, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("COMPSHARE_VALIDATE_CERTS", value)
    assert "validate_certs" in run(lambda _task: {}, **KEYS)["msg"]


def test_a_profile_of_the_task_goes_before_keys_of_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"profiles": {"prod": {"public_key": "of-prod", "private_key": "x"}}}), encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("COMPSHARE_CONFIG_FILE", str(path))
    monkeypatch.setenv("COMPSHARE_PUBLIC_KEY", "of-environment")
    monkeypatch.setenv("COMPSHARE_PRIVATE_KEY", "private-of-environment")

    def which(task: Task) -> dict[str, Any]:
        return {"key": task.client.credentials.public_key, "shown": "x private-of-environment"}

    assert run(which, profile="prod")["key"] == "of-prod"
    found = run(which)
    assert (found["key"], found["shown"]) == ("of-environment", "x ********")
    assert "no profile 'prd'" in run(which, profile="prd")["msg"]
    assert "in the options" in run(which, public_key="half")["msg"]


def test_without_keys_the_failure_says_how_to_give_them(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("COMPSHARE_CONFIG_FILE", str(tmp_path / "none.json"))
    result = run(lambda task: {"client": task.client})
    assert "COMPSHARE_PRIVATE_KEY" in result["msg"]


@pytest.mark.parametrize(("value", "warned"), [(False, True), (True, False)])
def test_certificates_that_are_not_checked_give_a_warning(value: bool, warned: bool) -> None:
    warnings: list[str] = []
    options = {"public_key": "key", "private_key": "secret", "validate_certs": value}
    assert Task(options, warn=warnings.append).client
    assert any("validate_certs is false" in warning for warning in warnings) is warned


def test_the_client_is_created_once_and_warns_of_an_open_profile_file(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"profiles": {"default": KEYS}}), encoding="utf-8")
    path.chmod(0o644)
    monkeypatch.setenv("COMPSHARE_CONFIG_FILE", str(path))
    warnings: list[str] = []
    task = Task(options={}, warn=warnings.append)
    assert task.client is task.client
    assert len(warnings) == 1
    task.report({"nobody": "listens"})


def test_a_task_can_stand_alone() -> None:
    with pytest.raises(OptionError):
        _client = Task(options={**KEYS, "api_timeout": -1}).client


def test_options_and_documentation_are_the_same() -> None:
    yaml = pytest.importorskip("yaml")
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    environment = yaml.safe_load(ModuleDocFragment.ENV)["options"]
    assert documented.keys() == CONNECTION_ARGUMENT_SPEC.keys() == environment.keys()
    for name, spec in CONNECTION_ARGUMENT_SPEC.items():
        assert documented[name]["type"] == spec["type"]
        assert documented[name].get("default") == spec.get("default")
        variable = environment[name]["env"][0]["name"]
        assert variable == f"COMPSHARE_{name.upper()}"
        # What goes before what is decided where the keys are read.
        assert ("fallback" in spec) is (name not in ("public_key", "private_key", "profile"))
        assert spec.get("fallback", (None, [variable]))[1] == [variable]
        assert any(f"E({variable})" in line for line in documented[name]["description"])


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["nan", "inf", -1, 1e12])
def test_a_number_that_cannot_be_meant_fails_before_anything_is_done(run: Run, name: str, value: Any) -> None:
    def work(_task: Task) -> dict[str, Any]:
        raise AssertionError("the work began")

    given = {"type": "int" if name == "api_retries" else "float"}
    if name == "api_retries" and isinstance(value, str):
        return  # Ansible refuses it itself
    result = run(work, spec={name: given}, **{name: int(value) if name == "api_retries" else value}, **KEYS)
    assert result["msg"].startswith(f"{name} ")
    assert result["error"]["retryable"] is False


@pytest.mark.parametrize("path", sorted(MODULES.glob("compshare_*.py")), ids=lambda path: path.stem)
def test_every_interval_and_timeout_of_a_module_is_checked(path: Path) -> None:
    """Only numbers of NUMBERS are checked at once for all modules, so no other option may be a time."""
    spec = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.value for node in ast.walk(spec) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    times = {name for name in names if re.fullmatch(r"\w+_(timeout|interval|retries|rate)", name)}
    assert times <= NUMBERS.keys()
