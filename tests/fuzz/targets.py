"""What is fuzzed: each target takes bytes, hands them to a parser, and raises where the parser breaks its promise.

A target may be run with any bytes, so the same code replays a finding without a fuzzer.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ansible_collections.compshare.cloud.plugins.module_utils._api import secrets, values
from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
from ansible_collections.compshare.cloud.plugins.module_utils._api.credentials import Credentials, find_credentials
from ansible_collections.compshare.cloud.plugins.module_utils._api.errors import CompShareError, OptionError, printable
from ansible_collections.compshare.cloud.plugins.module_utils._api.options import check_api_url
from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import HttpResponse
from ansible_collections.compshare.cloud.plugins.module_utils._images.model import IMAGE_KEYS, normalise_image
from ansible_collections.compshare.cloud.plugins.module_utils._instances.login import (
    decode_password,
    parse_ssh_command,
    without_secrets,
)
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import (
    INSTANCE_KEYS,
    normalise_instance,
)
from ansible_collections.compshare.cloud.plugins.plugin_utils._terminal import terminal_safe
from ansible_collections.compshare.cloud.tests.reliability.public_runs import FreeClock, run_inventory

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def text_of(data: bytes) -> str:
    """Return text of any characters, from any bytes: what is not UTF-8 becomes halves of character pairs."""
    return data.decode("utf-8", "surrogateescape")


def ssh_login_command(data: bytes) -> None:
    """A login command gives a host, port and user that no SSH client could take for anything else, or nothing."""
    login = parse_ssh_command(data.decode("utf-8", "replace"))
    if login is not None:
        assert re.fullmatch(r"[A-Za-z0-9:][A-Za-z0-9.:-]*", login.host), login
        assert 0 < login.port < 65536, login
        assert login.user is None or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", login.user), login


def password(data: bytes) -> None:
    """A password is text, whether or not it was encoded."""
    decoded = decode_password(data.decode("utf-8", "replace"))
    assert decoded is None or isinstance(decoded, str)


def web_address(data: bytes) -> None:
    """What is left of an address holds no user, query or fragment."""
    left = without_secrets(data.decode("utf-8", "replace"))
    assert left is None or not set("?#@") & set(left.split("/", 3)[2] + left.rpartition("/")[2].replace("@", "")), left


def tags(data: bytes) -> None:
    """Tags are texts without separators, each once."""
    found = values.tags(_json_or_text(data))
    assert len(found) == len(set(found))
    assert all(tag and tag == tag.strip() and "," not in tag for tag in found), found


def time(data: bytes) -> None:
    """A time is ISO 8601 or nothing."""
    found = values.iso_time(_json_or_text(data))
    assert found is None or datetime.strptime(found, "%Y-%m-%dT%H:%M:%SZ").year >= 1970


def scalar(data: bytes) -> None:
    """A number is finite, a truth value is one, and both come through JSON."""
    value = _json_or_text(data)
    number = values.number(value)
    assert number is None or json.loads(json.dumps(number, allow_nan=False)) == number
    assert values.boolean(value) in (True, False, None)
    assert values.text(value) != ""
    whole = values.integer(value)
    assert whole is None or isinstance(whole, int)


def message_text(data: bytes) -> None:
    """What a terminal shows has no control and no direction characters."""
    text = text_of(data)
    for shown in (printable(text), terminal_safe(text), str(OptionError(text))):
        assert not _CONTROL.search(shown), repr(shown)


def profile_file(data: bytes) -> None:
    """A profile file gives a pair of keys or one clear error, which quotes nothing of it but names."""
    with _File(data, "config.json") as path:
        try:
            found = find_credentials(
                public_key=None, private_key=None, profile=None, environment={"COMPSHARE_CONFIG_FILE": str(path)}
            )
        except OptionError as error:
            _check_message(error)
        else:
            assert found.public_key and found.private_key
            assert found.private_key not in repr(found) or found.private_key in found.public_key + found.origin


def inventory_file(data: bytes) -> None:
    """An inventory file gives hosts with their variables, or one error of a kind that Ansible shows as it is."""
    with _File(data, "fuzz.compshare.yml") as path:
        outcome = run_inventory(path, clock=FreeClock(), transport=_OneResponse(_INSTANCES))
    if outcome.failed:
        assert outcome.message
        return
    assert all(isinstance(name, str) and name for name in outcome.result["value"]["hosts"])


def api_url(data: bytes) -> None:
    """An address is https, or http to this machine, without user and query; or refused."""
    try:
        url, host, loopback = check_api_url(data.decode("utf-8", "replace"))
    except OptionError:
        return
    assert host
    assert url.startswith("https://") or (url.startswith("http://") and loopback), url
    assert "?" not in url and "#" not in url, url


_INSTANCES = json.dumps(
    {
        "RetCode": 0,
        "UHostSet": [
            {"UHostId": "uhost-a", "Name": "a", "State": "Running", "SshLoginCommand": "ssh -p 23 root@203.0.113.7"},
            {"UHostId": "uhost-b", "Name": "{{ b }}", "State": "Stopped", "Tag": "x", "GpuType": "4090"},
        ],
    }
).encode()


class _OneResponse:
    url = "https://api.compshare.cn/"

    def __init__(self, body: bytes) -> None:
        self._body = body

    def post(self, _fields: Mapping[str, str], _timeout: float) -> HttpResponse:
        return HttpResponse(200, self._body, None, None, None)


def response(data: bytes) -> None:
    """A response's body is a dictionary with RetCode 0, or one clear error; it can be shown without its secrets."""
    keys = Credentials("public-key-0001", "private-key-0001")
    transport: object = _OneResponse(data)
    client = Client(transport, keys, retries=0)  # type: ignore[arg-type]  # it has all that a client uses
    try:
        found = client.call("DescribeAnything")
    except CompShareError as error:
        _check_message(error)
        return
    json.dumps(found).encode()
    shown = json.dumps(secrets.without_secrets(found))
    assert all(json.dumps(secret)[1:-1] not in shown for secret in secrets.secrets_in(found) if len(secret) > 40)


