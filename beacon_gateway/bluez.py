"""BlueZ and systemd over D-Bus, beside bleak: what the adapters say of themselves, and the heavier repairs. Linux only.

It is a gateway's `Host`, on a connection of its own, made when it is needed and made anew when it broke.
Hearing adverts is for `sources/bleak.py`; deciding what to repair, for `watchdog.py`.
Source: BlueZ, doc/org.bluez.Adapter.rst; systemd, org.freedesktop.systemd1(5) and org.freedesktop.login1(5).
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

from beacon_gateway.host import Adapter, BluetoothAway, BusTrouble

BLUETOOTH_UNIT: Final = "bluetooth.service"
_BLUEZ: Final = "org.bluez"
_ADAPTER: Final = "org.bluez.Adapter1"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_TIMEOUT_S: Final = 10.0
_UNKNOWN: Final = frozenset({"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"})


class Bluez:
    """The system bus, for questions to BlueZ, systemd and logind. Close it when done."""

    def __init__(self) -> None:
        self._bus: MessageBus | None = None

    async def adapters(self) -> list[Adapter]:
        """Every adapter, in the order of their names. Raises BusTrouble."""
        (tree,) = await self._call(_BLUEZ, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        shown = [_adapter(path, faces[_ADAPTER]) for path, faces in tree.items() if _ADAPTER in faces]
        return sorted(shown)

    async def power_cycle(self, adapter: str) -> None:
        """Turns the adapter off and on again. Raises BusTrouble."""
        for on in (False, True):
            value = Variant("b", on)
            await self._call(_BLUEZ, f"/org/bluez/{adapter}", _PROPERTIES, "Set", "ssv", [_ADAPTER, "Powered", value])

    async def restart_bluetooth(self) -> None:
        """Has systemd restart bluetoothd. Raises BusTrouble, also where polkit does not allow it."""
        systemd, path = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
        await self._call(systemd, path, f"{systemd}.Manager", "RestartUnit", "ss", [BLUETOOTH_UNIT, "replace"])

    async def reboot(self) -> None:
        """Has logind restart the machine. Raises BusTrouble, also where polkit does not allow it."""
        logind, path = "org.freedesktop.login1", "/org/freedesktop/login1"
        await self._call(logind, path, f"{logind}.Manager", "Reboot", "b", [False])

    async def close(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def _call(
        self, destination: str, path: str, interface: str, member: str, signature: str = "", body: Sequence[Any] = ()
    ) -> list[Any]:
        asked = Message(destination=destination, path=path, interface=interface, member=member, signature=signature, body=list(body))
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reply = await (await self._connected()).call(asked)
        except (OSError, EOFError, TimeoutError, DBusError, AuthError, InvalidAddressError) as error:
            await self.close()
            raise BusTrouble(str(error) or type(error).__name__) from error
        if reply.message_type == MessageType.ERROR:
            name = reply.error_name or ""
            raise (BluetoothAway if name in _UNKNOWN else BusTrouble)(f"{name}: {' '.join(map(str, reply.body))}")
        return list(reply.body)

    async def _connected(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            await self.close()
            bus = MessageBus(bus_type=BusType.SYSTEM)
            try:
                await bus.connect()
            except BaseException:
                bus.disconnect()  # what its constructor opened
                raise
            self._bus = bus
        return self._bus


def _adapter(path: str, shown: dict[str, Variant]) -> Adapter:
    def of(name: str, default: Any) -> Any:
        return shown[name].value if name in shown else default

    return Adapter(path.rpartition("/")[2], str(of("Address", "")), bool(of("Powered", False)), bool(of("Discovering", False)))
