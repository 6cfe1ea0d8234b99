# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""When to ask next about something that takes minutes or hours: arithmetic only, no input or output.

A Schedule follows one image build. It is told each answer with the time it came, and says when to ask again (C(due)).
All times are seconds of a monotonic clock, all durations seconds. Randomness and time come from the caller.

How it decides
--------------
The server's remaining time is only a hint: it may be biased, noisy, stuck, or missing. From the answers the course of
the build is learned: how fast the remaining time falls, and how fast the percentage rises. Each gives a likely end.
(A remaining time that falls half a second a second is twice too short: its rate corrects it.)

* Far from the end, a sleep is a share of the likely remaining time, so the questions get denser towards the end.
* Near a likely end that is known well enough, a sleep ends just past it: the next question should find the build done.
* Without an estimate, with one that stands still, or past one that is overrun, the sleeps grow with the time waited.

What max_poll_interval promises
-------------------------------
It bounds the delay with which the end of a build is noticed. It does not bound each sleep: a build of 20 minutes that
is asked about every 30 seconds costs 40 questions, and nearly all of them say nothing new. So:

* Without an estimate that moves, no sleep is longer than max_poll_interval. The promise holds whatever happens.
* With an estimate that moves, a sleep may be longer, but only so long that a build whose remaining time is overstated
  by up to half (OVERSTATEMENT) still ends at most max_poll_interval before the next question.
* An end that nothing announces (a failure that does not first stop the progress, a build that is done long before the
  time announced) cannot be foreseen by any schedule that asks less often than every max_poll_interval. Its delay is
  bounded by the longest sleep: a seventh of the build's length (SHARE_OF_BUILD), and never more than LONGEST_SLEEP
  times max_poll_interval. Should the answer after it look almost as expected, one further sleep may follow.

Who wants a hard limit on each sleep sets poll_interval: then every sleep has that length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

#: The shortest time between two questions about one build.
SHORTEST_SLEEP = 2.0
#: How far a remaining time may be above the truth without breaking the promise of max_poll_interval.
OVERSTATEMENT = 1.5
#: The longest sleep, counted in max_poll_interval, and as a share of the whole build.
LONGEST_SLEEP = 7.0
SHARE_OF_BUILD = 1 / 7
#: A likely end that is known within this many seconds is waited for in one sleep.
CLOSE_ENOUGH = 2.5
#: How far past the likely end that sleep goes: late enough to find the end, early enough to be quick.
PAST_THE_END = (0.3, 1.0)
#: Where an estimate stands still, a sleep is a share of the time without movement, or of the time since the start of
#: the wait: it may stand still for long. (Shares like these are set by the benchmark, tests/benchmarks/polling.)
STANDSTILL_GROWTH = 0.25
STANDSTILL_SHARE = 0.05
#: Where builds like it have an estimate, the sleep is at least this share of their remaining time.
HINT_SHARE = 0.1
#: A build falls behind when it advances less than its course lets expect: by this share, and by more than usual.
SLIP = 0.15
USUAL_SLIPS = 3.0
USUAL_FADES = 0.8
#: A percentage that falls by this many points means that the build began anew.
RESTART_DROP = 15.0
#: A likely error is never taken for more than this share, nor a rate for further from 1 than these factors.
MOST_DOUBT = 0.5
SLOWEST_RATE, FASTEST_RATE = 0.4, 2.5
#: Sleeps are shortened by a share between these at random, so that many tasks do not ask in step. What is left of
#: max_poll_interval in any case is for the time that the requests take.
JITTER = (0.02, 0.05)
#: Builds that are due within this share of their sleeps are asked together.
EARLY = 0.15
#: An estimate is used up after this share of the sleep that it allows.
NEARLY = 0.9
#: How many answers the learned rates rest on.
REMEMBERED = 6
#: Answers that come within so many seconds count as one.
_SAME_TIME = 0.001
#: Longer than any build, in seconds.
_NEVER = 1e8


@dataclass(frozen=True)
class PollSettings:
    """How often to ask, as the user sets it.

    C(poll_interval) is the seconds between two questions, fixed; None for adaptive polling. C(max_poll_interval) is
    the seconds by which the end of a build may be noticed late; the docstring of this file says what it promises.
    """

    poll_interval: float | None = None
    max_poll_interval: float = 30.0


@dataclass(frozen=True)
class Estimate:
    """What is known of the end of a build at some time.

    C(likely) are the seconds left, C(least) the fewest that any reading of the answers leaves, C(doubt) the likely
    error as a share of the seconds that were left when the last answer came.
    """

    likely: float
    least: float
    doubt: float

    @property
    def is_sharp(self) -> bool:
        """Tell whether the end is known within seconds."""
        return self.doubt <= CLOSE_ENOUGH


@dataclass(frozen=True)
class _Answer:
    time: float
    percent: float | None
    remaining: float | None


