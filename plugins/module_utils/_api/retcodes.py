# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""RetCodes: what each means, what an operator can do about it, and whether a retry can help.

The gateway's codes are documented. Those of the platform (8xxx, 226xxx) come partly from the documentation and partly
from the vendor's own clients; messages were recorded from the API where the hint quotes them.
"""

from __future__ import annotations

from .errors import Retry


# A plain class, like Credentials.
class RetCode:
    """One code: its meaning, the hint for the operator (None: nothing better to say than the meaning), and retrying."""

    def __init__(self, code: int, meaning: str, hint: str | None, retry: Retry) -> None:
        self.code = code
        self.meaning = meaning
        self.hint = hint
        self.retry = retry


#: The gateway serves no action of this name.
UNKNOWN_ACTION = 161
#: A parameter that is required was not sent.
MISSING_PARAMETER = 210
#: Too many requests for one resource, whatever the rate of the key.
RESOURCE_THROTTLED = 8441
#: A page begins past the end of its list.
PAGE_OUT_OF_RANGE = 8401
_KEYS = "https://console.compshare.cn/uaccount/api_manage"
_REPORT = "Run the task again; if the error persists, report it with the request id."
_LATER = "The platform has a temporary failure; run the task again later."
_BUSY = "It is busy; it is free again after at most ten minutes."
_THROTTLED = "Run fewer tasks at the same time (forks, throttle), or raise api_throttle_timeout."
_PAY = "Settle the account in the console, then run the task again."

_TABLE = (
    # The gateway
    RetCode(110, "the platform behind the gateway did not respond within 60 seconds", _LATER, Retry.READ),
    RetCode(120, "the platform got wrong data from a service behind it", _LATER, Retry.READ),
    RetCode(130, "the gateway or its authentication service failed", _LATER, Retry.READ),
    RetCode(150, "the service is unavailable for now", _LATER, Retry.READ),
    RetCode(153, "too many requests", _THROTTLED, Retry.THROTTLE),
    RetCode(160, "no action was named", _REPORT, Retry.NEVER),
    RetCode(
        UNKNOWN_ACTION,
        "this action does not exist",
        "Check the spelling of the action; some documented actions are not served by this API.",
        Retry.NEVER,
    ),
    RetCode(170, "the request carries no signature", _REPORT, Retry.NEVER),
    RetCode(
        171,
        "the signature is wrong",
        "Check that the private key belongs to this public key, and that both are of CompShare: "
        "keys of another site fail in this way.",
        Retry.NEVER,
    ),
    RetCode(172, "the account of this key does not exist", f"Check the public key at {_KEYS}.", Retry.NEVER),
    RetCode(174, "the security token does not exist or has expired", "Get a new token.", Retry.NEVER),
    RetCode(200, "the key has no permission for this", "Ask the owner of the account to grant it.", Retry.NEVER),
    RetCode(
        MISSING_PARAMETER,
        "a required parameter is missing",
        "Give the option that the message names; for Region and Zone set region and zone.",
        Retry.NEVER,
    ),
    RetCode(220, "a value is out of its range", "Correct the option that the message names.", Retry.NEVER),
    RetCode(
        230,
        "a value is not available here",
        "Check the option that the message names: it does not exist, is not visible to this account, "
        "or is not in this region and zone.",
        Retry.NEVER,
    ),
    RetCode(240, "the key has no permission for this", "Ask the owner of the account to grant it.", Retry.NEVER),
    RetCode(280, "a value has a wrong format", "Correct the option that the message names.", Retry.NEVER),
    RetCode(292, "the project does not exist", "Check project_id; sub-accounts must give it.", Retry.NEVER),
    RetCode(
        293,
        "the account may not use this zone",
        "Choose another zone, or have it opened for the account.",
        Retry.NEVER,
    ),
    RetCode(
        294,
        "the address this request comes from is not allowed",
        f"Add this machine's public address to the key's allow-list at {_KEYS}.",
        Retry.NEVER,
    ),
    RetCode(295, "the account's security lock refused it", "Unlock the operation in the console.", Retry.NEVER),
    RetCode(
        299,
        "the key lacks the permission for this action",
        "Grant the key this action in the console's access management (IAM).",
        Retry.NEVER,
    ),
    RetCode(520, "the balance of the account is too low", _PAY, Retry.NEVER),
    # The platform
    RetCode(8010, "the instance must be stopped first", "Stop the instance, then run the task again.", Retry.NEVER),
    RetCode(8017, "the image is not available", "Choose an image whose status is Available.", Retry.NEVER),
    RetCode(8027, "the image is not available", "Choose an image whose status is Available.", Retry.NEVER),
    RetCode(8039, "it does not exist or is released already", "Check the id, the region and the zone.", Retry.NEVER),
    RetCode(8052, "the security group is at fault", "Check the security group in the console.", Retry.NEVER),
    RetCode(8067, "the disk size is wrong", "Choose a size the platform offers for this disk.", Retry.NEVER),
    RetCode(8090, "the price could not be found out", _LATER, Retry.READ),
    RetCode(8095, "the quota is used up", "Release something, or ask the vendor to raise the quota.", Retry.NEVER),
    RetCode(8097, "the billing service failed", _LATER, Retry.READ),
    RetCode(8102, "the state could not be updated", _LATER, Retry.READ),
    RetCode(8104, "an unpaid order exists", _PAY, Retry.NEVER),
    RetCode(8107, "a disk cannot shrink", "Give at least the present size.", Retry.NEVER),
    RetCode(8108, "the order service failed", _LATER, Retry.READ),
    RetCode(8116, "this way of charging is not allowed here", "Choose another charge_type or zone.", Retry.NEVER),
    RetCode(8117, "the order service failed, or a bill is overdue", _PAY, Retry.NEVER),
    RetCode(8226, "the account's authentication is not set up", "Complete it in the console.", Retry.NEVER),
    RetCode(
        8314,
        "the password breaks the rules",
        "Take 8 to 32 characters of at least two of these: letters, digits, punctuation.",
        Retry.NEVER,
    ),
    RetCode(8315, "the system disk is smaller than the image", "Take a larger system disk.", Retry.NEVER),
    RetCode(
        8333,
        "the zone does not sell this GPU, or not with this many CPUs and this much memory",
        "The API's message speaks of the ratio of CPU to memory, but mostly the zone does not sell that GPU at all: "
        "choose another zone first, then another size.",
        Retry.NEVER,
    ),
    RetCode(8350, "an image shared by somebody else cannot be shared again", "Ask its owner to share it.", Retry.NEVER),
    RetCode(8351, "it does not exist or is released already", "Check the id, the region and the zone.", Retry.NEVER),
    RetCode(8357, "this GPU is sold out", "Wait, or take another zone or GPU type.", Retry.NEVER),
    RetCode(8360, "the system disk is described wrongly", "Give exactly one system disk.", Retry.NEVER),
    RetCode(8366, "the price could not be found out", _LATER, Retry.READ),
    RetCode(8367, "the quota could not be found out", _LATER, Retry.READ),
    RetCode(8372, "no network address could be allotted", _LATER, Retry.READ),
    RetCode(8374, "the CPU platform does not fit", "Leave the CPU platform to the API.", Retry.NEVER),
    RetCode(PAGE_OUT_OF_RANGE, "the page is out of range", _REPORT, Retry.NEVER),
    RetCode(8421, "the metadata service failed", _LATER, Retry.READ),
    RetCode(8429, "the account is in arrears or the resource has expired", _PAY, Retry.NEVER),
    RetCode(
        8433,
        "the platform failed",
        "The API also returns it if a service is not enabled, or if the password of a stopped container is reset.",
        Retry.NEVER,
    ),
    RetCode(8434, "a service that this depends on failed, or a detach is still running", _LATER, Retry.READ),
    RetCode(8436, "it cannot be changed at this moment", "Wait until it is in a settled state.", Retry.NEVER),
    RetCode(8438, "the platform ran out of time", _LATER, Retry.READ),
    RetCode(RESOURCE_THROTTLED, "too many requests for this resource", _THROTTLED, Retry.THROTTLE),
    RetCode(8442, "this instance cannot start without its GPU", "Start it with its GPU.", Retry.NEVER),
    RetCode(8443, "a start without GPU is running already", "Wait until it has ended.", Retry.NEVER),
    RetCode(8445, "an account can run one instance without GPU at a time", "Stop the other one first.", Retry.NEVER),
    RetCode(8498, "a service that this depends on failed", _LATER, Retry.READ),
    RetCode(8510, "a service that this depends on failed", _LATER, Retry.READ),
    RetCode(8520, "a service that this depends on failed", _LATER, Retry.READ),
    RetCode(8580, "a service that this depends on failed", _LATER, Retry.READ),
    RetCode(8903, "the instance is busy with another task", _BUSY, Retry.BUSY),
    RetCode(8905, "the power state does not allow this", "Bring the instance into the right state first.", Retry.NEVER),
    RetCode(8917, "an unpaid order exists", _PAY, Retry.NEVER),
    RetCode(8918, "an unpaid order exists", _PAY, Retry.NEVER),
    RetCode(8919, "an unpaid order exists", _PAY, Retry.NEVER),
    RetCode(8957, "the other account does not exist", "Check the account id (CompanyID in the console).", Retry.NEVER),
    RetCode(8964, "an image is being created from this instance", "Wait until the image is finished.", Retry.BUSY),
    RetCode(8968, "this version name exists already", "Choose another version name.", Retry.NEVER),
    RetCode(226601, "the account is in arrears", _PAY, Retry.NEVER),
    RetCode(226602, "the resource has expired", "Renew it in the console.", Retry.NEVER),
    RetCode(
        226603,
        "the image does not support this GPU type",
        "Choose an image whose supported_gpu_types has it; an instance without GPU reports the type of its host.",
        Retry.NEVER,
    ),
    RetCode(226604, "this GPU type is out of stock here", "Wait, or take another zone or GPU type.", Retry.NEVER),
    RetCode(226605, "a task on this image is running already", "Wait until it has ended.", Retry.NEVER),
    RetCode(226606, "the account is not verified", "Verify the real name in the console.", Retry.NEVER),
    RetCode(226607, "the instance is in the wrong state", "Bring it into the right state first.", Retry.NEVER),
    RetCode(226608, "the quota is used up", "Release something, or ask the vendor to raise the quota.", Retry.NEVER),
    RetCode(226609, "another operation on this is in progress", _BUSY, Retry.BUSY),
    RetCode(226611, "the package is not bought", "Buy it in the console, or choose another charge_type.", Retry.NEVER),
    RetCode(226612, "the resource did not pass the platform's check", "Check the size and the zone.", Retry.NEVER),
    RetCode(226618, "a shared file system is still mounted", "Unmount it first.", Retry.NEVER),
    RetCode(226619, "too many requests", _THROTTLED, Retry.THROTTLE),
    RetCode(226620, "the image is being copied to other zones", _BUSY, Retry.BUSY),
    RetCode(226621, "the system disk is being moved", _BUSY, Retry.BUSY),
    RetCode(226622, "the instance is starting", _BUSY, Retry.BUSY),
    RetCode(226628, "the community image is still on its way to this zone", _BUSY, Retry.BUSY),
    RetCode(226636, "this zone takes no copies of custom images", "Choose another zone.", Retry.NEVER),
    RetCode(226637, "this zone does not support this kind of image", "Choose another zone or image.", Retry.NEVER),
    RetCode(
        226644,
        "the instance runs a paid image, and only that image's publisher may create an image of it",
        "Build from a free or an own image.",
        Retry.NEVER,
    ),
)

RETCODES: dict[int, RetCode] = {entry.code: entry for entry in _TABLE}
BUSY_CODES = frozenset(entry.code for entry in _TABLE if entry.retry is Retry.BUSY)
#: The key may not do this: the account is fine, another action may be allowed.
PERMISSION_CODES = frozenset((200, 240, 299))
#: The object does not exist (any more).
GONE_CODES = frozenset((8039, 8351))


def describe(ret_code: int) -> RetCode:
    """Return what is known of C(ret_code); an unknown code is never retried."""
    known = RETCODES.get(ret_code)
    return known or RetCode(ret_code, "the API refused the request", None, Retry.NEVER)
