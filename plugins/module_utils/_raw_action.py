# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""compshare_api: any action of the API, with the same care as those that have a module."""

from __future__ import annotations

import re
import typing as t

from ._api.errors import CompShareError, OptionError, printable
from ._api.secrets import secret_names, secrets_in, without_secrets
from ._api.values import DEEPEST, is_too_deep
from ._task import Task

#: The API's own way of naming what changes nothing.
_READING = re.compile(r"(Describe|Get|List|Check)[A-Z]")
_ACTION = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z", re.ASCII)
#: What the client adds to a request by itself.
_RESERVED = ("Action", "PublicKey", "Signature")


def call_action(task: Task) -> dict[str, t.Any]:
    """Send the action that the options name, and return its response; raises CompShareError."""
    options = task.options
    action = options["action"]
    if not _ACTION.match(action):
        raise OptionError(f"{printable(action, 80)!r} cannot be the name of an action.")
    params = _params(task)
    read_only = _default(options["read_only"], _READING.match(action) is not None)
    idempotent = _default(options["idempotent"], read_only)
    changed = _default(options["changed_when_success"], not read_only)
    if task.check_mode and not read_only:
        return {"changed": changed, "sent": False, "response": None}
    try:
        response = task.client.call(action, params, write=not idempotent, body_format=options["body_format"])
    except CompShareError as error:
        sent = not isinstance(error, OptionError)
        error.facts = {"changed": changed and error.outcome_unknown, "sent": sent, "response": None}
        if error.outcome_unknown and not read_only:
            error.add_sentence("It may have been done.")
            if not idempotent:
                error.hint = f"Check what {action} changed before you run the task again: that sends it once more."
                error.retryable = False
        raise
    if options["include_secrets"]:
        task.register_secrets(secrets_in(response))
    else:
        response = without_secrets(response)
    return {"changed": changed, "sent": True, "response": response}


def _default(given: bool | None, otherwise: bool) -> bool:
    return otherwise if given is None else given


def _params(task: Task) -> dict[str, t.Any]:
    """Return the request's parameters: region and zone of the connection, then those of the task."""
    params, secrets = task.options["params"], task.options["secret_params"]
    reserved = sorted({*params, *secrets}.intersection(_RESERVED))
    if reserved:
        raise OptionError(f"params cannot have {' and '.join(reserved)}: the collection adds it to each request.")
    twice = sorted(set(params) & set(secrets))
    if twice:
        raise OptionError(f"{' and '.join(map(str, twice))} stands in both params and secret_params.")
    if is_too_deep(params) or is_too_deep(secrets):
        raise OptionError(f"params is nested more than {DEEPEST} levels deep.")
    shown = secret_names(params)
    if shown:
        raise OptionError(
            f"{' and '.join(printable(name, 80) for name in shown)} in params would be shown in output and logs.",
            hint="Move them to secret_params: its values are never shown.",
        )
    scope = task.client.scope
    return {"Region": scope.region, "Zone": scope.zone, **params, **secrets}
