"""What is said of a role's variables in three places is the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import ansible_collections.compshare.cloud as collection

ROLE = Path(next(iter(collection.__path__))) / "roles/golden_image"
DEFAULTS = (ROLE / "defaults/main.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    return dict(specs["argument_specs"]["main"]["options"])


def test_defaults_are_those_of_the_documentation(options: dict[str, Any]) -> None:
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    assert yaml.safe_load(DEFAULTS) == documented


def test_the_file_of_defaults_shows_every_variable(options: dict[str, Any]) -> None:
    without_default = {name for name, option in options.items() if "default" not in option}
    assert set(re.findall(r"(?m)^# (golden_image_\w+):", DEFAULTS)) == without_default


def test_the_tasks_use_every_variable_and_no_other(options: dict[str, Any]) -> None:
    files = [file for folder in ("tasks", "templates", "vars") for file in (ROLE / folder).glob("*")]
    used = set(re.findall(r"(?<!_)golden_image_\w+", "".join(file.read_text(encoding="utf-8") for file in files)))
    assert used - {"golden_image_result", "golden_image_builders"} == set(options)
