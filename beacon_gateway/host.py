"""The host of the radios: what repairs need of the machine, told apart from how it is asked (`bluez.py`, over D-Bus)."""

from typing import NamedTuple, Protocol


class BusTrouble(Exception):
    """What was asked for was not done; the text is the bus's or BlueZ's own word."""


class BluetoothAway(BusTrouble):
    """bluetoothd does not run."""


class Adapter(NamedTuple):
    """One adapter as BlueZ shows it."""

    name: str
    address: str
    powered: bool
    discovering: bool
    """Whether BlueZ believes that some program scans on it."""


class Host(Protocol):
    """The machine's Bluetooth, and the machine. Everything raises BusTrouble where it was not done."""

    async def adapters(self) -> list[Adapter]:
        """Every adapter, in the order of their names. Raises BluetoothAway where bluetoothd does not run."""
        ...

    async def power_cycle(self, adapter: str) -> None:
        """Turns the adapter off and on again."""
        ...

    async def restart_bluetooth(self) -> None:
        """Has bluetoothd restarted."""
        ...

    async def reboot(self) -> None:
        """Has the machine restarted."""
        ...

    async def close(self) -> None:
        """Gives up the connection; the next question makes another."""
        ...
