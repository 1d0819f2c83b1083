# Runs inside the machine that boot.sh has started: a bus, then the tests, which start bluetoothd themselves.
set -u
cd "$(dirname "$0")/../../.."
mkdir -p /run/dbus /var/lib/bluetooth
dbus-uuidgen --ensure 2>/dev/null
dbus-daemon --system --fork --nopidfile
# Only this folder's conftest.py is loaded: the one above brings databases, which an emulated machine takes a minute to import.
AISLECAST_REAL_BLUEZ=1 PYTHONDONTWRITEBYTECODE=1 timeout "${LIMIT:-600}" .venv/bin/python -m pytest -p no:cacheprovider -q \
  --confcutdir=tests/faults/real_bluez tests/faults/real_bluez
