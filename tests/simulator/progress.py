"""How the progress of a build is reported: the true course of it, seen through an estimate that may be poor.

What the real API responds at the start, at the end and for estimates that are wrong was never recorded; these models
cover what a client must be ready for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .dice import Dice

Report = dict[str, Any]


def accurate(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """The estimate is right."""
    return _report(100 * elapsed / duration, duration, duration - elapsed)


def biased(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """The estimate is ``bias`` times the truth; when it is overrun, 99 per cent and no time left."""
    estimate = max(1.0, duration * bias)
    return _report(min(99.0, 100 * elapsed / estimate), estimate, max(0.0, estimate - elapsed))


def noisy(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """Right on average, ± 30 per cent at every look, so that progress can fall."""
    left = max(0.0, (duration - elapsed) * (0.7 + 0.6 * dice.share()))
    return _report(min(99.9, 100 * elapsed / duration * (0.9 + 0.2 * dice.share())), elapsed + left, left)


def stuck_at_99(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """99 per cent after two thirds of the time, and then nothing moves until the end."""
    estimate = duration * 2 / 3
    return _report(min(99.0, 100 * elapsed / estimate), estimate, max(1.0, estimate - elapsed))


def restarting(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """At the middle, progress falls back to 0 and the estimate begins again."""
    half = duration / 2
    if elapsed < half:
        return accurate(elapsed, duration, bias, dice)
    return accurate(elapsed - half, half, bias, dice)


def no_estimate(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """Only Process is reported; the durations are absent."""
    return {"Process": round(100 * elapsed / duration, 1)}


def no_progress(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """Nothing is known until the end."""
    return {"Process": 0, "TotalDuration": None, "RemainingDuration": None}


def null_first(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """null for the first tenth, accurate from then on."""
    if elapsed < duration / 10:
        return {"Process": None, "TotalDuration": None, "RemainingDuration": None}
    return accurate(elapsed, duration, bias, dice)


def as_text(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """Accurate, and every number is a string (documented for the durations)."""
    return {key: str(value) for key, value in accurate(elapsed, duration, bias, dice).items()}


def mixed(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """Accurate, and some numbers are strings at some looks."""
    reported = accurate(elapsed, duration, bias, dice)
    return {key: str(value) if dice.chance(0.5) else value for key, value in reported.items()}


def negative(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """The remaining time runs below zero in the second half."""
    return _report(min(99.0, 100 * elapsed / duration), duration / 2, duration / 2 - elapsed)


def jumping(elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """The remaining time is any number; only Process can be believed."""
    return _report(100 * elapsed / duration, duration, float(dice.below(7200)))


def _report(process: float, total: float, remaining: float) -> Report:
    return {"Process": round(process, 1), "TotalDuration": round(total), "RemainingDuration": round(remaining)}


MODELS: dict[str, Callable[[float, float, float, Dice], Report]] = {
    model.__name__: model
    for model in (
        accurate,
        biased,
        noisy,
        stuck_at_99,
        restarting,
        no_estimate,
        no_progress,
        null_first,
        as_text,
        mixed,
        negative,
        jumping,
    )
}


def report(model: str, elapsed: float, duration: float, bias: float, dice: Dice) -> Report:
    """What the progress call returns ``elapsed`` seconds into a build that lasts ``duration``."""
    if elapsed >= duration:
        last = {"Process": 100.0, "TotalDuration": round(duration), "RemainingDuration": 0}
        return {key: str(value) for key, value in last.items()} if model == "as_text" else last
    return MODELS[model](max(0.0, elapsed), duration, bias, dice)
