"""The least that an action can do: send a form and return the response."""

from __future__ import annotations

from typing import Any

import requests
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core says nothing of its type
    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response = requests.post(self._task.args["url"], self._task.args["body"], headers=headers, timeout=60)
        return {"changed": False, "json": response.json()}
