"""The figures in words: a table for the terminal, and the page docs/polling.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .corpus import FAMILIES, UNPREDICTABLE
from .measure import EVERY_5, EVERY_15, MAX_POLL_INTERVAL, OTHERS, OURS, Family, Figures, Findings
from .simulated import BUILD, VENDOR_TIMEOUT, Waited


@dataclass(frozen=True)
class Report:
    """What the page shows: the findings, and both clients on the same build."""

    findings: Findings
    vendor: Waited
    ours: Waited


def table(figures: Figures) -> str:
    """Return the figures of each family for a terminal."""
    lines = [
        f"{'':26}" + "".join(f"{way.partition(' (')[0]:>20}" for way in (OURS, *OTHERS)) + "   lag mean   p95    max"
    ]
    rows = {**figures.families, "whole corpus": figures.whole}
    for name, family in rows.items():
        requests = "".join(f"{family.rows[way].requests:20.1f}" for way in (OURS, *OTHERS))
        lags = family.rows[OURS]
        lines.append(f"{name:26}{requests}{lags.lag_mean:11.1f}{lags.lag_p95:6.1f}{lags.lag_max:7.1f}")
    return "\n".join(lines)


def page(report: Report) -> str:
    """Return docs/polling.md."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    figures = report.findings.figures
    whole, every_5 = figures.whole.rows[OURS], figures.whole.rows[EVERY_5]
    yield "# How often a wait polls"
    yield ""
    yield "This page is written by `python -m tests.benchmarks.polling --write`. Its figures come from that run."
    yield ""
    yield (
        f"{figures.whole.builds} synthetic image builds of 10 seconds to 2 hours are waited for by the code that the "
        "modules use, on a clock of their own, each request taking 0.2 s. They come in families, by what the API says "
        f"about the time left. On average a build costs {whole.requests:.1f} requests, "
        f"{100 * whole.requests / every_5.requests:.1f} % of what polling every 5 seconds costs, and its end is "
        f"noticed {whole.lag_mean:.1f} s late."
    )
    yield ""
    yield "![Requests for each build, and how late its end is noticed](polling.svg)"
    yield ""
    yield from _family_table(figures)
    yield ""
    yield from _details(report.findings)
    yield ""
    yield "## The vendor's command line on the same build"
    yield ""
    yield from _vendor(report)


def _family_table(figures: Figures) -> Iterator[str]:
    yield "| Family | compshare.cloud | every 5 s | every 15 s | exp. to 5 s | Lag: mean | 95 % | latest |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name in FAMILIES:
        yield _family_row(name, figures.families[name])
    yield _family_row("**whole corpus**", figures.whole)
    for name in UNPREDICTABLE:
        yield _family_row(name, figures.families[name])
    yield ""
    yield "The first figures are requests for each build. The last family is no part of the corpus; see below."
    yield ""
    late = ", ".join(f"{figures.whole.rows[way].lag_mean:.1f} s" for way in OTHERS)
    yield (
        "Lags are seconds from the end of a build to the end of the wait. The other ways are reduced to when they poll "
        "(every 5 s: the vendor's CLI; every 15 s: amazon.aws waiters; exponential up to 5 s: hetzner.hcloud), and "
        "each of their requests is taken to show everything. Ours sends two different requests "
        f"where it needs both, and each counts. The others notice an end {late} late on average."
    )


def _family_row(name: str, family: Family) -> str:
    row = family.rows[OURS]
    others = " | ".join(f"{family.rows[way].requests:.1f}" for way in OTHERS)
    return f"| {name} | {row.requests:.1f} | {others} | {row.lag_mean:.1f} | {row.lag_p95:.1f} | {row.lag_max:.1f} |"


def _details(findings: Findings) -> Iterator[str]:
    twenty = findings.twenty_minutes
    whole, every_5 = (findings.figures.whole.rows[way] for way in (OURS, EVERY_5))
    share = 100 * whole.requests / every_5.requests
    yield "## What is guaranteed"
    yield ""
    yield "A unit test holds these on the same corpus."
    yield ""
    yield (
        "- A build of 20 minutes with an accurate estimate: "
        f"at most 14 requests ({twenty.requests:.1f}), a mean lag of at most 1.5 s ({twenty.lag_mean:.1f} s), "
        f"95 % within 4 s ({twenty.lag_p95:.1f} s)."
    )
    yield (
        f"- The whole corpus: at most a ninth of the requests of every 5 s ({share:.1f} %), "
        f"a mean lag of at most 4 s ({whole.lag_mean:.1f} s), none above 30 s ({whole.lag_max:.1f} s)."
    )
    shares = {
        name: family.rows[OURS].requests / family.rows[EVERY_15].requests
        for name, family in findings.figures.families.items()
    }
    dearest = max(shares, key=lambda name: shares[name])
    yield (
        "- No family costs more than polling every 15 s "
        f"(the dearest, {dearest}: {100 * shares[dearest]:.0f} % of that)."
    )
    last = findings.figures.families["ends without a sign"].rows[OURS]
    yield (
        f"- An end without a sign: noticed within `max_poll_interval`, {MAX_POLL_INTERVAL:.0f} s "
        f"({last.lag_max:.1f} s at the latest, {last.lag_mean:.0f} s on average)."
    )
    yield "- 50 builds of the same length in one task: at most 5 times the requests of one build, no lag above 5 s."
    yield ""
    yield "| Length | One build | 50 builds | Times | Latest |"
    yield "|--:|--:|--:|--:|--:|"
    for length, (one, many) in findings.fifty.items():
        yield f"| {length:.0f} s | {one:.1f} | {many.requests} | {many.requests / one:.1f} | {many.lag_max:.1f} s |"
    yield ""
    yield "- Builds of all lengths with good estimates in one task: a mean lag of at most 2.5 s."
    yield ""
    yield "| Builds | Requests for each | Lag: mean | latest |"
    yield "|--:|--:|--:|--:|"
    for size, waited in findings.sets.items():
        yield f"| {size} | {waited.requests / size:.1f} | {waited.lag_mean:.1f} s | {waited.lag_max:.1f} s |"
    yield ""
    yield "## What cannot be guaranteed"
    yield ""
    yield (
        "A schedule that sends 14 requests in 20 minutes pauses for two minutes, so an end that nothing announces "
        "falls into a pause. The family *ends without a sign* shows that: its builds fail at any moment while the "
        "progress moves on to the last, or are done up to a third before the time announced. It stands beside the "
        "corpus. A lower `max_poll_interval` notices these ends sooner."
    )
    yield ""
    yield (
        "Builds that fail half-way stop moving first, in the corpus, for at least a fifth of the time announced. How "
        "the real platform behaves then was never recorded."
    )


def _vendor(report: Report) -> Iterator[str]:
    vendor, ours = report.vendor, report.ours
    yield (
        "The vendor's `compshare image create --wait` looks for a field that the API does not send, so it waits until "
        f"its {VENDOR_TIMEOUT} s are over. Both ran against the simulator, on its clock, with an image that is done "
        f"after {BUILD:.0f} s:"
    )
    yield ""
    yield "| | Requests while waiting | Ended after | Said |"
    yield "|---|--:|--:|---|"
    yield f"| `compshare image create --wait` | {vendor.requests} | {vendor.seconds:.0f} s | {_code(vendor.said)} |"
    yield f"| compshare.cloud | {ours.requests} | {ours.seconds:.1f} s | {_code(ours.said)} |"


def _code(text: str) -> str:
    return f"`{text}`"
