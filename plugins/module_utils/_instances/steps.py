# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The steps that a task about instances is made of, and what it remembers for its result.

A step changes the API's state and notes the instances as they are then. In check mode it sends nothing and notes them
as they would be, so that what decides about steps is the same in both.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from contextlib import suppress

from .._api.errors import AnswerError, CompShareError, OptionError, RefusedError
from .._api.values import iso_time, printable
from .._task import Task
from .._waiting import send_when_free
from .create import ACTION, make_instance, predicted_instance
from .model import Instance, normalise_instance
from .placement import Choice, choose
from .pricing import SOLD_OUT_CODES, Offer
from .query import describe, is_unknown_id, one_named, read_rows
from .reconcile import Goal, Mover, read_by_id
from .spec import Order, offer_for, resolve_image
from .ssh_wait import wait_for_ssh
from .states import CREATING, FAILED, INSTALL_FAIL, RUNNING
from .stop_schedule import DELETE, UPDATE, StopWish, check_ahead, parse_wish, wanted_stop
from .transitions import Ready
from .zones import list_zones, project_of, zones_in, zones_named

RENAME = "ModifyCompShareInstanceName"
#: An instance that a look does not show is looked for again after so many seconds. An id says that there was one.
_LOOK_AGAIN_BY_NAME = (5.0,)
_LOOK_AGAIN_BY_ID = (5.0, 15.0)
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


