"""What may come from outside: responses, rows and options of any kind, as strategies for property tests.

They come from a random generator of which hypothesis draws the seed. Drawn piece by piece they would take a hundred
times as long, and a night would not be enough for that many examples; the price is that hypothesis does not
make a finding smaller.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import TransportError
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.tests.reliability.faults import LISTS
from ansible_collections.compshare.cloud.tests.simulator.dispatch import receive
from ansible_collections.compshare.cloud.tests.simulator.scenario import Scenario
from ansible_collections.compshare.cloud.tests.simulator.wire import WireRequest
from ansible_collections.compshare.cloud.tests.simulator.world import World

PLUGINS = Path(__file__).parents[2] / "plugins"
#: Text that has broken other programs: templates, escapes, control and direction characters, half a character, paths.
NASTY = (
    "{{ 7*7 }}",
    "{% for x in y %}",
    "\x1b]0;title\x07\x1b[31m",
    "\u202eabc\u2066",
    "a\x00b",
    "two\r\nlines",
    "../../etc/passwd",
    "\ud800",
    "!unsafe x",
    "x" * 3000,
    "",
    " ",
    "None",
    "-1",
    "1e400",
    "9" * 400,
    "ssh -p 99999 root@example",
    "ssh -p 23 root@203.0.113.7",
    "http://user:pass@[::1",
    "训练环境",
    "1790000000",
    "True",
)
NUMBERS = (0, 1, -1, 2, 100, 2**63, 10**400, 0.5, -0.0, 1e308, 1e-7, float("nan"), float("inf"), 1_790_000_000, 65536)
RET_CODES = (0, 0, 0, 0, 0, 0, "0", 0.0, 153, 171, 230, 110, 226609, 8039)


@cache
def known_fields() -> tuple[str, ...]:
    """Return every name of a field that the simulator's responses hold, at any depth."""
    names: set[str] = {"Process", "TotalDuration", "RemainingDuration", "FailedReason", "Total"}
    world = World(Scenario.read({"speed": 0}))
    for action in (
        "DescribeCompShareImages",
        "DescribeCompShareCustomImages",
        "DescribeCommunityImages",
        "DescribeCompShareInstance",
        "DescribeCompShareSupportZone",
        "DescribeAvailableCompShareInstanceTypes",
        "DescribeCompShareGpuInventory",
        "GetProjectList",
    ):
        exchange, _refused = receive({}, WireRequest(flat={"Action": action}, signed={}))
        exchange.world = world
        _collect_names(exchange.carry_out(), names)
    return tuple(sorted(names))


