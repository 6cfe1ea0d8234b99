"""What was seen of an instance, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, RefusedError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import normalise_instance
from ansible_collections.compshare.cloud.plugins.module_utils._instances.query import read_by_id
from ansible_collections.compshare.cloud.plugins.module_utils._instances.steps import Mover
from ansible_collections.compshare.cloud.plugins.module_utils._instances.transitions import (
    REBOOT,
    START,
    STOP,
    TERMINATE,
    Absent,
    Goal,
    Ready,
    Reinstalled,
    Restarted,
    Running,
    Stopped,
)
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import (
    FakeTransport,
    client_of,
    refusal,
    reply,
    success,
)

from .samples import VM

IDENTITY = VM["UHostId"]


def seen(state: str | None, **fields: Any) -> Any:
    """Return a response that shows the instance in a state, None for one that does not show it."""
    return success(UHostSet=[] if state is None else [{**VM, "State": state, **fields}], TotalCount=1)


def bring(goal: Goal, *replies: Any, state: str = "Running", **options: Any) -> tuple[Any, FakeTransport, list[float]]:
    """Bring the instance to a goal against a script of responses; return it, what was sent, and the pauses."""
    client, transport, clock = client_of(replies)
    mover = Mover(client, deadline=clock.now() + 600, **options)
    (instance,) = mover.bring([normalise_instance({**VM, "State": state})], goal)
    transport.assert_all_used()
    return instance, transport, clock.slept


def actions(transport: FakeTransport) -> list[str]:
    return [sent["Action"] for sent in transport.requests if sent["Action"] != "DescribeCompShareInstance"]


LOST = reply(b"", status=502)


def test_a_request_goes_to_where_the_instance_is() -> None:
    _instance, transport, _slept = bring(Stopped(), seen("Running"), success(), seen("Stopping"), seen("Stopped"))
    sent = transport.requests[1]
    assert (sent["Region"], sent["Zone"], sent["UHostId"]) == ("cn-wlcb", "cn-wlcb-01", IDENTITY)


@pytest.mark.parametrize("lost", [LOST, refusal(8438), reply(b"<html>")], ids=["502", "8438", "html"])
def test_what_took_effect_without_a_response_is_not_retried(lost: Any) -> None:
    noted: list[str] = []
    replies = [seen("Running"), lost, seen("Stopping"), seen("Stopped")]
    instance, transport, _slept = bring(Stopped(), *replies, sent=lambda _instance, action: noted.append(action))
    assert instance["state"] == "Stopped" and actions(transport) == noted == [STOP]


@pytest.mark.parametrize("goal", [Stopped(), Absent(False)], ids=["stopped", "absent"])
def test_what_had_no_effect_is_retried_after_a_while(goal: Goal) -> None:
    still = [seen("Running")] * 4
    end = [seen("Stopped")] if isinstance(goal, Stopped) else [seen("Stopped"), success(), seen(None), seen(None)]
    _instance, transport, slept = bring(goal, seen("Running"), LOST, *still, seen("Running"), success(), *end)
    assert actions(transport)[:2] == [STOP, STOP]
    assert sum(slept[:4]) < 20 <= sum(slept[:5])


def test_a_busy_response_is_retried_and_an_outdated_state_read_again() -> None:
    replies = [seen("Running"), refusal(226609), seen("Running"), refusal(8905), seen("Stopped")]
    assert bring(Stopped(), *replies)[0]["state"] == "Stopped"


def test_a_refusal_for_good_is_raised_at_once() -> None:
    with pytest.raises(RefusedError) as caught:
        bring(Running(), seen("Stopped"), refusal(8357), state="Stopped")
    assert caught.value.ret_code == 8357


def test_a_look_that_is_refused_for_good_ends_it() -> None:
    with pytest.raises(RefusedError):
        bring(Stopped(), refusal(299))


def test_a_look_that_fails_for_the_moment_is_repeated() -> None:
    throttled = [refusal(153)] * 5  # the client itself tries five times
    assert bring(Stopped(), *throttled, seen("Stopped"))[0]["state"] == "Stopped"


# --- Gone ---


def test_an_instance_that_was_removed_is_gone_when_it_is_missing_twice() -> None:
    replies = [seen("Stopped"), success(), seen(None), seen("Stopped"), seen(None), seen(None)]
    instance, transport, _slept = bring(Absent(True), *replies)
    assert instance is None and actions(transport) == [TERMINATE]
    assert transport.requests[1]["ReleaseUDisk"] == "true"


def test_an_instance_that_nobody_removed_must_be_missing_for_longer() -> None:
    """A response may be empty by a fault, also twice, and the instance be paid for on."""
    instance, transport, _slept = bring(
        Absent(False), *[seen(None)] * 3, seen("Running"), success(), seen("Stopped"), success(), seen(None), seen(None)
    )
    assert instance is None and actions(transport) == [STOP, TERMINATE]


def test_an_instance_that_somebody_else_removed_is_gone_after_a_while() -> None:
    client, transport, clock = client_of(lambda _sent: seen(None))
    assert Mover(client, deadline=clock.now() + 600).bring([normalise_instance(VM)], Absent(False)) == [None]
    assert actions(transport) == [] and sum(clock.slept) >= 30


@pytest.mark.parametrize("goal", [Ready(), Running(), Stopped(), Restarted(), Reinstalled("compshareImage-2", {})])
def test_what_should_be_there_and_is_missing_is_an_error(goal: Goal) -> None:
    with pytest.raises(WaitError, match="has not been in the list of instances for 150 s"):
        bring(goal, *[seen(None)] * 30)


# --- Restarting ---


def test_a_reboot_that_was_too_quick_to_be_seen() -> None:
    replies = [seen("Running", StartTime=1), success(), seen("Running", StartTime=1), seen("Running", StartTime=2)]
    assert actions(bring(Restarted(), *replies)[1]) == [REBOOT]


def test_a_reboot_of_which_nothing_is_ever_seen() -> None:
    _instance, transport, slept = bring(Restarted(), seen("Running"), success(), *[seen("Running")] * 5)
    assert actions(transport) == [REBOOT] and sum(slept) >= 20


def test_a_stopped_instance_is_started_once() -> None:
    replies = [seen("Stopped"), success(), seen("Stopped"), seen("Starting"), seen("Running")]
    assert actions(bring(Restarted(), *replies, state="Stopped")[1]) == [START]


def test_a_reboot_that_ends_in_a_stop_is_no_restart() -> None:
    replies = [seen("Running"), success(), seen("Rebooting"), seen("Stopped"), seen("Running")]
    assert actions(bring(Restarted(), *replies)[1]) == [REBOOT]


# --- Reinstalling ---


def test_an_image_is_waited_for_until_it_shows() -> None:
    image = {"CompShareImageId": "compshareImage-2"}
    replies = [seen("Stopped"), success(), seen("Reinstalling"), seen("Running"), seen("Running", **image)]
    instance = bring(Reinstalled("compshareImage-2", {}), *replies, state="Stopped")[0]
    assert instance["image_id"] == "compshareImage-2"


# --- Rows that were not requested ---


def test_other_instances_in_a_response_are_omitted() -> None:
    client, transport, _clock = client_of([success(UHostSet=[{**VM, "UHostId": "uhost-other"}, VM], TotalCount=2)])
    assert list(read_by_id(client, [IDENTITY])) == [IDENTITY]
    assert transport.requests[0]["UHostIds.0"] == IDENTITY


def test_a_response_with_others_only_is_no_response() -> None:
    """Where the API does not heed the ids, the instance may stand on any page."""
    others = [{**VM, "UHostId": f"uhost-{number}"} for number in range(100)]
    pages = {"0": others, "100": [VM]}
    client, transport, _clock = client_of(lambda sent: success(UHostSet=pages[sent["Offset"]], TotalCount=101))
    assert list(read_by_id(client, [IDENTITY])) == [IDENTITY]
    assert "UHostIds.0" not in transport.requests[-1]


def test_an_error_names_each_that_is_late() -> None:
    client, _transport, clock = client_of(lambda _sent: seen("Pending"))
    with pytest.raises(CompShareError, match=r"After 60 s.*train-vm \(uhost-1testvm00001, Pending.*did not run"):
        Mover(client, deadline=clock.now() + 60).bring([normalise_instance(VM)], Running())
