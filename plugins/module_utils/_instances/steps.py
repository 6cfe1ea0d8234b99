# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""What a task about instances works with: what it found and did, and how it brings instances into a state.

InstanceWork.bring() polls, decides, sends, and polls again, until each instance is there or on a timeout. What is sent
follows from the state that was just seen, so nothing depends on what earlier requests promised: a state that passes is
waited for, a lost response is replaced by what is seen next, and one deadline holds for all. In check mode nothing is
sent, and the instances are noted as they would be, so that what decides about steps is the same in both.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from contextlib import suppress

from .._api.client import Client
from .._api.errors import CompShareError, RefusedError, Retry, WaitError
from .._task import Task
from .._waiting import Backoff, DeadlineError, apply, wait_until
from .model import FAILED, INSTALL_FAIL, RUNNING, STOPPED, Instance, describe, place_of, settled, system_disk
from .query import read_by_id
from .transitions import STATE_CODES, Course, Done, Goal, Running, Send

_BACKOFF = Backoff(first=2.0, longest=10.0)
#: What the diff shows of an instance.
_SHOWN = (
    "name",
    "state",
    "zone",
    "gpu_type",
    "gpu_count",
    "cpu",
    "memory_gb",
    "image_id",
    "charge_type",
    "without_gpu",
    "scheduled_stop_time",
)


class Outcome:
    """The instances of one task, and what was done to them.

    C(names) are the names of the instances; a single one is None where only an id says which it is. C(instances) has,
    in the same order, each one as it was last seen or would be, None where there is none.
    """

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        self.names = _names(options)
        self.instances: list[Instance | None] = [None] * len(self.names)
        self.before: list[Instance | None] = list(self.instances)
        self.changed = False
        self.actions: list[dict[str, t.Any]] = []
        #: The indexes of the instances that this task created, or would create.
        self.new: set[int] = set()
        #: What each of them costs, None where the API names no price.
        self.prices: dict[int, dict[str, t.Any] | None] = {}
        #: What was resized, or would be.
        self.resized: list[dict[str, t.Any]] = []
        self._title = options["instance_id"]

    def found(self, instances: Sequence[Instance | None]) -> None:
        """Take the instances as they are before anything is done."""
        self.instances, self.before = list(instances), list(instances)

    def missing(self) -> list[int]:
        """Return the indexes of the instances that are not there."""
        return [index for index, instance in enumerate(self.instances) if instance is None]

    def present(self) -> list[Instance]:
        """Return the instances that are there, or would be."""
        return [instance for instance in self.instances if instance is not None]

    def created(self) -> list[Instance]:
        """Return the instances that this task created, or would create, as far as they are still there."""
        return [instance for index in sorted(self.new) if (instance := self.instances[index]) is not None]

    def existing(self) -> list[Instance]:
        """Return the instances that were there before the task."""
        return [one for index, one in enumerate(self.instances) if one is not None and index not in self.new]

    def index_of(self, instance: Instance) -> int:
        """Return the index of an instance that is there."""
        return next(
            index
            for index, known in enumerate(self.instances)
            if known is not None and (known is instance or (known["id"] is not None and known["id"] == instance["id"]))
        )

    def note(self, index: int, instance: Instance | None, action: str) -> None:
        """Note that something was done, or would be, and how the instance is after it."""
        known = instance or self.instances[index] or {}
        self.note_sent(known, action)
        self.instances[index] = instance

    def note_change(self, instance: Instance, after: Mapping[str, t.Any], action: str) -> None:
        """Note that keys of an instance are as C(after) says, or would be."""
        self.note(self.index_of(instance), {**instance, **after}, action)

    def note_sent(self, instance: Mapping[str, t.Any], action: str) -> None:
        """Note that a request was sent that may have changed something."""
        self.changed = True
        self.actions.append({"action": action, "id": instance.get("id"), "name": instance.get("name")})

    def per_hour(self, instance: Instance) -> float | None:
        """Return what an instance costs while it runs, in CNY per hour, None where the API does not say."""
        price = self.prices.get(self.index_of(instance))
        if price is not None:
            return t.cast("float", price["per_hour"])
        parts = [instance[key] for key in ("instance_price", "disk_price", "image_price") if instance[key] is not None]
        return round(sum(parts), 4) if parts else None

    def facts(self, *, diff: bool = False) -> dict[str, t.Any]:
        """Return the keys of the result: what was done and which instances there are."""
        present = self.present()
        facts: dict[str, t.Any] = {
            "changed": self.changed,
            "instances": present,
            "instance": present[0] if len(self.names) == 1 and present else None,
            "actions": self.actions,
        }
        prices = [price for index, price in self.prices.items() if index in self.new and price is not None]
        if prices:
            facts["price"] = max(prices, key=lambda price: t.cast("float", price["per_hour"]))
        if self.resized:
            facts["resized"] = self.resized
        if diff:
            facts["diff"] = {"before": self._shown(self.before), "after": self._shown(self.instances)}
        return facts

    def _shown(self, instances: Sequence[Instance | None]) -> dict[str, dict[str, t.Any]]:
        shown = {}
        for index, instance in enumerate(instances):
            if instance is None:
                continue
            shown[str(self._title or self.names[index])] = details = {key: instance[key] for key in _SHOWN}
            details["system_disk_gb"] = (system_disk(instance) or {}).get("size_gb")
            price = self.prices.get(index) if index in self.new else None
            if price is not None:
                details["price_per_hour"] = price["per_hour"]
        return shown


