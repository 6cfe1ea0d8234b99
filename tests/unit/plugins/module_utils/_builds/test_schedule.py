from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._builds.schedule import (
    DENSE,
    JITTER,
    LONGEST_BLIND,
    OVERDUE,
    OVERSTATEMENT,
    SAMPLE,
    SHORTEST_SLEEP,
    PollSettings,
    Sample,
    Schedule,
)

SETTINGS = PollSettings()
MAX = SETTINGS.max_poll_interval


def schedule(settings: PollSettings = SETTINGS, seed: int = 1) -> Schedule:
    return Schedule(settings, 0.0, Random(seed))


def follow_accurate(length: float, seed: int = 1, *, factor: float = 1.0) -> list[float]:
    """Return the times at which a build is polled whose remaining time is reported times a factor."""
    plan, requested = schedule(seed=seed), [0.0]
    while requested[-1] < length:
        now = requested[-1]
        plan.saw_progress(now, round(100 * now / length, 1), round((length - now) * factor))
        requested.append(plan.due)
    return requested


def likely(plan: Schedule, now: float) -> float:
    estimate = plan.estimate(now)
    assert estimate is not None
    return estimate.likely


def test_it_polls_at_once() -> None:
    plan = schedule()
    assert plan.due == 0.0
    assert plan.may_join(0.0)
    assert plan.estimate(0.0) is None
    assert plan.unmoved_for == 0.0


def test_a_build_of_20_minutes_costs_about_a_dozen_looks_and_ends_within_2_seconds() -> None:
    for seed in range(50):
        requested = follow_accurate(1200, seed)
        assert len(requested) <= 13
        assert requested[-1] - 1200 <= 3.0


def test_polls_get_denser_towards_the_end() -> None:
    requested = follow_accurate(300)
    sleeps = [later - earlier for earlier, later in zip(requested, requested[1:])]
    assert sleeps[-1] < min(sleeps[:-1])


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.3, 1.5])
def test_a_biased_estimate_is_seen_through(factor: float) -> None:
    plan = schedule()
    for now in (0.0, 100.0, 200.0):
        plan.saw_progress(now, None, (1000 - now) * factor)
    assert likely(plan, 200.0) == pytest.approx(800, rel=0.01)
    assert follow_accurate(1000, factor=factor)[-1] - 1000 <= 3.0


def test_the_percentage_alone_gives_an_estimate() -> None:
    plan = schedule()
    plan.saw_progress(0.0, 0.0, None)
    assert plan.estimate(0.0) is None
    plan.saw_progress(10.0, 5.0, None)
    assert likely(plan, 10.0) == pytest.approx(190)


def test_without_any_estimate_the_sleeps_grow_up_to_the_limit() -> None:
    plan, now, sleeps = schedule(), 0.0, []
    while now < 2000:
        plan.saw_nothing_new(now)
        sleeps.append(plan.due - now)
        now = plan.due
    assert sleeps[0] == SHORTEST_SLEEP
    assert max(sleeps) <= LONGEST_BLIND
    assert sleeps[-1] >= LONGEST_BLIND * (1 - JITTER[1])
    assert sum(sleeps[:10]) < sum(sleeps[10:20])


def test_an_estimate_that_stands_still_is_not_trusted() -> None:
    plan, now = schedule(), 0.0
    for _look in range(20):
        plan.saw_progress(now, 99.0, 3)
        assert plan.due - now <= LONGEST_BLIND
        last, now = now, plan.due
    assert plan.stands_still
    assert plan.unmoved_for == pytest.approx(last)


def test_an_overrun_estimate_is_polled_again_soon_and_then_less_often() -> None:
    plan = schedule()
    for now in (0.0, 50.0, 90.0):
        plan.saw_progress(now, now, 100 - now)
    assert plan.expects_end
    now, sleeps = plan.due, []
    for _look in range(100):
        plan.saw_nothing_new(now)
        sleeps.append(plan.due - now)
        now = plan.due
    assert sleeps[0] == SHORTEST_SLEEP
    assert max(sleeps) <= LONGEST_BLIND
    assert sleeps[-1] >= LONGEST_BLIND * (1 - JITTER[1])


