# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The instance to create an image from: where it is, and whether that is possible now."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, OptionError, printable
from .._api.pages import rows_of
from .._api.retcodes import describe
from .._api.values import POD_PREFIX, region_of
from .._waiting import confirm_within

_ACTION = "DescribeCompShareInstance"
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
        response = client.call(_ACTION, {"UHostIds": [instance_id], "Limit": 100, "Offset": 0})
        rows = rows_of(_ACTION, response, "UHostSet")
        # The API was seen to return other instances than the requested one.
        found.extend(_read(row) for row in rows if row.get("UHostId") == instance_id)
        return bool(found)

    if not confirm_within(client, probe, _FOUND_WITHIN):
        raise OptionError(
            f"There is no instance {printable(instance_id, 80)} to create an image from.",
            action=_ACTION,
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
