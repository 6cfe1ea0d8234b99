# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What every module shares: the connection options, the client, and the one place where an error becomes fail_json."""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t
from base64 import b64encode
from collections.abc import Iterable, Mapping

from ansible.module_utils import basic
from ansible.module_utils.basic import AnsibleFallbackNotFound, env_fallback

from ._api.errors import CompShareError
from ._api.options import (
    DEFAULT_API_URL,
    DEFAULT_RETRIES,
    DEFAULT_THROTTLE_TIMEOUT,
    DEFAULT_TIMEOUT,
    check_numbers,
)
from ._api.values import inert, inert_message
from ._journal import journal_writer
from ._task import Task
from ._task_end import ended_with_task


def _forget_secrets(_secrets: Iterable[str]) -> None:
    """Do nothing: before ansible-core 2.22 Ansible takes no secrets to mask."""


if t.TYPE_CHECKING:  # whichever ansible-core the checker sees
    register_secrets = _forget_secrets
else:
    try:
        from ansible.module_utils.secrets import register_secrets
    except ImportError:
        register_secrets = _forget_secrets


def _from_environment(variable: str) -> t.Any:
    """Return the value of an environment variable for an option that is omitted; an empty one counts as unset."""
    value = env_fallback(variable)
    if not value.strip():
        raise AnsibleFallbackNotFound
    return value


def _option(environment: str, **spec: t.Any) -> dict[str, t.Any]:
    return {"fallback": (_from_environment, [environment]), **spec}


#: The options of the documentation fragment compshare.cloud.connection. Keys and profile have no fallback: what of them
#: comes from the environment decides their order, so _api/credentials.py reads it.
CONNECTION_ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "public_key": {"type": "str", "no_log": False},
    "private_key": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "project_id": _option("COMPSHARE_PROJECT_ID", type="str"),
    "region": _option("COMPSHARE_REGION", type="str"),
    "zone": _option("COMPSHARE_ZONE", type="str"),
    "api_url": _option("COMPSHARE_API_URL", type="str", default=DEFAULT_API_URL),
    "validate_certs": _option("COMPSHARE_VALIDATE_CERTS", type="bool", default=True),
    "ca_path": _option("COMPSHARE_CA_PATH", type="path"),
    "api_timeout": _option("COMPSHARE_API_TIMEOUT", type="float", default=DEFAULT_TIMEOUT),
    "api_retries": _option("COMPSHARE_API_RETRIES", type="int", default=DEFAULT_RETRIES),
    "api_throttle_timeout": _option("COMPSHARE_API_THROTTLE_TIMEOUT", type="float", default=DEFAULT_THROTTLE_TIMEOUT),
    "api_rate": _option("COMPSHARE_API_RATE", type="float"),
}


#: Whether this process runs nothing but the module, so that signals to it are the module's. An action plugin that calls
#: a module in the controller's process denies it.
owns_process = True

#: What ends a task. A second one is ignored: the task is ending already, and Ansible may pass on what it got itself.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_module(
    argument_spec: Mapping[str, t.Any], work: t.Callable[[Task], dict[str, t.Any]], **module_options: t.Any
) -> None:
    """Run a module: read its options, do C(work), exit with its result or fail with what went wrong.

    Takes the module's own argument spec (the connection options are added), the work, which returns the result's keys
    (C(changed) is false unless it says otherwise), and further arguments of AnsibleModule. In a process of its own,
    SIGTERM, SIGHUP and the end of the task reach the work as KeyboardInterrupt, as SIGINT does, so that it can say what
    it leaves behind; live lines then show the message of the failure, because nobody may be left to take the result.
    """
    module = basic.AnsibleModule(
        argument_spec={**CONNECTION_ARGUMENT_SPEC, **argument_spec}, supports_check_mode=True, **module_options
    )
    private_key = os.environ.get("COMPSHARE_PRIVATE_KEY", "").strip()
    if private_key:
        module.no_log_values.add(private_key)
    # The API takes passwords in base64, and a message of it may quote what it was sent.
    encoded = [b64encode(secret.encode("utf-8", "surrogatepass")).decode("ascii") for secret in module.no_log_values]
    module.no_log_values.update(encoded)  # masks results before ansible-core 2.22
    register_secrets([*encoded, *([private_key] if private_key else [])])

    def warn(message: str) -> None:
        module.warn(inert_message(message))

    task = Task(
        options=module.params,
        check_mode=module.check_mode,
        diff=module._diff,
        warn=warn,
        # A module has no other way to show something at -vvv.
        debug=warn if module._verbosity >= 3 else lambda _message: None,
        report=journal_writer(module._tmpdir) or (lambda _event: None),
        register_secrets=register_secrets,
    )
    interruptions: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        interruptions.append(number)
        raise KeyboardInterrupt

    task_end: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if owns_process:
        for each in _SIGNALS:
            signal.signal(each, interrupt)
        task_end = ended_with_task(module._tmpdir)
    try:
        check_numbers(task.options)
        with task_end:
            result, failure = work(task), None
    except CompShareError as error:
        result, failure = {}, error
    except KeyboardInterrupt:
        if not owns_process:
            raise
        result, failure = {}, task.interrupted()
    # Outside of the handler, so that Ansible does not add a traceback at high verbosity.
    if failure is not None:
        if interruptions:
            task.report({"kind": "interrupted", "message": str(failure)})
        failed = {**failure.facts, "msg": inert_message(str(failure)), "error": failure.as_result()}
        module.fail_json(**inert({"changed": False, **failed}))
    module.exit_json(**inert({"changed": False, **result}))
