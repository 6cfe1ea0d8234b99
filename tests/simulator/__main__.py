"""Run the simulator until it is stopped: ``python -m tests.simulator --port 0``.

Prints, when ready, one line of JSON with url, public_key and private_key; with --how-to, how to use it by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import os
import signal
import ssl
import sys
import tempfile
from pathlib import Path

from .dialect import DIALECT_VARIABLE, DOCUMENTED, RECORDED, default_dialect, table
from .scenario import Scenario, ScenarioError
from .server import Server
from .tls import context_of, make_self_signed

_WHERE = "CompShare simulator at {url}, {speed:g} times faster than the clock. No account, no cost."
_HOW_TO = """\
In another terminal:
  export COMPSHARE_API_URL={url}
  export COMPSHARE_PUBLIC_KEY={public_key}
  export COMPSHARE_PRIVATE_KEY={private_key}
  .venv/bin/ansible-playbook examples/golden_image_role.yml
Ctrl-C stops it; what was created in it is gone then."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--speed", type=float, help="world seconds in a real second; 0: moved by hand only")
    parser.add_argument("--scenario", type=Path, help="YAML or JSON file with the settings of scenario.py")
    parser.add_argument("--latency-ms", type=float, help="wait so long before every response")
    parser.add_argument("--public-key", help="public key of the first world (default: invented)")
    parser.add_argument("--private-key", help="private key of the first world (default: invented)")
    parser.add_argument(
        "--tls", nargs="+", metavar="FILE", help="CERTIFICATE KEY, or the word self-signed to create them on the spot"
    )
    parser.add_argument(
        "--dialect",
        choices=(RECORDED, DOCUMENTED),
        default=default_dialect(),
        help=f"of every world whose scenario names none (default: {DIALECT_VARIABLE}, else {RECORDED})",
    )
    parser.add_argument("--list-dialects", action="store_true", help="show every switch with its choices, and end")
    parser.add_argument("--how-to", action="store_true", help="print how to use it by hand, instead of JSON")
    parser.add_argument("command", nargs="*", help="behind --: run this command on the first world, and end with it")
    return parser.parse_args()


async def _serve(options: argparse.Namespace, tls: ssl.SSLContext | None, facts: dict[str, str]) -> int:
    scenario = Scenario.read(options.scenario)
    if options.speed is not None:
        scenario.speed = options.speed
    if options.latency_ms is not None:
        scenario.latency_ms = options.latency_ms
    server = Server(options.port, tls, options.dialect)
    world = server.add_world(scenario, options.public_key, options.private_key)
    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop_requested.set)
    await server.start()
    ready = {"url": server.url, "public_key": world.public_key, "private_key": world.private_key, **facts}
    where = _WHERE.format(url=server.url, speed=scenario.speed)
    status = 0
    if options.command:
        print(where, flush=True)
        command = await asyncio.create_subprocess_exec(*options.command, env={**os.environ, **world.environment()})
        status = await command.wait()
    else:
        print(f"{where}\n{_HOW_TO.format(**ready)}" if options.how_to else json.dumps(ready), flush=True)
        await stop_requested.wait()
    await server.stop()
    return status


def main() -> int:
    options = _arguments()
    if options.list_dialects:
        print(table())
        return 0
    with tempfile.TemporaryDirectory(prefix="compshare-simulator-") as folder:
        facts: dict[str, str] = {}
        tls = None
        if options.tls == ["self-signed"]:
            certificate, key = make_self_signed(Path(folder))
            tls, facts = context_of(certificate, key), {"ca_path": str(certificate)}
        elif options.tls and len(options.tls) == 2:
            tls = context_of(Path(options.tls[0]), Path(options.tls[1]))
        elif options.tls:
            print("--tls takes CERTIFICATE KEY, or the word self-signed", file=sys.stderr)
            return 2
        try:
            return asyncio.run(_serve(options, tls, facts))
        except (ScenarioError, OSError) as error:
            in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            other = "\nTake another port: make simulator PORT=8766" if in_use else ""
            print(f"The simulator cannot start: {error}{other}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
