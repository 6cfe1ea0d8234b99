# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Creating an image from an instance: exactly one, whatever happens to the request.

A create is sent once. If its response is lost, the list of images shows whether the name has appeared: if so, that is
the image; if not, the task fails and says so, and the next run reads the list before it creates one. Names are unique
within an account (documented), so an image of the name that someone else begins at the same time is taken, too.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, OptionError, RefusedError, ResponseError, printable
from .._api.pages import rows_of
from .._api.retcodes import describe
from .._api.values import POD_PREFIX, region_of
from .._pending import PendingOrder, order_lock
from .._waiting import BUSY_BACKOFF, SHOWN_WITHIN, VISIBLE_WITHIN, DeadlineError, confirm_within, wait_until
from .model import normalise_image
from .own_images import MAKING, Image, OwnImages

ACTION = "CreateCompShareCustomImage"
#: How the parts of O(software) are called in the request; the last one has another name in lists.
_SOFTWARE = {
    "framework": "Framework",
    "framework_version": "FrameworkVersion",
    "cuda_version": "CUDAVersion",
    "applications": "Application",
}
#: The vendor's clients expect it of a create: a name exists already.
_NAME_EXISTS = 8968
#: After a lost response, the image is looked for at least this long, in seconds, however little time is left.
_LEAST_SEARCH = 15.0
#: While the instance is being imaged, an image that does not show yet is waited for this much longer, in seconds.
_WHILE_IMAGED = 180.0


class Created(t.NamedTuple):
    """The image, as a list shows it or as it will, and whether this task began it (False: it was there already)."""

    image: Image
    begun: bool


def predicted_image(
    name: str, source: SourceInstance, desired: Mapping[str, t.Any], *, status: str, image_id: str | None = None
) -> Image:
    """Return the image that a build creates, as far as that is known before."""
    software = desired.get("software") or {}
    row = {
        "CompShareImageId": image_id,
        "Name": name,
        "ImageType": "Custom",
        "Status": status,
        "Description": desired.get("description"),
        "Container": source.container,
        "Zone": source.zone,
        "Visibility": 0,
        "Softwares": {param: software.get(option) for option, param in _SOFTWARE.items()},
    }
    return normalise_image(row, source="custom")


def create_image(
    client: Client,
    own: OwnImages,
    source: SourceInstance,
    name: str,
    desired: Mapping[str, t.Any],
    *,
    deadline: float,
    warn: t.Callable[[str], None] = lambda _message: None,
) -> Created:
    """Begin the build of an image, or find the one of this name that another task began meanwhile.

    C(desired) holds the options C(description) and C(software). Waits until C(deadline) if the instance is being imaged
    already. Raises CompShareError; after a lost response it says what is known.
    """
    found: list[Image] = []

    def appeared() -> bool:
        image = own.find(name=name)
        found[:] = [image] if image else []
        return bool(found)

    with order_lock(client, "image", name, deadline=deadline, warn=warn) as pending:
        free = _wait_until_free(client, source, appeared, deadline)
        if not free or pending.wait_until_shown(appeared, deadline=deadline):
            pending.settle()
            return Created(found[0], begun=False)
        return _create(client, source, name, desired, found, appeared, pending, deadline)


