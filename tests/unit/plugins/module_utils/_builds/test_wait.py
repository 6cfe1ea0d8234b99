from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Scope
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import (
    CompShareError,
    NoResponseError,
    OptionError,
    RefusedError,
    Retry,
    WaitError,
)
from ansible_collections.compshare.cloud.plugins.module_utils._api.pages import PAGE_SIZE, Listing, Page
from ansible_collections.compshare.cloud.plugins.module_utils._api.retcodes import describe
from ansible_collections.compshare.cloud.plugins.module_utils._builds.schedule import PollSettings
from ansible_collections.compshare.cloud.plugins.module_utils._builds.state import BuildTarget, Outcome
from ansible_collections.compshare.cloud.plugins.module_utils._builds.wait import (
    GRACE,
    SET,
    TRUST_AFTER,
    build_targets,
    look_at_builds,
    wait_for_builds,
)

from ..fakes import FakeClock

PROGRESS = "GetCompShareImageCreateProgress"
LIST = "DescribeCompShareCustomImages"
B1, B2 = "compshareImage-b1", "compshareImage-b2"

Course = Callable[[float], "dict[str, Any] | CompShareError"]


def refused(action: str, code: int, message: str = "no") -> RefusedError:
    entry = describe(code)
    summary = f"{action} was refused: {entry.meaning} (RetCode {code})."
    return RefusedError(summary, ret_code=code, action=action, api_message=message, hint=entry.hint, retry=entry.retry)


def fault(retry: Retry = Retry.READ) -> NoResponseError:
    return NoResponseError("The network is down.", outcome_unknown=True, retry=retry)