def row(data: bytes) -> None:
    """A row of a list, of any shape, is an image and an instance with all their keys."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict):
        image = normalise_image(value, source="custom", group=value, include_readme=True)
        instance = normalise_instance(value)
        assert set(IMAGE_KEYS) <= set(image) and set(INSTANCE_KEYS) <= set(instance)


def _check_message(error: CompShareError) -> None:
    assert not _CONTROL.search(str(error)), repr(error)


def _json_or_text(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return text_of(data)


class _File:
    """A file with these bytes, for the time of a C(with) block; always the same one, which is quicker."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._path = _folder() / name

    def __enter__(self) -> Path:
        self._path.write_bytes(self._data)
        self._path.chmod(0o600)
        return self._path

    def __exit__(self, *_error: object) -> None:
        """Leave it for the next run."""


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def _folder() -> Path:
    if not _FOLDERS:
        _FOLDERS.append(tempfile.TemporaryDirectory(prefix="compshare-fuzz-"))
    return Path(_FOLDERS[0].name)


@dataclass(frozen=True)
class Target:
    """A parser to fuzz, and inputs that it reads well, from which the fuzzer begins."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


_INVENTORY_HEAD = b"plugin: compshare.cloud.compshare\npublic_key: p\nprivate_key: q\n"

TARGETS: Mapping[str, Target] = {
    "ssh_login_command": Target(
        ssh_login_command,
        (
            b"ssh ubuntu@203.0.113.7",
            b"ssh -p 23 root@203.0.113.7",
            b"ssh root@cpod-1.podtcp.compshare.cn -p 28001",
            b"ssh://root@example.com:2222",
            b"ssh -o ProxyCommand=x -vp23 'root'@[2001:db8::1]",
        ),
    ),
    "password": Target(password, (b"QW5zaWJsZS1UM3N0LSQ=", b"plain text")),
    "web_address": Target(web_address, (b"https://user:pass@example.com:8888/lab?token=abc#x", b"http://[::1]/")),
    "tags": Target(tags, ('["pytorch，Pytorch", "LLM, x"]'.encode(), b'"one"', b"[null, 1, true]")),
    "time": Target(time, (b"1790000000", b'"1790000000123"', b"1e300", b"-1")),
    "scalar": Target(scalar, (b'"True"', b"1e400", b'" 12.50 "', b'"-0.0"', b"null")),
    "message_text": Target(message_text, (b"\x1b[31mred\x1b]0;t\x07", "\u202eabc\u2066 中文".encode(), b"a\x00b\r\n")),
    "profile_file": Target(
        profile_file,
        (
            b'{"current_profile": "default", "profiles": {"default": {"public_key": "p", "private_key": "q"}}}',
            b'{"profiles": {"a": null}}',
        ),
    ),
    "inventory_file": Target(
        inventory_file,
        (
            _INVENTORY_HEAD + b"regions: [cn-wlcb]\nstates: [Running]\nhostnames: [name, '{{ compshare_id }}']\n",
            _INVENTORY_HEAD
            + b"keyed_groups:\n  - {key: compshare_state, prefix: state, separator: ''}\nstrict: true\n",
            _INVENTORY_HEAD + b"filters: [compshare_gpu_type == '4090']\ngroups: {gpu: true}\ncompose: {x: 1 + 1}\n",
            _INVENTORY_HEAD + b"connect_with: public_ip\nuse_password: true\nhostvars_prefix: x_\napi_timeout: 1.5\n",
            b"plugin: other.one.x\n",
            b"- a list",
        ),
    ),
    "api_url": Target(api_url, (b"https://api.compshare.cn", b"http://127.0.0.1:8080/x", b"http://u:p@[::1]:9/?q#f")),
    "response": Target(response, (b'{"RetCode": 0, "Password": "x", "L": [{"A": "?token=1"}]}', b'{"RetCode": "171"}')),
    "row": Target(
        row,
        (
            b'{"CompShareImageId": "i", "Tags": ["a"], "Price": "0.5", "Owner": {"AccountId": 1}, "Softwares": {}}',
            b'{"UHostId": "u", "IPSet": [{"Type": "Bgp", "IP": "203.0.113.7"}], "SshLoginCommand": "ssh a@b"}',
        ),
    ),
}
