"""The vendor's command line with its address pointed at COMPSHARE_API_URL; the address is a constant in it."""

from __future__ import annotations

import os
import sys

import compshare_cli.config

compshare_cli.config.DEFAULT_BASE_URL = os.environ["COMPSHARE_API_URL"]

from compshare_cli.cli import main  # noqa: E402  # reads the constant

sys.exit(main())
