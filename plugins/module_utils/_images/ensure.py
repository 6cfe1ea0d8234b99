# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""compshare_image: bring a custom image into the desired state, whatever its state."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from contextlib import suppress

from .._api.errors import CompShareError, OptionError, WaitError, printable
from .._builds.schedule import PollSettings
from .._builds.state import BuildTarget
from .._builds.wait import wait_for_builds
from .._task import Task
from .copies import ImageCopies
from .create import (
    SourceInstance,
    check_imageable,
    create_image,
    find_source,
    instance_to_come,
    paid_image_error,
    predicted_image,
)
from .own_images import (
    AUTO_START,
    AVAILABLE,
    DESCRIPTION,
    GPU_TYPES,
    MAKING,
    NAME,
    README,
    TAGS,
    UNAVAILABLE,
    Field,
    Image,
    OwnImages,
    changed_image,
    changes_of,
    check_deletable,
    check_image_name,
    delete_image,
    name_when_replaced,
    name_while_rebuilt,
    no_such_image,
    pick,
    place_of,
    title_of,
    update_image,
)

_FIELDS = (DESCRIPTION, README, TAGS, GPU_TYPES, AUTO_START)


_REPLACE_HINT = "replace_failed=true deletes it and creates it again."


class _Present(t.NamedTuple):
    """The images behind a name: the one that has it, the new one of a rebuild, the old one that a rebuild replaced."""

    image: Image | None
    rebuilt: Image | None
    replaced: Image | None


