"""Waiting for SSH."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import OptionError, RefusedError, WaitError
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import normalise_instance
from ansible_collections.compshare.cloud.plugins.module_utils._instances.ssh_wait import greets, wait_for_ssh
from ansible_collections.compshare.cloud.tests.unit.plugins.module_utils.fakes import client_of, refusal, success

from .samples import VM

LOGIN = {"SshLoginCommand": "ssh -p 23 root@203.0.113.10"}


def seen(**fields: Any) -> Any:
    return success(UHostSet=[{**VM, **LOGIN, **fields}])


@pytest.mark.parametrize(
    ("greeting", "expected"), [(b"SSH-2.0-OpenSSH_9.6\r\n", True), (b"HTTP/1.1 400\r\n", False), (b"", False)]
)
def test_a_greeting_shows_an_ssh_server(greeting: bytes, expected: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _peer = server.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            assert greets("127.0.0.1", server.getsockname()[1]) is expected
        finally:
            thread.join()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert greets("127.0.0.1", port) is False


def test_the_login_is_read_anew_each_time() -> None:
    """A pod may change its address when it starts."""
    replies = [
        success(UHostSet=[]),
        seen(State="Starting"),
        seen(SshLoginCommand=""),
        seen(),
        refusal(110),
        seen(SshLoginCommand="ssh -p 24 root@203.0.113.11"),
    ]
    client, transport, clock = client_of(replies, retries=0)
    tried: list[tuple[str, int]] = []

    def responds(host: str, port: int) -> bool:
        tried.append((host, port))
        return port == 24

    first = normalise_instance({**VM, "State": "Starting"})
    (ready,) = wait_for_ssh(client, [first], deadline=clock.now() + 300, responds=responds)
    transport.assert_all_used()
    assert tried == [("203.0.113.10", 23)] * 2 + [("203.0.113.11", 24)]
    assert (ready["ssh_host"], ready["ssh_port"]) == tried[-1]


def test_time_may_be_up() -> None:
    client, _transport, clock = client_of(lambda _sent: seen())
    with pytest.raises(WaitError) as caught:
        wait_for_ssh(client, [normalise_instance(VM)], deadline=clock.now() + 30, responds=lambda _host, _port: False)
    assert "train-vm (uhost-1testvm00001, Running, cn-wlcb-01) at 203.0.113.10 port 23" in str(caught.value)
    assert caught.value.retryable


def test_an_instance_without_a_login() -> None:
    client, _transport, clock = client_of(lambda _sent: seen(SshLoginCommand=""))
    instance = normalise_instance({**VM, "SshLoginCommand": ""})
    with pytest.raises(WaitError, match="for which the API shows no SSH login"):
        wait_for_ssh(client, [instance], deadline=clock.now() + 30)


def test_a_list_that_fails_to_the_end_is_reported() -> None:
    client, _transport, clock = client_of(lambda _sent: refusal(130))
    with pytest.raises(WaitError, match="The last response was: DescribeCompShareInstance was refused"):
        wait_for_ssh(client, [normalise_instance(VM)], deadline=clock.now() + 30, responds=lambda _host, _port: False)


def test_a_list_that_is_refused_ends_it() -> None:
    client, _transport, clock = client_of([refusal(299)])
    with pytest.raises(RefusedError):
        wait_for_ssh(client, [normalise_instance(VM)], deadline=clock.now() + 30)


@pytest.mark.parametrize(
    ("fields", "message"), [({"OsType": "Windows"}, "no SSH login for Windows"), ({"State": "Stopped"}, "does not run")]
)
def test_what_cannot_be_waited_for_is_refused_at_once(fields: dict[str, Any], message: str) -> None:
    client, transport, clock = client_of([])
    with pytest.raises(OptionError, match=message):
        wait_for_ssh(client, [normalise_instance({**VM, **fields})], deadline=clock.now() + 30)
    assert transport.requests == []