class InstanceWork:
    """One task about some instances, and what it has done so far.

    C(names) are the names of the instances; a single one is None where only an id says which it is. C(instances) has,
    in the same order, each one as it was last seen or would be, None where there is none.
    """

    def __init__(self, task: Task) -> None:
        self.options = task.options
        self.check_mode = task.check_mode
        self.warn = task.warn
        self.client = task.client
        self.changed = False
        self.actions: list[dict[str, t.Any]] = []
        self.names = _names(task.options)
        self.instances: list[Instance | None] = [None] * len(self.names)
        self._task = task
        self._before: list[Instance | None] = list(self.instances)
        self._new: set[int] = set()
        #: What each instance costs that is made, None where the API names no price.
        self._prices: dict[int, dict[str, t.Any] | None] = {}
        self._project: str | None = None
        #: The instance of which a create may be under way.
        self.ordering: str | None = None
        self.deadline = self.client.clock.now() + self.options["wait_timeout"]
        self._began = self.client.clock.now()

    # --- Looking ---

    def find(self) -> None:
        """Note the instances that are there; raises OptionError if several have a name.

        One response may lack a row, so absence is believed only after further looks.
        """
        for pause in (0.0, *(_LOOK_AGAIN_BY_ID if self.options["instance_id"] else _LOOK_AGAIN_BY_NAME)):
            self.client.clock.sleep(pause)
            if self._look():
                break
        self._before = list(self.instances)

    def _look(self) -> bool:
        """Note the instances as the API shows them now; return whether further looks can show no more of them."""
        instance_id, name = self.options["instance_id"], self.options["name"]
        if instance_id and not name:
            try:
                self.instances = [read_by_id(self.client, [instance_id], strict=True).get(instance_id)]
            except RefusedError as error:
                if not is_unknown_id(error):
                    raise
                return True
        elif instance_id:
            rows = read_rows(self.client)
            row = next((row for row in rows if row.get("UHostId") == instance_id), None)
            self.instances = [None if row is None else normalise_instance(row)]
            self._check_name_is_free(rows)
        else:
            named = [normalise_instance(row) for row in read_rows(self.client) if row.get("Name") in self.names]
            one_by_one = [one_named(named, t.cast(str, name)) for name in self.names]
            self.instances = [None if instance is None else dict(instance) for instance in one_by_one]
        return None not in self.instances

    def _check_name_is_free(self, rows: Sequence[dict[str, t.Any]]) -> None:
        """Raise OptionError where an instance, named by its id, is to get a name that another one has."""
        instance, name = self.instances[0], self.options["name"]
        if instance is None or not name or instance["name"] == name or self.options["state"] == "absent":
            return
        other = next((normalise_instance(row) for row in rows if row.get("Name") == name), None)
        if other is not None:
            raise OptionError(
                f"{describe(instance)} cannot be named {printable(name)!r}: {describe(other)} has this name.",
                hint="An instance is known by its name, so choose another one.",
            )

    def require_all(self) -> None:
        """Raise OptionError where an instance is not there."""
        missing = [name for name, instance in zip(self.names, self.instances) if instance is None]
        if not missing:
            return
        if self.options["instance_id"]:
            raise OptionError(
                f"There is no instance {printable(self.options['instance_id'])}.",
                hint="Check instance_id, project_id and the account of the key.",
            )
        raise OptionError(
            f"There is no instance named {', '.join(repr(printable(str(name))) for name in missing)}.",
            hint="Names are exact. state=present or state=running makes one.",
        )

    def present(self) -> list[Instance]:
        """Return the instances that are there, or would be."""
        return [instance for instance in self.instances if instance is not None]

    # --- Making ---

    def make_missing(self) -> None:
        """Make each instance that is not there; raises OptionError where the options do not say how.

        What would fail only after an instance was made, and is being paid for, is found out before.
        """
        missing = [index for index, instance in enumerate(self.instances) if instance is None]
        if not missing:
            return
        if self.options["instance_id"]:
            self.require_all()
        order = Order.from_options(self.options)
        if order is None:
            names = ", ".join(repr(printable(str(self.names[index]))) for index in missing)
            raise OptionError(
                f"There is no instance named {names}.", hint="To make it, give at least gpu_type and image."
            )
        offer = offer_for(order, resolve_image(self.client, order.image, order.image_source))
        zones = list_zones(self.client)
        wished = self.options["zones"]
        zones = zones_in(zones, self.client.scope) if wished is None else zones_named(zones, wished)
        self._check_stop_ahead()
        for index in missing:
            self._make(index, order, offer, zones)

    def _check_stop_ahead(self) -> None:
        """Raise OptionError where a new instance could not be given the stop that is wished."""
        if self.options["schedule_stop"] is None:
            return
        wish = parse_wish(self.options["schedule_stop"])
        if wish.is_never:
            return
        if not self.options["wait"]:
            raise OptionError(
                "schedule_stop needs wait=true where an instance must be made: it can be set only when it runs."
            )
        check_ahead(wish, self.client.clock.epoch())
        self._find_project()

    def _find_project(self) -> str:
        if self._project is None:
            self._project = project_of(self.client)
        return self._project

    def _make(self, index: int, order: Order, offer: Offer, zones: Sequence[dict[str, t.Any]]) -> None:
        name, sold_out = t.cast(str, self.names[index]), set[str]()
        while True:
            choice = choose(
                self.client, order, offer, zones, title=f"The instance {printable(name)!r}", sold_out=sold_out
            )
            self._note_price(index, choice)
            if self.check_mode:
                self._note_new(index, predicted_instance(name, order, offer, choice))
                return
            self.ordering = name
            try:
                made = make_instance(
                    self.client,
                    name,
                    order,
                    offer,
                    choice,
                    deadline=self.deadline,
                    accepted=lambda instance: self._note_new(index, instance),
                    warn=self.warn,
                )
            except RefusedError as error:
                # The last one was taken between the question and the order; nothing was made.
                if error.ret_code not in SOLD_OUT_CODES or error.outcome_unknown:
                    raise
                sold_out.add(choice.zone["zone"])
                self.ordering = None
                continue
            if made.begun:
                self._note_new(index, made.instance)
            self.instances[index] = made.instance
            self.ordering = None
            return

    def _note_new(self, index: int, instance: Instance) -> None:
        self.ordering = None
        if index in self._new:
            return
        self._note(index, instance, ACTION)
        self._new.add(index)
        price = self._prices.get(index)
        cost = "" if price is None else f" for {price['per_hour']:g} CNY per hour"
        if not self.check_mode:
            self._tell(instance, f"ordered in {instance['zone']}{cost}")

    def _note_price(self, index: int, choice: Choice) -> None:
        self._prices[index] = choice.price
        if choice.price is None:
            self.warn(f"The API names no price for {choice.size} in {choice.zone['zone']}.")

    def settle(self) -> None:
        """Wait until new instances run; raises where one could not be installed, or is not what was ordered."""
        waiting = [
            instance
            for index, instance in enumerate(self.instances)
            if instance is not None and (index in self._new or instance["state"] in CREATING)
        ]
        if self.check_mode or not self.options["wait"]:
            self.check_installed()
            return
        self.bring(waiting, Ready())
        self.check_installed()
        for index in sorted(self._new):
            self._check_delivery(t.cast(Instance, self.instances[index]))

    def check_installed(self) -> None:
        """Raise where an instance could not be installed: nothing but its removal, or another image, helps."""
        for instance in self.present():
            if instance["state"] in FAILED:
                raise CompShareError(
                    f"{describe(instance)} could not be installed ({INSTALL_FAIL}).",
                    hint="Remove it with state=absent, and run the task again; the API tells no reason.",
                )

    def _check_delivery(self, instance: Instance) -> None:
        """Raise where a new instance is not what was ordered: it is being paid for."""
        wanted = {key: self.options[key] for key in ("gpu_type", "gpu_count", "cpu", "memory_gb", "charge_type")}
        wrong = [
            f"{key} is {instance[key]}, not {value}"
            for key, value in wanted.items()
            if value is not None and instance[key] is not None and instance[key] != value
        ]
        if wrong:
            raise AnswerError(
                f"{describe(instance)} was made, but {' and '.join(wrong)}.",
                action=ACTION,
                hint="It is being paid for. Remove it with state=absent if you do not want it so.",
            )

    # --- Moving ---

    def bring(
        self,
        instances: Sequence[Instance],
        goal: Goal,
        foreseen: t.Callable[[Instance], list[tuple[str, Instance | None]]] = lambda _instance: [],
    ) -> None:
        """Bring instances to a goal; in check mode, note the actions and the instance after each that are foreseen."""
        if self.check_mode:
            for instance in instances:
                index = self._index(instance)
                for action, after in foreseen(instance):
                    self._note(index, after, action)
            return
        if not instances:
            return
        mover = Mover(
            self.client,
            deadline=self.deadline,
            wait=self.options["wait"],
            report=self._report,
            sent=self._note_sent,
        )
        indexes = {instance["id"]: self._index(instance) for instance in instances}
        try:
            mover.bring(instances, goal)
        finally:
            for identity, seen in mover.seen.items():
                self.instances[indexes[identity]] = seen

    def rename(self) -> None:
        """Give an instance that was named by its id the name in the options."""
        instance, name = self.instances[0], self.options["name"]
        if not self.options["instance_id"] or not name or instance is None or instance["name"] == name:
            return
        self._change(instance, RENAME, {"Name": name}, {"name": name})

    def schedule(self, wish: StopWish) -> None:
        """Let running instances stop by themselves, or not any more."""
        for instance in self.present():
            moment = wanted_stop(wish, instance["scheduled_stop_time"], self.client.clock.epoch())
            if moment is None:
                continue
            if instance["state"] != RUNNING:
                # A stopped instance has no schedule; the API takes one only while it runs.
                self.warn(f"{describe(instance)} does not run, so schedule_stop has no effect on it.")
                continue
            project = {"ProjectId": self._find_project()}
            if moment:
                params = {**project, "SchedulerStopTime": moment}
                self._change(instance, UPDATE, params, {"scheduled_stop_time": iso_time(moment)})
            else:
                self._change(instance, DELETE, project, {"scheduled_stop_time": None})

    def reach(self) -> None:
        """Wait until SSH answers on each instance."""
        if self.check_mode:
            return
        for instance in wait_for_ssh(self.client, self.present(), deadline=self.deadline):
            self.instances[self._index(instance)] = instance
            self._tell(instance, f"SSH answers after {self._elapsed:.0f} s")

    def warn_of_lost_stops(self) -> None:
        """Say where an instance would have stopped by itself, and was stopped and started meanwhile, so it will not."""
        for before, instance in zip(self._before, self.instances):
            if before is None or instance is None or instance["state"] != RUNNING:
                continue
            if before["scheduled_stop_time"] and not instance["scheduled_stop_time"]:
                self.warn(
                    f"{describe(instance)} was to stop by itself at {before['scheduled_stop_time']}, and will not any "
                    "more. Set schedule_stop again."
                )

    def _change(self, instance: Instance, action: str, params: dict[str, t.Any], after: dict[str, t.Any]) -> None:
        """Change something about an instance with a request that may be repeated without harm."""
        index = self._index(instance)
        if not self.check_mode:
            place = {"Region": instance["region"], "Zone": instance["zone"], "UHostId": instance["id"]}
            for last in (False, True):
                try:
                    send_when_free(self.client, action, {**place, **params}, deadline=self.deadline)
                    break
                except CompShareError as error:
                    if not error.outcome_unknown or last:
                        raise
        self._note(index, {**instance, **after}, action)

    def _index(self, instance: Instance) -> int:
        return next(
            index
            for index, known in enumerate(self.instances)
            if known is not None and (known is instance or (known["id"] is not None and known["id"] == instance["id"]))
        )

    # --- Telling ---

    def _note(self, index: int, instance: Instance | None, action: str) -> None:
        """Note that something was done, or would be, and how an instance is after it."""
        known = instance or self.instances[index] or {}
        self.changed = True
        self.actions.append({"action": action, "id": known.get("id"), "name": known.get("name")})
        self.instances[index] = instance

    def _note_sent(self, instance: Instance, action: str) -> None:
        self.changed = True
        self.actions.append({"action": action, "id": instance["id"], "name": instance["name"]})

    def _report(self, instance: Instance) -> None:
        self._tell(instance, f"{instance['state'] or 'state unknown'} after {self._elapsed:.0f} s")

    @property
    def _elapsed(self) -> float:
        return self.client.clock.now() - self._began

    def _tell(self, instance: Instance, message: str) -> None:
        self._task.report({"kind": "note", "name": instance["name"] or instance["id"], "message": message})

    def facts(self) -> dict[str, t.Any]:
        """Return the result's keys that tell what was done and what there is."""
        present = self.present()
        facts: dict[str, t.Any] = {
            "changed": self.changed,
            "instances": present,
            "instance": present[0] if len(self.names) == 1 and present else None,
            "actions": self.actions,
        }
        prices = [price for index, price in self._prices.items() if index in self._new and price is not None]
        if prices:
            facts["price"] = max(prices, key=lambda price: t.cast(float, price["per_hour"]))
        if self._task.diff:
            before, after = (
                {
                    self._title(index): self._shown(index, instance)
                    for index, instance in enumerate(instances)
                    if instance
                }
                for instances in (self._before, self.instances)
            )
            facts["diff"] = {"before": before, "after": after}
        return facts

    def facts_after(self) -> dict[str, t.Any]:
        """Return the facts for a task that has failed, with the instances as they are now where that can be told."""
        if self.changed and not self.check_mode:
            # The error to tell is the first one; where this look fails, too, they stay as they were last seen.
            with suppress(CompShareError):
                now = read_by_id(self.client, [str(instance["id"]) for instance in self.present()])
                self.instances = [
                    None if instance is None else now.get(instance["id"], instance) for instance in self.instances
                ]
        return {key: value for key, value in self.facts().items() if key != "diff"}

    def _title(self, index: int) -> str:
        return str(self.options["instance_id"] or self.names[index])

    def _shown(self, index: int, instance: Instance) -> dict[str, t.Any]:
        shown = {key: instance[key] for key in _SHOWN}
        price = self._prices.get(index) if index in self._new else None
        if price is not None:
            shown["price_per_hour"] = price["per_hour"]
        return shown


def _names(options: t.Mapping[str, t.Any]) -> list[str | None]:
    """Return the names of the instances that a task is about; None stands for the one that is known by its id."""
    name, count = options["name"], options["count"]
    if count is None:
        return [name]
    return [f"{name}-{number}" for number in range(1, count + 1)]
