# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When to look at a build next: adaptive polling, as pure arithmetic.

A Schedule follows one image build. It takes each response with the time it came, and says when to poll next (C(due)).
All times are seconds of a monotonic clock, all durations seconds. Randomness and time come from the caller.

How it decides
--------------
The server's remaining time is only a hint: it may be biased, noisy, stuck, or missing. The responses so far show the
course of the build: how fast the remaining time falls, and how fast the percentage rises. Each gives a likely end.
(A remaining time that falls half a second a second is twice too short: its rate corrects it.)

* No pause is longer than max_poll_interval.
* Without an estimate that moves, pauses grow with the time waited, up to LONGEST_BLIND seconds.
* Far from the end, a pause is a share of the likely remaining time, so looks get denser towards the end.
* Close to an end that is known within seconds, a pause ends just past it: the next look should find the build done.
* An end may also come without a sign. A progress that froze shows it; if a response lacks a few seconds of the expected
  progress, the build may have ended that long ago, so the next pause is shorter by as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

#: The shortest pause between two looks at one build.
SHORTEST_SLEEP = 2.0
#: The longest pause without an estimate that moves.
LONGEST_BLIND = 30.0
#: A remaining time may be overstated by up to this factor, and the end is still noticed within LONGEST_BLIND.
OVERSTATEMENT = 1.5
#: The pause after the first response, as a share of the remaining time, where only the estimate bounds it.
FIRST_SHARE = 0.5
#: What is left of max_poll_interval for the requests of a look.
TIME_OF_REQUESTS = 1.0
#: The longest pause as a share of the whole build.
SHARE_OF_BUILD = 0.186
#: A likely end that is known within this many seconds is waited for in one sleep.
CLOSE_ENOUGH = 2.5
#: How far past the likely end that sleep goes: late enough to find the end, early enough to be quick.
PAST_THE_END = (0.3, 1.0)
#: Where an estimate stands still, a sleep is a share of the time without movement, or of the time since the start of
#: the wait: it may stand still for long. (Shares like these are set by the benchmark, tests/benchmarks/polling.)
BLIND_GROWTH = 1.0
STANDSTILL_GROWTH = 0.15
STANDSTILL_SHARE = 0.055
#: Where builds like it are about to end, the pause.
DENSE = 4.0
#: A build falls behind when it advances less than its course lets expect: by this share, and by more than usual.
SLIP = 0.14
USUAL_SLIPS = 3.4
USUAL_FADES = 0.8
#: A percentage that falls by this many points means that the build began anew.
RESTART_DROP = 15.0
#: A likely error is never taken for more than this share, nor a rate for further from 1 than these factors.
MOST_DOUBT = 0.5
SLOWEST_RATE, FASTEST_RATE = 0.4, 2.5
#: Sleeps are shortened by a share between these at random, so that many tasks do not poll in step. What is left of
#: max_poll_interval in any case is for the time that the requests take.
JITTER = (0.0, 0.03)
#: How many builds stand for a large set. They agree when their likely ends are so close that dense looks at the list
#: between them cost at most so many requests for each of the other builds.
SAMPLE = 4
READS_FOR_ONE = 2.0
#: A build outside of the sample that is so many seconds late does not end like the sample.
OVERDUE = 10.0
#: Builds that are due within this share of their sleeps are polled together.
EARLY = 0.15
#: An estimate is used up after this share of the sleep that it allows.
NEARLY = 0.7
#: A reading counts the less, the more it erred; its error fades by this factor with each response, and one below this
#: share is no error.
ERROR_FADES = 0.5
SMALL_ERROR = 0.05
#: How many responses the learned rates rest on.
REMEMBERED = 7
#: Responses that come within so many seconds count as one.
_SAME_TIME = 0.001
#: Longer than any build, in seconds.
_NEVER = 1e8


