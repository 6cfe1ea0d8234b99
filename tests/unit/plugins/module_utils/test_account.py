"""The account: balance, projects and id."""

from __future__ import annotations

from ansible_collections.compshare.cloud.plugins.module_utils._account import read_account

from .in_process import new_world, task_in

MODULE = "compshare_account_info"


def test_amounts_are_numbers_and_the_default_project_comes_first() -> None:
    world = new_world(account={"balance": 12.5, "id": 50000042, "projects": ["org-b", "org-a"]}, types="mixed")
    assert read_account(task_in(world, MODULE, {})) == {
        "balance": {"amount": 12.5, "available": 12.5, "credit": 0, "free": 0, "frozen": 0},
        "projects": [
            {"id": "org-b", "name": "project 0", "default": True},
            {"id": "org-a", "name": "project 1", "default": False},
        ],
        "account_id": 50000042,
    }


def test_what_the_key_may_not_read_is_null_with_a_warning() -> None:
    world = new_world(permissions={"deny": ["GetBalance", "GetProjectList"]}, replace=["custom", "published"])
    task = task_in(world, MODULE, {})
    assert read_account(task) == {"balance": None, "projects": None, "account_id": None}
    assert len(task.warnings) == 2 and "not permitted to call GetBalance" in task.warnings[0]
