"""The figures of a benchmark: values, baselines and aims."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A row of the report.

    Attributes:
        name: what was measured.
        value: the median of its rounds, in `unit`.
        unit: such as "/s" or "ms".
        baseline: the median of the implementation it is compared with; None without a comparison.
        ratio: `value` / `baseline`.
        aim: the aim as text, `≥ 0.75 ×`; "" if the figure has none.
        met: whether the aim is met; None without an aim.
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


def compared(
    name: str, rates: list[float], baseline_rates: list[float], *, unit: str, at_least: float | None = None
) -> Figure:
    """The median of `rates` compared with that of `baseline_rates`; the aim is a ratio of `at_least`."""
    value, baseline = median(rates), median(baseline_rates)
    ratio = value / baseline
    aim = f"≥ {at_least:g} ×" if at_least is not None else ""
    return Figure(name, value, unit, baseline, ratio, aim, ratio >= at_least if at_least is not None else None)


def bounded(name: str, value: float, *, unit: str, at_most: float) -> Figure:
    """A figure without a baseline; the aim is `at_most` in the same unit."""
    return Figure(name, value, unit, aim=f"≤ {at_most:g} {unit}", met=value <= at_most)


def bounded_beside(
    name: str, values: list[float], baseline_values: list[float], *, unit: str, at_most: float
) -> Figure:
    """The median of `values` compared with that of `baseline_values`; the aim is `at_most` in the same unit."""
    value, baseline = median(values), median(baseline_values)
    return Figure(name, value, unit, baseline, value / baseline, f"≤ {at_most:g} {unit}", value <= at_most)


def reported(name: str, values: list[float], baseline_values: list[float] | None = None, *, unit: str) -> Figure:
    """A figure without an aim: the median of `values`, compared with that of `baseline_values` if given."""
    value = median(values)
    if baseline_values is None:
        return Figure(name, value, unit)
    baseline = median(baseline_values)
    return Figure(name, value, unit, baseline, value / baseline)
