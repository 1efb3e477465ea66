#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A WebSocket server on loopback that sends mutated handshakes and frames, and our client on it.

usage: sockets.py [CONNECTIONS] [SEED]

Runs `frame-fuzz --sockets` from MARKETBUS_BIN (.build/release). Connection N gets what the seed and N say, so that a failure
can be had again. Exit code: that of the client, 0 where no rule was broken.
"""

import base64
import hashlib
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MARKETBUS_BIN", ROOT / ".build" / "release"))
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXTS = (b'{"e":"trade","p":"1.5"}', b"", b"pong", b"[" * 300, b'{"a":"' + b"x" * 5000 + b'"}', b"\xff\xfe\x00")


def frame(payload: bytes, opcode: int, noise: random.Random, fin: bool = True, reserved: int = 0) -> bytes:
    """One frame, now and then with a length that is not its own, a mask or a longer form than it needs."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    length = len(payload)
    if noise.random() < 0.03:
        length = noise.choice((0, 125, 126, 65535, 65537, 1 << 31, 1 << 62, (1 << 64) - 1, length + 1, max(0, length - 1)))
    masked = 0x80 if noise.random() < 0.02 else 0
    if length < 126 and noise.random() > 0.05:
        head = struct.pack("!BB", first, masked | length)
    elif length < 65536 and noise.random() > 0.05:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    return head + (noise.randbytes(4) if masked else b"") + payload


def deflated(payload: bytes) -> bytes:
    """A message as permessage-deflate packs it."""
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def message(noise: random.Random, packs: bool) -> bytes:
    """One message in one or several frames, or a control frame."""
    kind = noise.random()
    if kind < 0.12:
        body = struct.pack("!H", noise.choice((1000, 1001, 1005, 999, 0, 4004, 65535))) + noise.randbytes(noise.choice((0, 5, 123, 130)))
        return frame(noise.choice((body, b"", b"\x03")), 8, noise)
    if kind < 0.3:
        return frame(noise.randbytes(noise.choice((0, 4, 125, 126, 300))), noise.choice((9, 10)), noise)
    if kind < 0.34:
        return frame(noise.choice(TEXTS), noise.choice((3, 7, 11, 15, 0)), noise)
    text = noise.choice(TEXTS) * noise.choice((1, 1, 1, 3, 20))
    isPacked = packs and noise.random() < 0.6
    body = deflated(text) if isPacked else text
    if isPacked and noise.random() < 0.2:
        body = damage(body, noise)
    reserved = 4 if isPacked else noise.choice((0,) * 30 + (1, 2, 4))
    parts = noise.choice((1, 1, 1, 2, 5))
    step = max(1, -(-len(body) // parts))
    pieces = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
    sent = b""
    for number, piece in enumerate(pieces):
        sent += frame(piece, 1 if number == 0 else 0, noise, number == len(pieces) - 1, reserved if number == 0 else 0)
        if noise.random() < 0.1:
            sent += frame(b"in between", 9, noise)
    return sent


def damage(content: bytes, noise: random.Random) -> bytes:
    """Some bytes flipped, cut out, doubled."""
    buffer = bytearray(content)
    for _ in range(noise.choice((1, 1, 2, 5))):
        if not buffer:
            break
        at = noise.randrange(len(buffer))
        kind = noise.randrange(4)
        if kind == 0:
            buffer[at] ^= 1 << noise.randrange(8)
        elif kind == 1:
            del buffer[at : at + noise.randrange(1, 20)]
        elif kind == 2:
            buffer[at:at] = noise.randbytes(noise.randrange(1, 20))
        else:
            buffer[at:at] = buffer[at : at + 40]
    return bytes(buffer)


def serve(connection: socket.socket, seed: int) -> None:
    """One connection: a handshake that is right more often than not, then frames, then the end in one of several ways."""
    with connection:
        connection.settimeout(10)
        try:
            request = b""
            while b"\r\n\r\n" not in request and len(request) < 65536:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            number = int((re.search(rb"GET /(\d+)", request) or [b"", b"0"])[1])
            noise = random.Random(f"{seed}-{number}")
            key = (re.search(rb"(?i)sec-websocket-key: *(\S+)", request) or [b"", b""])[1]
            packs = b"permessage-deflate" in request and noise.random() < 0.8
            accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
            answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            answer += b"Sec-WebSocket-Accept: " + accept + b"\r\n"
            if packs:
                answer += b"Sec-WebSocket-Extensions: permessage-deflate" + noise.choice((b"", b"; server_no_context_takeover")) + b"\r\n"
            answer += b"\r\n"
            if noise.random() < 0.12:
                answer = damage(answer, noise)
            sent = b"".join(message(noise, packs) for _ in range(noise.randrange(1, 25)))
            if noise.random() < 0.4:
                sent = damage(sent, noise)
            whole = answer + sent
            while whole:
                length = noise.choice((1, 7, 100, 4096, 1 << 20))
                connection.sendall(whole[:length])
                whole = whole[length:]
            if noise.random() < 0.3:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            return


def main() -> int:
    """The command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection, seed), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
    done = subprocess.run([BIN / "frame-fuzz", "--sockets", url, "--count", str(count)], check=False, timeout=3600)
    listener.close()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
