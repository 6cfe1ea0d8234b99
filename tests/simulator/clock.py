"""A world's clock: it runs at a chosen speed, or stands still and is moved by hand, and carries out what is due."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable


class WorldClock:
    """Seconds since the epoch, in a world's own time.

    :param start: the world's first moment, epoch seconds; None is the real one.
    :param speed: world seconds in a real second; 0 stands still until :meth:`advance`.
    """

    def __init__(self, start: float | None, speed: float, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._speed = speed
        self._from_real_time = start is None
        self._base = time.time() if start is None else start
        self._since = real()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._settling: float | None = None

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def running_now(self) -> float:
        return self._base + (self._real() - self._since) * self._speed

    def now(self) -> float:
        """The world's time; while something due is carried out, the moment at which it was due."""
        return self.running_now if self._settling is None else self._settling

    def client_now(self) -> float:
        """The time on the clock of a client: the real one where the world outruns it, else the world's."""
        return time.time() if self._speed > 1 and self._from_real_time else self.now()

    def set_speed(self, speed: float) -> None:
        self._base = self.running_now
        self._since = self._real()
        self._speed = speed

    def advance(self, seconds: float) -> None:
        """Move the clock on, and carry out what falls due on the way."""
        self._base += seconds
        self.settle()

    def after(self, seconds: float, effect: Callable[[], None]) -> None:
        """Carry out ``effect`` once ``seconds`` of the world's time have passed."""
        heapq.heappush(self._due, (self.now() + seconds, next(self._order), effect))

    def settle(self) -> None:
        """Carry out everything that is due by now, in the order of time."""
        if self._settling is not None:
            return
        limit = self.running_now
        try:
            while self._due and self._due[0][0] <= limit:
                moment, _unused, effect = heapq.heappop(self._due)
                self._settling = moment
                effect()
        finally:
            self._settling = None
