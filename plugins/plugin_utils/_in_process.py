# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Runs a read-only module inside the controller's process, with the same result as in a process of its own.

Starting a Python for a module costs many times what a request to the API does. If that Python would run on this
machine, as this user, in this environment, and is the one that runs Ansible, the module's main() is called here
instead. Only that step is replaced: ansible-core still does everything before it and reads the module's output after
it, and the module's own code validates arguments, censors secrets and builds the result.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import os
import re
import sys
import traceback
import types
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ansible import constants
from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase, normal
from ansible.utils.display import Display

from ..module_utils import _module
from ..module_utils._api.errors import OptionError, printable
from ..module_utils._api.options import strict_boolean
from ..module_utils._api.secrets import HIDDEN
from ..module_utils._api.values import number, snake_case

#: The environment variable that turns this off. ansible-core reads no settings from ansible.cfg for actions.
SWITCH = "COMPSHARE_IN_PROCESS"
#: How modules get their arguments and give their results from ansible-core 2.19 on; before, there was one way only.
_PROFILE = "legacy"
#: The first line of every module, and the mark by which core knows a module to which it adds nothing.
_FIRST_LINE = b"#!/usr/bin/python\n# WANT_JSON\n"
#: What core looks for in such a module before it finds that mark; the last three until 2.18.
_MARKS_OF_POWERSHELL = (
    b"#Requires -Module",
    b"#Requires -Version",
    b"#AnsibleRequires -(OSVersion|PowerShell|CSharpUtil|Wrapper)",
    b"#AnsibleRequires -OSVersion",
    b"#AnsibleRequires -Powershell",
    b"#AnsibleRequires -CSharpUtil",
)
_settings: t.Any = constants  # it says nothing of its names
#: How core gives a result to the controller, from 2.19 on.
_record_result: t.Any = getattr(basic.AnsibleModule, "_record_module_result", None)

#: A module with no more than its first line, in the folder that ansible-core removes at the end.
_FIRST_LINE_FILE = os.path.join(_settings.DEFAULT_LOCAL_TMP, "compshare_first_line")


def _prepare_forks() -> None:
    """Import, load, compile and write what each fork would by itself: actions are loaded before tasks fork."""
    importlib.import_module(f"{_module.__package__}._api.http_session").default_trust()
    for mark in _MARKS_OF_POWERSHELL:
        re.compile(mark, re.IGNORECASE)
    snake_case("AnyName")
    number("1")
    with contextlib.suppress(OSError), open(_FIRST_LINE_FILE, "wb") as file:  # modules run by themselves without it
        file.write(_FIRST_LINE)
    if hasattr(ansible_json, "get_module_encoder"):
        for direction in ansible_json.Direction:
            ansible_json.get_module_encoder(_PROFILE, direction)


_prepare_forks()


class _MustRunByItself(Exception):
    """The module cannot run in this process after all."""


class RunsInProcess(ActionBase):
    """What an action inherits, after other bases, to run its read-only module in the controller's process.

    It replaces only C(_execute_module()) and what that calls, so an action may do anything around it.
    """

    #: The Python module of the Ansible module, with its main().
    module: types.ModuleType
    #: The arguments of the module while it may run here, None otherwise.
    _module_args: dict[str, t.Any] | None = None
    #: Where core looks for the file of a module.
    _shared_loader_obj: t.Any

    def _execute_module(self, *arguments: t.Any, **keywords: t.Any) -> dict[str, t.Any]:
        """Return the module's result, like the method that this one overrides."""
        core: t.Callable[..., dict[str, t.Any]] = super()._execute_module
        if not arguments and keywords.get("module_name") in (None, self._task.action) and self._may_run_here():
            given = keywords.get("module_args")
            self._module_args = self._task.args if given is None else given
            self._used_interpreter = None
            try:
                return core(**keywords)
            except _MustRunByItself:
                pass
            finally:
                self._module_args = None
        return core(*arguments, **keywords)

    def _may_run_here(self) -> bool:
        """Return whether the module would run on this machine, as this user and in this environment."""
        # macOS ends processes that use its network libraries after a fork, and tasks run in forks.
        if sys.platform == "darwin" or self._connection.transport != "local":
            return False
        if self._play_context.become or self._connection.become or self._task.async_val:
            return False
        if config.get_config_value("DEFAULT_KEEP_REMOTE_FILES") or config.get_config_value("DEFAULT_DEBUG"):
            return False  # the user wants to debug the module
        try:
            if strict_boolean(SWITCH, os.environ.get(SWITCH)) is False:
                return False
        except OptionError as error:
            raise AnsibleError(str(error)) from None
        environment: dict[str, str] = {}
        add_task_environment: t.Callable[[dict[str, str]], str] = self._compute_environment_string
        add_task_environment(environment)
        return not environment

    def _is_pipelining_enabled(self, *arguments: t.Any, **keywords: t.Any) -> bool:
        # A module that is piped into its Python needs no temporary folder, and here there is nothing to put into one.
        return self._module_args is not None or bool(super()._is_pipelining_enabled(*arguments, **keywords))

    def _configure_module(self, *arguments: t.Any, **keywords: t.Any) -> tuple[t.Any, ...]:
        """Return what core finds out about the module, above all its Python, without the payload that would run there.

        For that, core is given only the module's first line, as a module of a kind that needs no payload.
        """
        core: t.Callable[..., tuple[t.Any, ...]] = super()._configure_module
        if self._module_args is None:
            return core(*arguments, **keywords)
        loaders = self._shared_loader_obj
        try:
            found = types.SimpleNamespace(resolved=True, plugin_resolved_path=_FIRST_LINE_FILE)
            loader = types.SimpleNamespace(find_plugin_with_context=lambda *_names, **_more: found)
            self._shared_loader_obj = types.SimpleNamespace(module_loader=loader)
            kind, *more, _path = core(*arguments, **keywords)
            # Of the newest kind, it gets no file with its arguments.
            kind = "new" if isinstance(kind, str) else dataclasses.replace(kind, module_style="new")
        except Exception as error:
            # Core reports it, in the words that it has for it.
            raise _MustRunByItself from error
        finally:
            self._shared_loader_obj = loaders
        return (kind, *more, self.module.__file__)

    def _low_level_execute_command(self, *arguments: t.Any, **keywords: t.Any) -> dict[str, t.Any]:
        """Return what the module prints, or what any other command does: discovering a Python takes some."""
        core: t.Callable[..., dict[str, t.Any]] = super()._low_level_execute_command
        if self._module_args is None or self._used_interpreter is None:
            return core(*arguments, **keywords)
        # Tracebacks, if the user wants them, must be those of the module.
        if not _is_this_python(self._used_interpreter) or self._module_args.get("_ansible_tracebacks_for"):
            raise _MustRunByItself
        Display().vvv(f"Running {self._task.action} in the controller's process")
        try:
            with _working_directory(self._loader.get_basedir()):
                output = _output_of(self.module, self._module_args)
        except Exception as error:
            # In a process of its own it fails as modules do. It only reads, so it may run twice.
            Display().vvv(f"It failed there, so it runs again by itself: {_described(error, self._module_args)}")
            raise _MustRunByItself from error
        return {"rc": 0, "stdout": output, "stdout_lines": output.splitlines(), "stderr": "", "stderr_lines": []}


