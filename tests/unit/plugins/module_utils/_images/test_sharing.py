"""compshare_image_share against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoResponseError,
    OptionError,
    RefusedError,
    ResponseError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._images.sharing import ensure_shares
from ansible_collections.compshare.cloud.tests.simulator.world import World

from ..in_process import new_world, task_in, writes
from .test_create_with_faults import LASTING, PASSING, UNKNOWN, fault_name

MODIFY = "ModifyCompShareImageShareAccount"
IMAGE = "compshareImage-mine"
MANY = list(range(50000100, 50000125))


@pytest.fixture
def world() -> World:
    return new_world(rows={"custom": [{"CompShareImageId": IMAGE, "Name": "mine"}]})


def run(world: World, accounts: list[int], *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    options = {"image_id": IMAGE, "accounts": accounts, **options}
    return ensure_shares(task_in(world, "compshare_image_share", options, check_mode=check_mode))


def fail(world: World, accounts: list[int], **options: Any) -> CompShareError:
    with pytest.raises(CompShareError) as caught:
        run(world, accounts, **options)
    return caught.value


def shared_with(world: World) -> list[int]:
    return sorted(world.images.own[IMAGE].shared_with)


def test_nobody_keeps_access_because_one_response_left_him_out(world: World) -> None:
    world.images.own[IMAGE].shared_with[:] = [1, 3]
    world.add_faults({"kind": "null_list", "action": "DescribeCompShareImageShareAccounts", "count": 1})
    assert run(world, [1], exclusive=True)["changed"]
    assert shared_with(world) == [1]


def test_a_response_without_accounts_is_an_error(world: World) -> None:
    world.add_faults(
        {"kind": "raw", "body": '{"RetCode": 0}', "action": "DescribeCompShareImageShareAccounts", "count": 1}
    )
    error = fail(world, [1])
    assert isinstance(error, ResponseError) and error.hint and writes(world) == []


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        ([], {"accounts": [2, 1]}, [1, 2]),
        ([1, 3], {"accounts": [2, 1]}, [1, 2, 3]),
        ([1, 3], {"accounts": [2, 1], "exclusive": True}, [1, 2]),
        ([1, 3], {"accounts": [], "exclusive": True}, []),
        ([1, 3], {"accounts": [3, 4], "state": "absent"}, [1]),
        ([], {"accounts": MANY}, MANY),
        (MANY, {"accounts": [1], "exclusive": True}, [1]),
        (MANY[:12], {"accounts": MANY[10:], "exclusive": True}, MANY[10:]),
    ],
)
def test_check_run_real_run_second_run(
    world: World, before: list[int], options: dict[str, Any], after: list[int]
) -> None:
    world.images.own[IMAGE].shared_with = list(before)
    predicted = run(world, check_mode=True, **options)
    assert writes(world) == []
    changed = run(world, **options)
    assert shared_with(world) == after
    sent = len(writes(world))
    again = run(world, **options)
    assert (predicted["changed"], changed["changed"], again["changed"]) == (True, True, False)
    assert predicted["accounts"] == changed["accounts"] == again["accounts"] == after
    assert predicted["diff"] == changed["diff"] == {"before": {"accounts": before}, "after": {"accounts": after}}
    assert changed["image"]["id"] == IMAGE
    assert len(writes(world)) == sent


def test_ten_accounts_a_request(world: World) -> None:
    run(world, [*MANY, MANY[0]])
    sizes = [sum(name.startswith("AddAccounts.") for name in entry["params"]) for entry in world.requests(MODIFY)]
    assert sizes == [10, 10, 5]


def test_the_region_is_the_images(world: World) -> None:
    run(world, [1])
    assert {entry["params"]["Region"] for entry in world.requests(MODIFY)} == {"cn-wlcb"}


def test_accounts_that_come_as_text() -> None:
    world = new_world(types="mixed", rows={"custom": [{"CompShareImageId": IMAGE, "Name": "mine"}]})
    run(world, [1, 2])
    assert run(world, [1, 2])["changed"] is False


def test_an_invalid_account_is_a_failure_that_lists_who_has_it_now(world: World) -> None:
    error = fail(world, [*MANY[:11], 99999999])
    assert "cannot be shared with 99999999: no such account" in str(error)
    assert error.ret_code == 0 and error.action == MODIFY
    assert error.facts["invalid_accounts"] == [99999999]
    assert error.facts["accounts"] == MANY[:10] == shared_with(world)
    assert error.facts["changed"] is True and error.facts["image"]["id"] == IMAGE


def test_nothing_applied_is_not_changed(world: World) -> None:
    error = fail(world, [1, 99999999])
    assert error.facts["accounts"] == [] and error.facts["changed"] is False


def test_options_that_cannot_be_used(world: World) -> None:
    with pytest.raises(OptionError, match="exclusive=true cannot be used with state=absent"):
        run(world, [1], exclusive=True, state="absent")
    with pytest.raises(OptionError, match="None of your own images has the id compshareImage-none"):
        run(world, [1], image_id="compshareImage-none")
    shared = str(world.images.shared[0]["CompShareImageId"])
    with pytest.raises(OptionError, match="None of your own images"):
        run(world, [1], image_id=shared)


def test_a_response_that_is_no_list(world: World) -> None:
    world.add_faults({"kind": "string_list", "action": "DescribeCompShareImageShareAccounts"})
    with pytest.raises(ResponseError, match="where its list AccountSet should stand"):
        run(world, [1])


@pytest.mark.slow
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("fault", [fault for fault in UNKNOWN if not fault.get("late")], ids=fault_name)
def test_lost_responses(world: World, fault: dict[str, Any], effect: bool) -> None:
    world.add_faults({**fault, "effect": effect, "action": MODIFY, "nth": 2})
    assert run(world, MANY)["changed"]
    assert shared_with(world) == MANY


@pytest.mark.parametrize("fault", PASSING, ids=fault_name)
def test_faults_that_pass(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "action": MODIFY})
    assert run(world, MANY)["changed"]
    assert shared_with(world) == MANY


@pytest.mark.parametrize("fault", LASTING, ids=fault_name)
def test_refusals_report_how_far_it_came(world: World, fault: dict[str, Any]) -> None:
    world.add_faults({**fault, "action": MODIFY, "nth": 2})
    with pytest.raises(RefusedError) as caught:
        run(world, MANY)
    assert caught.value.facts["accounts"] == MANY[:10] == shared_with(world)
    assert caught.value.facts["changed"] is True


def test_a_state_that_cannot_be_read_is_not_made_up(world: World) -> None:
    world.add_faults(
        {"kind": "reset_after", "action": MODIFY},
        {"kind": "reset_before", "action": "DescribeCompShareImageShareAccounts", "after": 1},
    )
    with pytest.raises(NoResponseError) as caught:
        run(world, [1])
    assert caught.value.facts["accounts"] is None


def test_the_image_may_be_named(world: World) -> None:
    result = run(world, [1], image_id=None, image_name="mine")
    assert (result["changed"], result["image"]["id"], shared_with(world)) == (True, IMAGE, [1])
    error = fail(world, [1], image_id=None, image_name="theirs")
    assert isinstance(error, OptionError) and "'theirs'" in str(error)


@pytest.mark.parametrize(("state", "after"), [("present", [1, 2]), ("absent", [])])
def test_check_mode_takes_an_image_that_a_task_would_create(world: World, state: str, after: list[int]) -> None:
    options = {"image_id": None, "image_name": "new", "accounts": [2, 1], "state": state}
    task = task_in(world, "compshare_image_share", options, check_mode=True)
    result = ensure_shares(task)
    assert (result["changed"], result["image"], result["accounts"]) == (bool(after), None, after)
    assert "'new'" in task.warnings[0]
    assert writes(world) == []
