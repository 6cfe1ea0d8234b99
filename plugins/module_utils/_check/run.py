# Copyright (c) 2026, CompShare Cloud collection contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time.

"""The check of an account: request, compare, report. It only reads."""

from __future__ import annotations

import typing as t

from .._task import Task
from .checks import look
from .report import render
from .survey import survey


def check_account(task: Task) -> dict[str, t.Any]:
    """Return the result of compshare_account_check; raises CompShareError if not even the zones can be listed."""
    found = survey(task.client)
    findings = look(found)
    results = [one._asdict() for one in findings]
    return {
        "report": render(found, findings),
        "differs": [one for one, finding in zip(results, findings) if finding.observed and not finding.holds],
        "holds": [one for one, finding in zip(results, findings) if finding.holds],
        "not_seen": [one for one, finding in zip(results, findings) if finding.observed is None],
        "requests": len(found.requests),
    }
