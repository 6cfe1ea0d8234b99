# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect
import os
import typing as t
from collections.abc import Iterable, Iterator

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.playbook.block import Block
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.action import ActionBase

#: They skip ``always``, where the role removes what it has created. In a role of the tasks, end_role ends only that.
_ENDS = frozenset({"end_batch", "end_host", "end_play"})
_ENDS_ROLE = "end_role"


class ActionModule(ActionBase):
    """Loads a file of tasks with the classes that would load it to run it. Nothing of it reaches the play."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the files that were checked."""
        super().run(tmp, task_vars)
        _argument_spec, arguments = self.validate_argument_spec({"path": {"type": "path", "required": True}})
        path = self._loader.path_dwim(arguments["path"])
        files: list[str] = []
        try:
            self._check_file(path, files, self._task._parent, role_of_tasks=False)
        except (AnsibleError, OSError) as error:
            return {"failed": True, "msg": f"The tasks in {path} cannot be run: {to_text(error)}"}
        return {"changed": False, "files": files}

    def _check_file(self, path: str, files: list[str], parent: t.Any, *, role_of_tasks: bool) -> None:
        if path in files:
            return
        files.append(path)
        data = _load(self._loader, path)
        if not data:
            raise AnsibleError(f"{path} has no tasks.")
        if not isinstance(data, list):
            raise AnsibleError(f"{path} must contain a list of tasks.")
        include = TaskInclude.load(
            {"ansible.builtin.include_tasks": path},
            block=parent,
            role=self._task._role,
            variable_manager=self._task.get_variable_manager(),
            loader=self._loader,
        )
        blocks = load_list_of_blocks(
            data,
            play=_play_of(self._task),
            parent_block=include.build_parent_block(),
            role=self._task._role,
            variable_manager=self._task.get_variable_manager(),
            loader=self._loader,
        )
        self._check_blocks(blocks, path, files, role_of_tasks=role_of_tasks)

    def _check_blocks(self, blocks: Iterable[t.Any], path: str, files: list[str], *, role_of_tasks: bool) -> None:
        for task in _tasks_of(blocks):
            in_role = role_of_tasks or task._role is not self._task._role
            if isinstance(task, IncludeRole):
                if not self._is_template(task._role_name):
                    included, _handlers = task.get_block_list(
                        play=_play_of(self._task),
                        variable_manager=self._task.get_variable_manager(),
                        loader=self._loader,
                    )
                    self._check_blocks(included, path, files, role_of_tasks=True)
            elif isinstance(task, TaskInclude):
                self._check_included_file(task, path, files, role_of_tasks=in_role)
            elif task.action in ("meta", "ansible.builtin.meta", "ansible.legacy.meta"):
                what = str(task.args.get("_raw_params"))
                if what in _ENDS or (what == _ENDS_ROLE and not in_role):
                    raise AnsibleError(
                        f"{path} has 'meta: {what}', which would end the run before everything is cleaned up. "
                        "Use 'when' on a block of tasks instead."
                    )

    def _check_included_file(self, task: t.Any, path: str, files: list[str], *, role_of_tasks: bool) -> None:
        name = task.args.get("_raw_params") or task.args.get("file")
        if task.statically_loaded or not name or self._is_template(name):
            return
        folder = task._role._role_path if role_of_tasks and task._role else os.path.dirname(path)
        places = [os.path.join(folder, "tasks", name), os.path.join(folder, name), self._loader.path_dwim(name)]
        found = next((place for place in places if os.path.isfile(place)), None)
        if found is None:
            raise AnsibleError(f"{path} includes {name}, which does not exist.")
        self._check_file(found, files, task._parent, role_of_tasks=role_of_tasks)

    def _is_template(self, text: object) -> bool:
        return bool(self._templar.is_template(text))


def _load(loader: t.Any, path: str) -> t.Any:
    """Return what a file holds. Since ansible-core 2.19, text is no template unless its source is trusted."""
    if "trusted_as_template" in inspect.signature(loader.load_from_file).parameters:
        return loader.load_from_file(path, trusted_as_template=True)
    return loader.load_from_file(path)


def _play_of(task: t.Any) -> t.Any:
    parent = task._parent
    while not hasattr(parent, "_play"):
        parent = parent._parent
    return parent._play


def _tasks_of(blocks: Iterable[t.Any]) -> Iterator[t.Any]:
    for block in blocks:
        for entry in (*block.block, *block.rescue, *block.always):
            if isinstance(entry, Block):
                yield from _tasks_of([entry])
            else:
                yield entry
