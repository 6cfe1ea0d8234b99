# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Following image builds: one look at them, or a wait until they have ended.

Two requests report on a build. The progress action gives a percentage and the time left of one build; it does not
know failures, and the API refuses it for container images. The list of custom images gives the Status of all of them,
a hundred with one request. The Status decides; a progress of 100 per cent does only if the list cannot be read and
nothing contradicts it. Each build has a schedule of its own (see schedule); Watch decides which request is sent.

A few builds (SET at most) are followed by their progress. The list is read at the start, at each expected end, every
max_poll_interval, and whenever the progress is refused, stands still or slows down. More builds are followed by the
list, and the progress serves to predict their ends.

Events
------
wait_for_builds() hands events to C(report), dictionaries with C(kind):

C(build), for each build that was looked at: C(image_id), C(name), C(status), C(progress), C(remaining_duration),
C(complete), C(failed), C(failed_reason) as in a result, C(unmoved_for) (seconds without progress), C(elapsed) (seconds
since the wait began) and C(polls) (requests so far). Of more than SET builds, only those that have failed have one.

C(builds), after each look at more than SET builds: C(total), C(complete), C(failed), C(progress) (the slowest that is
known of those that still run), C(remaining_duration) (the longest), C(elapsed) and C(polls).

C(fault), when requests failed: C(message), C(pause) (seconds until the next look) and C(elapsed).