@dataclass(frozen=True)
class PollSettings:
    """How often to poll, as the user sets it.

    C(poll_interval) is the fixed pause between two looks, None for adaptive polling; C(max_poll_interval) the longest
    pause of adaptive polling. Both are seconds.
    """

    poll_interval: float | None = None
    max_poll_interval: float = 120.0


@dataclass(frozen=True)
class Estimate:
    """What is known of the end of a build at some time.

    C(likely) are the seconds left, C(least) the fewest that any reading of the responses leaves, C(doubt) the likely
    error as a share of the seconds that were left when the last response came.
    """

    likely: float
    least: float
    doubt: float

    @property
    def is_sharp(self) -> bool:
        """Return whether the end is known within seconds."""
        return self.doubt <= CLOSE_ENOUGH


@dataclass(frozen=True)
class _Response:
    time: float
    percent: float | None
    remaining: float | None


class Course:
    """What the responses about one build teach about its course, since its start or its last restart."""

    def __init__(self) -> None:
        self._responses: list[_Response] = []
        self._doubt = 1 - 1 / OVERSTATEMENT
        self._usual_slip = 0.0
        #: The error of each reading, as a share of what it predicted.
        self._errors: dict[str, float] = {}
        #: When a response last showed movement; None before the first response.
        self.moved_at: float | None = None
        self.behind = False
        #: The seconds by which the last response fell short of the expected progress.
        self.lost = 0.0

    @property
    def percent(self) -> float | None:
        """Return the percentage in the last response."""
        return self._responses[-1].percent if self._responses else None

    @property
    def is_known(self) -> bool:
        """Return whether there are responses enough to know how far the estimate can be trusted."""
        return len(self._responses) > 1

    @property
    def stands_still(self) -> bool:
        """Return whether the last response shows no movement since the one before."""
        return len(self._responses) > 1 and self.moved_at != self._responses[-1].time

    @property
    def unmoved_for(self) -> float:
        """Return the seconds from the last movement to the last response."""
        return self._responses[-1].time - self.moved_at if self._responses and self.moved_at is not None else 0.0

    def begins_anew(self, percent: float | None, remaining: float | None) -> bool:
        """Return whether a response belongs to a build that has started again."""
        if not self._responses:
            return False
        last = self._responses[-1]
        if last.percent is not None and percent is not None:
            return percent < last.percent - RESTART_DROP
        if last.remaining is not None and remaining is not None:
            return remaining > 2 * last.remaining + 60
        return False

    def add(self, time: float, percent: float | None, remaining: float | None) -> None:
        """Take a response."""
        response = _Response(time, percent, remaining)
        last = self._responses[-1] if self._responses else None
        if last is None or time - last.time < _SAME_TIME:
            self._responses = [*self._responses[:-1], response]
            self.moved_at = time
            return
        before, readings_before = self.estimate(last.time), self._readings()
        self._compare(last, response)
        if _moved(last, response):
            self.moved_at = time
        self._responses = [*self._responses, response][-REMEMBERED:]
        passed = time - last.time
        for name, reading in self._readings().items():
            if readings_before.get(name):
                error = abs(reading - (readings_before[name] - passed)) / readings_before[name]
                self._errors[name] = min(max(error, self._errors.get(name, 0.0) * ERROR_FADES), 10.0)
        after = self.estimate(time)
        if before is not None and after is not None and before.likely > 0:
            error = abs(after.likely - (before.likely - passed)) / before.likely
            self._doubt = min(MOST_DOUBT, max(error, self._doubt / 3))

    def _readings(self) -> dict[str, float]:
        """Return the seconds left at the last response, by its remaining time and by its percentage."""
        last = self._responses[-1]
        readings = {}
        if last.remaining:
            rate = self._rate_of_remaining()
            rate = 1.0 if rate is None else min(max(rate, SLOWEST_RATE), FASTEST_RATE)
            readings["remaining"] = last.remaining / rate
        rate = self._rate_of_percent()
        if last.percent is not None and rate is not None and rate > 0:
            readings["percent"] = min((100.0 - last.percent) / rate, _NEVER)
        return readings

    def estimate(self, now: float) -> Estimate | None:
        """Return what the responses say about the end, seen at C(now); None when they say nothing that can be used."""
        if not self._responses or self.stands_still:
            return None
        last = self._responses[-1]
        readings = self._readings()
        if not readings:
            return None
        weights = {name: 1 / (SMALL_ERROR + self._errors.get(name, 0.0)) ** 2 for name in readings}
        whole = math.fsum(weights.values())
        likely = math.fsum(weights[name] * reading for name, reading in readings.items()) / whole
        spread = math.fsum(weights[name] * abs(reading - likely) for name, reading in readings.items()) / whole
        doubt = min(max(self._doubt * likely, spread), MOST_DOUBT * likely)
        age = now - last.time
        if age > NEARLY * (likely - doubt) and doubt > CLOSE_ENOUGH:
            return None  # so far the last response was good for; only a new one can show more
        least = min(readings.values() if last.remaining is None else [last.remaining, *readings.values()])
        return Estimate(max(0.0, likely - age), least / OVERSTATEMENT - age, doubt)

    def _compare(self, last: _Response, response: _Response) -> None:
        """Note by how much the build advanced less since the last response than its course until then let expect."""
        rate_of_percent, rate_of_remaining = self._rate_of_percent(), self._rate_of_remaining()
        self.behind, self.lost = False, 0.0
        if response.percent is not None and last.percent is not None and rate_of_percent:
            advanced = (response.percent - last.percent) / rate_of_percent
        elif response.remaining is not None and last.remaining is not None:
            advanced = (last.remaining - response.remaining) / (rate_of_remaining or 1.0)
        else:
            return
        passed = response.time - last.time
        self.lost = min(max(passed - advanced, 0.0), passed)
        if not self.is_known:
            return
        slip = 1 - advanced / passed
        self.behind = slip > max(SLIP, USUAL_SLIPS * self._usual_slip)
        self._usual_slip = max(0.0 if self.behind else abs(slip), self._usual_slip * USUAL_FADES)

    def _rate_of_percent(self) -> float | None:
        """Return the learned points of percentage a second."""
        return _slope(
            [(response.time, response.percent) for response in self._responses if response.percent is not None]
        )

    def _rate_of_remaining(self) -> float | None:
        """Return the learned seconds by which the stated remaining time falls in a second."""
        return _slope(
            [(response.time, -response.remaining) for response in self._responses if response.remaining is not None]
        )


