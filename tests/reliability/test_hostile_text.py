"""Untrusted text stays text: it is never evaluated, never run, and never steers a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.compshare.cloud.tests.simulator.fixtures import MakeWorld
from ansible_collections.compshare.cloud.tests.simulator.world import World

from .hostile_texts import RESULT, STEERING, hostile_texts, rows, shown
from .playbook_runs import Ended, Stage

KINDS = ("platform", "custom", "shared", "community")
BUILD = "compshareImage-hostilebuild"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A file that must never be there."""
    return tmp_path / "trap"


@pytest.fixture
def texts(trap: Path) -> list[str]:
    return hostile_texts(trap)


@pytest.fixture
def world(make_world: MakeWorld, texts: list[str], trap: Path) -> World:
    """A world of nothing but hostile rows, whose API also says hostile things where it refuses."""
    everything = "".join(texts)
    return make_world(
        speed=100,
        replace=[*KINDS, "published", "instances"],
        counts={"platform": 0, "custom": 0, "shared": 0, "community_groups": 0, "published": 0, "instances": 0},
        rows=rows(texts, trap),
        traces=[
            {
                "image_id": BUILD,
                "name": everything[:300],
                "duration": 200,
                "fails_at": 0.9,
                "failed_reason": everything,
                "row": {"Zone": "cn-wlcb-01"},
            }
        ],
        faults=[
            {"kind": "ret_code", "code": 230, "message": everything, "action": "DescribeCompShareSupportZone"},
            {"kind": "raw", "status": 200, "body": everything, "action": "GetProjectList"},
        ],
    )


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    created = Stage(tmp_path / "stage")
    created.environment.update(
        ANSIBLE_CACHE_PLUGIN="ansible.builtin.jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(created.written / "facts"),
        ANSIBLE_LOG_PATH=str(created.written / "ansible.log"),
    )
    return created


def module(name: str, options: dict[str, Any], register: str = "reported", **keywords: Any) -> dict[str, Any]:
    return {"name": name, f"compshare.cloud.{name}": options, "register": register, **keywords}


def builtin(name: str, options: Any, **keywords: Any) -> dict[str, Any]:
    return {"name": name, f"ansible.builtin.{name}": options, **keywords}


#: Written by ansible.builtin.template: names as the template's own variable, as a fact and as a part of results.
TEMPLATE = """{{ passed | to_json }}
{% for name in passed %}
{{ name }}|{{ names[loop.index0] }}|{{ rows[loop.index0].name }}
--
{% endfor %}
"""


def use(folder: Path, source: str, expression: str) -> list[dict[str, Any]]:
    """Return tasks that do with a list of images or instances what playbooks do, and write down what came out."""
    return [
        builtin("set_fact", {"rows": f"{{{{ {expression} }}}}"}),
        builtin("set_fact", {"names": "{{ rows | map(attribute='name') }}", "cacheable": True}),
        builtin("debug", {"var": "rows"}),
        builtin(
            "debug",
            {"msg": "{{ item.name }} {{ item }} {{ again }}"},
            vars={"again": "{{ item.name }}"},
            loop="{{ rows }}",
            loop_control={"label": "{{ item.id }}"},  # Ansible shows labels as they are
            when="item.name != 'nobody'",
        ),
        builtin(
            "set_fact",
            {"names": "{{ names[:-1] + [item] }}"},
            loop="{{ names[-1:] }}",
            loop_control={"label": "the last"},
        ),
        # Ansible shows the lines of a file's diff as they are.
        builtin(
            "template",
            {"src": "names.j2", "dest": f"{folder}/{source}"},
            vars={"passed": "{{ names | list }}"},
            diff=False,
        ),
    ]


def playbook_tasks(out: Path, sources: Sequence[str]) -> list[dict[str, Any]]:
    image = {"image_id": "compshareImage-custom00"}
    tasks = []
    for source in sources:
        tasks.append(module("compshare_image_info", {"source": source, "include_readme": True}))
        tasks += use(out, source, "reported.images")
    tasks += [
        module("compshare_instance_info", {}),
        *use(out, "instances", "reported.instances"),
        builtin("set_fact", {"found": "{{ lookup('compshare.cloud.compshare_image', source='custom') }}"}),
        *use(out, "lookup", "found"),
        module("compshare_api", {"action": "DescribeCompShareCustomImages", "params": {"Limit": 100}}),
        builtin("debug", {"var": "reported.response"}),
        # Failures that quote untrusted text, and live lines.
        module("compshare_zone_info", {}, ignore_errors=True),
        module("compshare_api", {"action": "GetProjectList"}, ignore_errors=True),
        builtin("debug", {"var": "reported"}),
        module("compshare_image_progress", {"image_id": BUILD, "wait": True, "region": "cn-wlcb"}, ignore_errors=True),
        builtin("debug", {"var": "reported"}),
        builtin("debug", {"msg": "{{ lookup('compshare.cloud.compshare_image', 'none') }}"}, ignore_errors=True),
        # What is changed is returned as it is.
        module("compshare_image", {**image, "description": "ours"}, diff=True),
        module("compshare_image_share", {**image, "accounts": [50000002]}),
        module("compshare_image_favorite", {"group_id": "group-0"}),
        builtin("debug", {"var": "reported"}),
    ]
    return tasks


