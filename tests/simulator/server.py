"""The HTTP side: one loopback port that serves any number of worlds, and the thread that runs it inside a test."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from .control import add_control_routes
from .dialect import RECORDED, Dialect
from .dispatch import Exchange, receive
from .fault_wire import render, respond_with_fault
from .scenario import Scenario
from .wire import UnreadableRequest, read_request
from .world import World

LOG = logging.getLogger("compshare.simulator")
_TICK = 0.05  # seconds
_MAX_REQUEST = 16 * 1024 * 1024


class Server:
    """The listener and its worlds, inside a running event loop.

    ``dialect``: of every world whose scenario names none.
    ``crashes``: what went wrong in the simulator itself; a test that finds something here found a bug of the simulator.
    """

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None, dialect: str = RECORDED) -> None:
        self.worlds: dict[str, World] = {}
        self.crashes: list[str] = []
        self._port = port
        self._host = "127.0.0.1"
        self._dialect = dialect
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.AbstractServer | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    def add_world(self, scenario: Scenario, public_key: str | None = None, private_key: str | None = None) -> World:
        scenario.dialect = Dialect(scenario.dialect, self._dialect).as_dict()
        world = World(scenario, public_key, private_key, find_url=lambda: self.url)
        self.worlds[world.public_key] = world
        return world

    async def start(self) -> None:
        app = web.Application(client_max_size=_MAX_REQUEST)
        add_control_routes(app, self)
        app.router.add_route("*", "/", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, keepalive_timeout=75)
        await self._runner.setup()
        await self._listen()
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        """Carry out what is due also between requests: ports that greet must open in time."""
        while True:
            await asyncio.sleep(_TICK)
            for world in list(self.worlds.values()):
                if world.scenario.instances.ssh_listener:
                    with world.lock:
                        world.clock.settle()

    async def _listen(self) -> None:
        assert self._runner is not None and self._runner.server is not None
        self._listener = await asyncio.get_running_loop().create_server(
            self._runner.server, self._host, self._port, ssl=self._tls, reuse_address=True, backlog=512
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for task in (self._ticking, self._reopening):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._listener is not None:
            self._listener.close()
        for world in self.worlds.values():
            world.close()
        if self._runner is not None:
            await self._runner.cleanup()
        # A response that is still on its way to a client that has gone: aiohttp does not know it any more.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for unfinished in left:
            unfinished.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def refuse(self, seconds: float) -> None:
        """Close the listener and every connection, so that connecting is refused for some real seconds."""
        if self._reopening is None or self._reopening.done():
            self._reopening = asyncio.get_running_loop().create_task(self._refuse(seconds))

    async def _refuse(self, seconds: float) -> None:
        assert self._listener is not None and self._runner is not None and self._runner.server is not None
        self._listener.close()
        for connection in self._runner.server.connections:
            connection.force_close()
        # Bound, so that no other process gets the port meanwhile; not listening, so that connecting is refused.
        with socket.socket() as reserved:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind((self._host, self._port))
            await asyncio.sleep(seconds)
            await self._listen()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.method not in ("GET", "POST"):
                return web.Response(status=405, text="Method Not Allowed")
            content_type = request.headers.get("Content-Type", "")
            wire = read_request(request.method, request.rel_url.raw_query_string, content_type, await request.read())
            wire = replace(wire, timestamp=request.headers.get("U-Timestamp-Ms"))
        except UnreadableRequest as error:
            return web.Response(status=400, text=f"Bad Request: {error}")
        except ConnectionError:
            return web.Response(status=400)  # nobody is there to read it: another request has closed the port
        received = time.monotonic()
        exchange, refused = receive(self.worlds, wire)
        latency = exchange.world.scenario.latency_ms / 1000 if exchange.world is not None else 0.0
        try:
            if latency and refused is None and exchange.fault is None and exchange.only_reads:
                # It is the network's latency: the time to build the response is not on top of it.
                response = render(exchange.carry_out(), exchange)
                await asyncio.sleep(latency - (time.monotonic() - received))
                return response
            if latency:
                await asyncio.sleep(latency)
            if refused is not None:
                return render(refused, exchange)
            if exchange.fault is not None:
                return await respond_with_fault(request, exchange, self)
            return render(exchange.carry_out(), exchange)
        except Exception as error:  # noqa: BLE001 - a bug of the simulator: it must be seen, and the server must live on
            return self._crashed(exchange, error)

    def _crashed(self, exchange: Exchange, error: Exception) -> web.Response:
        self.crashes.append(f"{exchange.wire.action}: {error!r}")
        LOG.exception("The simulator failed in %s", exchange.wire.action)
        return web.Response(status=500, text=f"simulator bug in {exchange.wire.action}: {error!r}")


class Simulator:
    """A server in a background thread of this process. Use it as a context manager.

    :param scenario: of the first world: a :class:`Scenario`, a mapping, a file, or None for the defaults.
    :param speed: world seconds in a real second; None leaves it to the scenario.
    :param dialect: of every world whose scenario names none.
    """

    def __init__(
        self,
        scenario: Scenario | Mapping[str, Any] | str | Path | None = None,
        *,
        speed: float | None = None,
        port: int = 0,
        latency_ms: float | None = None,
        tls: ssl.SSLContext | None = None,
        dialect: str = RECORDED,
    ) -> None:
        first = Scenario.read(scenario)
        if speed is not None:
            first.speed = speed
        if latency_ms is not None:
            first.latency_ms = latency_ms
        self.server = Server(port, tls, dialect)
        self.world = self.server.add_world(first)
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, name="compshare-simulator", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(timeout=30)

    def stop(self) -> None:
        if self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()
        self._thread = None

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def public_key(self) -> str:
        return self.world.public_key

    @property
    def private_key(self) -> str:
        return self.world.private_key

    @property
    def crashes(self) -> list[str]:
        return self.server.crashes

    def new_world(self, scenario: Scenario | Mapping[str, Any] | str | Path | None = None, **settings: Any) -> World:
        """Another account on the same port; ``settings`` are scenario settings, for short ones.

        :raises ScenarioError: for settings that do not exist.
        """
        return self.server.add_world(Scenario.read(settings if scenario is None else scenario))

    def drop_world(self, world: World) -> None:
        self.server.worlds.pop(world.public_key, None)
        world.close()

    def refuse(self, seconds: float) -> None:
        """Refuse connections for some real seconds, in every world of this server."""

        async def refuse() -> None:
            self.server.refuse(seconds)

        asyncio.run_coroutine_threadsafe(refuse(), self._loop).result(timeout=30)
