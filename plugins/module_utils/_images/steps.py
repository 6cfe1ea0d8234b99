# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The steps in the life of a custom image, each with its prediction for check mode.

A step changes the API's state and returns the image as it is then. In check mode it sends nothing and returns the
image as it would be, so that what decides about steps is the same in both.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from contextlib import suppress

from .._api.errors import CompShareError, OptionError
from .._builds.schedule import PollSettings
from .._builds.state import BuildTarget
from .._builds.wait import wait_for_builds
from .._task import Task
from .create import create_image, predicted_image
from .delete import delete_image
from .own_images import AVAILABLE, MAKING, Image, OwnImages, place_of
from .source_instance import SourceInstance, check_imageable, find_source, instance_to_come, paid_image_error
from .update import README, Field, changed_image, changes_of, update_image

REPLACE_HINT = "replace_failed=true deletes it and creates it again."


class ImageWork:
    """One task about one custom image, and what it has done so far.

    C(images) is the list as it was read last, C(image) the image as it was last seen, C(build) what is known of the
    build that was waited for, C(copies) if copies were requested; C(before) and C(after) are the two sides of the diff.
    """

    def __init__(self, task: Task) -> None:
        self.options = task.options
        self.check_mode = task.check_mode
        self.warn = task.warn
        self.client = task.client
        self.own = OwnImages(self.client)
        self.images: list[Image] = []
        self.image: Image | None = None
        self.build: dict[str, t.Any] | None = None
        self.copies: list[dict[str, t.Any]] | None = None
        self.changed = False
        self.before: dict[str, t.Any] = {}
        self.after: dict[str, t.Any] = {}
        self.report = task.report
        self._task = task
        self._source: SourceInstance | None = None
        self._begun = False
        self._touched: Image | None = None
        self.deadline = self.client.clock.now() + self.options["wait_timeout"]

    def source(self) -> SourceInstance:
        """Return the instance to create an image from; raises OptionError if none was named or it does not exist."""
        if self._source is None:
            if self.check_mode and not (self.options["instance_id"] or "").strip():
                self.warn("instance_id is empty; check mode assumes an instance that an earlier task would create.")
                self._source = instance_to_come(self.client)
            elif not self.options["instance_id"]:
                raise OptionError(
                    f"None of your own images is named {self.options['name']!r}.",
                    hint="Give instance_id, the instance to create the image from.",
                )
            else:
                self._source = find_source(self.client, self.options["instance_id"])
            self.own.look_also_in(self._source.region)
        return self._source

    def begin(self, name: str) -> Image:
        """Begin to create the image, or find the one of this name that someone else has begun."""
        source = self.source()
        check_imageable(source)
        if self.check_mode:
            if source.paid_image_id and source.paid_image_id not in self.own.published():
                raise paid_image_error(source)
            self.changed = self._begun = True
            return self._saw(predicted_image(name, source, self.options, status=MAKING))
        created = create_image(
            self.client, self.own, source, name, self.options, deadline=self.deadline, warn=self.warn
        )
        self._begun = created.begun
        self.changed |= created.begun
        return self._saw(created.image)

    def wait(self, image: Image) -> Image:
        """Wait until an image that is being created has ended; raises WaitError if it fails or takes too long."""
        if image["status"] != MAKING:
            return image
        if self.check_mode:
            return self._saw({**image, "status": AVAILABLE})
        place = place_of(self.client, image)
        try:
            outcome = wait_for_builds(
                self.client,
                [BuildTarget(image["id"], image["name"], place["Region"], place["Zone"])],
                wait_timeout=max(0.0, self.deadline - self.client.clock.now()),
                poll=PollSettings(self.options["poll_interval"], self.options["max_poll_interval"]),
                report=self.report,
                warn=self.warn,
            )
        except CompShareError as error:
            self._note_build(error.facts)
            if self.build is not None and self.build["failed"]:
                error.hint = REPLACE_HINT
            raise
        self._note_build(outcome.as_result())
        return self.look(image)

    def update(self, image: Image, fields: Iterable[Field], desired: t.Mapping[str, t.Any] | None = None) -> Image:
        """Update the fields that differ from the options (or from C(desired))."""
        changes = changes_of(image, self.options if desired is None else desired, fields)
        if not changes:
            return self._saw(image)
        with_readme = any(change.field is README for change in changes)
        self.note_change(
            {change.field.option: change.before for change in changes},
            {change.field.option: change.after for change in changes},
        )
        if not self.check_mode:
            self._touched = image
            update_image(
                self.client,
                image,
                changes,
                lambda: self.own.find(image_id=image["id"], with_readme=with_readme),
                deadline=self.deadline,
            )
        self.changed = True
        return self._saw(changed_image(image, changes) if self.check_mode else self.look(image))

    def note_change(self, before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> None:
        """Add a change to the diff; an image that this task has begun had nothing before."""
        if not self._begun:
            self.before.update(before)
        self.after.update(after)

    def delete(self, image: Image, *, wait: bool = True) -> None:
        """Delete an image, and with C(wait) see that it is gone."""
        if not self.check_mode:
            self._touched = image
            delete_image(self.client, self.own, image, deadline=self.deadline, wait=wait)
        self.changed = True

    def look(self, image: Image) -> Image:
        """Return the image as the list has it now, or as it was where the list does not have it (yet)."""
        return self._saw((self.own.find(image_id=image["id"]) if image["id"] else None) or image)

    def facts(self) -> dict[str, t.Any]:
        """Return the result's keys: what was done, and the image as it is."""
        facts: dict[str, t.Any] = {"changed": self.changed, "image": self.image}
        if self.build is not None:
            facts["build"] = self.build
        if self.copies is not None:
            facts["copies"] = self.copies
        if self._task.diff:
            facts["diff"] = {"before": self.before, "after": self.after}
        return facts

    def facts_after(self, *, accepted: bool) -> dict[str, t.Any]:
        """Return the facts for a task that has failed, with the image as it is now if that may have changed.

        C(accepted) is whether the API accepted a request whose outcome could not be seen.
        """
        self.changed |= accepted
        touched = self._touched or self.image
        if touched is not None and touched["id"] and not self.check_mode:
            # The first error is the one to report; if this read fails, too, the image stays as it was last seen.
            with suppress(CompShareError):
                now = self.own.find(image_id=touched["id"])
                self.changed |= self._touched is not None and now != touched
                self.image = now or self.image
        return {key: value for key, value in self.facts().items() if key != "diff"}

    def _saw(self, image: Image) -> Image:
        self.image = image
        return image

    def _note_build(self, outcome: t.Mapping[str, t.Any]) -> None:
        for build in outcome.get("builds", []):
            self.build = {**build, "elapsed": outcome["elapsed"], "polls": outcome["polls"]}
