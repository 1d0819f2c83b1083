"""Whether this process could listen on an address, found out by doing it for a moment."""

import socket


def why_not(host: str, port: int) -> OSError | None:
    """What keeps this process from listening on `host` and `port`; None when nothing does. The port is free again on return."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            return error
    return None
