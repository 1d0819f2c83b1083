"""These tests need a kernel with a virtual Bluetooth bus, root, and a bluetoothd of their own: `make test-bluez` brings all three.

Elsewhere they are not collected: they would switch the machine's own Bluetooth about.
"""

import os

collect_ignore_glob = [] if os.environ.get("AISLECAST_REAL_BLUEZ") else ["test_*.py"]
