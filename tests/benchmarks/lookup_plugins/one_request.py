"""The least that a lookup takes which sends something with requests: its import, and one request."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        import requests

        return [requests.post(os.environ["COMPSHARE_API_URL"], data={"Action": "None"}, timeout=60).status_code]
