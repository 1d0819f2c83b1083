"""A process that seals batches as fast as it can and says each number once it is durable; to be killed.

python -m tests.beacon_gateway.sealer SPOOL SEED
"""

import sys

from beacon_gateway.spool import Progress
from tests.beacon_gateway.build import batch, spool


def main() -> None:
    """Seals until killed; every third batch is acknowledged, so that deletes are under way too."""
    opened = spool(sys.argv[1], seed=int(sys.argv[2]), max_bytes=1_000_000_000)
    print(opened.boot, flush=True)
    while True:
        sealed = batch(opened, 5)
        opened.seal([sealed], Progress(sealed.number, sealed.number, str(sealed.number)))
        print(sealed.number, flush=True)
        if sealed.number % 3 == 0:
            opened.acknowledge(sealed.boot, sealed.number, sealed.number)


if __name__ == "__main__":
    main()
