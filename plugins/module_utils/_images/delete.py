# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Deleting a custom image, and seeing that it is gone."""

from __future__ import annotations

from .._api.client import Client
from .._api.errors import CompShareError, RefusedError, WaitError
from .._api.retcodes import GONE_CODES
from .._waiting import REPEATS, VISIBLE_WITHIN, apply, confirm_accepted, confirm_within, send_when_free
from .own_images import AVAILABLE, MAKING, REVIEWING, Image, OwnImages, place_of, title_of

ACTION = "TerminateCompShareCustomImage"


def check_deletable(image: Image, published: dict[str, Image]) -> None:
    """Raise CompShareError if the image cannot be deleted as it is.

    C(published) are the account's published versions. Documented: a published image must be withdrawn first.
    """
    if image["status"] == MAKING:
        raise CompShareError(
            f"The image {title_of(image)} is still being created, and the API does not delete such an image.",
            hint="Wait for its end with compshare_image_progress and wait=true, then run the task again.",
        )
    version = published.get(str(image["id"]), image)
    if version["group_id"] and version["status"] in (AVAILABLE, REVIEWING):
        raise CompShareError(
            f"The image {title_of(image)} is published in the community group {version['group_id']} "
            f"as {version['version_name']} ({version['status']}), so it cannot be deleted.",
            hint="Withdraw it first with compshare_image_publication and state=withdrawn.",
        )


def delete_image(client: Client, own: OwnImages, image: Image, *, deadline: float, wait: bool = True) -> None:
    """Delete an image and, with C(wait), see that no list has it any more, until C(deadline) at most.

    A second delete does no harm, so a request without a response is retried while the image is still there.
    """

    def gone() -> bool:
        return own.find(image_id=image["id"]) is None

    params = {**place_of(client, image), "CompShareImageId": image["id"]}
    applied = apply(
        lambda: send_when_free(client, ACTION, params, deadline=deadline),
        lambda: confirm_within(client, gone, VISIBLE_WITHIN),
        repeats=REPEATS,
        leaves_open=_says_gone,
    )
    applied.raise_unless_done(ACTION)
    left = deadline - client.clock.now()
    if wait and applied.lost is None and not confirm_accepted(client, ACTION, gone, left):
        raise WaitError(
            f"The deletion of the image {title_of(image)} was accepted, but the image was still there at the end of "
            "wait_timeout.",
            action=ACTION,
            hint="Run the task again.",
            retryable=True,
        )


def _says_gone(error: CompShareError) -> bool:
    """Return whether a refusal says that there is no such image; which RetCode does is not documented."""
    if not isinstance(error, RefusedError):
        return False
    return error.ret_code in GONE_CODES or error.names_parameter("CompShareImageId")
