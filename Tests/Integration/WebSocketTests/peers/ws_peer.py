# Part of MarketBus. Apache License 2.0, see LICENSE.
"""WebSocket peers for WebSocketTests: servers made with the `websockets` package, and a raw one that misbehaves.

Prints one JSON line with the ports and the CA file, then serves until its standard input ends.
"""
import asyncio, base64, hashlib, json, logging, os, ssl, subprocess, sys, tempfile
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError


def make_certificates(folder):
    """A CA, a certificate of it for localhost, and one for another host."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=MarketBus test CA")
    for name, host in (("good", "localhost"), ("wrong", "elsewhere.example")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={host}")
        with open(os.path.join(folder, "extensions"), "w") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.pem", "-extfile", "extensions")


def tls(folder, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, f"{name}.pem"), os.path.join(folder, f"{name}.key"))
    return context


async def handle(connection):
    """What happens is chosen by the path; numbers come from the query."""
    url = urlsplit(connection.request.path)
    number = {key: int(values[0]) for key, values in parse_qs(url.query).items()}
    count, size = number.get("n", 1), number.get("size", 100)
    if url.path == "/count":
        # Message i is "<i>:" and letters up to the size; then a normal close.
        for i in range(count):
            await connection.send((f"{i}:" + "abcdefghij" * (size // 10 + 1))[:size])
        await connection.close(1000)
    elif url.path == "/fragments":
        for i in range(count):
            await connection.send([f"{i}:"] + ["x" * 1000] * (size // 1000) + [""])
        await connection.close(1000)
    elif url.path == "/binary":
        await connection.send(bytes(range(256)) * (size // 256))
    elif url.path == "/close":
        await connection.close(number["code"], "as asked")
    elif url.path == "/ping":
        waiter = await connection.ping(b"are you there")
        await asyncio.wait_for(waiter, 5)
        await connection.send("pong seen")
    elif url.path == "/headers":
        await connection.send(json.dumps(dict(connection.request.headers.raw_items())))
    elif url.path == "/random":
        # Compressible to every degree and of every size, to walk over buffer boundaries.
        import random
        source = random.Random(number.get("seed", 1))
        for i in range(count):
            length = source.choice([0, 1, 125, 126, 4096, 65535, 65536, 65600, 131072, 200000])
            unit = source.choice(["a", "ab", "0123456789", None])
            text = (unit * (length // len(unit) + 1))[:length] if unit else \
                "".join(source.choices("abcdefghijklmnop", k=length))
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            await connection.send(f"{digest}{text}")
        await connection.close(1000)
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosedError:
        pass  # what some tests are about


def accept_key(request):
    for line in request.split("\r\n"):
        if line.lower().startswith("sec-websocket-key:"):
            key = line.split(":", 1)[1].strip()
            digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            return base64.b64encode(digest).decode()
    return ""


def frame(opcode, payload, first_bits=0x80):
    head = bytes([first_bits | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    return head + bytes([126]) + len(payload).to_bytes(2, "big") + payload


async def misbehave(reader, writer):
    """A server on bare TCP for what a proper library refuses to do."""
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
        path = request.split(" ")[1]
        if path == "/never":
            await reader.read()
            return
        if path.startswith("/status/"):
            code = int(path.rsplit("/", 1)[1])
            writer.write(f"HTTP/1.1 {code} No\r\nContent-Length: 0\r\nLocation: ws://127.0.0.1:1/\r\n\r\n".encode())
            await writer.drain()
            return
        key = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" if path == "/wrongkey" else accept_key(request)
        writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {key}\r\n\r\n").encode())
        if path == "/cut":
            writer.write(frame(1, b"last words"))
        elif path == "/truncated":
            writer.write(frame(1, b"x" * 300)[:100])
        elif path == "/reserved":
            writer.write(frame(1, b"x", 0xA0))
        elif path == "/opcode":
            writer.write(frame(5, b"x"))
        elif path == "/drip":
            for byte in frame(1, b"slowly, one byte after the other") + frame(1, b"y" * 200):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.001)
        elif path == "/nocode":
            writer.write(frame(8, b""))
        elif path == "/burst":
            writer.write(b"".join(frame(1, b"%d" % i) for i in range(5000)))
        elif path == "/endless":
            # A message that says it has 2^40 bytes.
            writer.write(bytes([0x81, 127]) + (1 << 40).to_bytes(8, "big") + b"z" * 70000)
        await writer.drain()
        if path not in ("/cut", "/truncated"):
            await reader.read()  # half-open: says nothing, answers nothing
            await asyncio.sleep(30)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def main(folder):
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # broken connections are what the tests are about
    make_certificates(folder)
    options = dict(max_size=None, ping_interval=None, close_timeout=1)
    servers = {
        "plain": await serve(handle, "127.0.0.1", 0, compression=None, **options),
        "deflate": await serve(handle, "127.0.0.1", 0, compression="deflate", **options),
        "tls": await serve(handle, "127.0.0.1", 0, compression=None, ssl=tls(folder, "good"), **options),
        "wronghost": await serve(handle, "127.0.0.1", 0, ssl=tls(folder, "wrong"), **options),
        "raw": await asyncio.start_server(misbehave, "127.0.0.1", 0),
    }
    said = {name: str(server.sockets[0].getsockname()[1]) for name, server in servers.items()}
    said["ca"] = os.path.join(folder, "ca.pem")
    print(json.dumps(said), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(main(folder))
        finally:
            sys.stdout.flush()
    os._exit(0)