def test_a_restart_begins_a_new_course() -> None:
    plan = schedule()
    for now in (0.0, 100.0, 200.0):
        plan.saw_progress(now, now / 10, 1000 - now)
    plan.saw_progress(300.0, 0.0, 1000)
    assert likely(plan, 300.0) == pytest.approx(1000)
    assert not plan.stands_still
    assert not plan.behind


def test_a_restart_shows_in_the_remaining_time_alone() -> None:
    plan = schedule()
    for now in (0.0, 100.0, 200.0):
        plan.saw_progress(now, None, 1000 - now)
    plan.saw_progress(300.0, None, 2000)
    assert likely(plan, 300.0) == pytest.approx(2000)


def test_a_build_that_slows_down_is_behind_and_watched_closely() -> None:
    plan = schedule()
    for now in (0.0, 200.0, 400.0):
        plan.saw_progress(now, now / 20, 2000 - now)
    assert not plan.behind
    plan.saw_progress(600.0, 24.0, 1520)  # 30 % was due
    assert plan.behind
    assert plan.due - 600.0 <= LONGEST_BLIND


def test_a_fixed_interval_is_kept_whatever_comes() -> None:
    plan = schedule(PollSettings(poll_interval=7.0))
    for now, percent in ((0.0, 1.0), (7.0, 50.0), (14.0, 99.0)):
        plan.saw_progress(now, percent, 100 - percent)
        assert plan.due == now + 7.0
        assert not plan.expects_end
    plan.saw_nothing_new(21.0)
    assert plan.due == 28.0


def test_where_others_like_it_end_later_the_short_pauses_are_spared_and_near_their_end_pauses_are_dense() -> None:
    plan = schedule()
    plan.saw_nothing_new(0.0, others_end_in=1000)
    assert LONGEST_BLIND * (1 - JITTER[1]) <= plan.due <= LONGEST_BLIND
    plan.saw_nothing_new(990.0, others_end_in=10)
    assert 10 * (1 - JITTER[1]) <= plan.due - 990.0 <= 10
    plan.saw_nothing_new(1001.0, others_end_in=-1)
    assert plan.due - 1001.0 <= DENSE


def test_what_a_response_lacks_shortens_the_next_pause() -> None:
    whole, short = schedule(), schedule()
    for plan, percent in ((whole, 12.0), (short, 11.8)):
        for now in (0.0, 600.0, 1200.0):
            plan.saw_progress(now, now / 120, 12_000 - now)
        plan.saw_progress(1440.0, percent, 12_000 - 120 * percent)
    # A fifth of a point is 24 seconds: the build may have ended so long ago.
    assert not short.behind
    assert short.due - whole.due == pytest.approx(-24, abs=6)


def test_looks_at_the_list_leave_the_responses_about_one_build_to_its_estimate() -> None:
    plan = schedule()
    plan.share(0.0, True)
    for now in (0.0, 2000.0):
        plan.saw_progress(now, now / 100, 10_000 - now)
    assert plan.due - 2000.0 > MAX
    plan.share(2000.0, False)
    assert plan.due - 2000.0 <= MAX


def test_an_old_response_is_good_for_a_while() -> None:
    plan = schedule()
    plan.saw_progress(0.0, 0.0, 1000)
    assert likely(plan, 300.0) == pytest.approx(700)
    assert plan.estimate(900.0) is None


def test_polls_that_are_close_are_sent_together_but_not_before_the_end_they_should_find() -> None:
    plan = schedule()
    plan.saw_progress(0.0, 0.0, 1000)
    assert not plan.may_join(0.5 * plan.due)
    assert plan.may_join(0.9 * plan.due)
    for now in (500.0, 950.0):
        plan.saw_progress(now, now / 10, 1000 - now)
    assert plan.expects_end
    assert not plan.may_join(plan.due - 1)
    assert plan.may_join(plan.due)


numbers = st.none() | st.floats(-1e4, 1e5) | st.floats(allow_nan=True, allow_infinity=True)


