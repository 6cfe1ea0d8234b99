# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Following image builds: one look at them, or a wait until they have ended.

Two questions tell about a build. The progress action gives a percentage and the time left, for one build; it knows no
failure, and the API refuses it for container images. The list of custom images gives the Status of all of them, a
hundred with one request; the Status decides. A wait asks for the progress as long as the build moves as foretold, and
reads the list at its start, where the end is due, and wherever the progress is refused, stands still, slows down or
says that nothing is left. Either question alone is enough when the key may not ask the other one.

Each build has a schedule of its own (see schedule); wait decides which question goes out when, and asks builds
together that are due close together. When more than CROWD builds are followed, every look reads the list, and the
progress is asked only where that is cheaper than looking at the list as often as without it.

Events
------
follow() hands an event to C(report) after each look, a dictionary with C(kind):

C(build), for each build that was looked at: C(image_id), C(name), C(status), C(progress), C(remaining_duration),
C(complete), C(failed), C(failed_reason) as in a result, C(unmoved_for) (seconds without progress), C(elapsed) (seconds
since the wait began) and C(polls) (requests so far).

C(trouble), when questions found no answer: C(message), C(pause) (seconds until the next try) and C(elapsed).

Live lines also know C(note), for whatever else a module has to say: C(name) of what it is about, and C(message).
"""

from __future__ import annotations

import random
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .._api.client import Client
from .._api.errors import CompShareError, OptionError
from .._api.options import check_numbers
from .._api.values import duration_text
from .schedule import PollSettings
from .state import BuildTarget
from .wait import Outcome, Watch

DEFAULT_WAIT_TIMEOUT = 3600.0


def _ignore(_told: t.Any) -> None:
    """Drop what nobody wants to hear."""


def build_targets(image_ids: Sequence[str]) -> list[BuildTarget]:
    """Return what to follow for image ids as a user gives them; raises OptionError for an empty id."""
    if not all(image_id.strip() for image_id in image_ids):
        raise OptionError("image_ids holds an empty id.")
    return [BuildTarget(image_id.strip()) for image_id in image_ids]


def poll_settings(options: Mapping[str, t.Any]) -> PollSettings:
    """Return the settings in the options poll_interval and max_poll_interval, in seconds; raises OptionError."""
    check_numbers(options)
    return PollSettings(options["poll_interval"], options["max_poll_interval"])


def look(client: Client, targets: Sequence[BuildTarget], *, warn: Callable[[str], None] = _ignore) -> Outcome:
    """Return the state of builds as it is now. A failed build is no error; raises CompShareError without answers."""
    watch = Watch(client, targets, PollSettings(), _ignore, warn, random.Random())
    try:
        watch.look()
    except CompShareError as error:
        error.facts = {**watch.outcome().as_result(), **error.facts}
        raise
    return watch.outcome()


def follow(
    client: Client,
    targets: Sequence[BuildTarget],
    *,
    wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
    poll: PollSettings | None = None,
    report: Callable[[dict[str, t.Any]], None] = _ignore,
    warn: Callable[[str], None] = _ignore,
    rng: random.Random | None = None,
) -> Outcome:
    """Wait until all builds have ended, at most C(wait_timeout) seconds for all of them together.

    Raises WaitError when a build failed, cannot be found, or has not ended in time, and when the wait is interrupted
    (KeyboardInterrupt); whatever is raised carries the result's keys as its C(facts). C(report) takes the events that
    this file describes, C(warn) sentences for the user.
    """
    check_numbers({"wait_timeout": wait_timeout})
    watch = Watch(client, targets, poll or PollSettings(), report, warn, rng or random.Random())
    try:
        ended_because = f"did not end within {duration_text(wait_timeout)}"
        try:
            watch.wait(wait_timeout)
        except KeyboardInterrupt:
            ended_because = f"had not ended when the wait was interrupted after {duration_text(watch.elapsed)}"
        watch.raise_unless_complete(ended_because)
    except CompShareError as error:
        error.facts = {**watch.outcome().as_result(), **error.facts}
        raise
    return watch.outcome()
