# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Copies of a custom image in other zones, at most one per zone.

A copy is an image of its own, with an id and a name of its own: names are unique within an account. The list does not
show what an image is a copy of, so the name does: that of the image, then the zone. Each copy is requested alone, under
the lock and with the record of its name, so a lost response never leads to a second one.
"""

from __future__ import annotations

import hashlib
import typing as t
from contextlib import suppress

from .._api import values
from .._api.errors import CompShareError, OptionError, RefusedError, ResponseError, Retry, WaitError, printable
from .._api.retcodes import UNKNOWN_ACTION, describe
from .._instances.query import list_zones, zones_named
from .._pending import PendingOrder, order_lock
from .._task import Task
from .._waiting import Applied, Backoff, DeadlineError, wait_until
from .create import SourceInstance, is_taken
from .own_images import (
    AVAILABLE,
    NAME,
    NAME_LENGTH,
    OFFLINE,
    REVIEWING,
    UNAVAILABLE,
    Image,
    OwnImages,
    changes_of,
    delete_image,
    pick,
    title_of,
    update_image,
)

SYNC_ACTION = "SyncCompShareCustomImage"
#: The documented action; where the API does not serve SYNC_ACTION, it serves this one.
COPY_ACTION = "CopyCompShareCustomImage"
PROGRESS_ACTION = "DescribeCompShareCustomImageSyncDetail"
_ENDED = frozenset((AVAILABLE, UNAVAILABLE, REVIEWING, OFFLINE))
_BACKOFF = Backoff(first=5.0, longest=30.0)

Zone = dict[str, t.Any]
Copy = dict[str, t.Any]


def name_of_copy(name: str, zone: str) -> str:
    """Return the name of the copy that the image C(name) has in a zone; different for each pair of them."""
    whole = f"{name}.{zone}"
    if len(whole) <= NAME_LENGTH:
        return whole
    mark = hashlib.sha1(name.encode("utf-8"), usedforsecurity=False).hexdigest()[:6]
    return f"{name[: NAME_LENGTH - len(zone) - 8]}-{mark}.{zone}"


class ImageCopies:
    """The copies that a task requests. Raises OptionError if the API does not list one of the zones.

    C(source) returns the instance that the image is created from. C(changed): this task has changed something;
    C(before) and C(after) are the zones in which the image was and is available.
    """

    def __init__(self, task: Task, source: t.Callable[[], SourceInstance], deadline: float) -> None:
        self.changed = False
        self.before: list[str] = []
        self.after: list[str] = []
        self._task = task
        self._client = task.client
        self._source = source
        self._deadline = deadline
        self._listed = list_zones(self._client)
        self._zones = zones_named(self._listed, task.options["copy_to_zones"])
        self._own = OwnImages(self._client, [zone["region"] for zone in self._zones])
        self._copies: dict[str, Copy] = {}
        self._errors: dict[str, CompShareError] = {}
        self._renamed: dict[str, Image] = {}
        self._sync_served = True
        self._progress_served = True

    def check(self, image: Image | None) -> None:
        """Raise OptionError for a zone that does not accept a copy, before hours are spent on the image.

        C(image) is None if it does not exist yet.
        """
        source = self._source() if image is None else None
        if source is None:
            zones, container = (image or {})["zones"], (image or {})["container"]
        else:
            # In check mode the instance may be yet to come, of whatever kind.
            zones, container = [source.zone], source.container if source.instance_id else None
        for zone in self._zones:
            if zone["zone"] in zones:
                continue
            if _takes_no_copies(zone):
                accepting = [one["zone"] for one in self._listed if not _takes_no_copies(one)]
                raise OptionError(
                    f"The zone {zone['zone']} of copy_to_zones does not accept copies of custom images.",
                    hint=f"Zones that do: {', '.join(accepting) or 'none'}.",
                )
            if container is False and zone["pod"]:
                accepting = [one["zone"] for one in self._listed if not (one["pod"] or _takes_no_copies(one))]
                raise OptionError(
                    f"The zone {zone['zone']} of copy_to_zones runs container instances only, and the image is one "
                    "for virtual machines.",
                    hint=f"Zones that accept it: {', '.join(accepting) or 'none'}.",
                )

    def rename(self, image: Image, name: str) -> None:
        """Rename the copies of the image, which is to be renamed to C(name) after them.

        If the task ends in between, the next run still finds the copies by the name that the image then gets.
        """
        images = self._own.all()
        for zone in self._zones:
            copy, target = self._find(images, image, zone), name_of_copy(name, zone["zone"])
            if copy is None or copy is image or pick(images, name=target):
                continue
            if not self._task.check_mode:
                self._rename(copy, target)
            self._renamed[zone["zone"]] = {**copy, "name": target}
            self.changed = True

    def _rename(self, copy: Image, name: str) -> None:
        update_image(
            self._client,
            copy,
            changes_of(copy, {"name": name}, [NAME]),
            lambda: pick(self._own.all(), image_id=copy["id"]),
            deadline=self._deadline,
        )

    def ensure(self, image: Image) -> None:
        """Copy the image to each zone that has no copy of it, and wait until all copies are available.

        A refusal for one zone does not keep the others from their copies; the error raised in the end reports each.
        """
        images = self._own.all()
        self.before = sorted(
            {*image["zones"], *(zone["zone"] for zone in self._zones if self._find(images, image, zone))}
        )
        try:
            for zone in self._zones:
                self._ensure_one(images, image, zone)
            self._wait(image)
        finally:
            self.after = sorted({*self.before, *(zone for zone in self._copies if zone not in self._errors)})
        if self._errors:
            raise self._error(image)

    def _ensure_one(self, images: list[Image], image: Image, zone: Zone) -> None:
        name = zone["zone"]
        copy = self._find(images, image, zone)
        self._note(zone, image, copy)
        try:
            if copy is not None and copy is not image:
                copy = self._unless_replaced(image, copy, zone)
            if copy is None:
                copy = self._begin(image, zone)
        except RefusedError as error:
            self._errors[name] = error
        if name not in self._errors:
            self._note(zone, image, copy)

    def _find(self, images: t.Iterable[Image], image: Image, zone: Zone) -> Image | None:
        """Return the image that is available in the zone: the image itself, or its copy."""
        if zone["zone"] in image["zones"]:
            return image
        name = name_of_copy(image["name"], zone["zone"])
        copy = pick(images, name=name) or self._renamed.get(zone["zone"])
        if copy and copy["zones"] and zone["zone"] not in copy["zones"]:
            raise OptionError(
                f"The image {title_of(copy)} has the name that the copy in {zone['zone']} needs, and is in "
                f"{', '.join(copy['zones'])}.",
                hint="Rename or delete it.",
            )
        return copy

    def _unless_replaced(self, image: Image, copy: Image, zone: Zone) -> Image | None:
        """Return the copy that exists, None once it was deleted to be copied again."""
        options = self._task.options
        # A copy is begun after its image is available; an older one is of an image that had the name before.
        is_old = bool(copy["create_time"] and image["create_time"] and copy["create_time"] < image["create_time"])
        # In check mode a rebuilt image has no id and no times.
        is_old |= image["id"] is None
        is_failed = copy["status"] == UNAVAILABLE
        if not ((is_failed and options["replace_failed"]) or (is_old and options["rebuild"])):
            if is_old:
                self._task.warn(
                    f"The image {title_of(copy)} in {zone['zone']} is older than {title_of(image)}, so it is a copy of "
                    "an earlier image of that name. To have it copied again, delete it."
                )
            return copy
        if not self._task.check_mode:
            delete_image(self._client, self._own, copy, deadline=self._deadline)
        self.changed = True
        del self._copies[zone["zone"]]
        return None

    def _begin(self, image: Image, zone: Zone) -> Image:
        if image["status"] != AVAILABLE:
            raise WaitError(
                f"The image {title_of(image)} is {printable(image['status'] or 'in an unknown status', 40)}, and only "
                "an available image can be copied.",
                hint="Run the task again when it is available.",
            )
        name = name_of_copy(image["name"], zone["zone"])
        begun: Image = {**image, "id": None, "name": name, "zones": [zone["zone"]]}
        if self._task.check_mode:
            self.changed = True
            return begun
        found: list[Image] = []

        def appeared() -> bool:
            copy = self._find(self._own.all(), image, zone)
            found[:] = [copy] if copy else []
            return bool(found)

        with order_lock(self._client, "image", name, deadline=self._deadline, warn=self._task.warn) as pending:
            if appeared() or pending.wait_until_shown(appeared, deadline=self._deadline):
                pending.settle()
                return found[0]
            try:
                applied = self._send(image, zone, name, pending, appeared)
            except CompShareError as error:
                if is_taken(self._client, error, appeared):
                    return found[0]
                raise
            self.changed |= applied.response is not None or applied.lost is not None
            if applied.response is None:
                return found[0]
            with suppress(CompShareError):  # the record then stays until the list must show the copy
                if appeared():
                    pending.settle()
        if found:
            return found[0]
        response = applied.response
        image_id = response.get("NewCompShareImageId") or _result_in(response, zone).get("CompShareImageId")
        return {**begun, "id": values.text(image_id), "status": None}

    def _send(
        self, image: Image, zone: Zone, name: str, pending: PendingOrder, appeared: t.Callable[[], bool]
    ) -> Applied:
        """Request a copy by the action that the API serves."""
        doubt = f"It may have been done: whether the copy {printable(name, 80)!r} is being created is not known"
        if self._sync_served:
            if zone["zone_id"] is None:
                raise CompShareError(
                    f"The list of zones shows no id of {zone['zone']}, so nothing can be copied there."
                )
            try:
                return pending.send(
                    SYNC_ACTION,
                    {
                        "SourceCompShareImageId": image["id"],
                        "TargetImageName": name,
                        "TargetImageDescription": image["description"],
                        "TargetZoneIds": [zone["zone_id"]],
                    },
                    appeared,
                    deadline=self._deadline,
                    doubt=doubt,
                    body_format="json",
                    check=lambda response: _raise_refused(response, zone),
                )
            except RefusedError as error:
                if error.ret_code != UNKNOWN_ACTION:
                    raise
                self._sync_served = False
        params = {
            "Region": zone["region"],
            "Zone": zone["zone"],
            "CompShareImageId": image["id"],
            "TargetImageName": name,
        }
        return pending.send(COPY_ACTION, params, appeared, deadline=self._deadline, doubt=doubt)

    def _wait(self, image: Image) -> None:
        """Wait until each copy that was found or begun has ended; note an error for each that is not available."""
        interval = self._task.options["poll_interval"]
        if not self._task.check_mode:
            backoff = _BACKOFF if interval is None else Backoff(interval, interval, growth=1.0, jitter=0.0)
            with suppress(DeadlineError):
                wait_until(
                    self._client.clock, lambda: self._look(image) or None, deadline=self._deadline, backoff=backoff
                )
        for zone, copy in self._copies.items():
            if zone in self._errors:
                continue
            if copy["status"] == UNAVAILABLE:
                self._errors[zone] = WaitError(
                    f"the copy {title_of(copy)} failed: {printable(copy['failed_reason'] or 'no reason given', 300)}.",
                    hint="replace_failed=true deletes it and copies the image again.",
                )
            elif copy["status"] not in _ENDED:
                progress = "" if copy["progress"] is None else f", {copy['progress']:g} % done"
                self._errors[zone] = WaitError(
                    f"the copy {title_of(copy)} was still being created at the end of wait_timeout{progress}.",
                    hint="Run the task again to go on waiting.",
                    retryable=True,
                )

    def _look(self, image: Image) -> bool:
        """Read the state of the copies that have not ended; return whether all have."""
        zones = [zone for zone in self._zones if self._is_open(zone)]
        if not zones:
            return True
        images = self._own.all()
        for zone in zones:
            copy = self._copies[zone["zone"]]
            row = pick(images, image_id=copy["id"]) if copy["id"] else self._find(images, image, zone)
            if row is not None:
                self._note(zone, image, row)
            if self._is_open(zone):
                self._read_progress(image, zone)
        return not any(map(self._is_open, zones))

    def _is_open(self, zone: Zone) -> bool:
        name = zone["zone"]
        return name not in self._errors and self._copies[name]["status"] not in _ENDED

    def _read_progress(self, image: Image, zone: Zone) -> None:
        """Read how far a copy is, for the user alone: its status decides."""
        if not self._progress_served or zone["zone_id"] is None:
            return
        params = {"CompShareImageId": image["id"], "zone_id": zone["zone_id"]}
        try:
            text = self._client.call(PROGRESS_ACTION, params, deadline=self._deadline).get("Progress")
        except CompShareError as error:
            self._progress_served = error.retryable
            return
        copy = self._copies[zone["zone"]]
        progress = values.number(str(text).strip().rstrip("%"))
        if progress is not None and 0 <= progress <= 100 and progress != copy["progress"]:
            copy["progress"] = progress
            message = f"being copied to {zone['zone']}, {progress:g} %"
            self._task.report({"kind": "note", "name": image["name"], "message": message})

    def _note(self, zone: Zone, image: Image, copy: Image | None) -> None:
        """Keep what is known of the copy in a zone."""
        before = self._copies.get(zone["zone"], {})
        known = copy or {}
        self._copies[zone["zone"]] = {
            "zone": zone["zone"],
            "id": known.get("id") or before.get("id"),
            "name": known.get("name") or name_of_copy(image["name"], zone["zone"]),
            "status": known.get("status"),
            "progress": 100 if known.get("status") == AVAILABLE else before.get("progress"),
            "failed_reason": known.get("failed_reason"),
        }

    def as_result(self) -> list[dict[str, t.Any]]:
        """Return the key C(copies) of the result."""
        errors = {zone: error.summary for zone, error in self._errors.items()}
        return [{**copy, "error": errors.get(zone)} for zone, copy in self._copies.items()]

    def _error(self, image: Image) -> CompShareError:
        """Return one error for all zones in which no copy is available."""
        first = next(iter(self._errors.values()))
        reasons = " ".join(f"{zone}: {error.summary}" for zone, error in self._errors.items())
        good = [zone for zone in self._copies if zone not in self._errors]
        others = f" It is available in {', '.join(good)}." if good else ""
        return CompShareError(
            f"The image {title_of(image)} is not available in every zone of copy_to_zones. {reasons}{others}",
            action=first.action,
            ret_code=first.ret_code,
            api_message=first.api_message,
            request_id=first.request_id,
            hint=first.hint,
            retryable=all(error.retryable for error in self._errors.values()),
        )


def _takes_no_copies(zone: Zone) -> bool:
    return bool(values.boolean(zone.get("disable_image_sync")))


def _result_in(response: t.Mapping[str, t.Any], zone: Zone) -> dict[str, t.Any]:
    """Return what a response says about a zone, empty if it says nothing."""
    results = response.get("Results")
    rows = [row for row in results if isinstance(row, dict)] if isinstance(results, list) else []
    return next((row for row in rows if values.integer(row.get("TargetZoneId")) == zone["zone_id"]), {})


def _raise_refused(response: t.Mapping[str, t.Any], zone: Zone) -> None:
    """Raise what hides behind a RetCode of 0: the refusal for one zone."""
    result = _result_in(response, zone)
    ret_code = values.integer(result.get("RetCode"))
    if ret_code is None:
        raise ResponseError(f"The response to {SYNC_ACTION} has no result for {zone['zone']}.", action=SYNC_ACTION)
    if ret_code == 0:
        return
    entry, message = describe(ret_code), values.text(result.get("Message"))
    shown = f', "{printable(message)}"' if message else ""
    raise RefusedError(
        f"{SYNC_ACTION} was refused for the zone {zone['zone']}: {entry.meaning} (RetCode {ret_code}{shown}).",
        action=SYNC_ACTION,
        ret_code=ret_code,
        api_message=message,
        hint=entry.hint or "Look at the image in the console.",
        retry=entry.retry,
        outcome_unknown=entry.retry is Retry.READ,
    )