def _create(
    client: Client,
    source: SourceInstance,
    name: str,
    desired: Mapping[str, t.Any],
    found: list[Image],
    appeared: t.Callable[[], bool],
    pending: PendingOrder,
    deadline: float,
) -> Created:
    software = desired.get("software") or {}
    params = {
        "Region": source.region,
        "Zone": source.zone,
        "UHostId": source.instance_id,
        "Name": name,
        "Description": desired.get("description"),
        "Softwares": {param: software.get(option) for option, param in _SOFTWARE.items()},
    }
    imaged = False

    def look() -> bool:
        """Look for the image until the list must show it, and longer while the instance is being imaged."""
        nonlocal imaged
        if confirm_within(client, appeared, min(SHOWN_WITHIN, max(_LEAST_SEARCH, deadline - client.clock.now()))):
            return True
        imaged = find_source(client, source.instance_id).busy
        left = max(VISIBLE_WITHIN, deadline - client.clock.now())
        return imaged and confirm_within(client, appeared, min(_WHILE_IMAGED, left))

    try:
        applied = pending.send(
            ACTION,
            params,
            appeared,
            deadline=deadline,
            doubt=f"Whether the image {printable(name, 80)!r} is being created is not known",
            look=look,
            check=_check_names_image,
        )
    except CompShareError as error:
        if is_taken(client, error, appeared):
            return Created(found[0], begun=False)
        if error.outcome_unknown:
            if imaged:
                error.add_sentence("The instance is being imaged, so it may still appear.")
            error.hint = (
                f"Run the task again: it creates the image only if the list still does not show it at "
                f"{pending.shown_by}."
            )
        raise
    if applied.response is None:
        return Created(found[0], begun=applied.lost is not None)
    with suppress(CompShareError):  # the build has begun; the record then stays until the list must show it
        if appeared():
            pending.settle()
    image_id = values.text(applied.response.get("CompShareImageId"))
    return Created(predicted_image(name, source, desired, status=MAKING, image_id=image_id), begun=True)


def _check_names_image(response: Mapping[str, t.Any]) -> None:
    if values.text(response.get("CompShareImageId")) is None:
        raise ResponseError(f"The response to {ACTION} names no image.", action=ACTION)


def _wait_until_free(client: Client, source: SourceInstance, appeared: t.Callable[[], bool], deadline: float) -> bool:
    """Wait until nobody creates an image of the instance; False if the desired image has appeared meanwhile."""
    check_imageable(source)
    if not source.busy:
        return True

    def probe() -> bool | None:
        if appeared():
            return False
        now = find_source(client, source.instance_id)
        check_imageable(now)
        return None if now.busy else True

    try:
        if not wait_until(client.clock, probe, deadline=deadline, backoff=BUSY_BACKOFF):
            return False
    except DeadlineError as late:
        unreadable = f" The last request failed: {late.error.summary}" if late.error else ""
        raise CompShareError(
            f"An image of the instance {source.title} is being created already, and it was not finished at the end "
            f"of wait_timeout.{unreadable}",
            hint="Run the task again later; compshare_image_info with source=custom and status=Making shows which.",
            retryable=True,
        ) from None
    # The image that was created may be the desired one, of an earlier run, and not be listed yet.
    return not confirm_within(client, appeared, VISIBLE_WITHIN)


def is_taken(client: Client, error: CompShareError, appeared: t.Callable[[], bool]) -> bool:
    """Return whether a create was refused because there is an image of the name now.

    Which RetCode says so is not documented, so the list decides; where the refusal is about the name, the image that
    has it may show late.
    """
    if not isinstance(error, RefusedError) or error.outcome_unknown:
        return False
    about_the_name = error.names_parameter("Name") or error.ret_code == _NAME_EXISTS
    with suppress(CompShareError):  # the refusal is the error to report
        return confirm_within(client, appeared, VISIBLE_WITHIN if about_the_name else 0.0)
    return False


# --- The instance to create it from ---

_INSTANCE_ACTION = "DescribeCompShareInstance"
#: An empty response can be a transient fault, so an instance is looked for this long before it counts as missing.
_FOUND_WITHIN = 4.0
IMAGE_MAKING = "ImageMaking"
#: The API refuses to image an instance whose community image has a price and another publisher.
_PAID_IMAGE = 226644


@dataclass(frozen=True)
class SourceInstance:
    """What matters of an instance to create an image from. C(state) is the API's word for it, empty if unknown."""

    instance_id: str
    name: str | None
    region: str | None
    zone: str | None
    state: str
    container: bool
    #: The community image with a price that it was created from: only the publisher of that may image it.
    paid_image_id: str | None = None

    @property
    def title(self) -> str:
        return f"{printable(self.name, 80)} ({self.instance_id})" if self.name else self.instance_id

    @property
    def busy(self) -> bool:
        """Return whether an image is being created from it at this moment, which passes."""
        return self.state == IMAGE_MAKING


