# Part of MarketBus. Apache License 2.0, see LICENSE.
"""HTTP peers for RESTTests, made with http.server; prints one JSON line, then serves until its standard input ends."""
import gzip, http.server, json, os, socket, ssl, subprocess, sys, tempfile, threading, time
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit


def make_certificates(folder):
    """A CA, a certificate of it for localhost, and one for another host."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=MarketBus test CA")
    for name, host in (("good", "localhost"), ("wrong", "elsewhere.example")):
        openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        with open(os.path.join(folder, "extensions"), "w") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.pem", "-extfile", "extensions")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self):
        Handler.connections += 1
        super().setup()

    def log_message(self, *arguments):
        pass

    def answer(self, body=b"", status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/hello":
            self.answer(b"hello", X_Test="One ")
        elif url.path == "/connections":
            self.answer(str(Handler.connections).encode())
        elif url.path == "/headers":
            self.answer(json.dumps({k.lower(): v for k, v in self.headers.items()}).encode())
        elif url.path == "/gzip":
            self.answer(gzip.compress(b"z" * int(query["size"])), Content_Encoding="gzip")
        elif url.path == "/brokengzip":
            self.answer(b"this is not gzip at all", Content_Encoding="gzip")
        elif url.path == "/limit":
            self.answer(b"slow down", status=429, Retry_After="7")
        elif url.path == "/limitdate":
            self.answer(status=429, Retry_After=formatdate(time.time() + 90, usegmt=True))
        elif url.path == "/redirect":
            self.answer(status=302, Location="/hello")
        elif url.path == "/sleep":
            time.sleep(float(query["s"]))
            self.answer(b"awake")
        elif url.path == "/drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.05)
        elif url.path == "/endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            chunk = b"x" * 65536
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        elif url.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif url.path == "/nonsense":
            self.wfile.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
            self.close_connection = True
        elif url.path == "/nothing":
            self.close_connection = True
        else:
            self.answer(status=404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(self.command.encode() + b":" + body)

    do_PUT = do_DELETE = do_POST

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


def serve(folder=None, certificate=None):
    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, f"{certificate}.pem"), os.path.join(folder, f"{certificate}.key"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return str(server.server_address[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            closed = str(unused.getsockname()[1])
        said = {"plain": serve(), "tls": serve(folder, "good"), "wronghost": serve(folder, "wrong"),
                "closed": closed, "ca": os.path.join(folder, "ca.pem")}
        print(json.dumps(said), flush=True)
        sys.stdin.read()
    os._exit(0)
