"""The oldest libraries for HTTP that the transport is tested with, in a folder for PYTHONPATH."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.tools.trees import ROOT

PINS = ROOT / "requirements/oldest-http.txt"


def oldest_http() -> Path:
    """Return a folder with the libraries that requirements/oldest-http.txt pins, installed when they are not there."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    folder = ROOT / "build/oldest-http" / f"{version}-{digest}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            fresh = Path(work) / "libraries"
            subprocess.run([*command, "--target", str(fresh), "--requirement", str(PINS)], check=True)
            fresh.rename(folder)
    return folder
