"""The collection as it was before its processes shared anything, from the history of the clone."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.tools.trees import IN_TREE, ROOT

COMMIT = "f4fcf1d"


@contextmanager
def earlier_collection() -> Iterator[dict[str, str]]:
    """Yield the variables of the environment with which Ansible finds the collection of COMMIT."""
    command = ["git", "archive", COMMIT, "plugins", "meta", "galaxy.yml"]
    archive = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(Path(folder, IN_TREE), filter="data")
        yield {"ANSIBLE_COLLECTIONS_PATH": folder}
