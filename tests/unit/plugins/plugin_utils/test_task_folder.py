from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.compshare.cloud.plugins.plugin_utils._task_folder import create_task_folder


class Action:
    """What an action plugin is to the function: a connection, a task, and the folders that it has created."""

    def __init__(
        self, transport: str, *, background: int = 0, becomes: bool = False, tmpdir: str | None = None
    ) -> None:
        self._connection = SimpleNamespace(transport=transport, _shell=SimpleNamespace(tmpdir=tmpdir))
        self._task = SimpleNamespace(async_val=background)
        self._becomes = becomes
        self.created = 0

    def _is_become_unprivileged(self) -> bool:
        return self._becomes

    def _make_tmp_path(self) -> None:
        self.created += 1


@pytest.mark.parametrize(
    ("transport", "options", "created"),
    [
        ("ssh", {}, 1),
        ("community.docker.docker", {}, 1),
        ("ssh", {"tmpdir": "/home/user/.ansible/tmp/task"}, 0),
        # A background job outlives its task on purpose.
        ("ssh", {"background": 60}, 0),
        # The other user might not see the folder, and would take it for gone.
        ("ssh", {"becomes": True}, 0),
        # The output of the module shows.
        ("local", {}, 0),
    ],
)
def test_a_folder_is_created_on_another_machine(transport: str, options: dict[str, Any], created: int) -> None:
    action: Any = Action(transport, **options)
    create_task_folder(action)
    assert action.created == created


def test_without_a_folder_the_module_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_action: Action) -> None:
        raise AnsibleError("read-only file system")

    monkeypatch.setattr(Action, "_make_tmp_path", refuse)
    action: Any = Action("ssh")
    create_task_folder(action)