def judge(ended: Ended, trap: Path, folder: Path, world: World) -> dict[str, int]:
    """See that nothing was evaluated or run, and nothing raw written to a terminal; return what was looked at."""
    files = 0
    assert not trap.exists(), "a command in untrusted text was run"
    for stream in (ended.stdout, ended.stderr):
        text = stream.decode("utf-8", "replace").replace("\r\n", "\n")
        assert [text[max(0, at.start() - 80) : at.end() + 20] for at in STEERING.finditer(text)] == []
        assert RESULT not in text and world.private_key not in text
    for path in folder.rglob("*"):
        if path.is_file():
            files += 1
            content = path.read_text(encoding="utf-8", errors="replace")
            assert RESULT not in content, path
            assert "given" in path.parts or world.private_key not in content, path
    return {"tasks": ended.text.count("TASK ["), "kB shown": len(ended.text) // 1000, "files": files}


@pytest.mark.parametrize("result_format", ["json", pytest.param("yaml", marks=pytest.mark.long)])
def test_results_stay_text_wherever_a_playbook_uses_them(
    stage: Stage, world: World, texts: list[str], trap: Path, result_format: str, whole: bool, record_figures: Any
) -> None:
    stage.environment.update(world.environment(), ANSIBLE_CALLBACK_RESULT_FORMAT=result_format)
    out = stage.written / "out"
    out.mkdir()
    stage.write("names.j2", TEMPLATE)
    sources = KINDS if whole else ("custom",)
    ended = stage.play(playbook_tasks(out, sources), "-v", "--diff")
    assert ended.returncode == 0, ended.text[-3000:]
    looked_at = judge(ended, trap, stage.written, world)
    assert "[localhost] " in ended.stderr.decode(), "there were live lines"
    expected = sorted(map(shown, texts))
    for source in (*sources, "instances", "lookup"):
        listed, *written = (out / source).read_bytes().decode().split("\n", 1)
        names = json.loads(listed)
        assert sorted(name for name in names if name in expected) == expected, source
        assert written == ["".join(f"{name}|{name}|{name}\n--\n" for name in names)]
    record_figures(
        "hostile-text",
        f"results of modules and lookup, shown as {result_format}",
        {"texts": len(texts), **looked_at, "evaluated": 0, "raw to the terminal": 0},
    )


def test_hosts_named_and_grouped_by_untrusted_text_are_only_hosts(
    stage: Stage, world: World, texts: list[str], trap: Path, record_figures: Any
) -> None:
    stage.environment.update(world.environment())
    source = {
        "plugin": "compshare.cloud.compshare",
        "strict": True,
        "hostnames": ["{{ compshare_name }}", "id"],
        "keyed_groups": [
            {"key": "compshare_tag", "prefix": "tag"},
            {"key": "compshare_remark", "separator": ""},
            {"key": "compshare_unheard.text", "parent_group": "{{ compshare_name }}"},
        ],
        "groups": {"strange": "compshare_name != 'nobody'"},
        "compose": {"copied": "compshare_name", "joined": "'<' ~ compshare_name ~ '>'"},
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(stage.written / "cache"),
    }
    path = stage.write("strange.compshare.yml", source)
    tasks = [
        builtin("debug", {"var": "hostvars[inventory_hostname]"}),
        builtin(
            "debug", {"msg": "{{ compshare_name }} {{ copied }} {{ joined }} {{ group_names }} {{ ansible_host }}"}
        ),
        builtin("set_fact", {"kept": {"name": "{{ compshare_name }}", "joined": "{{ joined }}"}, "cacheable": True}),
        builtin("debug", {"msg": "{{ kept.name }}"}, when="compshare_name == copied"),
        builtin("group_by", {"key": "by_{{ compshare_name }}"}),
        builtin("add_host", {"name": "added {{ compshare_name }}", "groups": "added"}),
    ]
    play = {"hosts": "all", "connection": "local", "vars": {"ansible_host": "nowhere"}}
    runs = [
        stage.inventory(path, "--list"),
        stage.play(tasks, "-i", str(path), "-v", **play),
        # Everything again, from the caches of inventory and facts.
        stage.play([builtin("debug", {"var": "kept"})], "-i", str(path), "-v", **play),
        stage.inventory(path, "--graph"),
    ]
    looked_at = []
    for ended in runs:
        assert ended.returncode == 0, ended.text[-3000:]
        looked_at.append(judge(ended, trap, stage.written, world))
    assert len(world.requests("DescribeCompShareInstance")) == 1
    listed = json.loads(runs[0].stdout)["_meta"]["hostvars"]
    reported = {variables["compshare_id"]: variables for variables in map(without_marks, listed.values())}
    for number, text in enumerate(map(shown, texts)):
        variables = reported[f"uhost-hostile{number:02}"]
        assert (variables["compshare_name"], variables["copied"], variables["joined"]) == (text, text, f"<{text}>")
        assert variables["ansible_host"].startswith("203.0.113."), "the login command is untrusted, the address is not"
    assert all(name.isprintable() and not set(name) & set("/{}[]:,! ") for name in listed), listed.keys()
    sums = {key: sum(one[key] for one in looked_at) for key in ("tasks", "kB shown")}
    files = looked_at[-1]["files"]
    figures = {"texts": len(texts), **sums, "files": files, "evaluated": 0, "raw to the terminal": 0}
    record_figures("hostile-text", "hosts, host variables, groups, and both caches", figures)


def without_marks(value: Any) -> Any:
    """Return host variables without the marks that ansible-inventory shows where text is not to be a template."""
    if isinstance(value, dict):
        return (
            value["__ansible_unsafe"]
            if set(value) == {"__ansible_unsafe"}
            else {key: without_marks(item) for key, item in value.items()}
        )
    return [without_marks(item) for item in value] if isinstance(value, list) else value
