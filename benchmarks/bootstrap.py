"""Bootstrap: intervals of the goals table's figures, and of what one method does better than another on the same rows.

Neighbouring rows are not independent, so whole blocks are drawn again: a device's walk, or minutes of it. For a difference both methods are
judged on the same draws (paired): what the walk itself made easy or hard falls out.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from aislecast.replaying.score import Rows, answers, switched
from aislecast.twin.columns import Floats, Ints

SEED: Final = 20261121
DRAWS: Final = 400
BLOCK_S: Final = 60.0
FIGURES: Final = ("median", "p95", "mean", "zone", "false", "found")
"""Error in m; share of rows in the right zone; false switches an hour; share of true switches found."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One method's rows, judged; columns of one length, those of the truth that count."""

    block: Ints
    error_m: Floats
    """NaN where nothing was said, or nothing is known."""
    right: Floats
    lasted_s: Floats
    """Since the row before of the same walk."""
    false: Floats
    """1 where the said zone changed and the true one did not."""
    true: Floats
    """1 where the true zone changed ..."""
    found: Floats
    """... and that was said in time."""

    def figures(self, picked: Ints) -> Floats:
        """FIGURES of some of the rows; NaN where there is nothing to say."""
        known = self.error_m[picked][np.isfinite(self.error_m[picked])]
        errors = (*np.quantile(known, (0.5, 0.95)), known.mean()) if len(known) else (np.nan,) * 3
        hours, switches = self.lasted_s[picked].sum() / 3600, self.true[picked].sum()
        rate = self.false[picked].sum() / hours if hours else np.nan
        share = self.found[picked].sum() / switches if switches else np.nan
        return np.array((*errors, self.right[picked].mean(), rate, share))


def judged(truth: Rows, rows: Rows) -> Judged:
    """What became of each truth row."""
    found = answers(truth, rows)
    right = np.array([at >= 0 and truth.zone[row] == rows.zone[at] for row, at in enumerate(found.tolist())], np.float64)
    error = np.hypot(truth.x_m - rows.x_m[found], truth.y_m - rows.y_m[found]) if len(rows.t_s) else np.full(len(found), np.nan)
    names = {name: number for number, name in enumerate(dict.fromkeys(truth.session))}
    block = np.array([names[name] for name in truth.session]) * 10_000 + (truth.t_s // BLOCK_S).astype(np.int64)
    said = switched(truth, rows)
    counted = truth.t_s >= 0
    flags = (said.false, said.true, said.found)
    columns = (right[counted], said.lasted_s, *(flag.astype(np.float64) for flag in flags))
    return Judged(block[counted], np.where(found >= 0, error, np.nan)[counted], *columns)


def intervals(*methods: Judged) -> list[dict[str, tuple[float, float]]]:
    """90 % intervals of FIGURES of the first, and of the others' differences from it: what of theirs is higher is above 0."""
    blocks = methods[0].block
    groups = [np.flatnonzero(blocks == number) for number in np.unique(blocks)]
    chance, draws = np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        picked = np.concatenate([groups[at] for at in chance.integers(0, len(groups), len(groups))])
        drawn = np.array([method.figures(picked) for method in methods])
        drawn[1:] -= drawn[0]
        draws.append(drawn)
    low, high = _quantiles(np.array(draws))
    return [{name: (float(low[i, at]), float(high[i, at])) for at, name in enumerate(FIGURES)} for i in range(len(methods))]


def _quantiles(draws: Floats) -> tuple[Floats, Floats]:
    """5 and 95 % over the draws of each figure; NaN where no draw could say anything."""
    said = np.isfinite(draws).any(axis=0)
    low, high = np.nanquantile(np.where(said, draws, 0.0), (0.05, 0.95), axis=0)
    return np.where(said, low, np.nan), np.where(said, high, np.nan)


def keep(path: Path, told: dict[str, Judged]) -> None:
    """Writes judged rows by name, for a later run to be compared with."""
    columns = {f"{name}|{field}": getattr(one, field) for name, one in told.items() for field in Judged.__dataclass_fields__}
    with path.open("wb") as file:  # by its name alone numpy would write to another one, with an ending of its own
        np.savez_compressed(file, **columns)


def kept(path: Path) -> dict[str, Judged]:
    """What `keep` wrote."""
    with np.load(path) as columns:
        fields = tuple(Judged.__dataclass_fields__)
        names = dict.fromkeys(name.rsplit("|", 1)[0] for name in columns.files)
        return {name: Judged(*(columns[f"{name}|{field}"] for field in fields)) for name in names}


def against(before: Judged, after: Judged) -> str:
    """What became better or worse, as text. Raises ValueError where the two were not judged on the same rows."""
    if not np.array_equal(before.block, after.block):
        raise ValueError(f"judged on other rows: {len(before.block)} before, {len(after.block)} now")
    difference: dict[str, Any] = intervals(before, after)[1]
    every = np.arange(len(before.block))
    middle = dict(zip(FIGURES, (after.figures(every) - before.figures(every)).tolist(), strict=True))
    return ", ".join(f"{name} {middle[name]:+.2f} ({difference[name][0]:+.2f} to {difference[name][1]:+.2f})" for name in FIGURES)