def ensure_image(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_image say, and return its result; raises CompShareError with facts."""
    _check_options(task.options, task.check_mode)
    work = ImageWork(task)
    try:
        if task.options["state"] == "absent":
            _ensure_absent(work)
        else:
            _ensure_present(work)
    except CompShareError as error:
        error.facts = work.facts_after(accepted=bool(error.facts.get("changed")))
        raise
    except KeyboardInterrupt:
        hint = "Run it again: it checks the current state before it changes anything."
        raise work.client.interrupted(hint=hint, facts=work.facts()) from None
    return work.facts()


def _check_options(options: t.Mapping[str, t.Any], check_mode: bool) -> None:
    for name in ("name", "image_id", "instance_id"):
        # In check mode an instance that an earlier task would create has no id yet.
        may_be_empty = check_mode and name == "instance_id"
        if options[name] is not None and not options[name].strip() and not may_be_empty:
            raise OptionError(f"{name} is empty.", hint="Omit it if it is not known.")
    if options["state"] == "absent":
        return
    if options["name"] is not None:
        check_image_name(options["name"])
    if options["rebuild"] and (options["image_id"] or not options["instance_id"]):
        raise OptionError(
            "rebuild=true needs name and instance_id, and no image_id: the new image has the same name and another id."
        )
    if options["rebuild"] and not options["wait"]:
        raise OptionError("rebuild=true needs wait=true: the old image is deleted when the new one is available.")
    if options["copy_to_zones"] and not options["wait"]:
        raise OptionError("copy_to_zones needs wait=true: only an available image can be copied.")


def _ensure_present(work: ImageWork) -> None:
    options = work.options
    copies = ImageCopies(work.task, work.source, work.deadline) if options["copy_to_zones"] else None
    there = _look(work)
    _check_name_is_free(work, there.image)
    if there.image is None and options["image_id"]:
        raise no_such_image(options["image_id"])
    if there.image is None:
        work.source()  # may be in a region whose list was not read yet
        there = _look(work)
    if copies:
        copies.check(None if options["rebuild"] else there.image)
    if options["rebuild"] or (there.image is None and (there.rebuilt or there.replaced)):
        image = _rebuild(work, there)
    elif there.image is None:
        image = _make(work, options["name"])
    else:
        _warn_of_leftovers(work, there)
        image = work.image = there.image
        if options["replace_failed"] and _build_failed(work, image):
            image = _replace_failed(work, image)
    if options["wait"]:
        image = work.wait(image)
    if _build_failed(work, image):
        raise _failed(image)
    if copies and options["image_id"] and options["name"] and image["status"] != MAKING:
        copies.rename(image, options["name"])
    image = _update(work, image)
    if copies:
        try:
            copies.ensure(image)
        finally:
            work.note_copies(copies)
        work.image = image


def _look(work: ImageWork) -> _Present:
    """Read the list once and pick the images that the task is about."""
    work.images = work.own.all()
    image_id, name = work.options["image_id"], work.options["name"]
    image = pick(work.images, image_id=image_id, name=name)
    if image_id:
        return _Present(image, None, None)
    return _Present(
        image,
        pick(work.images, name=name_while_rebuilt(name)),
        pick(work.images, name=name_when_replaced(name)),
    )


def _check_name_is_free(work: ImageWork, image: Image | None) -> None:
    """Raise OptionError if an image, named by its id, is to get a name that another one has."""
    name = work.options["name"]
    other = pick(work.images, name=name) if image and name and image["name"] != name else None
    if image and other:
        raise OptionError(
            f"The image {title_of(image)} cannot be named {printable(name, 80)!r}: {other['id']} has this name.",
            hint="Names are unique within an account. Choose another name.",
        )


def _make(work: ImageWork, name: str) -> Image:
    begun_before = work.changed
    image = work.begin(name)
    if work.changed and not begun_before:
        _note_creation(work, name)
    return image


def _note_creation(work: ImageWork, name: str) -> None:
    given = ("instance_id", "description", "software")
    work.after.update({"name": name}, **{key: work.options[key] for key in given if work.options[key] is not None})


def _build_failed(work: ImageWork, image: Image) -> bool:
    """Return whether the image was not created; one that was rejected in review is unavailable, too, but is there."""
    return image["status"] == UNAVAILABLE and not image["group_id"] and image["id"] not in work.own.published()


def _failed(image: Image) -> WaitError:
    reason = printable(image["failed_reason"] or "the API gives no reason", 500)
    return WaitError(
        f"The image {title_of(image)} could not be created: {reason}.",
        hint=_REPLACE_HINT,
    )


def _replace_failed(work: ImageWork, image: Image) -> Image:
    """Delete an image that could not be created, and create it again."""
    work.source()
    work.before.update({key: image[key] for key in ("name", "id", "status")})
    work.delete(image)
    _note_creation(work, image["name"])
    return work.begin(image["name"])


def _rebuild(work: ImageWork, there: _Present) -> Image:
    """Create the image again under its name, and delete the old one when the new one is available.

    The new image is created under a temporary name, and both are renamed when it is available. From the names that each
    step leaves, the next run knows where to continue.
    """
    name = work.options["name"]
    old = there.image or there.replaced
    if there.image and there.image["status"] == MAKING:
        return work.wait(there.image)
    if old is None and there.rebuilt is None:
        return _make(work, name)
    if there.image and there.replaced:
        work.delete(there.replaced)
        if there.rebuilt is None:  # all but this was done
            return there.image
    if old is not None:
        check_deletable(old, work.own.published())
        work.image = old
    new = work.wait(_new_image(work, name, there.rebuilt))
    if new["status"] != AVAILABLE:
        raise _failed(new)
    if there.image:
        work.update(there.image, [NAME], {"name": name_when_replaced(name)})
    new = work.update(new, [NAME], {"name": name})
    work.before = {"name": name, "id": old["id"]} if old else {}
    work.after = {**work.after, "name": name, "id": new["id"]}
    if old is not None:
        work.delete(old)
    work.image = new
    return new


def _new_image(work: ImageWork, name: str, rebuilt: Image | None) -> Image:
    """Begin the new image of a rebuild, or return the one that an earlier run has begun."""
    if rebuilt is not None and rebuilt["status"] == UNAVAILABLE:
        if not work.options["replace_failed"]:
            raise _failed(rebuilt)
        work.delete(rebuilt)
        rebuilt = None
    if rebuilt is not None:
        return rebuilt
    _note_creation(work, name)
    return work.begin(name_while_rebuilt(name))


def _warn_of_leftovers(work: ImageWork, there: _Present) -> None:
    for image in (there.rebuilt, there.replaced):
        if image:
            work.warn(
                f"The image {title_of(image)} is left over from a rebuild that did not finish. "
                "Run the task with rebuild=true to finish it, or delete that image."
            )


def _update(work: ImageWork, image: Image) -> Image:
    """Bring what can be changed on the image to what the options say."""
    fields = (*_FIELDS, *([NAME] if work.options["image_id"] else []))
    if image["status"] == MAKING:
        later = [change.field.option for change in changes_of(image, work.options, fields)]
        if later:
            work.warn(
                f"The image {title_of(image)} is being created, so {', '.join(later)} cannot be set yet. "
                "Run the task again when it is available."
            )
        return image if work.check_mode else work.look(image)
    _warn_of_other_software(work, image)
    if work.options["readme"] is not None and image["id"]:
        image = work.own.with_readme(image)
    return work.update(image, fields)


def _warn_of_other_software(work: ImageWork, image: Image) -> None:
    """Warn if the image has other software than the options name: that can only be set when an image is created."""
    desired, present = work.options["software"] or {}, image["software"]
    other = [key for key, value in desired.items() if value and present.get(key) and present[key] != value]
    if other and not work.changed:
        work.warn(
            f"The image {title_of(image)} has another {' and '.join(other)} than software says. "
            "It cannot be changed on an existing image; rebuild=true creates the image again."
        )


def _ensure_absent(work: ImageWork) -> None:
    there = _look(work)
    targets = [image for image in there if image is not None]
    work.image = there.image
    if not targets:
        return
    published = work.own.published()
    for image in targets:
        check_deletable(image, published)
    work.before = {key: targets[0][key] for key in ("name", "id", "status")}
    for image in targets:
        work.delete(image, wait=work.options["wait"])


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
        self.task = task
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
                error.hint = _REPLACE_HINT
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

    def note_copies(self, copies: ImageCopies) -> None:
        """Note what came of the copies."""
        self.copies = copies.as_result()
        self.changed |= copies.changed
        if copies.before != copies.after:
            self.note_change({"zones": copies.before}, {"zones": copies.after})

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
        if self.task.diff:
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
