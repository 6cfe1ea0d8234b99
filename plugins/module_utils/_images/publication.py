# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Custom images in the community: published as versions of a group, changed, withdrawn.

A published version is reviewed by the vendor before others see it; that may take days (documented: up to three working
days), so it is only waited for on request.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress

from .._api.client import Client
from .._api.clock import duration_text
from .._api.errors import CompShareError, OptionError, RefusedError, WaitError, printable
from .._task import Task
from .._waiting import (
    SHOWN_WITHIN,
    VISIBLE_WITHIN,
    Backoff,
    DeadlineError,
    apply,
    apply_and_confirm,
    confirm_accepted,
    confirm_within,
    wait_until,
)
from .own_images import (
    AUTO_START,
    AVAILABLE,
    DESCRIPTION,
    GPU_TYPES,
    OFFLINE,
    PRICE,
    README,
    REVIEWING,
    TAGS,
    UPDATE_ACTION,
    VERSION_DESCRIPTION,
    VERSION_NAME,
    Change,
    Image,
    OwnImages,
    changed_image,
    changes_of,
    check_version_name,
    is_rejected,
    no_such_image,
    place_of,
    title_of,
    update_image,
)

_ACTION = "PublishCompShareImage"
_FIELDS = (VERSION_NAME, VERSION_DESCRIPTION, DESCRIPTION, README, TAGS, GPU_TYPES, AUTO_START, PRICE)
_IN_COMMUNITY = (AVAILABLE, REVIEWING)