class Schedule:
    """When to poll one build next.

    Takes the settings, when the wait starts, and a source of jitter. C(due) is when to poll next (at first: at once),
    C(expects_end) means that the look at C(due) should find the build ended.
    """

    def __init__(self, settings: PollSettings, start: float, random: Random) -> None:
        self._settings = settings
        self._random = random
        self._start = start
        self._course = Course()
        self._overrun_since: float | None = None
        self._planned_at = start
        self.due = start
        self.expects_end = False
        #: Whether the next response is needed to sharpen the estimate, and not only to see that nothing happened.
        self.refines = True
        self._shared = False

    def share(self, now: float, shared: bool) -> None:
        """Set whether looks at the list, for many builds, bound the pauses; C(due) is then when one is needed."""
        if shared != self._shared:
            self._shared = shared
            if self._course.moved_at is not None:
                self._plan(now, None)
            elif not shared:
                self.due = now

    def saw_progress(self, now: float, percent: float | None, remaining: float | None) -> None:
        """Take a response about a build that has not ended, and plan the next poll.

        C(percent) is 0 to 100 and C(remaining) seconds, as the server says them; either may be None, or nonsense.
        """
        percent = _within(percent, 0.0, 100.0)
        remaining = _within(remaining, 0.0, _NEVER)
        if percent is None and remaining is None:
            self.saw_nothing_new(now)
            return
        if self._course.begins_anew(percent, remaining):
            self._course = Course()
            self._overrun_since = None
        else:
            self._note_overrun(now)
        self._course.add(now, percent, remaining)
        estimate = self._course.estimate(now)
        if estimate is not None and estimate.likely > 2 * LONGEST_BLIND:
            self._overrun_since = None
        self._plan(now, None)

    def saw_nothing_new(self, now: float, *, others_end_in: float | None = None) -> None:
        """Take a look that only says that the build has not ended, and plan the next poll.

        C(others_end_in) are the seconds until builds like this one may end; it spares the short pauses before.
        """
        self._note_overrun(now)
        self._course.lost = 0.0
        self._plan(now, others_end_in)

    @property
    def behind(self) -> bool:
        """Return whether the last response shows less progress than expected: a reason to look for a failure."""
        return self._course.behind

    @property
    def stands_still(self) -> bool:
        """Return whether the last response shows no movement since the one before."""
        return self._course.stands_still

    def may_join(self, now: float) -> bool:
        """Return whether the look may come now, early by a share of the pause, together with another build's."""
        early = 0.0 if self.expects_end else EARLY * (self.due - self._planned_at)
        return now >= self.due - early

    @property
    def unmoved_for(self) -> float:
        """Return for how many seconds the responses, up to the last one, have shown no movement."""
        return self._course.unmoved_for

    def estimate(self, now: float) -> Estimate | None:
        """Return what is known of the end; None without a usable estimate."""
        return self._course.estimate(now)

    def _note_overrun(self, now: float) -> None:
        if self.expects_end and now >= self.due and self._overrun_since is None:
            self._overrun_since = now

    def _plan(self, now: float, others_end_in: float | None) -> None:
        self._planned_at = now
        self.expects_end, self.refines = False, True
        if self._settings.poll_interval is not None:
            self.due = now + self._settings.poll_interval
            return
        estimate = self._course.estimate(now)
        if estimate is None:
            sleep = self._without_estimate(now, others_end_in)
        else:
            sleep = max(self._by_estimate(now, estimate), self._since_overrun(now))
        self.due = now + max(SHORTEST_SLEEP, sleep)

    def _without_estimate(self, now: float, others_end_in: float | None) -> float:
        waited = now - self._start
        if self._course.moved_at is None:
            return self._bounded(_blind_sleep(waited) if others_end_in is None else max(DENSE, others_end_in))
        unmoved = now - self._course.moved_at
        if not self._course.is_known:
            return self._bounded(_blind_sleep(unmoved))
        return max(self._bounded(max(STANDSTILL_GROWTH * unmoved, STANDSTILL_SHARE * waited)), self._since_overrun(now))

    def _since_overrun(self, now: float) -> float:
        return 0.0 if self._overrun_since is None else self._bounded(_blind_sleep(now - self._overrun_since))

    def _bounded(self, sleep: float) -> float:
        return self._jittered(min(self._blind_limit, max(SHORTEST_SLEEP, sleep)))

    @property
    def _blind_limit(self) -> float:
        return min(LONGEST_BLIND, self._settings.max_poll_interval)

    def _by_estimate(self, now: float, estimate: Estimate) -> float:
        limit = self._longest_sleep(now, estimate)
        past_the_end = estimate.likely + self._random.uniform(*PAST_THE_END)
        self.expects_end = estimate.is_sharp and past_the_end <= limit
        if self.expects_end:
            return past_the_end
        until_doubtful = estimate.likely - estimate.doubt
        self.refines = self._shared or until_doubtful <= limit
        return self._jittered(min(limit, until_doubtful))

    def _longest_sleep(self, now: float, estimate: Estimate) -> float:
        if self._shared:
            return math.inf if self._course.is_known else FIRST_SHARE * estimate.likely
        if self._course.behind:
            return self._blind_limit
        whole = now - self._start + estimate.likely
        if self._course.percent is not None and self._course.percent < 100:
            whole = max(whole, estimate.likely / (1 - self._course.percent / 100))
        predicted = estimate.least + self._blind_limit - SHORTEST_SLEEP
        longest = self._settings.max_poll_interval - self._course.lost - TIME_OF_REQUESTS
        return max(self._blind_limit, min(predicted, longest, SHARE_OF_BUILD * whole))

    def _jittered(self, sleep: float) -> float:
        return sleep * (1 - self._random.uniform(*JITTER))


