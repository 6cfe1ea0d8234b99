"""What is said of a role's variables in three places is the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Template

import ansible_collections.compshare.cloud as collection

ROLES = Path(next(iter(collection.__path__))) / "roles"
#: What roles say besides their variables.
RESULTS = {"golden_image_result", "golden_image_builders", "keepalive_result"}


@dataclass
class Role:
    """A role of the collection."""

    path: Path

    @property
    def options(self) -> dict[str, Any]:
        specs = yaml.safe_load((self.path / "meta/argument_specs.yml").read_text(encoding="utf-8"))
        return dict(specs["argument_specs"]["main"]["options"])

    @property
    def defaults(self) -> str:
        return (self.path / "defaults/main.yml").read_text(encoding="utf-8")

    def values(self, **variables: Any) -> dict[str, Any]:
        """Return the defaults as tasks see them if a user sets variables."""
        values = yaml.safe_load(self.defaults)
        texts = {name: Template(value).render(variables) for name, value in values.items() if isinstance(value, str)}
        return {**values, **texts}

    @property
    def prefix(self) -> str:
        return self.path.name


@pytest.fixture(params=sorted(path.name for path in ROLES.iterdir()))
def role(request: pytest.FixtureRequest) -> Role:
    return Role(ROLES / request.param)


def test_defaults_are_those_of_the_documentation(role: Role) -> None:
    documented = {name: option["default"] for name, option in role.options.items() if "default" in option}
    assert role.values() == documented


def test_the_file_of_defaults_shows_every_variable(role: Role) -> None:
    without_default = {name for name, option in role.options.items() if "default" not in option}
    assert set(re.findall(rf"(?m)^# ({role.prefix}_\w+):", role.defaults)) == without_default


def test_the_tasks_use_every_variable_and_no_other(role: Role) -> None:
    files = [file for folder in ("tasks", "templates", "vars") for file in (role.path / folder).glob("*")]
    defaults = map(str, yaml.safe_load(role.defaults).values())
    texts = [*defaults, *(file.read_text(encoding="utf-8") for file in files)]
    used = set(re.findall(rf"(?<![_.]){role.prefix}_\w+", "\n".join(texts)))
    assert used - RESULTS == set(role.options)


def test_the_former_name_of_the_lease_sets_it() -> None:
    role = Role(ROLES / "golden_image")
    assert role.values(golden_image_builder_stops_after="6h")["golden_image_lease"] == "6h"
    assert role.values(golden_image_builder_stops_after="")["golden_image_lease"] == "30m"


def test_the_readme_names_the_role(role: Role) -> None:
    readme = (role.path / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# compshare.cloud.{role.path.name}\n")
