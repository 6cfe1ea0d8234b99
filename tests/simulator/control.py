"""The control API: create worlds, arm faults, move clocks, read states. JSON under ``/_simulator``, unsigned.

Every call that is about a world names it by ``public_key`` (in the query or the body); if omitted, it is the first one.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .builds import plant_build
from .dialect import SWITCHES
from .scenario import BuildPlan, Scenario, ScenarioError, load
from .world import World

if TYPE_CHECKING:
    from .server import Server

PREFIX = "/_simulator"
Handler = Callable[[web.Request], Awaitable[web.Response]]


def add_control_routes(app: web.Application, server: Server) -> None:
    control = _Control(server)
    routes: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/worlds", control.worlds),
        ("POST", "/worlds", control.create_world),
        ("DELETE", "/worlds", control.delete_world),
        ("GET", "/state", control.state),
        ("GET", "/requests", control.requests),
        ("DELETE", "/requests", control.forget_requests),
        ("GET", "/ids", control.ids),
        ("GET", "/clock", control.clock),
        ("POST", "/clock", control.set_clock),
        ("POST", "/faults", control.add_faults),
        ("DELETE", "/faults", control.clear_faults),
        ("POST", "/limit", control.set_limit),
        ("POST", "/refuse", control.refuse),
        ("POST", "/interrupt", control.interrupt),
        ("POST", "/usage", control.set_usage),
        ("GET", "/dialect", control.dialect),
        ("POST", "/builds", control.plant_build),
        ("POST", "/plans", control.add_plans),
        ("GET", "/crashes", control.crashes),
    )
    for method, path, handler in routes:
        app.router.add_route(method, PREFIX + path, _reporting(handler))


def _reporting(handler: Handler) -> Handler:
    """Wrong use of the control API gets HTTP status 400 and a sentence."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except (ScenarioError, KeyError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, status=400)

    return handle


def _json(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


async def _body(request: web.Request) -> dict[str, Any]:
    text = await request.text()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


class _Control:
    def __init__(self, server: Server) -> None:
        self._server = server

    def _world(self, request: web.Request, body: dict[str, Any] | None = None) -> World:
        worlds = self._server.worlds
        key = request.query.get("public_key") or (body or {}).get("public_key") or next(iter(worlds))
        if key not in worlds:
            raise ValueError(f"there is no world {key!r}")
        return worlds[key]

    async def worlds(self, _unused: web.Request) -> web.Response:
        return _json({"worlds": [{"public_key": key} for key in self._server.worlds]})

    async def create_world(self, request: web.Request) -> web.Response:
        world = self._server.add_world(Scenario.read(await _body(request)))
        return _json({"url": self._server.url, "public_key": world.public_key, "private_key": world.private_key})

    async def delete_world(self, request: web.Request) -> web.Response:
        world = self._world(request)
        del self._server.worlds[world.public_key]
        world.close()
        return _json({})

    async def state(self, request: web.Request) -> web.Response:
        return _json(self._world(request).state())

    async def requests(self, request: web.Request) -> web.Response:
        return _json({"requests": self._world(request).requests(request.query.get("action"))})

    async def forget_requests(self, request: web.Request) -> web.Response:
        self._world(request).log.clear()
        return _json({})

    async def ids(self, request: web.Request) -> web.Response:
        user = request.query.get("user_id")
        ids = self._world(request).expected_ids(request.query["source"], int(user) if user else None)
        return _json({"ids": sorted(ids)})

    async def clock(self, request: web.Request) -> web.Response:
        clock = self._world(request).clock
        return _json({"time": clock.now(), "speed": clock.speed})

    async def set_clock(self, request: web.Request) -> web.Response:
        body = await _body(request)
        world = self._world(request, body)
        with world.lock:
            if "speed" in body:
                world.clock.set_speed(float(body["speed"]))
            world.advance(float(body.get("advance", 0)))
            return _json({"time": world.clock.now(), "speed": world.clock.speed})

    async def add_faults(self, request: web.Request) -> web.Response:
        body = await _body(request)
        world = self._world(request, body)
        world.add_faults(*body["faults"])
        return _json({"faults": world.faults.state()})

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._world(request).clear_faults()
        return _json({})

    async def set_limit(self, request: web.Request) -> web.Response:
        body = await _body(request)
        world = self._world(request, body)
        body.pop("public_key", None)
        world.set_limit(**body)
        return _json(world.limit.state())

    async def refuse(self, request: web.Request) -> web.Response:
        body = await _body(request)
        self._server.refuse(float(body.get("seconds", 1)))
        return _json({})

    async def interrupt(self, request: web.Request) -> web.Response:
        body = await _body(request)
        self._world(request, body).interrupt(body["instance_id"])
        return _json({})

    async def set_usage(self, request: web.Request) -> web.Response:
        body = await _body(request)
        per_cent = {name: float(value) for name, value in body["usage"].items()}
        self._world(request, body).set_usage(body["instance_id"], **per_cent)
        return _json({})

    async def dialect(self, request: web.Request) -> web.Response:
        spoken = self._world(request).dialect
        return _json({"dialect": spoken.as_dict(), "switches": {one: asdict(SWITCHES[one]) for one in SWITCHES}})

    async def plant_build(self, request: web.Request) -> web.Response:
        body = await _body(request)
        world = self._world(request, body)
        body.pop("public_key", None)
        with world.lock:
            return _json({"image_id": plant_build(world, body)})

    async def add_plans(self, request: web.Request) -> web.Response:
        body = await _body(request)
        world = self._world(request, body)
        with world.lock:
            world.scenario.builds.plans += [load(BuildPlan, plan, "plan") for plan in body["plans"]]
        return _json({})

    async def crashes(self, _unused: web.Request) -> web.Response:
        return _json({"crashes": self._server.crashes})
