# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What is to be created, checked before any request: the API silently accepts, and bills, invalid input."""

from __future__ import annotations

import re
import string
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._api.errors import OptionError, printable
from .._api.values import check_name

NAME_LENGTH = 63
_PUNCTUATION = "()`~!@#$%^&*-+=_|{}[]:;'<>,.?/"
_PASSWORD_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _PUNCTUATION)
_PASSWORD_LENGTH = (8, 32)
_PASSWORD_LONGEST_FOR_VM = 30
_PASSWORD_LEAST_CLASSES = 2
#: Charge types that are paid ahead for longer than an hour.
PREPAID = ("Day", "Month", "Year")
DEFAULT_CHARGE_TYPE = "Postpay"
_DISK_TYPE = re.compile(r"[A-Z][A-Z0-9_]{2,31}\Z")
DEFAULT_DISK_TYPE = "CLOUD_SSD"
#: Beyond what any offer has; it keeps a mistake, such as MB for GB, from becoming a request.
_MOST = {"gpu_count": 16, "cpu": 1024, "memory_gb": 8192, "size_gb": 100_000}


class OrderedImage(t.NamedTuple):
    """The image of an order: its id, and its row if it was looked up by its name."""

    image_id: str
    found: dict[str, t.Any] | None


@dataclass(frozen=True)
class Order:
    """An instance to be created, except for its name and zone. Sizes are GB; C(max_price) is CNY per hour."""

    gpu_type: str
    gpu_count: int
    cpu: int | None
    memory_gb: int | None
    image: str
    image_source: str | None
    disks: tuple[Mapping[str, t.Any], ...] | None
    charge_type: str
    password: str | None
    remark: str | None
    max_price: float | None
    security_group_id: str | None = None

    @classmethod
    def preferences(cls, options: Mapping[str, t.Any]) -> list[Order]:
        """Return the orders in a module's options, the preferred one first; none if they order nothing.

        Every GPU type is tried with every charge type before the next GPU type is. Raises OptionError.
        """
        check_password(options["password"])
        for name in ("gpu_count", "cpu", "memory_gb"):
            _check_number(name, options[name])
        disks = _disks(options["disks"])
        if options["max_price"] is not None and not options["max_price"] >= 0:
            raise OptionError("max_price must be 0 CNY per hour or more.")
        gpu_types = _one_or_list(options, "gpu_type", "gpu_types")
        charge_types = _one_or_list(options, "charge_type", "charge_types") or [DEFAULT_CHARGE_TYPE]
        if not gpu_types or not options["image"]:
            return []
        given = {name: options[name] for name in _ORDERED}
        given["gpu_count"] = options["gpu_count"] or 1
        return [
            cls(disks=disks, gpu_type=gpu_type, charge_type=charge_type, **given)
            for gpu_type in gpu_types
            for charge_type in charge_types
        ]

    def __str__(self) -> str:
        return f"{self.gpu_count} x {self.gpu_type} ({self.charge_type})"


def _one_or_list(options: Mapping[str, t.Any], one: str, several: str) -> list[str]:
    if options[one] and options[several]:
        raise OptionError(f"{one} and {several} exclude each other.", hint=f"{one} is the short form for a single one.")
    return list(dict.fromkeys(options[several] or ([options[one]] if options[one] else [])))


_ORDERED = (
    "gpu_count",
    "cpu",
    "memory_gb",
    "image",
    "image_source",
    "password",
    "remark",
    "max_price",
    "security_group_id",
)


def check_instance_name(name: str) -> None:
    """Raise OptionError if C(name) cannot be the name of an instance."""
    check_name("instance", name, NAME_LENGTH)


def check_password(password: str | None) -> None:
    """Raise OptionError if the API takes a password for no kind of instance."""
    if password is None:
        return
    shortest, longest = _PASSWORD_LENGTH
    allowed = all(any(character in one for one in _PASSWORD_CLASSES) for character in password)
    if not (shortest <= len(password) <= longest and allowed and _classes_of(password) >= _PASSWORD_LEAST_CLASSES):
        raise _bad_password(longest, _PASSWORD_LEAST_CLASSES)


def check_password_for(password: str | None, image: Mapping[str, t.Any] | None) -> None:
    """Raise OptionError if the API does not take a password for instances of an image, as far as that is known.

    Documented: virtual machines take shorter ones than containers, and Windows wants one class more.
    """
    if password is None or image is None:
        return
    windows = "windows" in f"{image['name']} {image['software']['os_version']}".lower()
    longest = _PASSWORD_LENGTH[1] if image["container"] else _PASSWORD_LONGEST_FOR_VM
    least = _PASSWORD_LEAST_CLASSES + 1 if windows else _PASSWORD_LEAST_CLASSES
    if len(password) > longest or _classes_of(password) < least:
        raise _bad_password(longest, least)


def _classes_of(password: str) -> int:
    return sum(any(character in one for character in password) for one in _PASSWORD_CLASSES)


def _bad_password(longest: int, least_classes: int) -> OptionError:
    # The password itself stays out of the message.
    return OptionError(
        "The password breaks the rules.",
        hint=f"Use {_PASSWORD_LENGTH[0]} to {longest} characters from at least {least_classes} of: lower-case letters, "
        f"upper-case letters, digits, and {_PUNCTUATION}",
    )


def charge_warnings(charge_type: str) -> list[str]:
    """Return what is to be said of a charge type before an instance is created with it."""
    warnings = []
    if charge_type == "Year":
        warnings.append("No documentation of the API has charge_type=Year for new instances, so it may be refused.")
    if charge_type in PREPAID:
        warnings.append(
            f"charge_type={charge_type} is prepaid: the platform renews the instance automatically, and charges for "
            "it, unless that is turned off in the console. auto_renew in the result shows whether it is."
        )
    return warnings


def _check_number(name: str, value: int | None) -> None:
    if value is not None and not 1 <= value <= _MOST[name]:
        raise OptionError(f"{name} is {value}; it must be from 1 to {_MOST[name]}.")


def _disks(disks: Sequence[Mapping[str, t.Any]] | None) -> tuple[Mapping[str, t.Any], ...] | None:
    """Return disks as the API takes them; raises OptionError unless exactly one of them is the system disk."""
    if disks is None:
        return None
    boots = sum(1 for disk in disks if disk["boot"])
    if boots != 1:
        raise OptionError(
            f"disks has {boots} disks with boot=true; there must be exactly one.",
            hint="Omit disks for a system disk of 100 GB only.",
        )
    for disk in disks:
        _check_number("size_gb", disk["size_gb"])
        if not _DISK_TYPE.match(disk["type"]):
            raise OptionError(
                f"disks has the unknown type {printable(disk['type'], 40)!r}.", hint="An example is CLOUD_SSD."
            )
    return tuple({"IsBoot": disk["boot"], "Type": disk["type"], "Size": disk["size_gb"]} for disk in disks)
