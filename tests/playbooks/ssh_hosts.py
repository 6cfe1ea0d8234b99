"""Instances that can be logged in to: an SSH server for each, on a free loopback port, with a home folder of its own.

Commands run as the user of the tests, but with that home, so what a task leaves behind shows on which instance it ran.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from ansible_collections.compshare.cloud.tests.simulator import World
from ansible_collections.compshare.cloud.tests.simulator.instance_store import Instance

#: Seconds that a reboot takes, and that a call into the servers' thread may take.
REBOOT_SECONDS = 0.5
PATIENCE = 20.0
#: What a command must contain to lose its connection, as when a machine goes down.
LOSE = "lose-the-connection"
#: In a home: the next connection is lost, and the file is gone.
ARMED = "armed"
SSH = shutil.which("ssh")


def require_ssh() -> str:
    """The path of the system's ssh. Where it is missing, the test fails and says so: nothing is skipped."""
    assert SSH is not None, "These tests log in with the system's ssh, and there is none. Install OpenSSH's client."
    return SSH


@dataclass
class SshHost:
    """The SSH server of one instance; takes the place of the simulator's SshGreeter."""

    instance: Instance
    home: Path
    servers: SshHosts
    password_login: bool = True
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.boot_id = str(uuid.uuid4())
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self.connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def greets(self) -> bool:
        return self._acceptor is not None

    def begin(self) -> None:
        self.servers.call(self._listen())

    def close(self) -> None:
        if self._socket.fileno() != -1:
            self.servers.call(self._stop_listening())
            self._socket.close()

    @property
    def password(self) -> str:
        return base64.b64decode(str(self.instance.row["Password"])).decode()

    @property
    def authorized_keys(self) -> Path:
        return self.home / ".ssh/authorized_keys"

    async def _listen(self) -> None:
        self._acceptor = await asyncssh.listen(
            sock=self._socket.dup(),
            server_host_keys=[self.servers.host_key],
            server_factory=lambda: _Server(self),
            process_factory=self._run,
            encoding=None,
        )

    async def _stop_listening(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        for connection in list(self.connections):
            connection.abort()

    async def _reboot(self) -> None:
        await self._stop_listening()
        self.boot_id = str(uuid.uuid4())
        await asyncio.sleep(REBOOT_SECONDS)
        await self._listen()

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        self.log.append(command)
        armed = self.home / ARMED
        if armed.exists() or LOSE in command:
            armed.unlink(missing_ok=True)
            process.channel.get_connection().abort()
        elif "shutdown" in command:
            process.exit(0)
            self.servers.later(self._reboot())
        elif "sshd_config" in command:
            # The files of an operating system belong to root; the script that changes them has a test of its own.
            self.log.append((await process.stdin.readline()).decode())
            self.password_login = False
            process.stdout.write(b"changed\n")
            process.exit(0)
        elif "/proc/sys/kernel/random/boot_id" in command:
            process.stdout.write(f"{self.boot_id}\n".encode())
            process.exit(0)
        else:
            await self._execute(process, command)

    async def _execute(self, process: asyncssh.SSHServerProcess[bytes], command: str) -> None:
        child = await asyncio.create_subprocess_shell(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.home,
            env={
                "HOME": str(self.home),
                "PATH": f"{self.home}/bin:{Path(sys.executable).parent}:/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
            },
        )
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await child.wait())
        await process.wait_closed()


class _Server(asyncssh.SSHServer):
    def __init__(self, host: SshHost) -> None:
        self._host = host

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._host.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        keys = self._host.authorized_keys
        if keys.exists():
            self._connection.set_authorized_keys(asyncssh.import_authorized_keys(keys.read_text()))
        return True

    def password_auth_supported(self) -> bool:
        return self._host.password_login

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._host.password


class SshHosts:
    """The servers of all instances of a world that start while this is entered."""

    def __init__(self, world: World, folder: Path, *, known_key: str | None = None) -> None:
        self._world = world
        self._folder = folder
        self._known_key = known_key
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh-hosts", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.hosts: dict[str, SshHost] = {}
        #: Programs that stand in the bin folder of each home, by name.
        self.programs: dict[str, str] = {}

    def __enter__(self) -> SshHosts:
        require_ssh()
        self._thread.start()
        self._world.new_greeter = self.host_of
        return self

    def __exit__(self, *_error: object) -> None:
        for host in self.hosts.values():
            host.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    def call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def later(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def host_of(self, instance: Instance) -> SshHost:
        """A new server for an instance, with the home that it had before."""
        home = self._folder / str(instance.row["Name"])
        host = SshHost(instance, home, self)
        if not home.exists():
            host.authorized_keys.parent.mkdir(parents=True, mode=0o700)
            for name, text in self.programs.items():
                program = home / "bin" / name
                program.parent.mkdir(exist_ok=True)
                program.write_text(text)
                program.chmod(0o755)
            if self._known_key is not None:
                host.authorized_keys.write_text(f"{self._known_key}\n")
        self.hosts[instance.identifier] = host
        return host

    def forget_known_key(self) -> None:
        """Let new instances know no key, so that their password is the only way in."""
        self._known_key = None

    def home(self, name: str) -> Path:
        """The home of the only instance whose name begins so."""
        [home] = [one for one in self._folder.iterdir() if one.name.startswith(name)]
        return home


def new_key(folder: Path) -> tuple[Path, str]:
    """A new private key in a folder, and the line of its public key."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    path = folder / "id_ed25519"
    key.write_private_key(path)
    path.chmod(0o600)
    return path, key.export_public_key().decode().strip()
