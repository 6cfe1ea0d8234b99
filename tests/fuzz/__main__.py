"""Fuzz the parsers of untrusted text: ``python -m tests.fuzz --seconds 60 [TARGET …]``.

Each target runs in a process of its own for the time given. Prints how many inputs each tried, and ends with an error
where one broke a promise; the input is kept in build/fuzz and can be replayed with ``--replay FILE TARGET``. Where
atheris does not come as a wheel, only the inputs from which it would begin are tried.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible.plugins.loader import init_plugin_loader

from tests.reliability.figures import FOLDER as FIGURES
from tests.reliability.figures import write_record
from tests.tools.results import write_results
from tests.tools.trees import ROOT, link_tree

FOLDER = ROOT / "build/fuzz"
AT_A_TIME = 2
RUNNER = """
import os
import sys
import atheris
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([os.getcwd()])
with atheris.instrument_imports(include=["ansible_collections.compshare.cloud.plugins"]):
    from ansible_collections.compshare.cloud.tests.fuzz.targets import TARGETS
atheris.Setup(sys.argv, TARGETS[{target!r}].run)
atheris.Fuzz()
"""


def fuzz(target: str, seeds: tuple[bytes, ...], seconds: int) -> str:
    """Let a target try inputs for so long, keep the figures, and return what was found: mostly an empty text."""
    corpus = FOLDER / target / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    command = [sys.executable, "-c", RUNNER.format(target=target), f"-max_total_time={seconds}", "-timeout=25"]
    command += ["-rss_limit_mb=2048", "-max_len=4096", f"-artifact_prefix={FOLDER / target}/found-", str(corpus)]
    quiet: Any = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace"}
    ended = subprocess.run(command, cwd=link_tree(), check=False, **quiet)
    reported = re.findall(r"^(?:Done (\d+) runs|#(\d+)\s)", ended.stderr, re.MULTILINE)
    runs = max((int(done or so_far) for done, so_far in reported), default=0)
    found = "" if ended.returncode == 0 and runs else _without_chatter(ended.stdout + ended.stderr)
    write_record(FIGURES, "fuzzing", target, {"seconds": seconds, "inputs": runs, "failures": int(bool(found))})
    verdict = "FAILED" if found else "nothing found"
    print(f"  {target:20} {runs:>10} inputs in {seconds} s  {verdict}\n{found}", end="", flush=True)
    return found


def _without_chatter(printed: str) -> str:
    """Return what the fuzzer printed without its own doings: the exception, and where the input is kept."""
    lines = (line for line in printed.splitlines() if not line.startswith(("INFO: ", "WARNING: ", "#")))
    return "\n".join(lines)[-6000:] + "\n"


def main() -> int:
    init_plugin_loader([str(link_tree())])
    from ansible_collections.compshare.cloud.tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--replay", type=Path, help="run one target with the bytes of this file")
    parser.add_argument("--results", type=Path, help="write results as JUnit XML into this folder")
    args = parser.parse_args()
    chosen = args.targets or list(TARGETS)
    if args.replay:
        TARGETS[chosen[0]].run(args.replay.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed, it comes for Linux on x86-64 only: trying the first inputs of each target.")
        for name in chosen:
            for seed in TARGETS[name].seeds:
                TARGETS[name].run(seed)
        found = dict.fromkeys(chosen, "")
    else:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            runs = pool.map(lambda name: fuzz(name, TARGETS[name].seeds, args.seconds), chosen)
            found = dict(zip(chosen, runs, strict=True))
    if args.results:
        write_results(args.results / "fuzz.xml", "fuzz", {name: text or None for name, text in found.items()})
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
