# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""A wait for image builds as it goes on: which question goes out when, and what the answers amount to.

What is asked, and why, stands at the top of build.py.
"""

from __future__ import annotations

import random
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .._api.client import Client
from .._api.errors import CompShareError, WaitError
from .._api.retcodes import Retry
from .messages import wait_message
from .requests import BuildQuestions
from .schedule import LONGEST_SLEEP, SHORTEST_SLEEP, PollSettings, Schedule
from .state import Build, BuildTarget

#: An image that neither question knows counts as missing after this many seconds: a new one may take a while to appear.
GRACE = 120.0
#: More builds than this are followed by the list first.
CROWD = 4
#: In a crowd, builds that are due within this share of max_poll_interval are looked at together.
_CROWD_WINDOW = 1 / 6
#: The Status is looked at after this many seconds at the latest, however well the progress moves.
_STATUS_AGE = 900.0
#: Where the list decides, the progress is asked after this many seconds all the same: it may have begun to move.
_PROGRESS_AGE = 150.0
#: The pause after a look that found no answer doubles up to this many seconds.
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 60.0
#: How much longer the shortest pause between two looks may get by throttling.
_SLOWEST = 16.0
#: The last look of a wait begins this many seconds before the time is up, so that its answers still arrive.
_LAST_LOOK = 3.0


@dataclass(frozen=True)
class Outcome:
    """What a look or a wait has found; C(elapsed) in seconds, C(polls) the requests made, C(builds) as in a result."""

    builds: list[dict[str, t.Any]]
    elapsed: float
    polls: int

    def as_result(self) -> dict[str, t.Any]:
        """Return the result's keys: complete, progress, remaining_duration, elapsed, polls, builds.

        C(progress) is the slowest; a build whose percentage is not known counts as 0. C(remaining_duration) is the
        longest; it is None where that of an unfinished build is not known.
        """
        remaining = [build["remaining_duration"] for build in self.builds if not build["failed"]]
        return {
            "complete": all(build["complete"] for build in self.builds),
            "progress": min((build["progress"] or 0 for build in self.builds), default=100),
            "remaining_duration": None if None in remaining else max(remaining, default=0),
            "elapsed": round(self.elapsed, 1),
            "polls": self.polls,
            "builds": self.builds,
        }


class Watch:
    """The builds that are followed, when to ask about them, and what hinders that.

    Takes the client, what to follow, how often to ask, what hears events and warnings, and a source of jitter.
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
        self._questions = BuildQuestions(client)
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
        self._troubled_looks = 0
        self._trouble: str | None = None
        self._slowness = 1.0
        self._not_before = self._start
        self._probed_at: float | None = None
        self._warned: set[str] = set()

    @property
    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self._clock.now() - self._start

    def outcome(self) -> Outcome:
        """Return what is known by now."""
        polls = self._client.requests_sent - self._requests_before
        return Outcome([build.as_result() for build in self._builds], self.elapsed, polls)

    def look(self) -> None:
        """Ask everything about all builds once; raises CompShareError where their state cannot be told."""
        troubles = self._ask(self._builds, thorough=True)
        hindrances = [*troubles, *([self._questions.list_refusal] if self._questions.list_refusal else [])]
        if hindrances and any(build.visible_at is None for build in self._builds):
            raise hindrances[0]
        for error in hindrances:
            self._warn_once(error.summary)
        unknown = [build.target.image_id for build in self._builds if build.unknown_since is not None]
        if unknown:
            self._warn_once(
                f"Not known to the API (yet): {', '.join(unknown)}. A new image takes a while to appear among your own."
            )

    def wait(self, wait_timeout: float) -> None:
        """Ask until all builds have ended or the time is up."""
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
            self._look_at([build for build in self._open if build.schedule.may_join(now, self._window)])

    @property
    def _window(self) -> float:
        """Return how many seconds early or late a look at a build may be for the sake of the others."""
        if self._poll.poll_interval is not None or len(self._open) <= CROWD:
            return 0.0
        return _CROWD_WINDOW * self._poll.max_poll_interval

    def _next_look(self) -> float:
        """Return when to look next: when the first build is due, but in a crowd for several builds together."""
        window = self._window
        builds = self._open
        if window:
            # Builds without an estimate are looked at so often that those with a vague one need no looks of their own.
            vague = [build for build in builds if not build.schedule.expects_end]
            now = self._clock.now()
            unknown = [build for build in vague if build.schedule.likely_remaining(now) is None]
            builds = [build for build in builds if build.schedule.expects_end] + (unknown or vague)
        due = min(build.schedule.due + (window if build.schedule.expects_end else 0.0) for build in builds)
        return max(due, self._not_before)

    def raise_unless_complete(self, ended_because: str) -> None:
        """Raise WaitError where any build is not complete; C(ended_because) is for those that have not ended."""
        if all(build.complete for build in self._builds):
            return
        summary, hint, retryable = wait_message(self._builds, ended_because, self._trouble)
        raise WaitError(summary, hint=hint, retryable=retryable)

    @property
    def _open(self) -> list[Build]:
        return [build for build in self._builds if build.open]

    def _look_at(self, due: list[Build], *, thorough: bool = False) -> None:
        before, began = self._open, self._clock.now()
        troubles = self._ask(due, thorough=thorough)
        # Throttling slows everything down; other trouble with one question does not where the other one answers.
        listed = self._listed_since(began)
        self._note_troubles([error for error in troubles if not listed or error.retry is Retry.THROTTLE])
        for build in before:
            if build in due or not build.open:
                self._report(self._event(build))

    def _ask(self, due: list[Build], *, thorough: bool = False) -> list[CompShareError]:
        """Ask what there is to ask about builds, and return what hindered answers for the moment.

        Thorough means: whatever can be known, not only what the schedules need.
        """
        began = self._clock.now()
        questions = self._questions
        crowd = len(self._open) > CROWD and not questions.list_closed
        asked = [] if crowd else [build for build in due if self._progress_comes_first(build, began, thorough)]
        troubles = questions.ask_progress(asked, self._deadline)
        if crowd or thorough or any(self._status_is_due(build, began, build in asked) for build in due):
            troubles += questions.read_rows(self._open, self._deadline)
        if not troubles:
            left = [build for build in due if build.open and build not in asked and build.progress_possible(began)]
            if not thorough:
                left = self._worth_asking(left, began) if crowd else self._may_have_news(left, began)
            troubles += questions.ask_progress(left, self._deadline)
        self._note_closed_questions()
        self._settle(self._open if crowd else due, began, thorough, bool(troubles))
        return troubles

    def _listed_since(self, time: float) -> bool:
        return self._questions.listed_at is not None and self._questions.listed_at >= time

    def _progress_comes_first(self, build: Build, now: float, thorough: bool) -> bool:
        """Tell whether to begin with the progress: where it may answer, and the list is not surer to tell the news."""
        if self._questions.progress_closed:
            return False
        if self._questions.list_closed:
            return not build.container
        if not build.progress_possible(now):
            return False
        if build.zone is None:
            return False
        return thorough or not (build.schedule.expects_end or build.schedule.stands_still)

    def _status_is_due(self, build: Build, now: float, asked: bool) -> bool:
        answered = asked and build.progress_at is not None and build.progress_at >= now
        if not answered or build.status_at is None or now - build.status_at >= _STATUS_AGE:
            return True
        return build.uninformed or build.nearly_done or build.schedule.behind or build.schedule.stands_still

    def _may_have_news(self, builds: list[Build], now: float) -> list[Build]:
        """Return the builds that the list did not end, but whose progress may tell something new."""
        return [
            build
            for build in builds
            if build.schedule.expects_end or build.progress_at is None or now - build.progress_at >= _PROGRESS_AGE
        ]

    def _worth_asking(self, builds: list[Build], now: float) -> list[Build]:
        """Return the builds of a crowd whose progress is worth asking for.

        Knowing how long each will take saves looks at the list, as the sleeps may then be longer than
        max_poll_interval. That is weighed against one request for each build that has no estimate. Otherwise one
        build is asked from time to time, for a hint at how long the others will take.
        """
        soon = now + self._window
        asking = [build for build in builds if build.schedule.likely_remaining(soon) is None]
        longest_sleep = LONGEST_SLEEP * self._poll.max_poll_interval
        if self._saved_by_estimates(now, longest_sleep) > 0:
            return asking
        if asking and (self._probed_at is None or now - self._probed_at >= longest_sleep):
            self._probed_at = now
            return [min(asking, key=lambda build: build.progress_at or 0.0)]
        return []

    def _saved_by_estimates(self, now: float, longest_sleep: float) -> float:
        """Return the requests that an estimate for every build saves from now on, less what it costs to get them."""
        if self._poll.poll_interval is not None or not all(build.progress_possible(now) for build in self._open):
            return 0.0  # the list is needed as often as ever
        soon = now + 2 * self._poll.max_poll_interval
        unknown = sum(build.schedule.likely_remaining(soon) is None for build in self._open)
        return self._longest_likely(now) * (1 / self._poll.max_poll_interval - 1 / longest_sleep) - unknown

    def _longest_likely(self, now: float) -> float:
        return max((build.schedule.likely_remaining(now) or 0.0 for build in self._open), default=0.0)

    def _settle(self, looked_at: list[Build], began: float, thorough: bool, troubled: bool) -> None:
        """Draw the conclusions that need both questions, and plan the next look at builds without news.

        The progress has the last word only where the list cannot be read: never, or not in the last look of all.
        """
        now = self._clock.now()
        others = self._longest_likely(now) if len(self._open) > CROWD else None
        listed = self._listed_since(began)
        by_progress = self._questions.list_closed is not None or (thorough and not listed)
        for build in looked_at:
            answered = build.progress_at is not None and build.progress_at >= began
            if build.open and by_progress and answered and _done_by_progress(build):
                build.complete_at(now)
            if build.open and not answered and (listed or not troubled):
                build.schedule.saw_nothing_new(now, others_remaining=others)
            seen = build.visible_at is not None and build.visible_at >= began
            if build.open and not seen and (listed or (self._questions.list_closed and build.refusal is not None)):
                build.unknown_since = began if build.unknown_since is None else build.unknown_since
                build.missing = self._deadline is not None and now - build.unknown_since >= GRACE

    def _note_troubles(self, troubles: list[CompShareError]) -> None:
        """Slow the whole task down after throttling and faults, and speed it up again when they are over."""
        now = self._clock.now()
        self._trouble = troubles[0].summary if troubles else None
        throttled = any(error.retry is Retry.THROTTLE for error in troubles)
        self._slowness = min(_SLOWEST, self._slowness * 2) if throttled else max(1.0, self._slowness * 0.8)
        pause = SHORTEST_SLEEP * self._slowness
        if troubles:
            grown = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._troubled_looks) * self._rng.uniform(0.5, 1.0)
            pause = max(pause, grown, *(min(error.retry_after or 0.0, _LONGEST_PAUSE) for error in troubles))
            self._troubled_looks += 1
            self._report(
                {"kind": "trouble", "message": troubles[0].summary, "pause": round(pause), "elapsed": self.elapsed}
            )
        else:
            self._troubled_looks = 0
        if troubles or self._slowness > 1:
            self._not_before = now + pause

    def _note_closed_questions(self) -> None:
        progress_closed, list_closed = self._questions.progress_closed, self._questions.list_closed
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
                f"{list_closed.summary} So the progress alone tells when a build is done, and a failed build looks "
                "like one that does not move."
            )
        if progress_closed:
            self._warn_once(f"{progress_closed.summary} So only the status of each image is known, no percentage.")

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._warn(message)

    def _event(self, build: Build) -> dict[str, t.Any]:
        event = build.as_result()
        event.update(
            kind="build",
            unmoved_for=round(build.schedule.unmoved_for),
            elapsed=round(self.elapsed, 1),
            polls=self._client.requests_sent - self._requests_before,
        )
        return event


def _done_by_progress(build: Build) -> bool:
    """Tell whether the progress alone says that a build is done."""
    return build.progress >= 100 if build.progress is not None else build.remaining_duration == 0
