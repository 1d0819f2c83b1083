"""The process that reads a file from a stranger: it limits itself, reads, writes what was drawn, and ends. Started by `importing.py`.

It limits itself before it imports anything that reads: memory, processor time, time on the wall, and the size of what it may write.
"""

import json
import resource
import signal
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """`PATH ORDER ANSWER`: the plan file, what is asked for (JSON of importing.Order), and where the answer goes."""
    path, order_text, answer = arguments
    limits = json.loads(order_text)["limits"]
    _limit(limits["seconds"], limits["megabytes"])
    from floorplans.importing import answer_to  # only now: what it imports is under the limits too

    Path(answer).write_bytes(answer_to(Path(path), order_text.encode(), progress=_tell))
    return 0


def _limit(seconds: int, megabytes: int) -> None:
    memory = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(seconds)  # its default action ends the process, in the middle of a library's C code too


def _tell(step: str) -> None:
    print(step, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