def find_source(client: Client, instance_id: str) -> SourceInstance:
    """Return the instance; raises OptionError if there is none, or where region or zone say that it is elsewhere.

    The request names no region, so that an instance of any region is found, as recorded.
    """
    found: list[SourceInstance] = []

    def probe() -> bool:
        response = client.call(_INSTANCE_ACTION, {"UHostIds": [instance_id], "Limit": 100, "Offset": 0})
        rows = rows_of(_INSTANCE_ACTION, response, "UHostSet")
        # The API was seen to return other instances than the requested one.
        found.extend(_read(row) for row in rows if row.get("UHostId") == instance_id)
        return bool(found)

    if not confirm_within(client, probe, _FOUND_WITHIN):
        raise OptionError(
            f"There is no instance {printable(instance_id, 80)} to create an image from.",
            action=_INSTANCE_ACTION,
            hint="Check instance_id, project_id and the account of the key.",
        )
    _check_place(client, found[0])
    return found[0]


def _read(row: t.Mapping[str, t.Any]) -> SourceInstance:
    instance_id = str(row.get("UHostId"))
    zone = values.text(row.get("Zone"))
    return SourceInstance(
        instance_id=instance_id,
        name=values.text(row.get("Name")),
        region=values.text(row.get("Region")) or region_of(zone),
        zone=zone,
        state=values.text(row.get("State")) or "",
        container=row.get("InstanceType") == "Container" or instance_id.startswith(POD_PREFIX),
        paid_image_id=_paid_image_of(row),
    )


def _paid_image_of(row: t.Mapping[str, t.Any]) -> str | None:
    is_paid = row.get("CompShareImageType") == "Community" and (values.number(row.get("CompShareImagePrice")) or 0) > 0
    return values.text(row.get("CompShareImageId")) if is_paid else None


def instance_to_come(client: Client) -> SourceInstance:
    """Return, for check mode, the instance that an earlier task would create, where the options place it."""
    zone = client.scope.zone
    return SourceInstance("", None, client.scope.region or region_of(zone), zone, "Running", container=False)


def paid_image_error(source: SourceInstance) -> NotImageableError:
    """Return the error that creating an image of the instance would end with, for check mode."""
    entry = describe(_PAID_IMAGE)
    return NotImageableError(
        f"No image can be created from the instance {source.title}: {entry.meaning} (RetCode {_PAID_IMAGE}).",
        ret_code=_PAID_IMAGE,
        hint=entry.hint,
    )


def _check_place(client: Client, source: SourceInstance) -> None:
    for option, given, place in (
        ("region", client.scope.region, source.region),
        ("zone", client.scope.zone, source.zone),
    ):
        if given and place and given != place:
            raise OptionError(
                f"The instance {source.title} is in the {option} {place}, not in {printable(given, 40)}.",
                hint=f"Omit {option} (or COMPSHARE_{option.upper()}): the place of the instance is used.",
            )


def check_imageable(source: SourceInstance) -> None:
    """Raise if no image can be created from the instance now. One that is being imaged passes: that ends.

    Documented: a virtual machine must be running or stopped, a container must be running.
    """
    if source.busy or source.state == "Running" or (source.state == "Stopped" and not source.container):
        return
    state = printable(source.state, 40) or "unknown"
    if source.container:
        raise NotImageableError(
            f"No image can be created from the container instance {source.title} while its state is {state}.",
            hint="A container instance must be running: start it, then run the task again.",
        )
    raise NotImageableError(
        f"No image can be created from the instance {source.title} while its state is {state}.",
        hint="It must be running or stopped: bring it there, then run the task again.",
    )


class NotImageableError(CompShareError):
    """No image can be created from the source instance in its state. Nothing was sent."""
