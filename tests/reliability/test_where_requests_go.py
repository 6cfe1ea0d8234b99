"""Requests go where they are meant to go, encrypted, or nowhere."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.server import Simulator
from ansible_collections.compshare.cloud.tests.simulator.tls import context_of, make_self_signed

from .playbook_runs import Stage, connection_options

#: Nothing of this machine; nobody may look it up.
ELSEWHERE = "api.compshare.invalid"
REDIRECTS = (301, 302, 303, 307, 308)


class Ear:
    """A port that never responds, and remembers how often somebody came and what was said."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.heard = b""
        self._tls = tls
        self._socket = socket.create_server((host, 0))
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _peer = self._socket.accept()
                self.connections += 1
                with suppress(OSError), connection:  # the other side refuses the handshake
                    connection.settimeout(5)
                    if self._tls is not None:
                        connection = self._tls.wrap_socket(connection, server_side=True)
                    self.heard += connection.recv(65536)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and localhost, and its key; it is its own authority."""
    folder = tmp_path / "tls"
    folder.mkdir()
    return make_self_signed(folder)


@pytest.fixture
def ears(certificate: tuple[Path, Path]) -> Iterator[dict[str, Ear]]:
    tls = context_of(*certificate)
    created = {
        "unknown authority": Ear(tls=tls),
        "name of another": Ear("127.0.0.2", tls),
        "plain": Ear(),
        "proxy": Ear(),
        "target of a redirect": Ear(),
    }
    yield created
    for ear in created.values():
        ear.close()


def task(what: str, plugin: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"name": what, f"compshare.cloud.{plugin}": options, "ignore_errors": True, "register": "_reported"}


def test_nothing_is_sent_where_it_could_be_read(
    tmp_path: Path, certificate: tuple[Path, Path], ears: dict[str, Ear], make_world: MakeWorld
) -> None:
    stage = Stage(tmp_path)
    proxy = f"http://{ears['proxy'].address}"
    # Plain HTTP to anywhere else would show at this proxy.
    stage.environment.update(HTTP_PROXY=proxy, http_proxy=proxy, NO_PROXY="127.0.0.2")
    redirecting = make_world(
        faults=[
            {
                "kind": "redirect",
                "nth": number,
                "status": status,
                "location": f"http://{ears['target of a redirect'].address}/",
            }
            for number, status in enumerate(REDIRECTS, start=1)
        ]
    )
    keys = {**connection_options(redirecting), "api_retries": 0}
    wrong = {
        "unknown authority": {"api_url": f"https://{ears['unknown authority'].address}"},
        "name of another": {"api_url": f"https://{ears['name of another'].address}", "ca_path": str(certificate[0])},
        "plain": {"api_url": f"http://{ELSEWHERE}"},
    }
    said = {
        "unknown authority": "the certificate of 127.0.0.1 is not valid",
        "name of another": "the certificate of 127.0.0.2 is not valid",
        "plain": "is plain HTTP, which would show every request to the network",
    }
    tasks = [
        *(
            task(f"{name}: {plugin}", plugin, {**keys, **options, **more})
            for name, options in wrong.items()
            for plugin, more in (("compshare_zone_info", {}), ("compshare_api", {"action": "GetProjectList"}))
        ),
        *(task(f"redirect {status}", "compshare_zone_info", keys) for status in REDIRECTS),
        *(
            {
                "name": f"{name}: lookup",
                "ansible.builtin.debug": {"msg": "{{ lookup('compshare.cloud.compshare_image', **options) }}"},
                "vars": {"options": {**keys, **options}},
                "ignore_errors": True,
            }
            for name, options in wrong.items()
        ),
    ]
    sources = []
    for name, options in wrong.items():
        source = {"plugin": "compshare.cloud.compshare", **keys, **options}
        sources += ["--inventory", str(stage.write(f"{name.replace(' ', '_')}.compshare.yml", source))]
    ended = stage.play(tasks, *sources)
    assert ended.returncode == 0, ended.text
    assert ended.text.count("...ignoring") == len(tasks), ended.text
    flowing = " ".join(ended.text.split())
    for name, sentence in said.items():
        # Two modules, the lookup and the inventory.
        assert flowing.count(sentence) >= 4, (name, ended.text)
    assert flowing.count("which was not followed: the request would carry the key there") >= len(REDIRECTS)
    assert len(redirecting.requests()) == len(REDIRECTS)
    assert {name: ear.heard for name, ear in ears.items()} == dict.fromkeys(ears, b"")
    assert [name for name, ear in ears.items() if ear.connections] == ["unknown authority", "name of another"]


@pytest.mark.parametrize("trust", [{"ca_path": "certificate"}, {"validate_certs": False}])
def test_a_certificate_that_is_trusted_will_do(
    tmp_path: Path, certificate: tuple[Path, Path], trust: dict[str, Any]
) -> None:
    options = {name: str(certificate[0]) if value == "certificate" else value for name, value in trust.items()}
    with Simulator(speed=0, tls=context_of(*certificate)) as simulator:
        keys = connection_options(simulator.world)
        assert keys["api_url"].startswith("https://")
        task = {"compshare.cloud.compshare_zone_info": {**keys, **options}}
        ended = Stage(tmp_path).play([task])
    assert ended.returncode == 0, ended.text