def _collect_names(value: Any, names: set[str]) -> None:
    if isinstance(value, dict):
        names.update(value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _collect_names(item, names)


class UntrustedSource:
    """Makes up untrusted values with a random generator.

    C(sane) values are those that Ansible can hand to a module: valid Unicode, and numbers that JSON knows.
    """

    def __init__(self, dice: random.Random, *, sane: bool = False) -> None:
        self._dice = dice
        self._sane = sane

    def text(self) -> str:
        if self._dice.random() < 0.4:
            found = self._dice.choice(NASTY)
        else:
            ranges = ((32, 126), (32, 126), (0, 255), (0x4E00, 0x4FFF), (0x2000, 0x206F), (0xD800, 0xDFFF))
            low, high = self._dice.choice(ranges)
            found = "".join(chr(self._dice.randint(low, high)) for _place in range(self._dice.randint(0, 8)))
        return found.encode("utf-8", "replace").decode() if self._sane else found

    def number(self) -> int | float:
        if self._dice.random() < 0.5:
            return self._dice.randint(-5, 200)
        found = self._dice.choice(NUMBERS)
        return 7 if self._sane and isinstance(found, float) and not -1e300 < found < 1e300 else found

    def scalar(self) -> Any:
        kind = self._dice.randrange(5)
        if kind == 0:
            return None
        if kind == 1:
            return self._dice.random() < 0.5
        return self.number() if kind == 2 else self.text()

    def json(self, depth: int = 3) -> Any:
        kind = self._dice.random()
        if depth == 0 or kind < 0.6:
            return self.scalar()
        size = self._dice.randint(0, 3)
        if kind < 0.8:
            return [self.json(depth - 1) for _item in range(size)]
        return {self.name(): self.json(depth - 1) for _item in range(size)}

    def name(self) -> str:
        return self._dice.choice(known_fields()) if self._dice.random() < 0.8 else self.text()

    def row(self) -> dict[str, Any]:
        """Return a row with known fields, each of any kind, and unknown ones."""
        return {self.name(): self.json() for _field in range(self._dice.randint(0, 12))}

    def response(self) -> Any:
        """Return what may come as the body of a response: mostly something near what the API sends."""
        kind = self._dice.random()
        if kind < 0.05:
            return self._dice.randbytes(self._dice.randint(0, 60))
        if kind < 0.15:
            return self.json()
        response: dict[str, Any] = {"RetCode": self._dice.choice(RET_CODES) if kind < 0.95 else self.json()}
        for _field in range(self._dice.randint(0, 4)):
            response[self.name()] = self.json()
        for key in self._dice.sample(LISTS, self._dice.randint(0, 4)):
            rows = [self.row() for _row in range(self._dice.randint(0, 4))]
            response[key] = rows if self._dice.random() < 0.8 else self.json()
        if self._dice.random() < 0.7:
            total = self._dice.randint(0, 5) if self._dice.random() < 0.7 else self.json()
            response[self._dice.choice(("TotalCount", "Total"))] = total
        return response

    def options(self, documented: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return values for documented options: for those that are required, and for some of the others."""
        share = self._dice.random()
        given = [name for name, spec in documented.items() if spec.get("required") or self._dice.random() < share]
        return {name: self._value(documented[name]) for name in given}

    def _value(self, spec: Mapping[str, Any]) -> Any:
        kind = spec.get("type", "str")
        if spec.get("choices"):
            return self._dice.choice(spec["choices"])
        if kind == "list":
            element = {**spec, "type": spec.get("elements", "raw")}
            return [self._value(element) for _item in range(self._dice.randint(0, 3))]
        if kind == "dict":
            return self.options(spec["suboptions"]) if spec.get("suboptions") else self.row()
        if kind == "bool":
            return self._dice.random() < 0.5
        if kind == "int":
            return self._dice.choice([self._dice.randint(-5, 10**6), 10**30, 0])
        if kind == "float":
            return self._dice.choice([self._dice.uniform(-5, 500), 0.0, 1e9])
        return self.json() if kind == "raw" else self.text()


def drawn_by(make: Any, *, sane: bool = False) -> st.SearchStrategy[Any]:
    """Return a strategy for what C(make) gets from an untrusted source."""
    return st.randoms(use_true_random=True).map(lambda dice: make(UntrustedSource(dice, sane=sane)))


any_responses: st.SearchStrategy[list[Any]] = st.integers(1, 4).flatmap(
    lambda count: drawn_by(lambda source: [source.response() for _response in range(count)])
)


class ScriptedTransport:
    """Gives these responses in turn, again and again; an exception among them is raised."""

    url = "https://api.compshare.cn/"

    def __init__(self, responses: Sequence[Any]) -> None:
        self._responses = responses
        self.requests: list[dict[str, Any]] = []

    def post(self, body: Mapping[str, str] | bytes, timeout: float) -> HttpResponse:
        self.requests.append(fields_of(body))
        response = self._responses[(len(self.requests) - 1) % len(self._responses)]
        if isinstance(response, TransportError):
            raise response
        return HttpResponse(200, encoded(response), "request-1", None, None)


def fields_of(body: Mapping[str, str] | bytes) -> dict[str, Any]:
    """Return the parameters of a request, whether its body is a form or JSON."""
    return json.loads(body) if isinstance(body, bytes) else dict(body)


def encoded(response: Any) -> bytes:
    """Return a response's body; what is not bytes becomes JSON, also what JSON does not allow, such as NaN."""
    return response if isinstance(response, bytes) else json.dumps(response).encode()


@cache
def documented_options(plugin: str) -> dict[str, dict[str, Any]]:
    """Return the options that a module documents, without those of the connection."""
    text = (PLUGINS / f"modules/{plugin}.py").read_text(encoding="utf-8")
    documentation = yaml.safe_load(text.split('DOCUMENTATION = r"""', 1)[1].split('"""', 1)[0])
    options: dict[str, dict[str, Any]] = dict(documentation.get("options") or {})
    if "compshare.cloud.image_filters" in documentation["extends_documentation_fragment"]:
        fragment = (PLUGINS / "doc_fragments/image_filters.py").read_text(encoding="utf-8")
        shared = yaml.safe_load(fragment.split('DOCUMENTATION = r"""', 1)[1].split('"""', 1)[0])
        options.update(shared["options"])
    return options
