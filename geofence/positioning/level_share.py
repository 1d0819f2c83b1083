"""Level share: on which level a device is, weighed apart from where on it.

Pure. A person changes level every few minutes at most, and place every second. So what speaks for a level adds up over the whole way,
almost without forgetting, while what speaks for a place is soon old. `prints.py` says at each moment which level it sounds like; the
shares kept here are the device's belief, and `belief.py` brings each level's weight to its share after every moment.

In one belief over all cells the two are mixed: a level on which some path through the best-sounding places happens to fit wins over the
level that every moment sounds like. On a mall's walks that cost three in a hundred of the levels.
"""

from typing import Final

import numpy as np

from geofence.columns import Flags, Floats, Indices, Singles

CHANGE_S: Final = 500.0
"""Once in so long somebody changes level. A quarter of it or four times as much changes a hundredth of the levels; it sets how soon a real
change is seen: within ten seconds or so, however long the stay was."""
INDEPENDENT: Final = 0.25
"""Of what a moment says, what counts: moments half a second apart share MEMORY_MS of hearing, but for what is new in each. A tenth to a
whole give the same levels; probabilities are the truest from .15 to .4."""


def prior_of(cells: Singles, level: Indices, levels: int) -> Floats:
    """Each level's share before anything is heard: the same for all that have any of the prior over cells. Shape (levels,), sums to 1.

    Not by area: a car park is as large as all floors of shops above it, and no more of its people's time is spent there.
    """
    there = (np.bincount(level, cells, levels) > 0).astype(np.float64)
    share: Floats = there / there.sum()
    return share


def advanced(share: Singles, elapsed_s: Singles, said: Floats, heard: Flags, prior: Floats) -> Singles:
    """The shares after a moment; `share`, `said` and what is returned of shape (n, levels), the others of shape (n,).

    `said` is the logarithm of how likely each level is by what was heard lately; it counts where `heard`. Below 0 in `elapsed_s` stands
    for a device of which nothing is known; a row of zeros in `share` for one that was never asked: both begin with `prior`.
    """
    after = np.empty(share.shape, np.float32)
    for row in range(len(share)):
        before = share[row].astype(np.float64)
        known = elapsed_s[row] >= 0 and before.any()
        stays = float(np.exp(-elapsed_s[row] / CHANGE_S)) if known else 0.0
        now = stays * before + (1.0 - stays) * prior
        if heard[row]:
            now = now * np.exp(INDEPENDENT * (said[row] - said[row].max()))
        after[row] = now / now.sum()
    return after
