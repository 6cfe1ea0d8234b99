"""One listing of all platform images in a process of its own.

``python -m tests.benchmarks.client_process ours|sdk`` uses the collection in ANSIBLE_COLLECTIONS_PATH, or else ours.

Prints a line of JSON: the seconds that the listing took without the imports, how many images there are and how many
pages they fill, the bytes of memory that the process had before (``idle``) and at most (``peak``), and for ours the
bytes of JSON that the API sent (``received``) and that the images make (``returned``). The account is that of the
COMPSHARE_* variables.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import math
import os
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tools.trees import link_tree

from .worlds import REGION

IMAGE_TYPES = ("System", "App", "Game", "Other")
PAGE = 100
Images = list[dict[str, Any]]


def memory(name: str) -> int:
    """VmRSS or VmHWM (the highest that it was) of this process, in bytes."""
    try:
        found = re.search(rf"^{name}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024


def ours(figures: dict[str, Any]) -> Callable[[], Images]:
    sys.path.insert(0, os.environ.get("ANSIBLE_COLLECTIONS_PATH") or str(link_tree()))
    from ansible_collections.compshare.cloud.plugins.module_utils._api.client import Client
    from ansible_collections.compshare.cloud.plugins.module_utils._api.transport import Transport
    from ansible_collections.compshare.cloud.plugins.module_utils._images.query import ImageQuery, find_images

    # Only the first request would import it, and with it requests. Earlier releases have it in the transport.
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"{Transport.__module__.rpartition('.')[0]}.http_session")
    figures["received"] = 0

    class CountingTransport(Transport):
        def post(self, *arguments: Any) -> Any:
            response = super().post(*arguments)
            figures["received"] += len(response.body)
            return response

    options = {name: os.environ.get(f"COMPSHARE_{name.upper()}") for name in ("api_url", "public_key", "private_key")}

    def list_images() -> Images:
        client = Client.from_options({**options, "region": REGION, "ca_path": os.environ.get("COMPSHARE_CA_PATH")})
        client._transport.__class__ = CountingTransport
        return find_images(client, ImageQuery()).images

    return list_images


def sdk(_figures: dict[str, Any]) -> Callable[[], Images]:
    from ucloud.client import Client

    config = {
        "region": REGION,
        "base_url": os.environ["COMPSHARE_API_URL"],
        "public_key": os.environ["COMPSHARE_PUBLIC_KEY"],
        "private_key": os.environ["COMPSHARE_PRIVATE_KEY"],
    }

    def list_images() -> Images:
        client = Client(config, logger=logging.getLogger("silent")).ucompshare()
        images: dict[str, dict[str, Any]] = {}
        for image_type in IMAGE_TYPES:
            for offset in range(0, 1_000_000, PAGE):
                page = {"Limit": PAGE, "Offset": offset, "ImageType": image_type}
                rows = client.invoke("DescribeCompShareImages", page).get("ImageSet") or []
                images.update((row["CompShareImageId"], {"type": row["ImageType"]}) for row in rows)
                if len(rows) < PAGE:
                    break
        return list(images.values())

    return list_images


def main() -> None:
    figures: dict[str, Any] = {}
    list_images = {"ours": ours, "sdk": sdk}[sys.argv[1]](figures)
    figures["idle"] = memory("VmRSS")
    began = time.perf_counter()
    images = list_images()
    figures["seconds"] = time.perf_counter() - began
    figures["peak"] = memory("VmHWM")
    figures["images"] = len(images)
    types = Counter(image["type"] for image in images)
    figures["pages"] = sum(math.ceil(count / PAGE) for count in types.values())
    figures["returned"] = len(json.dumps(images, ensure_ascii=False, separators=(",", ":")).encode())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