class Sample:
    """Whose progress is requested in a large set: that of a few builds, while these agree when they end.

    The others are expected to end with them. When the sample disagrees, or one of the others does not end with it, the
    sample is everyone.
    """

    def __init__(self) -> None:
        self._members: list[Schedule] = []
        self._everyone = False
        self._earliest: float | None = None
        self._latest: float | None = None

    def __contains__(self, schedule: Schedule) -> bool:
        return self._everyone or schedule in self._members

    def choose(self, able: Sequence[Schedule]) -> None:
        """Choose a few of the builds whose progress can be requested, at first; all if no end could be predicted."""
        if not self._members:
            self._members = list(able[:: max(1, math.ceil(len(able) / SAMPLE))])
        elif self._latest is None and not any(member in able for member in self._members):
            self._everyone = True

    def saw_ends(self, now: float, ended: Iterable[Schedule], running: Iterable[Schedule]) -> None:
        """Take it which builds have ended since the last look; an unpredicted end shows that they are not alike."""
        early = self._earliest is not None and now < self._earliest and any(each not in self for each in ended)
        late = self._latest is not None and now > self._latest and any(each not in self for each in running)
        self._everyone = self._everyone or early or late

    def predict(self, now: float, running: Sequence[Schedule]) -> None:
        """See when the others end, as the sample has it now."""
        members = [schedule for schedule in running if schedule in self._members]
        estimates = [estimate for estimate in (member.estimate(now) for member in members) if estimate is not None]
        if self._everyone or not estimates or len(estimates) < len(members):
            return  # what was predicted before is as good as it gets
        likely = [estimate.likely for estimate in estimates]
        spread = max(likely) - min(likely)
        if spread > DENSE * READS_FOR_ONE * (len(running) - len(members)) + CLOSE_ENOUGH:
            self._everyone = True
            self._earliest = self._latest = None
            return
        beyond = spread / len(estimates)
        if self._earliest is None or now < self._earliest:
            self._earliest = now + min(estimate.likely - estimate.doubt for estimate in estimates) - beyond
        self._latest = now + max(estimate.likely + 2 * estimate.doubt for estimate in estimates) + beyond + OVERDUE

    def end_in(self, now: float) -> float | None:
        """Return the seconds until builds outside of the sample may end; None if that is not known."""
        return None if self._earliest is None else self._earliest - now