class Course:
    """What the answers about one build teach about its course, since its start or its last restart."""

    def __init__(self) -> None:
        self._answers: list[_Answer] = []
        self._doubt = 1 - 1 / OVERSTATEMENT
        self._usual_slip = 0.0
        #: When an answer last showed movement; None before the first answer.
        self.moved_at: float | None = None
        self.behind = False

    @property
    def percent(self) -> float | None:
        """Return the percentage in the last answer."""
        return self._answers[-1].percent if self._answers else None

    @property
    def stands_still(self) -> bool:
        """Tell whether the last answer shows no movement since the one before."""
        return len(self._answers) > 1 and self.moved_at != self._answers[-1].time

    @property
    def unmoved_for(self) -> float:
        """Return the seconds from the last movement to the last answer."""
        return self._answers[-1].time - self.moved_at if self._answers and self.moved_at is not None else 0.0

    def begins_anew(self, percent: float | None, remaining: float | None) -> bool:
        """Tell whether an answer belongs to a build that has started again."""
        if not self._answers:
            return False
        last = self._answers[-1]
        if last.percent is not None and percent is not None:
            return percent < last.percent - RESTART_DROP
        if last.remaining is not None and remaining is not None:
            return remaining > 2 * last.remaining + 60
        return False

    def add(self, time: float, percent: float | None, remaining: float | None) -> None:
        """Take an answer."""
        answer = _Answer(time, percent, remaining)
        last = self._answers[-1] if self._answers else None
        if last is None or time - last.time < _SAME_TIME:
            self._answers = [*self._answers[:-1], answer]
            self.moved_at = time
            return
        before = self.estimate(last.time)
        self.behind = self._falls_behind(last, answer)
        if _moved(last, answer):
            self.moved_at = time
        self._answers = [*self._answers, answer][-REMEMBERED:]
        after = self.estimate(time)
        if before is not None and after is not None and before.likely > 0:
            error = abs(after.likely - (before.likely - (time - last.time))) / before.likely
            self._doubt = min(MOST_DOUBT, max(error, self._doubt / 3))

    def estimate(self, now: float) -> Estimate | None:
        """Return what the answers say about the end, seen at C(now); None when they say nothing that can be used."""
        if not self._answers or self.stands_still:
            return None
        last = self._answers[-1]
        readings = []
        if last.remaining:
            rate = self._rate_of_remaining()
            rate = 1.0 if rate is None else min(max(rate, SLOWEST_RATE), FASTEST_RATE)
            readings.append(last.remaining / rate)
        rate = self._rate_of_percent()
        if last.percent is not None and rate is not None and rate > 0:
            readings.append(min((100.0 - last.percent) / rate, _NEVER))
        if not readings:
            return None
        likely = math.fsum(readings) / len(readings)
        doubt = max(self._doubt * likely, (max(readings) - min(readings)) / 2)
        doubt = min(doubt, MOST_DOUBT * likely)
        age = now - last.time
        if age > NEARLY * (likely - doubt) and doubt > CLOSE_ENOUGH:
            return None  # so far the last answer was good for; only a new one can tell more
        least = min(readings if last.remaining is None else [last.remaining, *readings])
        return Estimate(max(0.0, likely - age), least / OVERSTATEMENT - age, doubt)

    def _falls_behind(self, last: _Answer, answer: _Answer) -> bool:
        """Tell whether the build advanced clearly less since the last answer than its course until then let expect."""
        rate_of_percent, rate_of_remaining = self._rate_of_percent(), self._rate_of_remaining()
        if answer.percent is not None and last.percent is not None and rate_of_percent:
            advanced = (answer.percent - last.percent) / rate_of_percent
        elif answer.remaining is not None and last.remaining is not None and rate_of_remaining:
            advanced = (last.remaining - answer.remaining) / rate_of_remaining
        else:
            return False
        slip = 1 - advanced / (answer.time - last.time)
        behind = slip > max(SLIP, USUAL_SLIPS * self._usual_slip)
        self._usual_slip = max(0.0 if behind else abs(slip), self._usual_slip * USUAL_FADES)
        return behind

    def _rate_of_percent(self) -> float | None:
        """Return the learned points of percentage a second."""
        return _slope([(answer.time, answer.percent) for answer in self._answers if answer.percent is not None])

    def _rate_of_remaining(self) -> float | None:
        """Return the learned seconds by which the stated remaining time falls in a second."""
        return _slope([(answer.time, -answer.remaining) for answer in self._answers if answer.remaining is not None])


