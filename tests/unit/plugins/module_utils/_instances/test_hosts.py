from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.compshare.cloud.plugins.module_utils._instances.hosts import (
    Connection,
    connection_of,
    host_variables,
    safe_host_name,
    unique_names,
)
from ansible_collections.compshare.cloud.plugins.module_utils._instances.model import normalise_instance

from .samples import CONTAINER, POD, STOPPED, VM, WINDOWS

POD_HOST = "cpod-1testpod0001-s1.podtcp.compshare.cn"
NOWHERE = Connection(None, None, None)


@pytest.mark.parametrize(
    ("row", "connect_with", "connection"),
    [
        (VM, "ssh_command", Connection("203.0.113.10", 22, "ubuntu")),
        (CONTAINER, "ssh_command", Connection("203.0.113.10", 23, "root")),
        (POD, "ssh_command", Connection(POD_HOST, 28870, "root")),
        (WINDOWS, "ssh_command", Connection("203.0.113.10", None, "Administrator")),
        (STOPPED, "ssh_command", NOWHERE),
        (STOPPED, "public_ip", NOWHERE),
        (STOPPED, "private_ip", NOWHERE),
        (VM, "public_ip", Connection("203.0.113.10", 22, "ubuntu")),
        (VM, "private_ip", Connection("192.0.2.10", 22, "ubuntu")),
        (CONTAINER, "private_ip", Connection("192.0.2.10", 23, "root")),
        (WINDOWS, "private_ip", Connection("192.0.2.10", None, "Administrator")),
        (POD, "public_ip", NOWHERE),
        ({**POD, "IPSet": VM["IPSet"]}, "public_ip", Connection("203.0.113.10", None, "root")),
        ({**POD, "SshLoginCommand": ""}, "ssh_command", NOWHERE),
        # A login command that cannot be used is none: the list's address is taken, with what its kind has.
        ({**VM, "SshLoginCommand": "ssh -oProxyCommand=x"}, "ssh_command", Connection("203.0.113.10", 22, "ubuntu")),
        ({**CONTAINER, "SshLoginCommand": None}, "ssh_command", Connection("203.0.113.10", 23, "root")),
        ({**VM, "SshLoginCommand": "ssh 203.0.113.9"}, "ssh_command", Connection("203.0.113.9", 22, "ubuntu")),
        ({"State": "Running"}, "ssh_command", NOWHERE),
        ({**VM, "InstanceType": None, "SshLoginCommand": None}, "public_ip", Connection("203.0.113.10", 22, None)),
    ],
)
def test_where_to_connect(row: dict[str, Any], connect_with: str, connection: Connection) -> None:
    assert connection_of(normalise_instance(row), connect_with) == connection


def test_host_variables_have_a_prefix_and_no_secret() -> None:
    variables = host_variables(
        normalise_instance(POD, include_secrets=True), prefix="cs_", connect_with="ssh_command", password=None
    )
    assert variables["cs_name"] == "comfy-pod"
    assert "cs_password" not in variables
    assert "cs_file_browser_password" not in variables
    assert "ansible_password" not in variables
    assert (variables["ansible_host"], variables["ansible_port"], variables["ansible_user"]) == (
        POD_HOST,
        28870,
        "root",
    )


def test_a_password_only_where_there_is_an_address() -> None:
    def passwords(row: dict[str, Any]) -> Any:
        variables = host_variables(
            normalise_instance(row), prefix="compshare_", connect_with="ssh_command", password="secret"
        )
        return variables.get("ansible_password")

    assert passwords(VM) == "secret"
    assert passwords(STOPPED) is None
    assert "ansible_host" not in host_variables(
        normalise_instance(STOPPED), prefix="compshare_", connect_with="ssh_command"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("train-vm", "train-vm"),
        ("推理服务-pod", "推理服务-pod"),
        ("a b", "a_b"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", ""),
        ("-oProxyCommand=x", "oProxyCommand_x"),
        ("/bin/sh", "_bin_sh"),
        ("{{ 6*7 }}", "___6_7___"),
        ("web[1:3],!db&x:y*", "web_1_3___db_x_y_"),
        ("a\x1b[31mb\nc", "a__31mb_c"),
        ("~regex", "_regex"),
        ("___", ""),
        ("._", ""),
        ("", ""),
        (None, ""),
        ("x" * 10_000, "x" * 80),
    ],
)
def test_host_names(text: str | None, name: str) -> None:
    assert safe_host_name(text) == name


@given(st.text())
def test_no_host_name_is_a_path_an_option_or_a_pattern(text: str) -> None:
    name = safe_host_name(text)
    assert not set(name) & set("/\\{}[]:,!&*?~ \t\r\n\x1b'\"`$;|<>")
    assert not name.startswith(("-", "."))
    assert name.isprintable()
    assert len(name.encode()) <= 4 * 80
    assert safe_host_name(name) == name


def instances(*named: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [{"id": identity, "name": name} for identity, name in named]


def names(*named: tuple[str, str | None], taken: tuple[str, ...] = ()) -> list[str]:
    return unique_names(instances(*named), lambda instance: instance["name"], lambda name, _instance: name in taken)


def test_instances_of_one_name_all_get_their_ids() -> None:
    assert names(("u-1", "a"), ("u-2", "b"), ("u-3", "a")) == ["a_u-1", "b", "a_u-3"]
    # Names that only become alike.
    assert names(("u-1", "a b"), ("u-2", "a_b")) == ["a_b_u-1", "a_b_u-2"]


def test_a_name_with_a_meaning_of_its_own_gets_the_id() -> None:
    assert names(("u-1", "localhost"), ("u-2", "all"), ("u-3", "gpu"), taken=("gpu",)) == [
        "localhost_u-1",
        "all_u-2",
        "gpu_u-3",
    ]


def test_no_name_leaves_the_id() -> None:
    assert names(("u-1", None), ("u-2", "///")) == ["u-1", "u-2"]
    assert names(("", None), ("", "a")) == ["instance-0", "a"]


def test_nobody_can_take_the_name_of_another_one() -> None:
    assert names(("u-1", "a"), ("u-2", "a"), ("u-3", "a_u-1")) == ["a_u-1_u-1", "a_u-2", "a_u-1_u-3"]
    assert names(("u-1", "u-2"), ("u-2", None)) == ["u-2_u-1", "u-2_u-2"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u-1", "u-2", "u-3"]), st.sampled_from(["a", "a_u-1", "a_u-1_u-1", "u-1", "", "all"])
        )
    )
)
def test_names_are_alike_only_for_the_same_id(named: list[tuple[str, str]]) -> None:
    by_id = dict(named)
    found = names(*by_id.items())
    assert len(set(found)) == len(found)
