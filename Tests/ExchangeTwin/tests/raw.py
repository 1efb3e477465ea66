# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Requests faster than a polite client makes them, so that limits per second are met on a slow machine too."""

import json
import socket
from contextlib import ExitStack
from email.parser import BytesHeaderParser
from urllib.parse import urlsplit

#: How many seconds a wait may take before it is a failure: more than a busy machine needs.
PATIENCE = 30.0


def burst(url, count):
    """Pipelined requests on one connection: status, headers and JSON body of each."""
    parts = urlsplit(url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: tests\r\n\r\n".encode()
    with connected(parts) as link:
        link.sendall(request * count)
        with link.makefile("rb") as reader:
            return [answer(reader) for _ in range(count)]


def handshakes(url, count):
    """WebSocket handshakes on so many connections: status and headers of each."""
    parts = urlsplit(url)
    request = (
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        links = [stack.enter_context(connected(parts)) for _ in range(count)]
        for link in links:
            link.sendall(request)
        return [head(stack.enter_context(link.makefile("rb"))) for link in links]


def connected(parts):
    return socket.create_connection((parts.hostname, parts.port), PATIENCE)


def head(reader):
    """Status and headers."""
    status = int(reader.readline().split()[1])
    lines = iter(reader.readline, b"\r\n")
    return status, BytesHeaderParser().parsebytes(b"".join(lines))


def answer(reader):
    status, headers = head(reader)
    return status, headers, json.loads(reader.read(int(headers["Content-Length"])))
