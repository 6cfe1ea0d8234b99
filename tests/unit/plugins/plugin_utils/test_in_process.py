"""When a module runs in the controller's process. The target in_process shows that there is no difference."""

from __future__ import annotations

import json
import os
import re
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from ansible.errors import AnsibleError
from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import PASS_VARS, remove_values
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import normal
from ansible.template import Templar
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.values import snake_case
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import normalise_instance
from ansible_collections.compshare.cloud.plugins.plugin_utils import _in_process
from ansible_collections.compshare.cloud.plugins.plugin_utils._in_process import InProcessAction

THIS_PYTHON = f"#!{sys.executable}"


def fake_module(fails: Exception | None = None) -> types.ModuleType:
    """A module that returns its own arguments and counts its runs."""
    module = types.ModuleType("fake_module")
    module.runs = 0  # type: ignore[attr-defined]  # a module of the test's own

    def main() -> None:
        module.runs += 1  # type: ignore[attr-defined]  # as above
        if fails:
            raise fails
        spec = {"word": {"type": "str"}, "secret": {"type": "str", "no_log": True}}
        ansible_module = AnsibleModule(spec, supports_check_mode=True)
        ansible_module.exit_json(word=ansible_module.params["word"], check=ansible_module.check_mode)

    module.main = main  # type: ignore[attr-defined]  # as above
    return module


class Core:
    """What ansible-core does in the methods that are overridden, as far as it matters here."""

    def __init__(self, interpreter: str = THIS_PYTHON) -> None:
        self.interpreter = interpreter
        #: How each module was run: its pipelining and its arguments.
        self.started: list[tuple[bool, str]] = []
        self.discovers = False

    def execute_module(self, action: InProcessAction, **keywords: object) -> dict[str, object]:
        args = action._task.args if keywords.get("module_args") is None else keywords["module_args"]
        args.update({"_ansible_check_mode": True, "_ansible_no_log": True})
        if "inject_invocation" in PASS_VARS:  # where it is left to the user whether results repeat the arguments
            args["_ansible_inject_invocation"] = True
        if self.tracebacks:  # an argument that older releases of ansible-core do not know
            args["_ansible_tracebacks_for"] = self.tracebacks
        pipelining = action._is_pipelining_enabled("new", False)
        if self.discovers:
            assert action._low_level_execute_command("which python")["stdout"] == "by itself"
        action._used_interpreter = self.interpreter
        output = action._low_level_execute_command("python", in_data=b"")
        if output["stdout"] == "by itself":
            self.started.append((pipelining, "by itself"))
            return {}
        return json.loads(output["stdout"])

    tracebacks: tuple[str, ...] = ()


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    fake = Core()
    by_itself = {"rc": 0, "stdout": "by itself", "stderr": ""}

    def execute_module(action: InProcessAction, **keywords: object) -> dict[str, object]:
        return fake.execute_module(action, **keywords)

    monkeypatch.setattr(normal.ActionModule, "_execute_module", execute_module)
    monkeypatch.setattr(normal.ActionModule, "_is_pipelining_enabled", lambda self, *_rest: False)
    monkeypatch.setattr(normal.ActionModule, "_low_level_execute_command", lambda self, *_rest, **_more: by_itself)
    monkeypatch.setattr(normal.ActionModule, "_compute_environment_string", lambda self, out: out.update(self.env))
    monkeypatch.setattr(normal.ActionModule, "env", {}, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return fake


@pytest.fixture
def action() -> InProcessAction:
    task = mock.Mock(action="compshare.cloud.fake", args={"word": "hello"}, async_val=0)
    connection = mock.Mock(transport="local", become=None)
    created = InProcessAction(task, connection, mock.Mock(become=False), mock.Mock(), mock.Mock(), mock.Mock())
    created._loader.get_basedir.return_value = os.getcwd()
    created.module = fake_module()
    return created


def test_it_runs_here_with_its_own_arguments(core: Core, action: InProcessAction) -> None:
    result = action._execute_module(task_vars={}, wrap_async=False)

    assert (result["word"], result["check"]) == ("hello", True)
    assert result["invocation"]["module_args"] == {"word": "hello", "secret": None}
    assert core.started == []
    assert basic._ANSIBLE_ARGS is None


def test_given_arguments_replace_those_of_the_task(core: Core, action: InProcessAction) -> None:
    assert action._execute_module(module_args={"word": "other"}, task_vars={})["word"] == "other"


def test_secrets_are_censored(core: Core, action: InProcessAction) -> None:
    action._task.args = {"word": "a very-secret word", "secret": "very-secret"}

    result = action._execute_module(task_vars={})

    # From ansible-core 2.22 on, the controller masks what a result registers.
    registered = result.pop("_ansible_new_secrets", [])
    assert "very-secret" in registered or "very-secret" not in json.dumps(result)


def test_commands_that_discover_a_python_run_as_usual(core: Core, action: InProcessAction) -> None:
    core.discovers = True

    assert action._execute_module(task_vars={})["word"] == "hello"


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("_connection.transport", "ssh"),
        ("_connection.become", "sudo"),
        ("_play_context.become", True),
        ("_task.async_val", 60),
        ("env", {"LANG": "C"}),
    ],
)
def test_it_runs_by_itself_where_that_could_matter(
    core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch, change: str, value: object
) -> None:
    owner, _dot, name = change.rpartition(".")
    monkeypatch.setattr(getattr(action, owner) if owner else action, name, value)

    action._execute_module(task_vars={})

    assert core.started == [(False, "by itself")]
    assert action.module.runs == 0


