"""compshare_api: any action, sent with care."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoResponseError,
    OptionError,
    RefusedError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._raw_action import call_action
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .in_process import RecordedTask, instance_in, new_world, task_in, writes


def task(
    world: World, action: str, *, check_mode: bool = False, scope: Scope | None = None, **options: Any
) -> RecordedTask:
    options = {"action": action, **options}
    return task_in(world, "compshare_api", options, check_mode=check_mode, scope=scope)


def run(world: World, action: str, **options: Any) -> dict[str, Any]:
    return call_action(task(world, action, **options))


def rename(world: World, **options: Any) -> dict[str, Any]:
    params = {"UHostId": instance_in(world, "train-vm"), "Name": "train-vm", "Region": "cn-wlcb"}
    return run(world, "ModifyCompShareInstanceName", params=params, **options)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("action", ["DescribeCompShareSupportZone", "GetProjectList", "DescribeCompShareImageTags"])
def test_reading_is_sent_in_check_mode_too(action: str, check_mode: bool) -> None:
    result = run(new_world(), action, check_mode=check_mode)
    assert (result["changed"], result["sent"], result["response"]["RetCode"]) == (False, True, 0)
    assert result["response"]["Action"] == f"{action}Response"


def test_writing_is_not_sent_in_check_mode() -> None:
    world = new_world()
    predicted = rename(world, check_mode=True)
    assert predicted == {"changed": True, "sent": False, "response": None}
    assert writes(world) == [] and not world.log
    done = rename(world)
    assert (done["changed"], done["sent"], done["response"]["RetCode"]) == (True, True, 0)


@pytest.mark.parametrize(
    ("action", "read_only"),
    [
        ("DescribeX", True),
        ("GetX", True),
        ("ListX", True),
        ("CheckX", True),
        ("Describe", False),
        ("Getaway", False),
        ("CheckoutX", False),
        ("TerminateCompShareInstance", False),
        ("describeX", False),
    ],
)
def test_what_counts_as_reading(action: str, read_only: bool) -> None:
    world = new_world()
    try:
        sent = run(world, action, check_mode=True)["sent"]
    except RefusedError as error:  # 161: the simulator has no such action
        sent = error.facts["sent"]
    assert sent is read_only


def test_declared_otherwise() -> None:
    world = new_world()
    assert rename(world, check_mode=True, read_only=True)["sent"] is True
    assert rename(world, changed_when_success=False)["changed"] is False
    assert rename(world, check_mode=True, changed_when_success=False)["changed"] is False
    assert run(world, "GetProjectList", read_only=False, check_mode=True)["sent"] is False
    assert run(world, "GetProjectList", changed_when_success=True)["changed"] is True


def test_repeated_only_where_that_is_allowed() -> None:
    world = new_world()
    world.add_faults({"kind": "reset_after", "action": "ModifyCompShareInstanceName", "count": 1})
    with pytest.raises(NoResponseError) as caught:
        rename(world)
    assert caught.value.facts == {"changed": True, "sent": True, "response": None}
    assert "It may have been done. Check what" in str(caught.value)
    assert caught.value.retryable is False
    assert len(writes(world)) == 1
    world.add_faults({"kind": "reset_after", "action": "ModifyCompShareInstanceName", "count": 1})
    assert rename(world, idempotent=True)["changed"]
    assert len(writes(world)) == 3


def test_what_may_be_repeated_may_be_run_again() -> None:
    world = new_world()
    world.add_faults({"kind": "http", "status": 504, "effect": True, "action": "ModifyCompShareInstanceName"})
    with pytest.raises(NoResponseError, match=r"tried 5 times\. It may have been done") as caught:
        rename(world, idempotent=True)
    assert caught.value.retryable is True
    world.add_faults({"kind": "http", "status": 504, "action": "DescribeCompShareSupportZone"})
    with pytest.raises(NoResponseError) as caught:
        run(world, "DescribeCompShareSupportZone")
    assert "may have been done" not in str(caught.value)


def test_a_refusal_changes_nothing() -> None:
    with pytest.raises(RefusedError) as caught:
        run(
            new_world(),
            "ModifyCompShareInstanceName",
            params={"UHostId": "uhost-none", "Name": "x", "Region": "cn-wlcb"},
        )
    assert caught.value.ret_code == 230
    assert caught.value.facts == {"changed": False, "sent": True, "response": None}


def test_numbers_and_booleans_are_signed_as_what_they_are() -> None:
    world = new_world()
    params = {"IsFree": True, "Limit": 5, "Offset": 0, "Price": 20.0, "Share": 0.5, "Nothing": None, "Tag": ["a", "b"]}
    run(world, "DescribeCommunityImages", params=params)
    sent = world.requests()[0]["params"]
    assert sent == {
        "IsFree": "true",
        "Limit": "5",
        "Offset": "0",
        "Price": "20",
        "Share": "0.5",
        "Tag.0": "a",
        "Tag.1": "b",
    }


def test_region_and_zone_of_the_connection() -> None:
    world = new_world()
    scope = Scope(region="cn-wlcb", zone="cn-wlcb-01", project_id="org-default1")
    run(world, "DescribeCompShareCustomImages", scope=scope)
    run(world, "DescribeCompShareCustomImages", scope=scope, params={"Region": "cn-sh2", "Zone": None})
    first, second = (entry["params"] for entry in world.requests())
    assert first == {"Region": "cn-wlcb", "Zone": "cn-wlcb-01", "ProjectId": "org-default1"}
    assert second == {"Region": "cn-sh2", "ProjectId": "org-default1"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"action": "Describe Images"}, "cannot be the name of an action"),
        ({"action": ""}, "cannot be the name of an action"),
        ({"params": {"Action": "X", "Signature": "y"}}, "params cannot have Action and Signature"),
        ({"params": {"A": 1}, "secret_params": {"A": 2}}, "A stands in both"),
        ({"params": {"Password": "x"}}, "Move them to secret_params"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], said: str) -> None:
    world = new_world()
    with pytest.raises(OptionError, match=said):
        call_action(task(world, **{"action": "GetProjectList", **options}))
    assert not world.log


def test_secrets_are_sent_and_not_shown() -> None:
    world = new_world()
    with pytest.raises(CompShareError) as caught:
        run(world, "DoesNotExist", secret_params={"Password": "s3cr3t-value"})
    assert "s3cr3t-value" not in str(caught.value) + str(caught.value.as_result())
    run(world, "GetProjectList", secret_params={"Password": "s3cr3t-value"})
    assert "Password" in world.requests()[-1]["params"]


def test_secrets_of_the_response() -> None:
    world = new_world()
    hidden = run(world, "DescribeCompShareInstance")
    shown = task(world, "DescribeCompShareInstance", include_secrets=True)
    response = call_action(shown)["response"]
    passwords = {row["Password"] for row in response["UHostSet"]}
    assert passwords and passwords <= set(shown.secrets)
    assert {row["Password"] for row in hidden["response"]["UHostSet"]} == {"********"}
    assert not any(password in str(hidden) for password in passwords)


@pytest.mark.parametrize("body_format", ["form", "json"])
def test_lists_reach_the_api_in_either_format(body_format: str) -> None:
    world = new_world()
    requested = instance_in(world, "train-vm")
    result = run(world, "DescribeCompShareInstance", params={"UHostIds": [requested]}, body_format=body_format)
    assert [row["UHostId"] for row in result["response"]["UHostSet"]] == [requested]


@pytest.mark.parametrize("option", ["params", "secret_params"])
def test_parameters_that_are_nested_too_deep(option: str) -> None:
    deep: dict[str, Any] = {}
    for _level in range(900):
        deep = {"x": [deep]}
    with pytest.raises(OptionError, match="nested more than 64 levels deep"):
        run(new_world(), "DescribeX", **{option: deep})
