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
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location

_PLUGINS = __name__.rpartition(".plugin_utils.")[0]
_SHARED = tuple(f"{_PLUGINS}.{folder}." for folder in ("module_utils", "modules", "plugin_utils"))


# No MetaPathFinder: this file itself is compiled in each process, so there is little in it.
class _Finder:
    """Finds the shared files of this collection, in the folders that ansible-core found it in."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import a file; None for anything that is no file of this collection, packages included."""
        if not fullname.startswith(_SHARED):
            return None
        candidates = (os.path.join(folder, f"{fullname.rpartition('.')[2]}.py") for folder in path or ())
        file = next(filter(os.path.isfile, candidates), None)
        return spec_from_file_location(fullname, file) if file else None


_FINDER = _Finder()


def keep_bytecode() -> None:
    """Import shared files with Python's loader from now on. A plugin calls it before it imports any.

    It goes before ansible-core's finder only: what else stands before that has its reasons.
    """
    places = (place for place, finder in enumerate(sys.meta_path) if type(finder).__module__.startswith("ansible."))
    place = next(places, None)
    if place is not None and _FINDER not in sys.meta_path:
        sys.meta_path.insert(place, _FINDER)