class Schedule:
    """When to ask next about one build.

    Takes the settings, when the wait starts, and a source of jitter. C(due) is when to ask next (at first: at once),
    C(expects_end) tells that the question at C(due) should find the build ended.
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

    def saw_progress(self, now: float, percent: float | None, remaining: float | None) -> None:
        """Take an answer about a build that has not ended, and plan the next question.

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
        if estimate is not None and estimate.likely > 2 * self._settings.max_poll_interval:
            self._overrun_since = None
        self._plan(now, None)

    def saw_nothing_new(self, now: float, *, others_remaining: float | None = None) -> None:
        """Take a look that only says that the build has not ended, and plan the next question.

        C(others_remaining) is the remaining time of builds like this one; it spares the short sleeps at the start.
        """
        self._note_overrun(now)
        self._plan(now, others_remaining)

    @property
    def behind(self) -> bool:
        """Tell whether the last answer shows less progress than expected: a reason to look for a failure."""
        return self._course.behind

    @property
    def stands_still(self) -> bool:
        """Tell whether the last answer shows no movement since the one before."""
        return self._course.stands_still

    def may_join(self, now: float, window: float = 0.0) -> bool:
        """Tell whether the question may be asked now, together with another build's.

        It may be asked early by a share of the sleep, or by C(window) seconds, unless it should find the end.
        """
        early = 0.0 if self.expects_end else max(window, EARLY * (self.due - self._planned_at))
        return now >= self.due - early

    @property
    def unmoved_for(self) -> float:
        """Return for how many seconds the answers, up to the last one, have shown no movement."""
        return self._course.unmoved_for

    def likely_remaining(self, now: float) -> float | None:
        """Return the seconds until the likely end; None without a usable estimate."""
        estimate = self._course.estimate(now)
        return None if estimate is None else estimate.likely

    def _note_overrun(self, now: float) -> None:
        if self.expects_end and now >= self.due and self._overrun_since is None:
            self._overrun_since = now

    def _plan(self, now: float, others_remaining: float | None) -> None:
        self._planned_at = now
        self.expects_end = False
        if self._settings.poll_interval is not None:
            self.due = now + self._settings.poll_interval
            return
        estimate = self._course.estimate(now)
        if estimate is None:
            sleep = self._without_estimate(now, others_remaining)
        else:
            sleep = max(self._by_estimate(now, estimate), self._since_overrun(now))
        self.due = now + max(SHORTEST_SLEEP, sleep)

    def _without_estimate(self, now: float, others_remaining: float | None) -> float:
        waited = now - self._start
        if self._course.moved_at is None:
            return self._bounded(max(_blind_sleep(waited), HINT_SHARE * (others_remaining or 0.0)))
        unmoved = now - self._course.moved_at
        return max(self._bounded(max(STANDSTILL_GROWTH * unmoved, STANDSTILL_SHARE * waited)), self._since_overrun(now))

    def _since_overrun(self, now: float) -> float:
        return 0.0 if self._overrun_since is None else self._bounded(_blind_sleep(now - self._overrun_since))

    def _bounded(self, sleep: float) -> float:
        return self._jittered(min(self._settings.max_poll_interval, max(SHORTEST_SLEEP, sleep)))

    def _by_estimate(self, now: float, estimate: Estimate) -> float:
        limit = self._longest_sleep(now, estimate)
        past_the_end = estimate.likely + self._random.uniform(*PAST_THE_END)
        self.expects_end = estimate.is_sharp and past_the_end <= limit
        return past_the_end if self.expects_end else self._jittered(min(limit, estimate.likely - estimate.doubt))

    def _longest_sleep(self, now: float, estimate: Estimate) -> float:
        # The build has not ended by now, so a sleep of max_poll_interval keeps the promise in any case.
        shortest_limit = self._settings.max_poll_interval
        if self._course.behind:
            return shortest_limit
        whole = now - self._start + estimate.likely
        if self._course.percent is not None and self._course.percent < 100:
            whole = max(whole, estimate.likely / (1 - self._course.percent / 100))
        foreseen = estimate.least + self._settings.max_poll_interval - SHORTEST_SLEEP
        return max(shortest_limit, min(foreseen, LONGEST_SLEEP * shortest_limit, SHARE_OF_BUILD * whole))

    def _jittered(self, sleep: float) -> float:
        return sleep * (1 - self._random.uniform(*JITTER))


def _blind_sleep(passed: float) -> float:
    """Return a sleep for when nothing is known of the length, after C(passed) seconds without news.

    For lengths spread evenly on a logarithmic scale, sleeps that grow with the square root of the time passed are
    the best trade of delay for questions.
    """
    return math.sqrt(2 * SHORTEST_SLEEP * passed)


def _within(value: float | None, low: float, high: float) -> float | None:
    """Return C(value) kept within limits; None for None and for what is not a number."""
    if value is None or math.isnan(value):
        return None
    return min(max(value, low), high)


def _moved(last: _Answer, answer: _Answer) -> bool:
    if last.percent is not None and answer.percent is not None and answer.percent > last.percent:
        return True
    if last.remaining is not None and answer.remaining is not None:
        return answer.remaining < last.remaining
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