@pytest.mark.parametrize("setting", ["DEFAULT_KEEP_REMOTE_FILES", "DEFAULT_DEBUG"])
def test_it_runs_by_itself_for_whoever_watches(
    core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setattr(_in_process.config, "get_config_value", lambda name, **_rest: name == setting)

    action._execute_module(task_vars={})

    assert core.started == [(False, "by itself")]


def test_it_runs_by_itself_for_tracebacks(core: Core, action: InProcessAction) -> None:
    core.tracebacks = ("error",)

    action._execute_module(task_vars={})

    assert core.started == [(False, "by itself")]


def test_it_runs_by_itself_on_macos(core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    action._execute_module(task_vars={})

    assert core.started == [(False, "by itself")]


def test_another_module_runs_by_itself(core: Core, action: InProcessAction) -> None:
    action._execute_module(module_name="ansible.builtin.command", task_vars={})

    assert core.started == [(False, "by itself")]


def test_a_crash_is_left_to_the_module(core: Core, action: InProcessAction) -> None:
    action.module = fake_module(fails=ValueError("a bug"))

    action._execute_module(task_vars={})

    assert action.module.runs == 1
    assert core.started == [(False, "by itself")]
    assert basic._ANSIBLE_ARGS is None


def test_an_unexpected_error_is_shown_without_the_key(
    core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(_in_process.Display, "vvv", lambda _self, message, **_more: shown.append(message))
    action._task.args = {"private_key": "very-secret"}
    action.module = fake_module(fails=ValueError("a bug with very-secret in it"))

    action._execute_module(task_vars={})

    assert "ValueError: a bug with ******** in it" in shown[-1]
    assert "in main" in shown[-1]
    assert "very-secret" not in "".join(shown)


def test_it_works_in_the_folder_of_the_playbook(core: Core, action: InProcessAction, tmp_path: Path) -> None:
    action._loader.get_basedir.return_value = str(tmp_path)
    before, seen = Path.cwd(), []
    main = action.module.main
    action.module.main = lambda: (seen.append(Path.cwd()), main())

    action._execute_module(task_vars={})

    assert seen == [tmp_path]
    assert Path.cwd() == before


@pytest.mark.parametrize(("value", "apart"), [("false", True), ("no", True), ("0", True), ("true", False), ("", False)])
def test_a_variable_turns_it_off(
    core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch, value: str, apart: bool
) -> None:
    monkeypatch.setenv("COMPSHARE_IN_PROCESS", value)

    action._execute_module(task_vars={})

    assert bool(core.started) is apart


def test_a_variable_that_means_nothing_is_refused(
    core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPSHARE_IN_PROCESS", "flase")

    with pytest.raises(AnsibleError, match="COMPSHARE_IN_PROCESS must be true or false, not 'flase'"):
        action._execute_module(task_vars={})


def test_what_ends_a_task_early_is_not_caught(core: Core, action: InProcessAction) -> None:
    class TaskTimeout(BaseException):
        pass

    action.module = fake_module(fails=TaskTimeout())  # type: ignore[arg-type]  # the time limit of a task is no Exception

    with pytest.raises(TaskTimeout):
        action._execute_module(task_vars={})

    assert core.started == []
    assert not action._is_pipelining_enabled("new", False)


def configured_by_core(action: InProcessAction) -> tuple[object, ...]:
    action._connection.module_implementation_preferences, action._connection._remote_is_local = (".py",), False
    action._task.delegate_to, action._task.environment = None, []
    action._templar = Templar(DataLoader())
    action.module.__file__ = "/the/module.py"
    action._module_args = {"word": "hello"}
    variables = {"ansible_python_interpreter": sys.executable}
    return action._configure_module("compshare.cloud.fake", {"word": "hello"}, variables)


def test_no_payload_is_built_for_a_module_that_runs_here(
    action: InProcessAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZipFile", mock.Mock(side_effect=AssertionError))

    *configured, path = configured_by_core(action)

    assert THIS_PYTHON in (getattr(configured[0], "shebang", None), *configured)
    assert "new" in (getattr(configured[0], "module_style", None), *configured)
    assert path == "/the/module.py"


def test_a_fork_compiles_no_pattern_of_its_own(action: InProcessAction) -> None:
    compiled: dict[object, object] = vars(re)["_cache"]
    re.purge()
    snake_case.cache_clear()
    _in_process._prepare_forks()
    Templar(DataLoader())  # before 2.19 it has a pattern of its own
    before = set(compiled)

    configured_by_core(action)
    normalise_instance({"UHostId": "uhost-1testvm00001", "CPU": "4", "SomeNewField": 1})

    assert set(compiled) == before


def test_a_module_runs_by_itself_if_its_first_line_cannot_be_written(
    action: InProcessAction, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_in_process, "_FIRST_LINE_FILE", str(tmp_path / "gone/first_line"))
    _in_process._prepare_forks()
    with pytest.raises(_in_process._MustRunByItself):
        configured_by_core(action)


def test_what_core_cannot_configure_is_left_to_core(
    core: Core, action: InProcessAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaders = action._shared_loader_obj
    configured: list[object] = []

    def configure(action: InProcessAction, *_arguments: object) -> tuple[object, ...]:
        configured.append(action._shared_loader_obj)
        raise AnsibleError("no such Python")

    monkeypatch.setattr(normal.ActionModule, "_configure_module", configure)
    action._module_args = {}
    with pytest.raises(_in_process._MustRunByItself):
        action._configure_module("compshare.cloud.fake", {}, {})
    action._module_args = None
    with pytest.raises(AnsibleError, match="no such Python"):
        action._configure_module("compshare.cloud.fake", {}, {})

    assert [owner is loaders for owner in (*configured, action._shared_loader_obj)] == [False, True, True]


TEXTS = st.text(st.sampled_from(["a", '"', "\\", "é", "\x7f", "\n", "\u2028", "\ud800", "\U0001f600", "1", ".", "n"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS | st.binary(max_size=2) | st.dates(),
    lambda items: st.lists(items) | st.tuples(items) | st.dictionaries(st.text(max_size=2), items),
    max_leaves=8,
)


def as_json_has_it(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_json_has_it(item) for key, item in value.items()}
    return [as_json_has_it(item) for item in value] if isinstance(value, (list, tuple)) else value


@given(VALUES, st.lists(TEXTS.filter(bool), max_size=3))
def test_secrets_are_removed_as_by_core(value: object, secrets: list[str]) -> None:
    def outcome(remove: Callable[[object, list[str]], object]) -> str:
        try:
            return repr(as_json_has_it(remove({"value": value}, secrets)))
        except UnicodeError as error:
            return repr(error)

    assert outcome(_in_process._Printed().without_secrets) == outcome(remove_values)


def test_a_result_without_secrets_is_not_copied() -> None:
    value = {"images": [{"id": "compshareImage-1"}]}
    assert _in_process._Printed().without_secrets(value, {"very-secret"}) is value


def test_a_result_is_printed_as_it_was_searched_for_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = _in_process._Printed()
    result = printed.without_secrets({"name": "训练"}, {"very-secret"})
    monkeypatch.setattr(_in_process.json, "dumps", None)
    printed.write_result(result)
    assert json.JSONDecoder().decode(printed.getvalue()) == {"name": "训练"}


def test_a_result_with_a_secret_is_printed_without_it() -> None:
    printed = _in_process._Printed()
    printed.without_secrets({"name": "before"}, {"very-secret"})
    printed.write_result(printed.without_secrets({"name": "a very-secret name"}, {"very-secret"}))
    assert json.loads(printed.getvalue()) == {"name": "a ******** name"}


def test_only_the_same_python_is_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    shared = tmp_path / "python-itself"
    shared.touch()
    for name in ("one/python", "one/python3", "two/python"):
        (tmp_path / name).symlink_to(shared)
    (tmp_path / "one/python2").touch()
    monkeypatch.setattr(sys, "executable", os.fspath(tmp_path / "one/python"))

    same = [_in_process._is_this_python(f"#!{tmp_path / name}") for name in ("one/python", "one/python3")]
    others = ["one/python2", "two/python", "one/missing", "python-itself", "../python"]

    assert same == [True, True]
    assert not any(_in_process._is_this_python(f"#!{tmp_path / name}") for name in others)
    assert not _in_process._is_this_python("#!/usr/bin/env python3")