def ensure_publication(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_image_publication say, return its result; raises CompShareError with facts."""
    if task.options["version_name"] is not None:
        check_version_name(task.options["version_name"])
    work = _Publication(task)
    try:
        work.read_first()
        if task.options["state"] == "withdrawn":
            work.withdraw()
        else:
            work.publish()
            if task.options["wait"]:
                work.wait_for_review()
    except CompShareError as error:
        work.look_again(accepted=bool(error.facts.get("changed")))
        error.facts = work.result()
        raise
    return work.result()


class _Publication:
    """One image and its version in the community, and what was done to it.

    C(image) is the image as it was last seen (None before that), C(version) the same as a version in a group: None
    where it has never been published.
    """

    def __init__(self, task: Task) -> None:
        self.image: Image | None = None
        self.version: Image | None = None
        self._task = task
        self._options = task.options
        self._client: Client = task.client
        self._own = OwnImages(self._client)
        self._deadline = self._client.clock.now() + task.options["wait_timeout"]
        self._others: list[Image] = []
        self._found: Image | None = None
        self._sent = self._done = False
        self._changed = False
        self._before: dict[str, t.Any] = {}
        self._after: dict[str, t.Any] = {}

    # What there is

    def read(self) -> None:
        """Read the image and its version; raises OptionError if the account has no such image."""
        image_id = self._options["image_id"]
        published = self._own.published()
        self.version = published.pop(image_id, None)
        self._others = list(published.values())
        self.image = self.version or self._own.find(image_id=image_id)
        if self.image is None:
            raise no_such_image(image_id)

    def read_first(self) -> None:
        """Read the image, and keep how it was before this task."""
        self.read()
        self._found = self.image

    def look_again(self, *, accepted: bool) -> None:
        """After an error, see what there is now, and whether this task has changed it.

        C(accepted) is whether the API accepted a request whose outcome could not be seen.
        """
        # The first error is the one to report; if this read fails, too, the image stays as it was last seen.
        if self._sent:
            with suppress(CompShareError):
                self.read()
        self._changed = self._done or accepted or (self._sent and self.image != self._found)

    def result(self) -> dict[str, t.Any]:
        """Return the module's result."""
        status = self.image["status"] if self.image else None
        result: dict[str, t.Any] = {"changed": self._changed, "image": self.image, "reviewing": status == REVIEWING}
        if self._task.diff:
            result["diff"] = {"before": self._before, "after": self._after}
        if self.image and status == REVIEWING:
            version, group = self.image["version_name"], self.image["group_name"] or self.image["group_id"]
            result["msg"] = (
                f"The image {title_of(self.image)} is being reviewed as version {printable(str(version), 40)} "
                f"of the group {printable(str(group), 80)}."
            )
        return result

    def _status_is(self, statuses: t.Iterable[str | None]) -> bool:
        self.read()
        return (self.version["status"] if self.version else None) in statuses

    # Withdrawing

    def withdraw(self) -> None:
        """Take the version out of the community; it stays as an image of the account."""
        image = t.cast(Image, self.image)
        if self.version is None or self.version["status"] not in _IN_COMMUNITY:
            return
        self._note("visibility", image["visibility"], 0)
        if not self._task.check_mode:
            self._update_visibility(0, (None, OFFLINE), f"the image {title_of(image)} is withdrawn")
        else:
            self.image = {**image, "status": OFFLINE, "visibility": 0}

    def _update_visibility(self, visibility: int, statuses: t.Iterable[str | None], desired: str) -> None:
        image = t.cast(Image, self.image)
        self._sent = True
        apply_and_confirm(
            self._client,
            UPDATE_ACTION,
            {**place_of(self._client, image), "CompShareImageId": image["id"], "Visibility": visibility},
            lambda: self._status_is(statuses),
            deadline=self._deadline,
            desired=desired,
        )
        self._done = True

    # Publishing

    def publish(self) -> None:
        """Bring the image into the community as the options say, or change the version that is there."""
        image = t.cast(Image, self.image)
        status = self.version["status"] if self.version else None
        changes = changes_of(image, self._options, _FIELDS) if self.version else []
        if status in _IN_COMMUNITY:
            self._check_same_group(image)
            self._change(image, changes)
            return
        if is_rejected(status) and not changes:
            raise WaitError(
                f"The image {title_of(image)} was rejected in review: {_reason(image)}.",
                hint="Change what the reason names, such as readme; after a change, the task submits it again.",
            )
        _check_publishable(image, status)
        self._check_version_is_new(image)
        if status == OFFLINE and self._is_same_version(image):
            self._change(image, changes)
            self._offer_again(t.cast(Image, self.image))
        else:
            self._offer(image)

    def _check_same_group(self, image: Image) -> None:
        group_id, name = self._options["group_id"], self._options["community_name"]
        if group_id not in (None, image["group_id"]) or name not in (None, image["group_name"]):
            raise OptionError(
                f"The image {title_of(image)} is published in the group {printable(str(image['group_name']), 80)} "
                f"({image['group_id']}), not in {printable(group_id or name, 80)}.",
                hint="Withdraw it first with state=withdrawn, then publish it in the other group.",
            )

    def _is_same_version(self, image: Image) -> bool:
        """Return whether the withdrawn version is the desired one, so that it only has to be shown again."""
        options = self._options
        return (
            options["group_id"] in (None, image["group_id"])
            and options["community_name"] in (None, image["group_name"])
            and options["version_name"] in (None, image["version_name"])
        )

    @property
    def _group_id(self) -> str | None:
        """Return the id of the group that the options name; None if it is a new one."""
        if self._options["group_id"] or self._options["community_name"] is None:
            return t.cast("str | None", self._options["group_id"])
        name = self._options["community_name"]
        versions = [*self._others, *([self.version] if self.version else [])]
        ids = sorted({str(version["group_id"]) for version in versions if version["group_name"] == name})
        if len(ids) > 1:
            raise OptionError(
                f"{len(ids)} of your community groups are named {printable(name, 80)!r}: {', '.join(ids)}.",
                hint="Set group_id to select one.",
            )
        return ids[0] if ids else None

    def _check_version_is_new(self, image: Image) -> None:
        group_id, version_name = self._group_id, self._options["version_name"]
        for other in self._others:
            if group_id and other["group_id"] == group_id and other["version_name"] == version_name:
                raise OptionError(
                    f"The group {group_id} has a version {version_name} already: {title_of(other)}, {other['status']}.",
                    hint=f"Choose another version_name for {title_of(image)}.",
                )

    def _change(self, image: Image, changes: list[Change]) -> None:
        if not changes:
            return
        for change in changes:
            self._note(change.field.option, change.before, change.after)
        if self._task.check_mode:
            self.image = changed_image(image, changes)
            return
        self._sent = True
        update_image(self._client, image, changes, self._version_now, deadline=self._deadline)
        self._done = True

    def _version_now(self) -> Image | None:
        self.read()
        return self.version

    def _offer_again(self, image: Image) -> None:
        self._note("visibility", image["visibility"], 1)
        if self._task.check_mode:
            self.image = {**image, "status": REVIEWING, "visibility": 1}
        else:
            self._update_visibility(1, _IN_COMMUNITY, f"the image {title_of(image)} is published")

    def _offer(self, image: Image) -> None:
        options = self._options
        if options["version_name"] is None or not (options["group_id"] or options["community_name"]):
            raise OptionError(
                f"To publish the image {title_of(image)}, version_name is needed, and group_id for a new version of a "
                "group or community_name for a new group.",
            )
        if not options["readme"] and not self.version:
            self._task.warn("Without readme a version does not pass the vendor's review.")
        given = [field for field in _FIELDS if options[field.option] is not None]
        for option in ("group_id", "community_name", *(field.option for field in given)):
            if options[option] is not None:
                self._note(option, None, options[option])
        if self._task.check_mode:
            self.image = _predicted(image, options, self._group_id)
            return
        params = {
            **place_of(self._client, image),
            "CompShareImageId": image["id"],
            "GroupId": self._group_id,
            "CommunityImageName": None if self._group_id else options["community_name"],
            # One documentation wants a price in any case, and free is what leaving it out means in the other.
            "Price": 0,
            **{field.param: options[field.option] for field in given},
        }
        self._send_once(image, params)

    def _send_once(self, image: Image, params: dict[str, t.Any]) -> None:
        """Publish, and see the version in the list. After a lost response the list decides; nothing is retried."""

        def seen() -> bool:
            self.read()
            now = self.version
            return now is not None and now["status"] != OFFLINE and now["version_name"] == params["VersionName"]

        self._sent = True
        try:
            applied = apply(
                self._client,
                _ACTION,
                params,
                lambda: confirm_within(self._client, seen, SHOWN_WITHIN),
                deadline=self._deadline,
            )
        except RefusedError as error:
            if is_rejected(image["status"]):
                error.summary += f" It was rejected in review before: {_reason(image)}."
            raise
        if applied.lost is not None:
            applied.lost.summary += " The image is not among the published ones, so apparently nothing was done."
            applied.lost.hint = "Run the task again: it checks what is published before it publishes."
            applied.lost.retryable = True
        applied.raise_unless_done(_ACTION)
        if applied.lost is None and not confirm_accepted(self._client, _ACTION, seen, VISIBLE_WITHIN):
            raise WaitError(
                f"{_ACTION} was accepted, but {VISIBLE_WITHIN:g} s later the image {title_of(image)} is not among the "
                "published ones.",
                action=_ACTION,
                hint="Look in the console, and run the task again.",
                retryable=True,
            )
        self._done = True

    def wait_for_review(self) -> None:
        """Wait until the review has ended; raises WaitError if it rejects the version or takes too long."""
        image = t.cast(Image, self.image)
        if self._task.check_mode:
            return
        longest = self._options["poll_interval"]
        try:
            if image["status"] == REVIEWING:
                image = wait_until(
                    self._client.clock,
                    self._reviewed,
                    deadline=self._deadline,
                    backoff=Backoff(first=min(5.0, longest), longest=longest),
                )
        except DeadlineError as late:
            unanswered = f" The last requests failed: {late.error.summary}" if late.error else ""
            raise WaitError(
                f"The review of the image {title_of(image)} did not end within "
                f"{duration_text(self._options['wait_timeout'])}.{unanswered}",
                hint="It can take days. Run the task again to go on waiting.",
                retryable=True,
            ) from None
        except CompShareError as error:
            error.add_sentence(f"The review of the image {title_of(image)} goes on meanwhile.")
            raise
        if is_rejected(image["status"]):
            raise WaitError(
                f"The image {title_of(image)} was rejected in review: {_reason(image)}.",
                hint="Change what the reason names, such as readme, then run the task again.",
            )

    def _reviewed(self) -> Image | None:
        self.read()
        image = t.cast(Image, self.image)
        return None if image["status"] == REVIEWING else image

    def _note(self, option: str, before: t.Any, after: t.Any) -> None:
        self._changed = True
        self._before[option], self._after[option] = before, after


def _check_publishable(image: Image, status: str | None) -> None:
    """Raise if the image cannot be published, as documented: a container image, available."""
    if not image["container"]:
        raise OptionError(
            f"The image {title_of(image)} is one for virtual machines; only container images can be published.",
            hint="Create an image from a container instance.",
        )
    if image["status"] not in (AVAILABLE, OFFLINE) and not is_rejected(status):
        raise CompShareError(
            f"The image {title_of(image)} cannot be published, its status is {image['status']}.",
            hint="It must be available: wait for the end of its build with compshare_image_progress and wait=true.",
        )


def _predicted(image: Image, options: t.Mapping[str, t.Any], group_id: str | None) -> Image:
    known = {field.option: options[field.option] for field in _FIELDS if options[field.option] is not None}
    return {
        **image,
        **known,
        "status": REVIEWING,
        "visibility": 1,
        "group_id": group_id,
        "group_name": options["community_name"],
    }


def _reason(image: Image) -> str:
    return printable(image["failed_reason"] or "the API gives no reason", 500)
