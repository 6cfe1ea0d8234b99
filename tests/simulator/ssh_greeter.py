"""Ports that greet like an SSH server, for tests that wait until an instance can be reached.

A port is bound, and so kept, before anything listens on it: connecting is refused until the greeting begins.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Protocol

BANNER = b"SSH-2.0-OpenSSH_9.6 simulator\r\n"


class Greeter(Protocol):
    """What listens on the SSH port of an instance from :meth:`begin` on."""

    port: int

    def begin(self) -> None:
        """Listen, if it does not yet."""

    def close(self) -> None:
        """Listen no more."""


class SshGreeter:
    """One loopback port of one instance."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread: threading.Thread | None = None

    @property
    def greets(self) -> bool:
        return self._thread is not None

    def begin(self) -> None:
        if self._thread is None:
            self._socket.listen(64)
            self._thread = threading.Thread(target=self._greet, name=f"ssh-greeter-{self.port}", daemon=True)
            self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _greet(self) -> None:
        while True:
            try:
                connection, _unused = self._socket.accept()
            except OSError:  # closed
                return
            with connection, contextlib.suppress(OSError):
                connection.sendall(BANNER)
