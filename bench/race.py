"""Contenders measured side by side: in turns, run after run, so that all meet the same machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.client.plan import Plan, Report
from bench.client.run import run_client
from bench.servers import Server

BUSIEST_CLIENT = 0.8
"""The share of a core above which the client may be what limits a row, which is then void."""


@dataclass(frozen=True)
class Sample:
    """One run of one contender.

    Attributes:
        report: What the client saw.
        cpu_us: The CPU time of the server's process for each request, in microseconds.
    """

    report: Report
    cpu_us: float


@dataclass(frozen=True)
class Contender:
    """Something to measure; `measure` gets the number of the run, 0 for the warm-up."""

    name: str
    measure: Callable[[int], Sample]


@dataclass(frozen=True)
class Race:
    """The samples of every contender, run by run, without the warm-up."""

    samples: dict[str, list[Sample]]

    def ratio(self, of: str, to: str) -> float:
        """Return the median over the runs of one contender's requests/s divided by another's."""
        pairs = zip(self.samples[of], self.samples[to], strict=True)
        return median(a.report.per_second / b.report.per_second for a, b in pairs)

    def median_of(self, name: str, figure: Callable[[Sample], float]) -> float:
        """Return the median of a figure over a contender's runs."""
        return median(figure(sample) for sample in self.samples[name])

    def why_void(self, *names: str) -> str:
        """Say why the figures of these contenders do not count; empty when they do."""
        for name in names:
            for sample in self.samples[name]:
                report = sample.report
                if report.wrong:
                    return f"{name} gave wrong answers: {report.wrong}"
                if report.client_cpu > BUSIEST_CLIENT:
                    return f"the client used {report.client_cpu:.0%} of a core with {name}"
        return ""

    def described(self, name: str) -> str:
        """Return throughput, latency and CPU of a contender, medians over the runs."""
        per_second = self.median_of(name, lambda sample: sample.report.per_second)
        p50 = self.median_of(name, lambda sample: sample.report.p50_ms)
        p99 = self.median_of(name, lambda sample: sample.report.p99_ms)
        cpu_us = self.median_of(name, lambda sample: sample.cpu_us)
        cpu = f", {cpu_us:,.0f} µs CPU" if cpu_us else ""
        return f"{name} {per_second:,.0f}/s (p50 {p50:.2f} ms, p99 {p99:.2f} ms{cpu})"


def race(contenders: Sequence[Contender], runs: int) -> Race:
    """Measure every contender once for warmth and then `runs` times, in turns."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for run in range(runs + 1):
        for contender in contenders:
            sample = contender.measure(run)
            if run:
                samples[contender.name].append(sample)
    return Race(samples)


def served(server: Server, plan: Plan) -> Sample:
    """Run the client against a server and note what that cost the server."""
    before = server.cpu_seconds()
    report = run_client(plan)
    cpu_us = (server.cpu_seconds() - before) * 1e6 / max(report.answered, 1)
    return Sample(report, cpu_us)