def _names(options: Mapping[str, t.Any]) -> list[str | None]:
    """Return the names of the instances that a task is about; None stands for the one that is known by its id."""
    name, count = options["name"], options["count"]
    if count is None:
        return [name]
    return [f"{name}-{number}" for number in range(1, count + 1)]


class Mover:
    """Brings instances to a goal until C(deadline) (a value of C(clock.now())).

    It does not use apply(), which waits for one object at a time. One poll shows what came of a lost response for all
    instances at once, and the goal sends a request again only from a state in which that does no harm.

    Without C(wait), an instance is let go when the last request for it was accepted, or when it is on its way.
    C(report) is called with an instance each time that its state has changed, C(sent) with the instance and the action
    of each request.
    """

    def __init__(
        self,
        client: Client,
        *,
        deadline: float,
        wait: bool = True,
        report: t.Callable[[Instance], None] = lambda _instance: None,
        sent: t.Callable[[Instance, str], None] = lambda _instance, _action: None,
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._wait = wait
        self._report = report
        self._sent = sent
        #: How each instance was seen last, None once it is gone.
        self.seen: dict[str, Instance | None] = {}

    def bring(self, instances: Sequence[Instance], goal: Goal) -> list[Instance | None]:
        """Return the instances as they are at the goal, None for those that are gone.

        Raises WaitError, naming each that did not get there, or what the API refused for good.
        """
        now = self._client.clock.now()
        courses = {instance["id"]: Course(instance, now, since=now) for instance in instances}
        for identity, course in courses.items():
            self.seen.setdefault(identity, course.instance)
        pending = set(courses)
        began = self._client.clock.now()
        stepping = False

        def probe() -> bool | None:
            nonlocal stepping
            stepping = False
            self._look([course for identity, course in courses.items() if identity in pending])
            stepping = True
            pending.difference_update([identity for identity in pending if self._step(courses[identity], goal)])
            return None if pending else True

        def on_error(error: CompShareError) -> None:
            # What a step raises is final; only a look is retried.
            if stepping or not error.retryable:
                raise error

        try:
            if pending:
                wait_until(self._client.clock, probe, deadline=self._deadline, backoff=_BACKOFF, on_error=on_error)
        except DeadlineError as late:
            unfinished = [courses[identity] for identity in courses if identity in pending]
            raise self._too_late(unfinished, goal, began, late.error) from None
        return [self.seen[identity] for identity in courses]

    def _look(self, courses: Sequence[Course]) -> None:
        """Show each course how its instance is now."""
        found = read_by_id(self._client, [course.instance["id"] for course in courses])
        now = self._client.clock.now()
        for course in courses:
            instance = found.get(course.instance["id"])
            if instance is not None and instance["state"] != course.instance["state"]:
                self._report(instance)
            course.see(instance, now)
            if instance is not None:
                self.seen[instance["id"]] = instance

    def _step(self, course: Course, goal: Goal) -> bool:
        """Do what is to be done with one instance now; return whether it needs no more."""
        move = goal.next_move(course)
        if isinstance(move, Done):
            if move.gone:
                self.seen[course.instance["id"]] = None
            return True
        if isinstance(move, Send):
            return self._send(course, move) and move.last and not self._wait
        return not self._wait and goal.ends_in is not None and settled(course.instance["state"]) == goal.ends_in

    def _send(self, course: Course, move: Send) -> bool:
        """Send a request; return whether it was accepted. Raises what the API refuses for good."""
        instance = course.instance
        params = {**place_of(instance), **move.params}
        course.tried[move.action, instance["state"]] = self._client.clock.now()
        try:
            self._client.call(move.action, params, write=True, deadline=self._deadline)
        except CompShareError as error:
            waits = isinstance(error, RefusedError) and self._note_refusal(course, move, error)
            if not waits and not error.outcome_unknown:
                raise
            if not waits:
                course.note(move.action, self._client.clock.now(), accepted=False)
                self._sent(instance, move.action)
            return False
        course.refusal = None
        course.note(move.action, self._client.clock.now(), accepted=True)
        self._sent(instance, move.action)
        return True

    def _note_refusal(self, course: Course, move: Send, error: RefusedError) -> bool:
        """Note a refusal; return whether it had no effect and lets the wait go on."""
        waits = error.retry is Retry.BUSY or course.outdated_by(error) or (move.forced and not error.outcome_unknown)
        if waits or error.outcome_unknown:
            course.refusal = error
        if move.forced or error.ret_code in STATE_CODES:
            course.refusals[move.action, course.instance["state"]] = error
        return waits

    def _too_late(
        self, courses: Sequence[Course], goal: Goal, began: float, fault: CompShareError | None
    ) -> CompShareError:
        listed = ", ".join(describe(course.instance) for course in courses[:10])
        more = f" and {len(courses) - 10} more" if len(courses) > 10 else ""
        refusals = [error for course in courses for error in (course.refusal, *course.refusals.values()) if error]
        last = fault or (refusals[-1] if refusals else None)
        if fault is not None or len(refusals) == 1:
            because = f" The last response was: {t.cast('CompShareError', last).summary}"
        else:
            because = "".join(f" {summary}" for summary in dict.fromkeys(error.summary for error in refusals))
        return WaitError(
            f"After {self._client.clock.now() - began:.0f} s, at the end of wait_timeout, "
            f"{listed}{more} did not {goal.purpose}.{because}",
            action=last.action if last is not None else None,
            hint="Run the task again to go on waiting, or raise wait_timeout.",
            retryable=True,
        )


class InstanceWork:
    """One task about some instances. C(outcome) remembers what they came to."""

    def __init__(self, task: Task) -> None:
        self.options = task.options
        self.check_mode = task.check_mode
        self.warn = task.warn
        self.client = task.client
        self.outcome = Outcome(task.options)
        self._task = task
        #: The instance of which a create may be under way.
        self.ordering: str | None = None
        #: Called with an instance that this task created: once it is ordered, and each time that its state has changed.
        self.new_seen: t.Callable[[Instance], None] = lambda _instance: None
        self.deadline = self.client.clock.now() + self.options["wait_timeout"]
        self._began = self.client.clock.now()

    def check_installed(self) -> None:
        """Raise if an instance could not be installed: only its deletion, or another image, helps."""
        for instance in self.outcome.present():
            if instance["state"] in FAILED:
                raise CompShareError(
                    f"{describe(instance)} could not be installed ({INSTALL_FAIL}).",
                    hint="Delete it with state=absent, and run the task again; the API gives no reason.",
                )

    def bring(
        self,
        instances: Sequence[Instance],
        goal: Goal,
        predicted: t.Callable[[Instance], list[tuple[str, Instance | None]]] = lambda _instance: [],
    ) -> None:
        """Bring instances to a goal; in check mode, note the predicted actions and the instance after each."""
        if self.check_mode:
            for instance in instances:
                index = self.outcome.index_of(instance)
                for action, after in predicted(instance):
                    self.outcome.note(index, after, action)
            return
        if not instances:
            return
        mover = Mover(
            self.client,
            deadline=self.deadline,
            wait=self.options["wait"],
            report=self._report,
            sent=self.outcome.note_sent,
        )
        indexes = {instance["id"]: self.outcome.index_of(instance) for instance in instances}
        try:
            mover.bring(instances, goal)
        finally:
            for identity, seen in mover.seen.items():
                self.outcome.instances[indexes[identity]] = seen

    def start_again(self, before: t.Mapping[str, Instance], error: CompShareError) -> None:
        """Start what ran before, by id, and was stopped for something that failed with C(error), and say so in it."""
        if self.check_mode or not self.outcome.changed:
            return
        ran = {identity for identity, instance in before.items() if settled(instance["state"]) == RUNNING}
        try:
            now = read_by_id(self.client, list(ran)) if ran else {}
        except CompShareError:
            names = ", ".join(describe(before[identity]) for identity in sorted(ran))
            error.add_sentence(f"Before this task ran: {names}. If it is stopped now, start it with state=running.")
            return
        for identity, instance in now.items():
            self.outcome.instances[self.outcome.index_of(before[identity])] = instance
        down = [instance for instance in now.values() if settled(instance["state"]) == STOPPED]
        if not down:
            return
        names = ", ".join(map(describe, down))
        try:
            self.bring(down, Running())
            error.add_sentence(f"It had been stopped for that and was started again: {names}.")
        except CompShareError as failure:
            stopped = f"It ran before, is stopped now, and could not be started again: {names}."
            error.add_sentence(f"{stopped} {failure.summary}")
            error.hint = "Start it with state=running."

    def change(self, instance: Instance, action: str, params: dict[str, t.Any], after: dict[str, t.Any]) -> None:
        """Change an instance with a request that does no harm when repeated."""
        if not self.check_mode:
            params = {**place_of(instance), **params}
            # Sending it again costs no more than looking.
            applied = apply(self.client, action, params, lambda: False, repeats=1, deadline=self.deadline)
            applied.raise_unless_done(action)
        self.outcome.note_change(instance, after, action)

    # --- Reporting ---

    def _report(self, instance: Instance) -> None:
        release = f", to be deleted at {instance['release_time']}" if instance["release_time"] else ""
        self.note(instance, f"{instance['state'] or 'state unknown'} after {self.elapsed}{release}")
        if self.outcome.index_of(instance) in self.outcome.new:
            self.new_seen(instance)

    @property
    def elapsed(self) -> str:
        """Return for how long the task has run: C(42 s)."""
        return f"{self.client.clock.now() - self._began:.0f} s"

    def note(self, about: Instance | str, message: str) -> None:
        """Report what has happened to an instance, or to those of a name, while the task goes on."""
        name = about if isinstance(about, str) else about["name"] or about["id"]
        self._task.report({"kind": "note", "name": name, "message": message})

    def facts(self) -> dict[str, t.Any]:
        """Return the keys of the result: what was done and which instances there are."""
        return self.outcome.facts(diff=self._task.diff)

    def facts_after(self) -> dict[str, t.Any]:
        """Return the facts for a task that has failed, with the instances as they are now if they can be read."""
        outcome = self.outcome
        if outcome.changed and not self.check_mode:
            # The first error is reported; if this read fails, too, they stay as they were last seen.
            with suppress(CompShareError):
                now = read_by_id(self.client, [str(instance["id"]) for instance in outcome.present()])
                outcome.instances = [instance and now.get(instance["id"], instance) for instance in outcome.instances]
        return outcome.facts()
