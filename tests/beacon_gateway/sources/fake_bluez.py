"""An own `org.bluez` on a private bus, for the real bleak to talk to: adapters, adverts, and the faults of the real one.

It speaks D-Bus for real through a dbus-daemon of its own, and offers what bleak and the gateway ask for: ObjectManager, Adapter1 with its
discovery, Properties, and the signals. A client that leaves the bus ends its discoveries, as with the real one. systemd's and logind's
names are answered too, so that restarting the service and the machine can be asked for.
"""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

_ADAPTER: Final = "org.bluez.Adapter1"
_DEVICE: Final = "org.bluez.Device1"
_TREE: Final = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_OTHERS: Final = ("org.freedesktop.systemd1", "org.freedesktop.login1")
_CONFIGURATION: Final = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@asynccontextmanager
async def private_bus(folder: Path) -> AsyncIterator[str]:
    """A dbus-daemon in `folder`; gives its address. Skips the test where there is no dbus-daemon."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("needs dbus-daemon, which is in the Debian package of that name")
    (folder / "bus.conf").write_text(_CONFIGURATION.format(socket=folder / "bus"))
    process = await asyncio.create_subprocess_exec(
        daemon,
        f"--config-file={folder / 'bus.conf'}",
        "--nofork",
        "--print-address=1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # else a daemon that outlives the run keeps its caller's pipe open
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


def _properties(manufacturer: Mapping[int, bytes], service: Mapping[str, bytes], rssi: int) -> dict[str, Variant]:
    """Of an advert, as BlueZ tells of it."""
    told = {"RSSI": Variant("n", rssi)}
    if manufacturer:
        told["ManufacturerData"] = Variant("a{qv}", {company: Variant("ay", value) for company, value in manufacturer.items()})
    if service:
        told["ServiceData"] = Variant("a{sv}", {uuid: Variant("ay", value) for uuid, value in service.items()})
    return told


class FakeBluez:
    """bluetoothd. `fail` maps a method to the error it answers with; `calls` counts what was asked."""

    def __init__(self, address: str, *adapters: str) -> None:
        self._address = address
        self._bus: MessageBus | None = None
        self._adapters = {f"/org/bluez/{name}": self._made(name) for name in adapters or ("hci0",)}
        self._devices: dict[str, dict[str, Variant]] = {}
        self._scanning: dict[str, set[str]] = {path: set() for path in self._adapters}
        self._clients: set[str] = set()
        self.fail: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.deaf: set[str] = set()
        """Adapters that scan, say so, and report nothing, until `cured_by` is called on them."""
        self.cured_by = ""
        """`StartDiscovery`, `Hello` (the client leaves the bus), `Powered` or `RestartUnit`: what makes deaf adapters hear again."""
        self.filters: dict[str, Any] = {}

    @staticmethod
    def _made(name: str) -> dict[str, Variant]:
        return {
            "Address": Variant("s", f"00:1A:7D:DA:71:{int(name.removeprefix('hci')):02X}"),
            "Name": Variant("s", name),
            "Powered": Variant("b", True),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
        }

    # ---- its life

    async def start(self) -> None:
        self._bus = await MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM).connect()
        self._bus.add_message_handler(self._answer)
        rule = "type='signal',interface='org.freedesktop.DBus',member='NameOwnerChanged'"
        await self._bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[rule],
            )
        )
        for name in ("org.bluez", *_OTHERS):
            await self._bus.request_name(name)

    async def vanish(self) -> None:
        """bluetoothd dies: nobody is told, and all that scanned no longer does."""
        if self._bus is not None:
            self._bus.disconnect()
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call] # dbus-fast gives it no type
        self._bus = None
        for path in self._adapters:
            self._scan_ends(path, tell=False)
        self._devices.clear()

    async def remove(self, adapter: str) -> None:
        """The adapter is pulled out."""
        path = f"/org/bluez/{adapter}"
        del self._adapters[path]
        self._scanning.pop(path)
        await self._signal("/", _TREE, "InterfacesRemoved", "oas", [path, [_ADAPTER]])

    async def add(self, adapter: str) -> None:
        """The adapter is plugged in."""
        path = f"/org/bluez/{adapter}"
        self._adapters[path], self._scanning[path] = self._made(adapter), set()
        await self._signal("/", _TREE, "InterfacesAdded", "oa{sa{sv}}", [path, {_ADAPTER: self._adapters[path]}])

    # ---- the air

    @property
    def runs(self) -> bool:
        return self._bus is not None

    def scans(self, adapter: str = "hci0") -> bool:
        return bool(self._scanning.get(f"/org/bluez/{adapter}"))

    async def advert(
        self,
        address: str,
        manufacturer: Mapping[int, bytes] | None = None,
        service: Mapping[str, bytes] | None = None,
        *,
        rssi: int = -60,
        adapter: str = "hci0",
    ) -> None:
        """A device is heard, if anything scans there. The future of a full socket is awaited: dbus-fast breaks a flooded connection."""
        parent = f"/org/bluez/{adapter}"
        if self._bus is None or not self._scanning.get(parent) or adapter in self.deaf:
            return
        path = f"{parent}/dev_{address.replace(':', '_')}"
        told = _properties(manufacturer or {}, service or {}, rssi)
        if path in self._devices:
            self._devices[path].update(told)
            await self._signal(path, _PROPERTIES, "PropertiesChanged", "sa{sv}as", [_DEVICE, told, []])
            return
        about = {"Address": Variant("s", address), "Alias": Variant("s", ""), "UUIDs": Variant("as", []), "Adapter": Variant("o", parent)}
        self._devices[path] = {**about, **told}
        await self._signal("/", _TREE, "InterfacesAdded", "oa{sa{sv}}", [path, {_DEVICE: self._devices[path]}])

    # ---- the bus

    async def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self._bus is not None:
            await self._bus.send(
                Message(message_type=MessageType.SIGNAL, path=path, interface=interface, member=member, signature=signature, body=body)
            )

    def _tell(self, path: str, name: str) -> None:
        """A property of an adapter has changed."""
        if self._bus is not None:
            body = [_ADAPTER, {name: self._adapters[path][name]}, []]
            told = Message(
                message_type=MessageType.SIGNAL,
                path=path,
                interface=_PROPERTIES,
                member="PropertiesChanged",
                signature="sa{sv}as",
                body=body,
            )
            self._bus.send(told)

    def _answer(self, asked: Message) -> Message | None:
        if asked.message_type == MessageType.SIGNAL and asked.member == "NameOwnerChanged":
            self._owner_changed(*asked.body)
        if asked.message_type != MessageType.METHOD_CALL or asked.member is None:
            return None
        self.calls[asked.member] += 1
        if asked.member in self.fail:
            return Message.new_error(asked, self.fail[asked.member], "as the test wants it")
        if asked.interface == _TREE:
            adapters: dict[str, Any] = {path: {_ADAPTER: shown} for path, shown in self._adapters.items()}
            devices = {path: {_DEVICE: shown} for path, shown in self._devices.items()}
            return Message.new_method_return(asked, "a{oa{sa{sv}}}", [adapters | devices])
        if asked.interface == _PROPERTIES:
            return self._property(asked)
        if asked.interface == _ADAPTER and asked.path not in self._adapters:
            return Message.new_error(asked, "org.freedesktop.DBus.Error.UnknownObject", f"no {asked.path}")
        return self._done(asked)

    def _done(self, asked: Message) -> Message:
        path, sender = asked.path or "", asked.sender or ""
        if asked.member == "SetDiscoveryFilter" and asked.body[0]:
            self.filters = {name: value.value for name, value in asked.body[0].items()}
        elif asked.member == "StartDiscovery":
            if not self._adapters[path]["Powered"].value:
                return Message.new_error(asked, "org.bluez.Error.NotReady", "Resource Not Ready")
            self._scanning[path].add(sender)
            self._clients.add(sender)
            self._discovering(path, True)
            self._cure("StartDiscovery")
        elif asked.member == "StopDiscovery":
            if sender not in self._scanning[path]:
                return Message.new_error(asked, "org.bluez.Error.Failed", "No discovery started")
            self._scanning[path].discard(sender)
            self._discovering(path, bool(self._scanning[path]))
        elif asked.member == "RestartUnit":
            self._cure("RestartUnit")
            for each in self._adapters:
                self._scan_ends(each, tell=True)
            return Message.new_method_return(asked, "o", ["/org/freedesktop/systemd1/job/1"])
        return Message.new_method_return(asked)

    def _property(self, asked: Message) -> Message:
        shown = self._adapters.get(asked.path or "")
        if shown is None:
            return Message.new_error(asked, "org.freedesktop.DBus.Error.UnknownObject", f"no {asked.path}")
        if asked.member == "GetAll":
            return Message.new_method_return(asked, "a{sv}", [shown])
        name = asked.body[1]
        if asked.member == "Get":
            return Message.new_method_return(asked, "v", [shown[name]])
        shown[name] = asked.body[2]
        if name == "Powered":
            if not shown[name].value:
                self._scan_ends(asked.path or "", tell=True)
            else:
                self._cure("Powered")
        self._tell(asked.path or "", name)
        return Message.new_method_return(asked)

    def _owner_changed(self, name: str, _old: str, new: str) -> None:
        if new or name not in self._clients:
            return
        self._clients.discard(name)
        self._cure("Hello")
        for path, scanning in self._scanning.items():
            scanning.discard(name)
            self._discovering(path, bool(scanning))

    def _scan_ends(self, path: str, *, tell: bool) -> None:
        self._scanning[path].clear()
        self._adapters[path]["Discovering"] = Variant("b", False)
        if tell:
            self._tell(path, "Discovering")

    def _discovering(self, path: str, now: bool) -> None:
        if self._adapters[path]["Discovering"].value != now:
            self._adapters[path]["Discovering"] = Variant("b", now)
            self._tell(path, "Discovering")

    def _cure(self, by: str) -> None:
        if by == self.cured_by:
            self.deaf.clear()
