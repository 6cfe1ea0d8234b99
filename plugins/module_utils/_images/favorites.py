# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Community image groups as favorites of the account."""

from __future__ import annotations

import typing as t

from .._api.client import Client
from .._api.errors import CompShareError, OptionError, printable
from .._task import Task
from .._waiting import apply_and_confirm
from .own_images import Image
from .sources import SOURCES, read_images

_ACTIONS = {True: "CreateCompShareImageFavorite", False: "DeleteCompShareImageFavorite"}


def ensure_favorite(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_image_favorite say, and return its result; raises CompShareError with facts."""
    options = task.options
    desired = options["state"] == "present"
    images = _versions(task.client, options["group_id"], options["image_id"])
    group_id, present = images[0]["group_id"], bool(images[0]["is_favorite"])
    changed = present != desired
    if changed and not task.check_mode:
        deadline = task.client.clock.now() + options["wait_timeout"]
        try:
            apply_and_confirm(
                task.client,
                _ACTIONS[desired],
                {"GroupId": group_id},
                lambda: bool(_versions(task.client, group_id, None)[0]["is_favorite"]) == desired,
                deadline=deadline,
                desired=f"the group {group_id} is {'' if desired else 'not '}a favorite",
            )
        except CompShareError as error:
            accepted = bool(error.facts.get("changed"))
            error.facts = _facts_now(task.client, group_id, images, accepted=accepted)
            raise
    result = _result([{**image, "is_favorite": desired} for image in images], changed)
    if task.diff:
        result["diff"] = {"before": {"is_favorite": present}, "after": {"is_favorite": desired}}
    return result


def _versions(client: Client, group_id: str | None, image_id: str | None) -> list[Image]:
    """Return the versions of a community group, named by its id or by that of one of its versions."""
    source = SOURCES["community"]
    images, _warnings = read_images(client, source, name=None, image_type=None, user_id=None, readme=False)
    if group_id is None:
        group_id = next((image["group_id"] for image in images if image["id"] == image_id), None)
    found = [image for image in images if group_id is not None and image["group_id"] == group_id]
    if not found:
        what = (
            f"has the version {printable(str(image_id), 80)}" if group_id is None else f"is {printable(group_id, 80)}"
        )
        raise OptionError(
            f"No group of the community list {what}.",
            action=source.action,
            hint="Only groups that are in the community now can be favorites; compshare_image_info with "
            "source=community lists them.",
        )
    if found[0]["is_favorite"] is None:
        # Documented is a community list without groups, whose rows do not say it; then the list of favorites does.
        favorites, _warnings = read_images(
            client, SOURCES["favorite"], name=None, image_type=None, user_id=None, readme=False
        )
        marked = any(image["group_id"] == group_id for image in favorites)
        return [{**image, "is_favorite": marked} for image in found]
    return found


def _result(images: list[Image], changed: bool) -> dict[str, t.Any]:
    return {
        "changed": changed,
        "group_id": images[0]["group_id"],
        "group_name": images[0]["group_name"],
        "is_favorite": images[0]["is_favorite"],
        "images": images,
    }


def _facts_now(client: Client, group_id: str, before: list[Image], *, accepted: bool) -> dict[str, t.Any]:
    """Return what a failed task reports: whether the group is a favorite now (None if that cannot be read).

    C(accepted) is whether the API accepted the request.
    """
    try:
        images = _versions(client, group_id, None)
    except CompShareError:
        return {**_result(before, accepted), "is_favorite": None}  # the first error is the one to report
    return _result(images, images[0]["is_favorite"] != before[0]["is_favorite"])
