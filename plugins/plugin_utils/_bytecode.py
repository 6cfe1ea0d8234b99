# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""Imports what plugins share with Python's own loader, which keeps bytecode.

ansible-core's loader compiles each of these files again in each process, and each task is a process: that was half of
what a lookup cost. Python checks the bytecode against its source, and compiles where it cannot write any.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location

_PLUGINS = __name__.rpartition("plugin_utils.")[0]
_SHARED = (f"{_PLUGINS}module_utils.", f"{_PLUGINS}modules.", f"{_PLUGINS}plugin_utils.")


# ansible-core compiles this file in each process, so it is short, and the class inherits nothing.
class _Finder:
    """Finds the shared files of this collection, in the folders that ansible-core found it in."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, _target: object = None) -> ModuleSpec | None:
        """Return how to import a file; None for anything that is no file of this collection, packages included."""
        if fullname.startswith(_SHARED):
            for folder in path or ():
                file = os.path.join(folder, f"{fullname.rpartition('.')[2]}.py")
                if os.path.isfile(file):
                    return spec_from_file_location(fullname, file)
        return None


def keep_bytecode() -> None:
    """Import shared files with Python's loader from now on. A plugin calls it before it imports any.

    It goes before ansible-core's finder only: what else stands before that has its reasons.
    """
    for place, finder in enumerate(sys.meta_path):
        if finder is _Finder:
            return
        if type(finder).__module__.startswith("ansible."):
            sys.meta_path.insert(place, _Finder)
            return