class InProcessAction(RunsInProcess, normal.ActionModule):
    """The whole action of a module; a subclass names the module."""


def _is_this_python(shebang: str) -> bool:
    """Return whether this process runs on the Python of C(shebang).

    The same file is not enough, because virtual environments may share one. Two names for one file in one folder are
    the same environment.
    """
    interpreter = shebang[2:].strip()
    with contextlib.suppress(OSError):
        same_folder = os.path.dirname(interpreter) == os.path.dirname(sys.executable)
        return same_folder and os.path.samefile(interpreter, sys.executable)
    return False


def _output_of(module: types.ModuleType, args: dict[str, t.Any]) -> str:
    """Return what a module prints for its arguments when it runs to its end; raises what it raises."""
    printed = _Printed()
    with _module_state(_encoded(args), printed), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        module.main()
    return printed.getvalue()


class _Printed(io.StringIO):
    """What a module prints. Its result becomes JSON once, which shows whether it holds secrets and is printed then."""

    _searched: tuple[object, str] = None, ""

    def without_secrets(self, value: t.Any, secrets: Iterable[str]) -> t.Any:
        """Return a result without secrets, as core's function does, but at once if it holds none.

        JSON writes a character in the same way everywhere, so a secret that is not in the JSON of the result as a text
        is in none of its values.
        """
        with contextlib.suppress(TypeError, ValueError, RecursionError):  # what JSON does not know is left to core
            text = json.dumps(value, allow_nan=False)
            if not any(json.dumps(secret)[1:-1] in text for secret in secrets):
                self._searched = value, text
                return value
        return remove_values(value, secrets)

    def write_result(self, result: dict[str, t.Any]) -> None:
        """Write a result as core does, whose encoder takes several times as long for what any encoder knows."""
        searched, text = self._searched
        try:
            self.write(f"\n{text if searched is result else json.dumps(result)}\n")
        except (TypeError, ValueError, RecursionError):
            _record_result(self, result)


@contextlib.contextmanager
def _working_directory(folder: str) -> Iterator[None]:
    """Work in the folder in which ansible-core runs modules on this machine, which relative paths begin in."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _described(error: Exception, args: Mapping[str, t.Any]) -> str:
    """Return what an unexpected error is and where it was raised, without the key."""
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    text = f"{type(error).__name__}: {error}"
    for secret in filter(None, (args.get("private_key"), os.environ.get("COMPSHARE_PRIVATE_KEY"))):
        text = text.replace(str(secret), HIDDEN)
    return f"{printable(text, 300)}\n{frames}"


def _encoded(args: dict[str, t.Any]) -> bytes:
    """Return arguments as a module receives them."""
    core_json: t.Any = ansible_json  # which names it has depends on the core
    settings: dict[str, t.Any]
    if hasattr(core_json, "get_module_encoder"):
        settings = {"cls": core_json.get_module_encoder(_PROFILE, core_json.Direction.CONTROLLER_TO_MODULE)}
    else:
        settings = {"cls": core_json.AnsibleJSONEncoder, "vault_to_text": True}
    return json.dumps({"ANSIBLE_MODULE_ARGS": args}, **settings).encode()


@contextlib.contextmanager
def _module_state(args: bytes, printed: _Printed) -> Iterator[None]:
    """Set up a module as in a process of its own: its arguments and no warnings yet, but no signals."""
    state: list[tuple[object, str, object]] = [
        (basic, "_ANSIBLE_ARGS", args),
        (basic, "_ANSIBLE_PROFILE", _PROFILE),
        (_module, "owns_process", False),
        (module_warnings, "_global_warnings", type(module_warnings._global_warnings)()),
        (module_warnings, "_global_deprecations", type(module_warnings._global_deprecations)()),
        (basic, "remove_values", printed.without_secrets),
    ]
    if _record_result is not None:
        # A method of another object, so the module is not given to it.
        state.append((basic.AnsibleModule, "_record_module_result", printed.write_result))
    before = [(owner, name, getattr(owner, name, None)) for owner, name, _value in state]
    for owner, name, value in state:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