@given(responses=st.lists(st.tuples(st.floats(0, 500), numbers, numbers), max_size=30), seed=st.integers(0, 99))
def test_whatever_the_server_says_the_next_request_has_its_bounds(
    responses: list[tuple[float, float | None, float | None]], seed: int
) -> None:
    plan, now = schedule(seed=seed), 0.0
    for passed, percent, remaining in responses:
        now += passed
        plan.saw_progress(now, percent, remaining)
        assert SHORTEST_SLEEP - 1e-6 <= plan.due - now <= MAX
        estimate = plan.estimate(now)
        assert estimate is None or estimate.likely >= 0


@given(
    length=st.floats(1, 20_000),
    factors=st.lists(st.floats(0, OVERSTATEMENT), min_size=1, max_size=20),
    percents=st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=20),
    longest=st.floats(4, 300),
    seed=st.integers(0, 99),
)
def test_no_end_is_noticed_late_while_the_time_left_is_not_overstated_by_more_than_half(
    length: float, factors: list[float], percents: list[float | None], longest: float, seed: int
) -> None:
    plan, now, looks = schedule(PollSettings(max_poll_interval=longest), seed), 0.0, 0
    while now < length:
        remaining = (length - now) * factors[looks % len(factors)]
        plan.saw_progress(now, percents[looks % len(percents)], remaining)
        now, looks = plan.due, looks + 1
    assert now - length <= longest


@given(responses=st.lists(st.sampled_from([(10.0, None), (None, 50.0), (None, None)]), min_size=2, max_size=30))
def test_no_sleep_is_longer_than_the_limit_while_nothing_moves(
    responses: list[tuple[float | None, float | None]],
) -> None:
    plan, now = schedule(), 0.0
    plan.saw_progress(now, 10.0, 50.0)
    for percent, remaining in responses:
        now = plan.due
        plan.saw_progress(now, percent, remaining)
        assert plan.due - now <= LONGEST_BLIND


def in_sample(sample: Sample, plans: list[Schedule]) -> int:
    return sum(plan in sample for plan in plans)


def planted(remaining: list[float]) -> tuple[Sample, list[Schedule]]:
    """Return builds with these seconds left, whose sample was polled once."""
    sample, plans = Sample(), [schedule(seed=number) for number in range(len(remaining))]
    sample.choose(plans)
    for plan, seconds in zip(plans, remaining):
        if plan in sample:
            plan.saw_progress(0.0, 0.0, seconds)
    sample.predict(0.0, plans)
    return sample, plans


def test_a_few_builds_stand_for_a_set_that_ends_together() -> None:
    sample, plans = planted([600.0] * 50)
    assert in_sample(sample, plans) == SAMPLE
    end_in = sample.end_in(100.0)
    assert end_in is not None
    assert 200 < end_in < 500
    assert sample.end_in(0.0) == pytest.approx(end_in + 100)


def test_where_the_sample_disagrees_every_build_is_polled() -> None:
    sample, plans = planted([600.0] * 12 + [60.0] * 13 + [6000.0] * 25)
    assert in_sample(sample, plans) == 50
    assert sample.end_in(0.0) is None


def test_an_end_outside_of_the_sample_that_was_not_predicted_shows_that_the_builds_are_not_alike() -> None:
    sample, plans = planted([600.0] * 20)
    other = next(plan for plan in plans if plan not in sample)
    sample.saw_ends(30.0, [other], [plan for plan in plans if plan is not other])
    assert in_sample(sample, plans) == 20


def test_builds_that_outlast_the_sample_are_polled() -> None:
    sample, plans = planted([600.0] * 20)
    sample.saw_ends(600.0, [], plans)
    assert in_sample(sample, plans) == SAMPLE
    sample.saw_ends(2 * 600.0 + OVERDUE, [], plans)
    assert in_sample(sample, plans) == 20


def test_when_the_sample_ends_unpredicted_the_rest_is_polled() -> None:
    sample, plans = Sample(), [schedule() for _number in range(20)]
    sample.choose(plans)
    rest = [plan for plan in plans if plan not in sample]
    sample.choose(rest)
    assert in_sample(sample, rest) == len(rest)
