from __future__ import annotations

import base64
import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._instances.login import (
    Login,
    decode_password,
    encode_password,
    is_host,
    parse_ssh_command,
    without_secrets,
)

POD = "cpod-1xxxxxxxxxxx-s1.podtcp.compshare.cn"


@pytest.mark.parametrize(
    ("command", "login"),
    [
        ("ssh ubuntu@203.0.113.10", Login("203.0.113.10", 22, "ubuntu")),
        ("ssh -p 23 root@203.0.113.10", Login("203.0.113.10", 23, "root")),
        ("ssh root@203.0.113.10 -p 23", Login("203.0.113.10", 23, "root")),
        (f"ssh -p 28870 root@{POD}", Login(POD, 28870, "root")),
        ("ssh -p28870 root@host", Login("host", 28870, "root")),
        ("ssh -4vp 28870 root@host", Login("host", 28870, "root")),
        ("ssh -l root -p 23 host", Login("host", 23, "root")),
        ("ssh host", Login("host", 22, None)),
        ("ssh -o StrictHostKeyChecking=no -i key root@host", Login("host", 22, "root")),
        ("ssh -- root@host", Login("host", 22, "root")),
        ("ssh ssh://root@host:28870", Login("host", 28870, "root")),
        ("ssh://root@host:28870", Login("host", 28870, "root")),
        ("ssh://root@host/", Login("host", 22, "root")),
        ("ssh root@[2001:db8::1] -p 23", Login("2001:db8::1", 23, "root")),
        ("ssh ssh://root@[2001:db8::1]:23", Login("2001:db8::1", 23, "root")),
    ],
)
def test_every_known_shape_is_read(command: str, login: Login) -> None:
    assert parse_ssh_command(command) == login


@pytest.mark.parametrize(
    "command",
    [
        None,
        "",
        7,
        ["ssh", "host"],
        "ssh",
        "ssh -p",
        "ssh -p 23",
        "telnet root@host",
        "ssh root@host rm -rf /",
        "ssh root@host; reboot",
        "ssh 'root@host",
        "ssh -p 0 root@host",
        "ssh -p 65536 root@host",
        "ssh -p 23x root@host",
        "ssh -p ２３ root@host",
        "ssh root@-oProxyCommand=evil",
        "ssh -l -oProxyCommand=evil host",
        "ssh -oProxyCommand=evil@host -- -oProxyCommand=evil",
        "ssh root@host_name",
        "ssh ro ot@host",
        "ssh @host",
        "ssh root@",
        "ssh root@{{7*7}}",
        "ssh {{7*7}}@host",
        "ssh root@ho\x1bst",
        "ssh root@fe80::1%eth0",
        "ssh ssh://root:secret@host",
        "ssh ssh://root@host/path",
        "ssh ssh://root@host:99999",
        "ssh ssh://root@[host",
        "ssh root@" + "a" * 2000,
    ],
)
def test_what_is_no_login_command_is_refused(command: object) -> None:
    assert parse_ssh_command(command) is None


HOSTS = st.one_of(
    st.ip_addresses().map(str),
    st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True), min_size=1, max_size=4).map(
        ".".join
    ),
)
USERS = st.from_regex(r"[a-z_][a-z0-9_-]{0,15}", fullmatch=True)


@given(HOSTS, USERS, st.integers(1, 65535), st.integers(0, 4))
def test_what_is_written_in_any_shape_is_read_back(host: str, user: str, port: int, shape: int) -> None:
    bracketed = f"[{host}]" if ":" in host else host
    command = (
        f"ssh -p {port} {user}@{host}",
        f"ssh {user}@{host} -p {port}",
        f"ssh -p{port} -l {user} {host}",
        f"ssh ssh://{user}@{bracketed}:{port}",
        f"ssh://{user}@{bracketed}:{port}",
    )[shape]
    assert parse_ssh_command(command) == Login(host, port, user)


@given(
    st.one_of(
        st.text(max_size=80), st.text(max_size=40).map("ssh {}".format), st.text(max_size=40).map("ssh a@{}".format)
    )
)
def test_nothing_that_is_read_can_be_an_option_or_a_template(command: str) -> None:
    login = parse_ssh_command(command)
    if login is not None:
        for text in (login.host, login.user or "x"):
            assert not text.startswith("-")
            assert set(text) <= set(string.ascii_letters + string.digits + "._-:")
        assert 0 < login.port < 65536


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("203.0.113.10", True),
        ("2001:db8::1", True),
        ("a.b.c", True),
        ("a.b.c.", True),
        ("fe80::1%eth0", False),
        ("", False),
        (None, False),
        (5, False),
        ("-a", False),
        ("a..b", False),
        ("a" * 64, False),
        (".".join(["a" * 60] * 5), False),
        ("a b", False),
        ("主机", False),
    ],
)
def test_hosts(host: object, expected: bool) -> None:
    assert is_host(host) is expected


@given(st.ip_addresses())
def test_every_address_is_a_host(address: ipaddress.IPv4Address) -> None:
    assert is_host(str(address))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_password_is_read_back(password: str) -> None:
    assert decode_password(encode_password(password)) == password


@pytest.mark.parametrize(
    ("sent", "password"),
    [
        (None, None),
        ("", None),
        ("QW5zaWJsZS1UM3N0LSQ=", "Ansible-T3st-$"),
        ("plain old-style!", "plain old-style!"),
        # Base64 of something that is no text, with a line break, or written in an unusual way.
        (base64.b64encode(b"\xff\xfe").decode(), base64.b64encode(b"\xff\xfe").decode()),
        (base64.b64encode(b"a\nb").decode(), base64.b64encode(b"a\nb").decode()),
        ("QW5zaWJsZS1UM3N0LSR=", "QW5zaWJsZS1UM3N0LSR="),
        ("密码", "密码"),
        (12345678, "12345678"),
    ],
)
def test_passwords(sent: object, password: str | None) -> None:
    assert decode_password(sent) == password


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://8888-x.pod.compshare.cn/lab?token=abc", "https://8888-x.pod.compshare.cn/lab"),
        ("https://u:p@host:8888/a#token=abc", "https://host:8888/a"),
        ("http://host", "http://host"),
        ("host/lab?token=abc", None),
        ("//host?token=abc", None),
        ("http://[host/?token=abc", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_without_secrets(address: object, clean: str | None) -> None:
    assert without_secrets(address) == clean


@given(st.text(max_size=60))
def test_no_query_survives(text: str) -> None:
    clean = without_secrets(f"https://host/{text}?token=SECRET")
    assert clean is None or "SECRET" not in clean
