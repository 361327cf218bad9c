"""What was found for a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from statistics import median, quantiles

from .rows import Row

RESAMPLES = 1000
SEED = 20


@dataclass
class Result:
    """The figures of all rounds, in a list for each start of the processes.

    times: microseconds a request, of each side in each round, where they were taken
    reason: why there are no figures
    """

    row: Row
    rounds: list[list[float]] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)
    reason: str = ""

    @property
    def all_rounds(self) -> list[float]:
        return [each for start in self.rounds for each in start]

    @property
    def figure(self) -> float:
        """What the row comes to: the median, or the worst where a goal is for each time."""
        return max(self.all_rounds) if self.row.worst else median(self.all_rounds)

    @property
    def met(self) -> bool:
        if self.reason:
            return False
        goal = self.row.goal
        return self.figure >= goal if self.row.at_least else self.figure <= goal

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.all_rounds) < 2:
            return self.figure, self.figure
        low, _, high = quantiles(self.all_rounds, n=4, method="inclusive")
        return low, high

    @property
    def interval(self) -> tuple[float, float]:
        """Where the median is, 95 times in 100: starts are drawn anew, and rounds of each."""
        random = Random(SEED)
        medians = sorted(
            median(
                each
                for start in random.choices(self.rounds, k=len(self.rounds))
                for each in random.choices(start, k=len(start))
            )
            for _ in range(RESAMPLES)
        )
        return medians[round(RESAMPLES * 0.025)], medians[round(RESAMPLES * 0.975) - 1]
