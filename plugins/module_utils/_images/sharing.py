# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The accounts that a custom image is shared with."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._api import values
from .._api.client import Client
from .._api.errors import CompShareError, OptionError, printable
from .._api.pages import rows_of
from .._task import Task
from .._waiting import apply_and_confirm
from .own_images import Image, OwnImages, place_of, title_of

_READ = "DescribeCompShareImageShareAccounts"
_CHANGE = "ModifyCompShareImageShareAccount"
#: Documented: a request adds at most this many accounts and removes at most as many.
_ACCOUNTS_A_REQUEST = 10


def ensure_shares(task: Task) -> dict[str, t.Any]:
    """Do what the options of compshare_image_share say, and return its result. Raises CompShareError with the facts."""
    options = task.options
    accounts: list[int] = list(dict.fromkeys(options["accounts"]))
    if options["exclusive"] and options["state"] == "absent":
        raise OptionError("exclusive=true cannot be used with state=absent: it names exactly the accounts that stay.")
    image = _image(task)
    if image is None:
        return _predicted(task, accounts)
    shares = _Shares(task.client, image)
    before = shares.read()
    if options["exclusive"] and not before:
        # Null stands for no account, and once in a while for accounts: none of them may keep access by that.
        before = shares.read()
    if options["state"] == "absent":
        adds, removes = [], [account for account in accounts if account in before]
    else:
        adds = [account for account in accounts if account not in before]
        removes = [account for account in before if account not in accounts] if options["exclusive"] else []
    after = sorted({*before, *adds} - {*removes})
    result = {"changed": bool(adds or removes), "image": image, "accounts": after}
    if task.diff:
        result["diff"] = {"before": {"accounts": before}, "after": {"accounts": after}}
    if not task.check_mode:
        deadline = task.client.clock.now() + options["wait_timeout"]
        try:
            for added, removed in _batches(adds, removes):
                shares.change(added, removed, deadline)
        except CompShareError as error:
            error.facts = {"changed": False, **error.facts, **shares.facts(before)}
            raise
    return result


def _image(task: Task) -> Image | None:
    """Return the image that the options name; None in check mode if an earlier task would create it.

    Raises OptionError if the account has no such image, or several of the name.
    """
    own, options = OwnImages(task.client), task.options
    if options["image_id"]:
        return own.require(options["image_id"])
    name = options["image_name"]
    image = own.find(name=name) if name else None
    if image is None and not task.check_mode:
        raise OptionError(
            f"None of your own images is named {printable(name or '', 80)!r}.",
            hint="Check image_name, region and the account of the key; compshare_image_info with source=custom lists "
            "them.",
        )
    return image


def _predicted(task: Task, accounts: list[int]) -> dict[str, t.Any]:
    """Return what check mode reports for an image that does not exist yet: nobody has access to it."""
    name = task.options["image_name"]
    after = sorted(accounts) if task.options["state"] == "present" else []
    task.warn(f"There is no image {printable(name or '', 80)!r} yet; an earlier task would have to create it.")
    result: dict[str, t.Any] = {"changed": bool(after), "image": None, "accounts": after}
    if task.diff:
        result["diff"] = {"before": {"accounts": []}, "after": {"accounts": after}}
    return result


def _batches(adds: Sequence[int], removes: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Return what each request adds and removes."""
    starts = range(0, max(len(adds), len(removes)), _ACCOUNTS_A_REQUEST)
    return [
        (list(adds[start : start + _ACCOUNTS_A_REQUEST]), list(removes[start : start + _ACCOUNTS_A_REQUEST]))
        for start in starts
    ]


class _Shares:
    """Reads and changes the accounts of one image."""

    def __init__(self, client: Client, image: Image) -> None:
        self._client = client
        self._image = image
        self._params = {"Region": place_of(client, image)["Region"], "CompShareImageId": image["id"]}

    def read(self) -> list[int]:
        """Return the ids of the accounts, in order. Raises the client's errors."""
        rows = rows_of(_READ, self._client.call(_READ, self._params), "AccountSet", required=True)
        return sorted(_account_ids(row.get("AccountId") for row in rows))

    def change(self, adds: list[int], removes: list[int], deadline: float) -> None:
        """Add and remove accounts with one request, and see that it was done.

        Documented: if an account id is not valid, the response names it, with RetCode 0, and nothing is changed.
        """

        def done() -> bool:
            now = set(self.read())
            return now.issuperset(adds) and now.isdisjoint(removes)

        def check(response: Mapping[str, t.Any]) -> None:
            refused = response.get("InvalidAccounts")
            invalid = sorted(_account_ids(refused if isinstance(refused, list) else []))
            if not invalid:
                return
            listed = ", ".join(str(account) for account in invalid)
            raise CompShareError(
                f"The image {title_of(self._image)} cannot be shared with {listed}: no such account.",
                action=_CHANGE,
                ret_code=0,
                hint="An account's id is the number that its console shows as CompanyID. The other accounts of the "
                "same request were not changed either.",
                facts={"invalid_accounts": invalid},
            )

        apply_and_confirm(
            self._client,
            _CHANGE,
            {**self._params, "AddAccounts": adds or None, "RemoveAccounts": removes or None},
            done,
            deadline=deadline,
            desired=f"the accounts of the image {title_of(self._image)} changed",
            check=check,
        )

    def facts(self, before: list[int]) -> dict[str, t.Any]:
        """Return what a failed task reports: the accounts as they are now (None if they cannot be read)."""
        facts: dict[str, t.Any] = {"image": self._image, "accounts": None}
        try:
            facts["accounts"] = self.read()
            facts["changed"] = facts["accounts"] != before
        except CompShareError:
            pass  # the first error is the one to report
        return facts


def _account_ids(items: Iterable[object]) -> set[int]:
    """Return account ids, which come as numbers or as their text."""
    return {account for account in map(values.integer, items) if account is not None}
