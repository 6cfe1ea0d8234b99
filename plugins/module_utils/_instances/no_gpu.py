# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Starting instances without their GPU: for which that is possible, and what it means."""

from __future__ import annotations

from .._api.errors import CompShareError, OptionError
from .model import FAILED, RUNNING, STOPPED, Instance, describe, normalise_instance, settled
from .query import read_rows
from .steps import InstanceWork
from .transitions import START, WITHOUT_GPU

_CHARGE_TYPES = ("Postpay", "Dynamic")


def check_no_gpu(work: InstanceWork) -> None:
    """Raise OptionError if instances cannot be started without their GPU, and warn of what that means."""
    spec = work.options["without_gpu"]
    if not spec:
        return
    starting = [instance for instance in work.outcome.present() if settled(instance["state"]) != RUNNING]
    for instance in work.outcome.present():
        if settled(instance["state"]) == RUNNING and not instance["without_gpu"]:
            raise OptionError(
                f"{describe(instance)} runs with its GPU.", hint="Stop it first; then it can be started without_gpu."
            )
        if instance["supports_start_without_gpu"] is False:
            raise OptionError(f"{describe(instance)} cannot be started without its GPU, the API says.")
        if instance["kind"] == "pod" and spec != WITHOUT_GPU[0]:
            raise OptionError(f"{describe(instance)} is a pod, for which there is without_gpu={WITHOUT_GPU[0]} only.")
        if instance["charge_type"] not in (None, *_CHARGE_TYPES):
            raise OptionError(
                f"{describe(instance)} is charged as {instance['charge_type']}; without_gpu is for "
                f"{' and '.join(_CHARGE_TYPES)} only."
            )
    if len(starting) > 1:
        raise OptionError("An account can run one instance without its GPU at a time, and the task names several.")
    if starting:
        _check_alone_without_gpu(work, starting[0])


def _check_alone_without_gpu(work: InstanceWork, instance: Instance) -> None:
    for row in read_rows(work.client):
        other = normalise_instance(row)
        if other["without_gpu"] and other["id"] != instance["id"] and other["state"] not in (STOPPED, *FAILED):
            raise OptionError(
                f"An account can run one instance without its GPU at a time, and {describe(other)} runs so.",
                hint="Stop that one first.",
            )
    work.warn(
        f"{describe(instance)} releases its GPU when it is started without it. To start it with its GPU again, "
        f"{instance['zone']} must have one in stock then; otherwise the API refuses that (RetCode 226604)."
    )


def check_started_without_gpu(work: InstanceWork) -> None:
    """Raise if an instance was started with its GPU although it should not be: the GPU is charged."""
    if not work.options["without_gpu"] or work.check_mode or not work.options["wait"]:
        return
    for instance in work.outcome.present():
        if instance["without_gpu"] is False:
            raise CompShareError(
                f"{describe(instance)} was to start without its GPU, but runs with it.",
                action=START,
                hint="The GPU is charged. Stop the instance if you do not want that.",
            )