class Account:
    """Stands in for the client: builds that begin at second 0, and faults where a test wants them.

    ``faults`` is called with the action and the seconds since the start; what it returns is raised.
    """

    def __init__(self, *, zone: str | None = "cn-wlcb-01", region: str | None = "cn-wlcb", others: int = 0) -> None:
        self.clock = FakeClock()
        self._start = self.clock.time
        self.scope = Scope(region=region, zone=zone)
        self.progress: dict[str, Course] = {}
        self.rows: dict[str, Callable[[float], dict[str, Any] | None]] = {}
        self.faults: Callable[[str, float], CompShareError | None] = lambda _action, _now: None
        self.requested: list[tuple[float, str, dict[str, Any]]] = []
        self._others = [{"CompShareImageId": f"other-{number}", "Status": "Available"} for number in range(others)]

    @property
    def now(self) -> float:
        return self.clock.time - self._start

    @property
    def requests_sent(self) -> int:
        return len(self.requested)

    def actions(self) -> list[str]:
        return [action for _time, action, _params in self.requested]

    def build(
        self,
        image_id: str,
        length: float,
        *,
        name: str = "env",
        fails_at: float | None = None,
        container: bool = False,
        visible_after: float = 0.0,
        status_lag: float = 0.0,
        zone: str = "cn-wlcb-01",
        reported: Callable[[float], dict[str, Any]] | None = None,
    ) -> str:
        """Plant a build; ``reported`` is what its progress shows after so many seconds."""
        ends = length if fails_at is None else fails_at

        def progress(now: float) -> dict[str, Any] | CompShareError:
            if container:
                return refused(PROGRESS, 8433)
            if now < visible_after:
                return refused(PROGRESS, 230, "Params [CompShareImageId] not available")
            if reported is not None:
                return reported(now)
            at = min(now, ends)
            return {
                "Process": round(100 * at / length, 1),
                "TotalDuration": str(round(length)),
                "RemainingDuration": round(length - at),
            }

        def row(now: float) -> dict[str, Any] | None:
            if now < visible_after:
                return None
            ended = now >= ends + status_lag
            status = ("Available" if fails_at is None else "UnAvailable") if ended else "Making"
            return {
                "CompShareImageId": image_id,
                "Name": name,
                "Status": status,
                "FailedReason": "disk full" if status == "UnAvailable" else "",
                "Container": str(container),
                "Zone": zone,
            }

        self.progress[image_id], self.rows[image_id] = progress, row
        return image_id

    def call(self, action: str, params: Mapping[str, Any], *, deadline: float | None = None) -> dict[str, Any]:
        self._request(action, dict(params))
        course = self.progress.get(params["CompShareImageId"])
        response = course(self.now) if course else refused(action, 230, "Params [CompShareImageId] not available")
        if isinstance(response, CompShareError):
            raise response
        return {"RetCode": 0, **response}

    def read_page(self, listing: Listing, offset: int, *, deadline: float | None = None) -> Page:
        self._request(listing.action, {**listing.params, "Offset": offset})
        return Page(self._rows()[offset : offset + PAGE_SIZE], None)

    def read_all(self, listings: Sequence[Listing], *, deadline: float | None = None) -> list[list[dict[str, Any]]]:
        rows = self._rows()
        for listing in listings:
            for page in range(len(rows) // PAGE_SIZE + 1):
                self._request(listing.action, {**listing.params, "Offset": page * PAGE_SIZE})
        return [rows for _listing in listings]

    def _request(self, action: str, params: dict[str, Any]) -> None:
        self.requested.append((self.now, action, params))
        self.clock.time += 0.1
        found = self.faults(action, self.now)
        if found is not None:
            raise found

    def _rows(self) -> list[dict[str, Any]]:
        return [*self._others, *filter(None, (row(self.now) for row in self.rows.values()))]


class Heard:
    """What wait_for_builds() reports while it runs."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.warnings: list[str] = []

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


def wait(account: Account, *image_ids: str, heard: Heard | None = None, **settings: Any) -> Outcome:
    heard = heard or Heard()
    targets = [BuildTarget(image_id) for image_id in image_ids]
    return wait_for_builds(
        account,  # type: ignore[arg-type]  # stands in for the client
        targets,
        report=heard.events.append,
        warn=heard.warnings.append,
        rng=Random(1),
        **settings,
    )


def see(account: Account, *image_ids: str, warnings: list[str] | None = None) -> Outcome:
    targets = [BuildTarget(image_id) for image_id in image_ids]
    return look_at_builds(account, targets, warn=([] if warnings is None else warnings).append)  # type: ignore[arg-type]


# --- One look ----------------------------------------------------------------


def test_a_look_at_a_build_under_way() -> None:
    account = Account()
    account.build(B1, 300)
    account.clock.time += 195
    assert see(account, B1).as_result() == {
        "complete": False,
        "ended": False,
        "progress": 65.0,
        "remaining_duration": 105,
        "elapsed": 0.2,
        "polls": 2,
        "builds": [
            {
                "image_id": B1,
                "name": "env",
                "status": "Making",
                "progress": 65.0,
                "total_duration": 300,
                "remaining_duration": 105,
                "complete": False,
                "failed": False,
                "failed_reason": None,
            }
        ],
    }
    assert account.actions() == [PROGRESS, LIST]


def test_a_look_at_a_failed_build_says_so_and_does_not_fail() -> None:
    account = Account()
    account.build(B1, 300, fails_at=100)
    account.clock.time += 200
    [build] = see(account, B1).builds
    assert (build["failed"], build["failed_reason"], build["complete"]) == (True, "disk full", False)
    assert build["status"] == "UnAvailable"


def test_a_look_at_a_build_that_is_done() -> None:
    account = Account()
    account.build(B1, 10)
    account.clock.time += 11
    outcome = see(account, B1).as_result()
    assert (outcome["complete"], outcome["progress"], outcome["remaining_duration"]) == (True, 100, 0)


def test_a_look_at_an_image_that_nobody_knows_warns() -> None:
    warnings: list[str] = []
    [build] = see(Account(), B1, warnings=warnings).builds
    assert (build["status"], build["complete"], build["failed"]) == (None, False, False)
    assert len(warnings) == 1
    assert B1 in warnings[0]


def test_a_look_without_responses_fails() -> None:
    account = Account()
    account.build(B1, 300)
    account.faults = lambda _action, _now: fault()
    with pytest.raises(NoResponseError) as caught:
        see(account, B1)
    assert caught.value.facts["builds"][0]["image_id"] == B1


def test_a_look_with_one_response_of_two_warns() -> None:
    account, warnings = Account(), []
    account.build(B1, 300)
    account.faults = lambda action, _now: fault() if action == PROGRESS else None
    assert see(account, B1, warnings=warnings).builds[0]["status"] == "Making"
    assert warnings == ["The network is down."]


def test_no_images_are_complete_without_a_request() -> None:
    account = Account()
    assert see(account).as_result()["complete"] is True
    assert wait(account).as_result()["complete"] is True
    assert account.requests_sent == 0


# --- One build ---------------------------------------------------------------


def test_a_build_is_followed_to_its_end() -> None:
    account, heard = Account(), Heard()
    account.build(B1, 1200)
    outcome = wait(account, B1, heard=heard)
    [build] = outcome.builds
    assert (build["complete"], build["status"], build["progress"]) == (True, "Available", 100)
    assert 1200 <= outcome.elapsed <= 1202
    assert outcome.polls == account.requests_sent <= 15
    assert heard.of("build")[-1]["complete"] is True
    assert [event["progress"] for event in heard.of("build")] == sorted(
        event["progress"] for event in heard.of("build")
    )
    assert heard.warnings == []


def test_a_failed_build_is_named_with_its_reason() -> None:
    account = Account()
    account.build(B1, 300, fails_at=100, name="training-env")
    with pytest.raises(WaitError) as caught:
        wait(account, B1)
    assert str(caught.value) == (
        "The image build failed: training-env (compshareImage-b1, disk full). Delete a failed image and build it again."
    )
    assert caught.value.retryable is False
    assert caught.value.facts["builds"][0]["failed"] is True
    assert caught.value.facts["complete"] is False


@pytest.mark.parametrize("code", [230, 8433, 8039, 226607])
def test_a_refused_progress_request_is_no_failed_build(code: int) -> None:
    account = Account()
    account.build(B1, 200)
    account.faults = lambda action, _now: refused(action, code) if action == PROGRESS else None
    outcome = wait(account, B1)
    assert outcome.builds[0]["complete"] is True
    assert outcome.elapsed <= 230


def test_a_container_image_is_followed_by_its_status_alone() -> None:
    account = Account()
    account.build(B1, 400, container=True)
    outcome = wait(account, B1)
    assert outcome.builds[0]["complete"] is True
    assert 400 <= outcome.elapsed <= 430
    assert account.actions().count(PROGRESS) == 1


def test_the_status_decides_where_progress_shows_the_end_too_early() -> None:
    account = Account()
    account.build(B1, 100, status_lag=60)
    outcome = wait(account, B1)
    assert 160 <= outcome.elapsed <= 190
    assert outcome.builds[0]["status"] == "Available"


def test_the_status_decides_where_progress_never_shows_the_end() -> None:
    account = Account()
    account.build(B1, 300, reported=lambda now: {"Process": min(99.0, now), "RemainingDuration": max(0, 100 - now)})
    outcome = wait(account, B1)
    assert 300 <= outcome.elapsed <= 330


@pytest.mark.parametrize(
    "reported",
    [
        lambda now: {},
        lambda now: {"Process": None, "TotalDuration": None, "RemainingDuration": None},
        lambda now: {"Process": "nonsense", "RemainingDuration": "-"},
        lambda now: {"Process": -5, "RemainingDuration": -100},
        lambda now: {"Process": 250, "RemainingDuration": 1e30},
        lambda now: {"Process": 0, "RemainingDuration": (now * 7919) % 7200},
        lambda now: {"Process": [1], "TotalDuration": {"a": 1}},
    ],
)
def test_nonsense_in_the_progress_does_not_hold_the_end_back(reported: Callable[[float], dict[str, Any]]) -> None:
    account = Account()
    account.build(B1, 200, reported=reported)
    outcome = wait(account, B1)
    assert outcome.builds[0]["complete"] is True
    assert outcome.elapsed <= 230


def test_a_total_and_a_percentage_make_an_estimate() -> None:
    account = Account()
    account.build(B1, 1200, reported=lambda now: {"Process": f"{now / 12:.1f}", "TotalDuration": "1200"})
    assert wait(account, B1).polls <= 15


def test_zone_and_region_come_from_the_images_own_row() -> None:
    account = Account(zone=None, region=None)
    account.build(B1, 300, zone="cn-sh2-02")
    wait(account, B1)
    requested = [params for _time, action, params in account.requested if action == PROGRESS]
    assert requested
    assert {(params["Region"], params["Zone"]) for params in requested} == {("cn-sh2", "cn-sh2-02")}
    assert account.actions()[0] == LIST


def test_the_row_knows_better_than_the_options_where_an_image_lies() -> None:
    account = Account()
    account.build(B1, 1200, zone="cn-sh2-02")
    wait(account, B1)
    requested = [params["Zone"] for _time, action, params in account.requested if action == PROGRESS]
    assert requested[0] == "cn-wlcb-01"
    assert set(requested[1:]) == {"cn-sh2-02"}


def test_a_fixed_interval_is_kept() -> None:
    account = Account()
    account.build(B1, 100)
    wait(account, B1, poll=PollSettings(poll_interval=10.0))
    times = [time for time, action, _params in account.requested if action == PROGRESS]
    assert all(10.0 <= later - earlier <= 10.5 for earlier, later in zip(times, times[1:]))


def test_a_smaller_max_poll_interval_notices_an_end_without_a_sign_sooner() -> None:
    account = Account()
    account.build(B1, 3000, container=True)
    assert wait(account, B1, poll=PollSettings(max_poll_interval=5.0)).elapsed <= 3005


# --- An image that is not there ----------------------------------------------


def test_a_new_image_may_take_a_while_to_appear() -> None:
    account, heard = Account(), Heard()
    account.build(B1, 300, visible_after=GRACE - 20)
    assert wait(account, B1, heard=heard).builds[0]["complete"] is True
    assert heard.of("build")[0]["status"] is None


def test_an_image_that_never_appears_is_named() -> None:
    account = Account()
    account.build(B2, 20, name="eval-env")
    with pytest.raises(WaitError) as caught:
        wait(account, B1, B2)
    assert str(caught.value).startswith(
        f"1 of 2 image builds cannot be found: {B1}. 1 is available. Check the image id"
    )
    assert GRACE <= account.now <= GRACE + 35
    assert [build["complete"] for build in caught.value.facts["builds"]] == [False, True]


def test_an_image_that_vanishes_is_given_up() -> None:
    account = Account()
    account.build(B1, 1000)
    shown = account.rows[B1]
    account.rows[B1] = lambda now: shown(now) if now < 200 else None
    reported = account.progress[B1]
    account.progress[B1] = lambda now: reported(now) if now < 200 else refused(PROGRESS, 8039)
    with pytest.raises(WaitError, match="cannot be found"):
        wait(account, B1)
    assert account.now <= 200 + 210 + GRACE + 30


def test_a_list_that_cannot_be_read_makes_no_image_missing() -> None:
    account = Account()
    account.build(B1, 600, container=True)
    account.faults = lambda action, now: fault() if action == LIST and now < 400 else None
    assert wait(account, B1).builds[0]["complete"] is True


# --- What the key may not do -------------------------------------------------


@pytest.mark.parametrize("code", [299, 200, 240, 161])
def test_the_progress_alone_is_enough(code: int) -> None:
    account, heard = Account(), Heard()
    account.build(B1, 600)
    account.faults = lambda action, _now: refused(action, code) if action == LIST else None
    outcome = wait(account, B1, heard=heard)
    assert outcome.builds[0]["complete"] is True
    assert outcome.builds[0]["status"] is None
    assert 600 <= outcome.elapsed <= 610
    assert account.actions().count(LIST) == 1
    assert len(heard.warnings) == 1
    assert f"RetCode {code}" in heard.warnings[0]


@pytest.mark.parametrize("code", [299, 200, 240, 161])
def test_the_list_alone_is_enough(code: int) -> None:
    account, heard = Account(), Heard()
    account.build(B1, 600)
    account.faults = lambda action, _now: refused(action, code) if action == PROGRESS else None
    outcome = wait(account, B1, heard=heard)
    assert outcome.builds[0]["complete"] is True
    assert 600 <= outcome.elapsed <= 630
    assert account.actions().count(PROGRESS) == 1
    assert len(heard.warnings) == 1


def test_without_both_permissions_it_says_so() -> None:
    account = Account()
    account.build(B1, 600)
    account.faults = lambda action, _now: refused(action, 299)
    for look in (wait, see):
        with pytest.raises(CompShareError, match="cannot be followed") as caught:
            look(account, B1)
        assert PROGRESS in str(caught.value)
        assert LIST in str(caught.value)
        assert caught.value.ret_code == 299
        assert caught.value.facts["builds"][0]["image_id"] == B1


def refusing_list(code: int, *, until: float = 1e9) -> Callable[[str, float], CompShareError | None]:
    return lambda action, now: refused(LIST, code) if action == LIST and now < until else None


def test_a_list_that_is_refused_for_another_reason_is_read_again_and_again() -> None:
    account, heard = Account(), Heard()
    account.build(B1, 600)
    account.faults = refusing_list(230)
    outcome = wait(account, B1, heard=heard)
    assert outcome.builds[0]["complete"] is True
    # The progress alone is trusted when nothing has contradicted it for a while, and the user gets a warning.
    assert 600 + TRUST_AFTER <= outcome.elapsed <= 600 + TRUST_AFTER + 95
    assert account.actions().count(LIST) > 5
    [warning] = heard.warnings
    assert "Complete by a progress of 100 % alone" in warning
    assert B1 in warning
    assert "RetCode 230" in warning


@pytest.mark.parametrize("code", [230, 8433, 8039])
def test_a_failed_build_is_not_complete_because_the_list_was_refused_for_a_while(code: int) -> None:
    account = Account()
    account.build(B1, 300, fails_at=290, reported=lambda _now: {"Process": 100, "RemainingDuration": 0})
    account.faults = refusing_list(code, until=100)
    with pytest.raises(WaitError, match="disk full"):
        wait(account, B1)


@pytest.mark.parametrize("reported", [{"Process": None, "RemainingDuration": 0}, {"RemainingDuration": "0"}])
@pytest.mark.parametrize("code", [299, 230])
def test_no_time_left_is_no_end(code: int, reported: dict[str, Any]) -> None:
    account = Account()
    account.build(B1, 300, reported=lambda now: reported if now < 250 else {"Process": 100})
    account.faults = refusing_list(code)
    assert wait(account, B1).elapsed >= 250
    account = Account()
    account.build(B1, 300, reported=lambda _now: reported)
    account.faults = refusing_list(code)
    assert see(account, B1).builds[0]["complete"] is False


def test_a_row_that_contradicts_the_progress_outweighs_it() -> None:
    account = Account()
    account.build(B1, 1e6, reported=lambda _now: {"Process": 100, "RemainingDuration": 0})
    account.faults = lambda action, now: refused(LIST, 230) if action == LIST and now > 60 else None
    with pytest.raises(
        WaitError, match=r"did not end within 15 min: env \(compshareImage-b1, 100\.0 %, no progress for 15 min\)"
    ) as caught:
        wait(account, B1, wait_timeout=900)
    assert "RetCode 230" in str(caught.value)
    assert caught.value.facts["builds"][0]["complete"] is False


def test_a_look_does_not_trust_the_progress_because_the_list_failed_once() -> None:
    account, warnings = Account(), []
    account.build(B1, 10)
    account.clock.time += 60
    account.faults = refusing_list(230)
    outcome = see(account, B1, warnings=warnings)
    assert (outcome.builds[0]["complete"], outcome.builds[0]["progress"]) == (False, 100)
    assert any("it is unknown how the build ended" in warning for warning in warnings)


def test_a_look_trusts_the_progress_where_the_list_may_not_be_read() -> None:
    account, warnings = Account(), []
    account.build(B1, 10)
    account.clock.time += 60
    account.faults = refusing_list(299)
    assert see(account, B1, warnings=warnings).builds[0]["complete"] is True
    assert any("counts as complete when its progress is 100 %" in warning for warning in warnings)


@pytest.mark.parametrize("code", [170, 171, 172, 174, 292, 294, 295])
def test_what_every_request_would_meet_ends_the_wait_at_once(code: int) -> None:
    account = Account()
    account.build(B1, 600)
    account.faults = lambda action, now: refused(action, code) if now > 100 else None
    with pytest.raises(RefusedError) as caught:
        wait(account, B1)
    assert caught.value.facts["builds"][0]["progress"] is not None


# --- Faults ------------------------------------------------------------------


@pytest.mark.parametrize("action", [PROGRESS, LIST, None])
@pytest.mark.parametrize("retry", [Retry.READ, Retry.THROTTLE])
def test_faults_for_a_while_do_not_end_the_wait(action: str | None, retry: Retry) -> None:
    account, heard = Account(), Heard()
    account.build(B1, 600)
    account.faults = lambda requested, now: fault(retry) if action in (None, requested) and 50 < now < 400 else None
    outcome = wait(account, B1, heard=heard)
    assert outcome.builds[0]["complete"] is True
    assert outcome.elapsed <= 632
    if action is None:
        assert heard.of("fault")[0]["message"] == "The network is down."


def test_a_progress_request_without_a_response_ever_leaves_the_list() -> None:
    account = Account()
    account.build(B1, 600)
    account.faults = lambda action, _now: fault() if action == PROGRESS else None
    outcome = wait(account, B1)
    assert 600 <= outcome.elapsed <= 630


def test_the_progress_is_trusted_where_the_list_cannot_be_read_for_long() -> None:
    account, heard = Account(), Heard()
    account.build(B1, 100)
    account.faults = lambda action, _now: fault() if action == LIST else None
    outcome = wait(account, B1, wait_timeout=300, heard=heard)
    assert outcome.builds[0]["complete"] is True
    assert outcome.elapsed <= 300
    assert "Complete by a progress of 100 % alone" in heard.warnings[-1]


def test_an_outage_costs_few_requests() -> None:
    account = Account()
    account.build(B1, 3000)
    account.faults = lambda _action, now: fault() if 100 < now < 1600 else None
    outcome = wait(account, B1)
    assert outcome.builds[0]["complete"] is True
    during = [time for time, _action, _params in account.requested if 100 < time < 1600]
    assert len(during) <= 30
    pauses = [later - earlier for earlier, later in zip(during, during[1:])]
    assert max(pauses) <= 120


def test_throttling_slows_the_whole_task_down() -> None:
    account, calm = Account(), Account()
    for one in (account, calm):
        for number in range(3):
            one.build(f"i-{number}", 600, container=True)
    account.faults = lambda _action, now: fault(Retry.THROTTLE) if 20 < now < 300 else None
    for one in (account, calm):
        wait(one, *one.rows, poll=PollSettings(poll_interval=5.0))
    looks = [[time for time, _action, _params in one.requested if 20 < time < 400] for one in (account, calm)]
    assert len(looks[0]) < len(looks[1]) / 2
    assert max(later - earlier for earlier, later in zip(looks[0], looks[0][1:])) > 20
    after = [time for time, _action, _params in account.requested if time > 500]
    assert all(later - earlier < 10 for earlier, later in zip(after, after[1:]))


def test_an_outage_that_lasts_ends_with_the_deadline() -> None:
    account = Account()
    account.build(B1, 600, name="env")
    account.faults = lambda _action, now: fault() if now > 100 else None
    with pytest.raises(WaitError) as caught:
        wait(account, B1, wait_timeout=900)
    assert account.now <= 900
    assert "did not end within 15 min" in str(caught.value)
    assert "The network is down." in str(caught.value)


# --- Time --------------------------------------------------------------------


def test_the_time_is_up() -> None:
    account = Account()
    account.build(B1, 4000, name="training-env")
    account.build(B2, 50, name="eval-env")
    with pytest.raises(WaitError) as caught:
        wait(account, B1, B2, wait_timeout=3600)
    assert str(caught.value) == (
        "1 of 2 image builds did not end within 1 h: "
        "training-env (compshareImage-b1, 89.9 %, about 6 min 43 s left). 1 is available. "
        "Run the task again to go on waiting."
    )
    assert caught.value.retryable is True
    assert account.now <= 3600
    assert caught.value.facts["progress"] == 89.9


def test_a_build_that_stands_still_says_for_how_long() -> None:
    account = Account()
    account.build(B1, 9000, reported=lambda now: {"Process": min(50.0, now)})
    with pytest.raises(WaitError, match=r"50\.0 %, no progress for 1[34] min"):
        wait(account, B1, wait_timeout=900)


def test_no_time_at_all_is_one_look() -> None:
    account = Account()
    account.build(B1, 300)
    with pytest.raises(WaitError, match="did not end within 0 s"):
        wait(account, B1, wait_timeout=0)
    account.clock.time += 300
    assert wait(account, B1, wait_timeout=0).builds[0]["complete"] is True


def test_an_interrupted_wait_reports_what_is_known_and_a_second_one_goes_on() -> None:
    account = Account()
    account.build(B1, 600)
    sleep = account.clock.sleep

    def interrupted(seconds: float) -> None:
        if account.now > 200:
            account.clock.sleep = sleep  # type: ignore[method-assign]
            raise KeyboardInterrupt
        sleep(seconds)

    account.clock.sleep = interrupted  # type: ignore[method-assign]
    with pytest.raises(WaitError, match="when the wait was interrupted after") as caught:
        wait(account, B1)
    assert caught.value.facts["builds"][0]["progress"] > 15
    assert wait(account, B1).builds[0]["complete"] is True


# --- Many builds -------------------------------------------------------------


def test_several_builds_come_back_in_the_order_of_the_ids_and_each_once() -> None:
    account = Account()
    for image_id, length in (("i-3", 50), ("i-1", 400), ("i-2", 200)):
        account.build(image_id, length)
    outcome = wait(account, "i-2", "i-3", "i-1", "i-2")
    assert [build["image_id"] for build in outcome.builds] == ["i-2", "i-3", "i-1"]
    assert 400 <= outcome.elapsed <= 403


def test_one_build_fails_and_the_others_are_waited_for() -> None:
    account = Account()
    account.build(B1, 300, fails_at=30, name="bad")
    account.build(B2, 500, name="good")
    with pytest.raises(
        WaitError, match=r"1 of 2 image builds failed: bad \(compshareImage-b1, disk full\)\. 1 is avail"
    ):
        wait(account, B1, B2)
    assert account.now >= 500


def test_a_large_set_is_followed_by_the_list() -> None:
    account, heard = Account(), Heard()
    ids = [account.build(f"i-{number:02}", 300 + number) for number in range(50)]
    outcome = wait(account, *ids, heard=heard)
    assert outcome.as_result()["complete"] is True
    assert outcome.polls <= 50
    assert 349 <= outcome.elapsed <= 354
    sums = heard.of("builds")
    assert [each["complete"] for each in sums] == sorted(each["complete"] for each in sums)
    assert (sums[-1]["complete"], sums[-1]["total"], sums[-1]["failed"]) == (50, 50, 0)
    assert heard.of("build") == []
    # An end is seen by the first look after it.
    for each in sums:
        assert sum(300 + number <= each["elapsed"] for number in range(50)) - each["complete"] <= 1


def test_in_a_large_set_only_failed_builds_have_an_event_of_their_own() -> None:
    account, heard = Account(), Heard()
    ids = [account.build(f"i-{number}", 300, fails_at=200 if number == 7 else None) for number in range(20)]
    with pytest.raises(WaitError, match="1 of 20 image builds failed"):
        wait(account, *ids, heard=heard)
    [failed] = heard.of("build")
    assert (failed["image_id"], failed["failed"], failed["failed_reason"]) == ("i-7", True, "disk full")
    assert heard.of("builds")[-1]["failed"] == 1


def test_a_large_set_without_the_list_is_polled_one_by_one() -> None:
    account = Account()
    ids = [account.build(f"i-{number}", 300) for number in range(SET + 3)]
    account.faults = lambda action, _now: refused(action, 299) if action == LIST else None
    assert wait(account, *ids).as_result()["complete"] is True


def test_only_the_pages_with_followed_images_are_read_again() -> None:
    account = Account(others=950)
    account.build(B1, 1000, container=True)
    wait(account, B1)
    offsets = [params["Offset"] for _time, action, params in account.requested if action == LIST]
    assert offsets[:10] == [page * PAGE_SIZE for page in range(10)]
    assert set(offsets[10:]) == {900}


def test_a_row_that_moved_to_another_page_is_found_again() -> None:
    account = Account(others=150)
    account.build(B1, 400, container=True)
    row = account.rows[B1]

    def moving(now: float) -> dict[str, Any] | None:
        if now > 100 and len(account._others) == 150:
            del account._others[:100]
        return row(now)

    account.rows[B1] = moving
    assert wait(account, B1).builds[0]["complete"] is True


def test_summaries_of_many() -> None:
    account = Account()
    account.build("i-1", 200)
    account.build("i-2", 400)
    account.build("i-3", 400, container=True)
    account.clock.time += 100
    outcome = see(account, "i-1", "i-2").as_result()
    assert (outcome["progress"], outcome["remaining_duration"]) == (25, 300)
    outcome = see(account, "i-1", "i-3").as_result()
    assert (outcome["progress"], outcome["remaining_duration"]) == (0, None)


def test_the_summary_is_of_the_builds_that_have_not_failed() -> None:
    account = Account()
    account.build("failed", 400, fails_at=40)
    account.build("running", 200)
    account.build("done", 50)
    account.clock.time += 100
    outcome = see(account, "failed", "running", "done").as_result()
    assert (round(outcome["progress"]), outcome["remaining_duration"], outcome["ended"]) == (50, 100, False)
    account.clock.time += 200
    outcome = see(account, "failed", "running", "done").as_result()
    assert (outcome["complete"], outcome["ended"], outcome["progress"]) == (False, True, 100)
    assert see(account, "failed").as_result()["progress"] == 10


@pytest.mark.parametrize("longest", [5.0, 20.0, 60.0, 120.0])
@pytest.mark.parametrize("builds", [1, 3, 12])
def test_no_pause_between_two_looks_is_longer_than_max_poll_interval(builds: int, longest: float) -> None:
    account = Account()
    ids = [account.build(f"i-{number}", 1200 + 200 * number) for number in range(builds)]
    wait(account, *ids, poll=PollSettings(max_poll_interval=longest))
    times = [time for time, _action, _params in account.requested]
    assert max(later - earlier for earlier, later in zip(times, times[1:])) <= longest + 0.2


# --- Options -----------------------------------------------------------------


def test_image_ids_are_stripped_and_never_empty() -> None:
    assert build_targets([" i-1 "]) == [BuildTarget("i-1")]
    with pytest.raises(OptionError, match="empty id"):
        build_targets(["i-1", " "])


def test_the_list_is_read_for_the_regions_of_the_images() -> None:
    account = Account(zone=None, region=None)
    for image_id, zone in (("i-1", "cn-sh2-02"), ("i-2", "cn-wlcb-01")):
        account.build(image_id, 300, zone=zone)
    targets = [BuildTarget("i-1", zone="cn-sh2-02"), BuildTarget("i-2", region="cn-wlcb", zone="cn-wlcb-01")]
    outcome = wait_for_builds(account, targets, rng=Random(1))  # type: ignore[arg-type]  # stands in for the client
    assert outcome.as_result()["complete"] is True
    regions = [params["Region"] for _time, action, params in account.requested if action == LIST]
    assert set(regions) == {"cn-sh2", "cn-wlcb"}