def _blind_sleep(passed: float) -> float:
    """Return a sleep for when nothing is known of the length, after C(passed) seconds without news.

    For lengths spread evenly on a logarithmic scale, sleeps that grow with the square root of the time passed are
    the best trade of delay for requests.
    """
    return math.sqrt(BLIND_GROWTH * passed)


def _within(value: float | None, low: float, high: float) -> float | None:
    """Return C(value) kept within limits; None for None and for what is not a number."""
    if value is None or math.isnan(value):
        return None
    return min(max(value, low), high)


def _moved(last: _Response, response: _Response) -> bool:
    if last.percent is not None and response.percent is not None and response.percent > last.percent:
        return True
    if last.remaining is not None and response.remaining is not None:
        return response.remaining < last.remaining
    return False


def _slope(points: list[tuple[float, float]]) -> float | None:
    """Return the least-squares slope through points (time, value); None for fewer than two.

    math.fsum() gives the same on every Python; sum() adds up otherwise from 3.12 on.
    """
    if len(points) < 2:
        return None
    mean_time = math.fsum(time for time, _value in points) / len(points)
    mean_value = math.fsum(value for _time, value in points) / len(points)
    spread = math.fsum((time - mean_time) ** 2 for time, _value in points)
    return math.fsum((time - mean_time) * (value - mean_value) for time, value in points) / spread
