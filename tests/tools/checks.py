"""The checks of one nox session: each command counts as one, and all run even where an early one fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nox
from nox.command import CommandFailed

from tests.tools.results import write_results
from tests.tools.run_steps import results_folder


class Checks:
    """Runs commands for a session and keeps what came of them."""

    def __init__(self, session: nox.Session, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._failures: dict[str, str | None] = {}

    def run(self, name: str, *command: str | os.PathLike[str], env: dict[str, str] | None = None) -> bool:
        """Run one command as the check ``name`` and return whether it passed."""
        self._failures[name] = None
        try:
            self._session.run(*command, env=env, external=True)
        except CommandFailed as error:
            self._failures[name] = f"{' '.join(map(str, command))}: {error}"
        return self._failures[name] is None

    def judge(self, name: str, reason: str) -> None:
        """Count a check that our own code made: it failed where there is a reason."""
        if reason:
            self._session.warn(f"{name}: {reason}")
        self._failures[name] = reason or None

    def finish(self) -> None:
        """Write the results as JUnit XML and end the session as failed where any check failed."""
        write_results(self._folder / "checks.xml", self._session.name, self._failures)
        failed = [name for name, failure in self._failures.items() if failure is not None]
        if failed:
            self._session.error(f"failed: {', '.join(failed)}")


@contextmanager
def checks_of(session: nox.Session) -> Iterator[Checks]:
    """Give a session its checks, and finish them at the end."""
    checks = Checks(session, results_folder(session.name))
    yield checks
    checks.finish()
