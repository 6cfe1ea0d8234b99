# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Putting another image on instances that exist: never leaves a stopped machine behind that ran."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Mapping, Sequence
from functools import partial

from .._api import values
from .._api.errors import CompShareError, OptionError, printable
from .login import decode_password, encode_password
from .model import REINSTALLING, RUNNING, STOPPED, Instance, describe, settled, system_disk
from .query import read_rows
from .spec import OrderedImage, check_password_for
from .steps import InstanceWork
from .transitions import (
    Ready,
    Reinstalled,
    Running,
    Stopped,
    no_gpu_spec,
    predict_reinstall,
    predict_start,
    predict_stop,
    start_params,
)


def reinstall(work: InstanceWork, image: OrderedImage) -> None:
    """Put an image on the instances that do not have it, or on all of them with C(force)."""
    image_id = image.image_id
    targets = [
        instance for instance in work.outcome.present() if work.options["force"] or instance["image_id"] != image_id
    ]
    for instance in targets:
        check_reinstall(instance, image)
    check_password_for(work.options["password"] if targets else None, image.found)
    before = {str(instance["id"]): instance for instance in targets}
    password = work.options["password"]
    params = {"LoginMode": "Password", "Password": encode_password(password)} if password else {}
    goal = Reinstalled(image_id, params, None if image.found is None else image.found["container"])
    try:
        _leave_no_gpu_mode(work, targets)
        current = [instance for instance in work.outcome.present() if str(instance["id"]) in before]
        work.bring(current, goal, lambda instance: predict_reinstall(instance, goal))
    except CompShareError as error:
        work.start_again(before, error)
        raise
    if work.options["wait"]:
        _bring_back(work, before)
        if not work.check_mode:
            # An earlier run may have begun this reinstallation and not seen its end.
            begun = [instance for instance in work.outcome.present() if instance["state"] == REINSTALLING]
            work.bring(begun, Ready())
    if password and targets:
        _check_password(work, [str(instance["id"]) for instance in targets], password)


def check_reinstall(instance: Mapping[str, t.Any], image: OrderedImage) -> None:
    """Raise OptionError if an image that was looked up by its name cannot be put on an instance.

    The API refuses the same, but only after the instance was stopped for it.
    """
    found = image.found
    if found is None:
        return
    title = f"{describe(instance)} cannot get the image {printable(str(found['name']), 80)!r}"
    if instance["kind"] == "pod" and found["container"] is False:
        raise OptionError(f"{title}: a pod needs a container image.")
    needed = math.ceil((found["size_mb"] or 0) / 1024)
    boot_gb = (system_disk(instance) or {}).get("size_gb")
    if boot_gb is not None and boot_gb < needed:
        raise OptionError(f"{title}: its system disk has {boot_gb} GB, and the image needs {needed} GB.")
    gpu_type, supported = instance["gpu_type"], found["supported_gpu_types"]
    # In no-GPU mode, the API reports another type.
    if not gpu_type or not supported or instance["without_gpu"]:
        return
    # 4090_48G is a 4090.
    if not any(gpu_type == other or gpu_type.startswith(f"{other}_") for other in supported):
        raise OptionError(f"{title}: it supports {printable(', '.join(supported))}, and this is a {gpu_type}.")


def _leave_no_gpu_mode(work: InstanceWork, instances: Sequence[Instance]) -> None:
    """Start instances that are in no-GPU mode with their GPU: the API puts no image on them before (226603)."""
    without_gpu = [instance for instance in instances if instance["without_gpu"]]
    for instance in without_gpu:
        work.warn(
            f"{describe(instance)} is in no-GPU mode, in which the API refuses another image. It is started with its "
            "GPU for that, which needs one in stock and is charged while it runs."
        )
    work.bring(without_gpu, Stopped(), predict_stop)
    restart = [instance for instance in work.outcome.present() if instance["id"] in {one["id"] for one in without_gpu}]
    work.bring(restart, Running(), predict_start)


def _bring_back(work: InstanceWork, before: t.Mapping[str, Instance]) -> None:
    """Bring reinstalled instances back to how they were: what ran runs, and nothing runs that was not paid for."""

    def those(state: str, *, without_gpu: bool = False) -> list[Instance]:
        return [
            instance
            for instance in work.outcome.present()
            if (old := before.get(str(instance["id"]))) is not None
            and settled(old["state"]) == state
            and (bool(old["without_gpu"]) or not without_gpu)
        ]

    work.bring([*those(STOPPED), *those(RUNNING, without_gpu=True)], Stopped(), predict_stop)
    for instance in those(RUNNING):
        spec = no_gpu_spec(before[str(instance["id"])])
        work.bring([instance], Running(start_params(spec)), partial(predict_start, spec=spec))


def _check_password(work: InstanceWork, ids: Sequence[str], password: str) -> None:
    """Warn if a reinstall did not set the password: neither backend is known to read it."""
    ignored = ids
    if work.options["wait"] and not work.check_mode:
        rows = read_rows(work.client, ids=ids)
        shown = {values.text(row.get("UHostId")): decode_password(row.get("Password")) for row in rows}
        ignored = [identity for identity in ids if shown.get(identity) not in (None, password)]
        if not ignored:
            return
        text = "kept or generated another password instead of the one in password"
    else:
        text = "may keep or generate another password instead of the one in password"
    names = ", ".join(describe(instance) for instance in work.outcome.present() if instance["id"] in ignored)
    work.warn(
        f"The API {text} when it reinstalled {names}. compshare_instance_info with include_secrets shows "
        "which one is valid."
    )