Live lines also know C(note), for whatever else a module has to say: C(name) of what it is about, and C(message).
"""

from __future__ import annotations

import random
import typing as t
from collections.abc import Callable, Sequence

from .._api.client import Client
from .._api.clock import duration_text
from .._api.errors import CompShareError, OptionError, Retry, WaitError
from .._waiting import SHOWN_WITHIN
from .messages import wait_message
from .schedule import LONGEST_BLIND, SHORTEST_SLEEP, TIME_OF_REQUESTS, PollSettings, Sample, Schedule
from .state import Build, BuildRequests, BuildTarget, Outcome

DEFAULT_WAIT_TIMEOUT = 3600.0
#: More builds than this are followed by the list.
SET = 4
#: An image that neither the list nor the progress action knows counts as missing after so many seconds: a new one may
#: take a while to appear.
GRACE = SHOWN_WITHIN
#: If the list fails, a progress of 100 per cent is trusted after so many seconds.
TRUST_AFTER = 120.0
#: If the list decides, the progress is requested after this many seconds all the same: it may have begun to move.
_PROGRESS_AGE = 150.0
#: In a large set, the progress of so many builds is requested for the first time between two looks at the list,
_AT_ONCE = 16
#: and never again within this many seconds.
_PROGRESS_PAUSE = 5.0
#: The pause after a look that failed doubles up to this many seconds.
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 120.0
#: After so many looks in a row without any response, a look begins with a single request.
_PROBE_AFTER = 2
#: How much longer the shortest pause between two looks may get by throttling.
_SLOWEST = 16.0
#: The last look of a wait begins this many seconds before the deadline, so that its responses still arrive.
_LAST_LOOK = 3.0


def _ignore(_event: t.Any) -> None:
    """Drop what nobody listens to."""


def build_targets(image_ids: Sequence[str]) -> list[BuildTarget]:
    """Return what to follow for image ids as a user gives them; raises OptionError for an empty id."""
    if not all(image_id.strip() for image_id in image_ids):
        raise OptionError("image_ids holds an empty id.")
    return [BuildTarget(image_id.strip()) for image_id in image_ids]


def look_at_builds(client: Client, targets: Sequence[BuildTarget], *, warn: Callable[[str], None] = _ignore) -> Outcome:
    """Return the state of builds as it is now. A failed build is no error; raises CompShareError without responses."""
    watch = Watch(client, targets, PollSettings(), _ignore, warn, random.Random())
    try:
        watch.look()
    except CompShareError as error:
        error.facts = {**watch.outcome().as_result(), **error.facts}
        raise
    return watch.outcome()


def wait_for_builds(
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


class Watch:
    """The builds that are followed, which request about them is due, and what hinders that.

    Takes the client, what to follow, how often to look, what hears events and warnings, and a source of jitter.
    """

    def __init__(
        self,
        client: Client,
        targets: Sequence[BuildTarget],
        poll: PollSettings,
        report: Callable[[dict[str, t.Any]], None],
        warn: Callable[[str], None],
        rng: random.Random,
    ) -> None:
        self._clock = client.clock
        self._client = client
        self._requests = BuildRequests(client)
        self._poll = poll
        self._report = report
        self._warn = warn
        self._rng = rng
        self._start = self._clock.now()
        self._deadline: float | None = None
        self._requests_before = client.requests_sent
        self._builds = [
            Build(
                target,
                Schedule(poll, self._start, rng),
                name=target.name,
                region=target.region or client.scope.region,
                zone=target.zone or client.scope.zone,
            )
            for target in {target.image_id: target for target in targets}.values()
        ]
        self._sample = Sample()
        self._failed_looks = self._silent_looks = 0
        self._fault: str | None = None
        self._slowness = 1.0
        self._not_before = self._start
        self._warned: set[str] = set()

    @property
    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self._clock.now() - self._start

    @property
    def _polls(self) -> int:
        return self._client.requests_sent - self._requests_before

    @property
    def _open(self) -> list[Build]:
        return [build for build in self._builds if build.open]

    @property
    def _is_set(self) -> bool:
        """Return whether the list shows the ends: there are many builds, and it can be read."""
        return len(self._open) > SET and not self._requests.list_silent

    def outcome(self) -> Outcome:
        """Return what is known by now."""
        return Outcome.of(self._builds, self.elapsed, self._polls)

    def look(self) -> None:
        """Request everything about all builds once; raises CompShareError if their state cannot be read."""
        faults = self._look_at_each(self._builds, thorough=True)
        self._note_closed_requests()
        self._conclude(self._builds, self._builds, self._start, bool(faults))
        refusal = self._requests.list_refusal
        errors = [*faults, *([refusal] if refusal else [])]
        if errors and any(build.visible_at is None for build in self._builds):
            raise errors[0]
        for error in errors:
            self._warn_once(error.summary)
        unproven = [build.target.image_id for build in self._open if build.full_since is not None]
        if unproven:
            self._warn_once(
                f"The progress is 100 %, but the status could not be read, so it is unknown how the build ended: "
                f"{', '.join(unproven)}."
            )
        unknown = [build.target.image_id for build in self._builds if build.unknown_since is not None]
        if unknown:
            self._warn_once(
                f"Not known to the API (yet): {', '.join(unknown)}. A new image takes a while to appear among your own."
            )

    def wait(self, wait_timeout: float) -> None:
        """Look until all builds have ended or the timeout has passed."""
        self._deadline = self._start + wait_timeout
        last_look = self._deadline - min(_LAST_LOOK, 0.05 * wait_timeout)
        self._look_at(self._open)
        while self._open:
            wake = self._next_look()
            self._clock.sleep(min(wake, last_look) - self._clock.now())
            if wake >= last_look:
                self._look_at(self._open, thorough=True)
                break
            now = self._clock.now()
            self._look_at([one for one in self._open if one.schedule.may_join(now) or self._awaits_status(one)])
        self._warn_of_trust()

    def raise_unless_complete(self, ended_because: str) -> None:
        """Raise WaitError unless all builds are complete; C(ended_because) is for those that have not ended."""
        if all(build.complete for build in self._builds):
            return
        refusal = self._requests.list_refusal
        fault = self._fault or (refusal.summary if refusal else None)
        summary, hint, retryable = wait_message(self._builds, ended_because, fault)
        raise WaitError(summary, hint=hint, retryable=retryable)

    def _next_look(self) -> float:
        """Return when the first build is due; in a set also when the list is."""
        due = min(build.schedule.due for build in self._open)
        if any(self._awaits_status(build) for build in self._open):
            due = self._start
        return max(min(due, self._list_due) if self._is_set else due, self._not_before)

    def _awaits_status(self, build: Build) -> bool:
        """Return whether the list failed to show how a build with a progress of 100 per cent has ended."""
        requests = self._requests
        return build.full_since is not None and requests.list_failed_at is not None and not requests.list_silent

    @property
    def _list_due(self) -> float:
        """Return when the list is to be read at the latest, for a set."""
        listed_at = self._requests.listed_at
        if listed_at is None:
            return self._start
        return listed_at + (self._poll.poll_interval or self._poll.max_poll_interval - TIME_OF_REQUESTS)

    def _look_at(self, due: list[Build], *, thorough: bool = False) -> None:
        before, began = self._open, self._clock.now()
        in_set = self._is_set
        for build in before:
            build.schedule.share(began, in_set)
        faults = [] if thorough else self._probe(due)
        if not faults:
            faults = self._look_at_set(due) if in_set and not thorough else self._look_at_each(due, thorough=thorough)
        self._note_closed_requests()
        self._conclude(before if in_set else due, due, began, bool(faults))
        for build in self._open:
            build.schedule.share(self._clock.now(), self._is_set)
        # Throttling slows everything down; other faults of one request do not if the other one succeeds.
        listed = self._listed_since(began)
        responded = any(build.progress_at is not None and began - build.progress_at < _PROGRESS_AGE for build in due)
        if any(build.full_since is not None and build.full_since >= began for build in due):
            self._failed_looks = 0  # its status is needed now
        self._silent_looks = 0 if responded or listed or not faults else self._silent_looks + 1
        self._note_faults([error for error in faults if not listed or error.retry is Retry.THROTTLE], responded)
        self._report_look([build for build in before if build in due or not build.open])

    def _probe(self, due: list[Build]) -> list[CompShareError]:
        """While nothing responds, send one request, the list or a progress by turns, first; return its errors."""
        if self._silent_looks < _PROBE_AFTER:
            return []
        if self._silent_looks % 2 and due:
            return self._requests.get_progress(due[:1], self._deadline)
        return self._requests.read_list(self._open, self._deadline)

    def _look_at_each(self, due: list[Build], *, thorough: bool) -> list[CompShareError]:
        """Request what the schedules of a few builds need, or everything."""
        began = self._clock.now()
        requests = self._requests
        first = [build for build in due if self._progress_comes_first(build, began, thorough)]
        faults = requests.get_progress(first, self._deadline)
        if thorough or any(self._status_is_due(build, began, build in first) for build in due):
            faults += requests.read_list(self._open, self._deadline)
        if not any(error.retry is Retry.THROTTLE for error in faults):
            left = [build for build in due if build.open and build not in first and build.progress_possible(began)]
            if not thorough:
                left = self._may_have_news(left, began)
            faults += requests.get_progress(left, self._deadline)
        return faults

    def _look_at_set(self, due: list[Build]) -> list[CompShareError]:
        """Read the list if a build may have ended, then request the progress that the schedules need."""
        began, running = self._clock.now(), self._open
        if self._list_is_due(due, began):
            faults = self._requests.read_list(running, self._deadline)
            if faults:
                return faults
        now = self._clock.now()
        self._sample.saw_ends(
            now, [build.schedule for build in running if not build.open], [build.schedule for build in self._open]
        )
        self._sample.choose([build.schedule for build in self._open if build.progress_possible(now)])
        in_sample = [b for b in self._open if b.schedule in self._sample and b.progress_possible(now)]
        new = [build for build in in_sample if build.progress_at is None][:_AT_ONCE]
        polled = [*(build for build in due if build in in_sample and self._needs_progress(build, now)), *new]
        faults = self._requests.get_progress(polled, self._deadline)
        self._sample.predict(self._clock.now(), [build.schedule for build in self._open])
        suspects = [
            build for build in polled if build.nearly_done or build.schedule.behind or build.schedule.stands_still
        ]
        if suspects and not faults and not self._listed_since(began):
            faults = self._requests.read_list(self._open, self._deadline)
        return faults

    def _list_is_due(self, due: list[Build], now: float) -> bool:
        return now >= self._list_due or any(
            build.schedule.expects_end or build.schedule.estimate(now) is None for build in due
        )

    def _needs_progress(self, build: Build, now: float) -> bool:
        """Return whether the progress of a build that is due is needed again."""
        pause = _PROGRESS_PAUSE if self._poll.poll_interval is None else _PROGRESS_AGE
        if build.progress_at is None or now - build.progress_at < pause:
            return False
        return build.schedule.refines or build.schedule.expects_end

    def _listed_since(self, time: float) -> bool:
        return self._requests.listed_at is not None and self._requests.listed_at >= time

    def _progress_comes_first(self, build: Build, now: float, thorough: bool) -> bool:
        """Return whether to begin with the progress: it may be served, and the list is no surer way to news."""
        if self._requests.progress_closed:
            return False
        if self._requests.list_silent:
            return not build.container
        if not build.progress_possible(now) or build.zone is None:
            return False
        schedule = build.schedule
        if thorough:
            return True
        if self._status_is_old(build, now) and not schedule.refines and self._requests.list_failed_at is None:
            return schedule.estimate(now) is None
        return not (schedule.expects_end or schedule.stands_still)

    def _status_is_old(self, build: Build, now: float) -> bool:
        return build.status_at is None or now - build.status_at >= self._poll.max_poll_interval

    def _status_is_due(self, build: Build, now: float, polled: bool) -> bool:
        responded = polled and build.progress_at is not None and build.progress_at >= now
        if not responded or self._status_is_old(build, now):
            return True
        return build.uninformed or build.nearly_done or build.schedule.behind or build.schedule.stands_still

    def _may_have_news(self, builds: list[Build], now: float) -> list[Build]:
        """Return the builds that the list did not end, but whose progress may show something new."""
        return [
            build
            for build in builds
            if build.schedule.expects_end or build.progress_at is None or now - build.progress_at >= _PROGRESS_AGE
        ]

    def _conclude(self, looked_at: list[Build], due: list[Build], began: float, failed: bool) -> None:
        """Draw the conclusions that need both requests, and plan the next look at builds without news."""
        now = self._clock.now()
        others_end_in = self._sample.end_in(now) if len(self._open) > SET else None
        listed, silent = self._listed_since(began), self._requests.list_silent
        for build in looked_at:
            responded = build.progress_at is not None and build.progress_at >= began
            if build.open and responded and not listed and self._may_trust_progress(build):
                build.trust_progress()
            to_plan = build in due or build.schedule.estimate(now) is None
            if build.open and to_plan and not responded and (listed or not failed):
                build.schedule.saw_nothing_new(now, others_end_in=others_end_in)
            seen = build.visible_at is not None and build.visible_at >= began
            if build.open and not seen and (listed or (silent and build.refusal is not None)):
                build.unknown_since = began if build.unknown_since is None else build.unknown_since
                build.missing = self._deadline is not None and now - build.unknown_since >= GRACE

    def _may_trust_progress(self, build: Build) -> bool:
        """Return whether a progress of 100 per cent counts as the end, although no Status says so.

        It does if this key may not read the list at all, and if the list has failed for long while nothing contradicts
        the progress.
        """
        requests = self._requests
        full_since = build.full_since
        if full_since is None or build.contradicted:
            return False
        if requests.list_closed is not None:
            return True
        if requests.list_failed_since is None or requests.list_failed_at is None:
            return False
        return requests.list_failed_at - max(full_since, requests.list_failed_since) >= TRUST_AFTER

    def _note_faults(self, faults: list[CompShareError], responded: bool) -> None:
        """Slow the whole task down after throttling and faults, and speed it up again when they are over."""
        now = self._clock.now()
        self._fault = faults[0].summary if faults else None
        throttled = any(error.retry is Retry.THROTTLE for error in faults)
        self._slowness = min(_SLOWEST, self._slowness * 2) if throttled else max(1.0, self._slowness * 0.8)
        pause = SHORTEST_SLEEP * self._slowness
        if faults:
            longest = (
                LONGEST_BLIND if responded else min(_LONGEST_PAUSE, max(LONGEST_BLIND, self._poll.max_poll_interval))
            )
            grown = min(longest, _FIRST_PAUSE * 2**self._failed_looks) * self._rng.uniform(0.5, 1.0)
            pause = max(pause, grown, *(min(error.retry_after or 0.0, _LONGEST_PAUSE) for error in faults))
            self._failed_looks += 1
            self._report(
                {"kind": "fault", "message": faults[0].summary, "pause": round(pause), "elapsed": self.elapsed}
            )
        else:
            self._failed_looks = 0
        if faults or self._slowness > 1:
            self._not_before = now + pause

    def _note_closed_requests(self) -> None:
        progress_closed, list_closed = self._requests.progress_closed, self._requests.list_closed
        if progress_closed and list_closed:
            raise CompShareError(
                f"The image builds cannot be followed. {progress_closed.summary} {list_closed.summary}",
                action=list_closed.action,
                ret_code=list_closed.ret_code,
                api_message=list_closed.api_message,
                request_id=list_closed.request_id,
                hint=f"One of the two actions is enough. {list_closed.hint or ''}".strip(),
            )
        if list_closed:
            self._warn_once(
                f"{list_closed.summary} So a build counts as complete when its progress is 100 %, and a failed build "
                "looks like one that does not move."
            )
        if progress_closed:
            self._warn_once(f"{progress_closed.summary} So only the status of each image is known, no percentage.")

    def _warn_of_trust(self) -> None:
        trusted = [build for build in self._builds if build.complete_by_progress]
        if trusted and not self._requests.list_closed:
            refusal = self._requests.list_refusal
            reason = (refusal.summary if refusal else self._fault) or ""
            self._warn_once(
                "Complete by a progress of 100 % alone, as the status could not be read: "
                f"{', '.join(build.target.image_id for build in trusted)}. {reason}".rstrip()
            )

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._warn(message)

    def _report_look(self, builds: list[Build]) -> None:
        """Report a look: each of a few builds, or those that have failed and the sum of all."""
        many = len(self._builds) > SET
        for build in builds:
            if build.failed or not many:
                self._report(self._event(build))
        if many:
            running = self._open
            self._report(
                {
                    "kind": "builds",
                    "total": len(self._builds),
                    "complete": sum(build.complete for build in self._builds),
                    "failed": sum(build.failed for build in self._builds),
                    "progress": _known(min, (build.progress for build in running)),
                    "remaining_duration": _known(max, (build.remaining_duration for build in running)),
                    "elapsed": round(self.elapsed, 1),
                    "polls": self._polls,
                }
            )

    def _event(self, build: Build) -> dict[str, t.Any]:
        event = build.as_result()
        event.update(
            kind="build",
            unmoved_for=round(build.schedule.unmoved_for),
            elapsed=round(self.elapsed, 1),
            polls=self._polls,
        )
        return event


def _known(choose: Callable[..., float], numbers: t.Iterable[float | None]) -> float | None:
    """Return the least or the greatest of the numbers that are known; None if none is."""
    return choose((number for number in numbers if number is not None), default=None)
