# Part of MarketBus. Apache License 2.0, see LICENSE.
"""One program as a child process: its ready line, its port, its logs, its end."""

import json
import os
import queue
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Optional

from .waiting import eventually


class Program:
    """A started program. It is stopped by its own process id, and by nothing else."""

    def __init__(
        self,
        name: str,
        command: list[str],
        folder: Path,
        environment: Optional[dict[str, str]] = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.error_log = folder / f"{name}.stderr.log"
        self.output_log = folder / f"{name}.stdout.log"
        self._lines: queue.Queue = queue.Queue()
        self._port: Optional[int] = None
        inherited = {key: value for key, value in os.environ.items() if not _is_setting(key)}
        with self.error_log.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**inherited, **(environment or {})},
                cwd=folder,
            )
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        with self.output_log.open("ab") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                self._lines.put(line.decode("utf-8", errors="replace").rstrip("\n"))
        self._lines.put(None)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def ready_line(self, within: float = 20) -> dict[str, Any]:
        """The first line of standard output that is a JSON object."""

        def next_object() -> Optional[dict[str, Any]]:
            try:
                line = self._lines.get(timeout=0.2)
            except queue.Empty:
                assert self.running, f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
                return None
            assert line is not None, f"{self.name} ended without a ready line:\n{self.tail()}"
            try:
                parsed = json.loads(line)
            except ValueError:
                return None
            return parsed if isinstance(parsed, dict) else None

        return eventually(f"the ready line of {self.name}", next_object, within, every=0)

    def port(self, within: float = 20) -> int:
        """The one TCP port on which it listens, as the kernel knows it."""
        if self._port is None:

            def found() -> Optional[int]:
                assert self.running, f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
                ports = listening_ports(self.pid)
                return min(ports) if ports else None

            self._port = eventually(f"{self.name} listens", found, within)
        return self._port

    def get(self, path: str, timeout: float = 5) -> tuple[int, str]:
        """An answer of its HTTP door: status and body. Status 0: nobody answered."""
        return http_request("GET", f"http://127.0.0.1:{self.port()}{path}", timeout=timeout)

    def wait_ready(self, within: float = 30) -> None:
        """Waits until `/ready` says so."""

        def ready() -> bool:
            assert self.running, f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
            return self.get("/ready")[0] == 200

        eventually(f"{self.name} is ready", ready, within)

    def metric(self, name: str, **labels: str) -> Optional[float]:
        """The sum of a metric over the rows that carry the labels, or None where it is not shown."""
        status, body = self.get("/metrics")
        if status != 200:
            return None
        total: Optional[float] = None
        for line in body.splitlines():
            matched = re.match(rf"{re.escape(name)}(\{{(.*)\}})? ([^ ]+)", line)
            if matched and all(f'{key}="{value}"' in (matched[2] or "") for key, value in labels.items()):
                total = (total or 0.0) + float(matched[3])
        return total

    def signal(self, number: int) -> None:
        """Sends a signal if it still runs."""
        if self.running:
            self.process.send_signal(number)

    def wait_exit(self, within: float) -> int:
        """The exit code, once it has ended by itself."""
        try:
            return self.process.wait(timeout=within)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"{self.name} has not ended within {within} s\n{self.tail()}") from late

    def stop(self, within: float = 12) -> Optional[int]:
        """SIGTERM, then SIGKILL where that is not heard."""
        self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(timeout=10)
        self._reader.join(timeout=5)
        return code

    def tail(self, lines: int = 30) -> str:
        """The end of its standard error."""
        if not self.error_log.is_file():
            return ""
        return "\n".join(self.error_log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def log_lines(self) -> list[dict[str, Any]]:
        """Its JSON log, line by line; lines that are no JSON objects are left out."""
        parsed = []
        for line in self.error_log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                parsed.append(entry)
        return parsed

    def resident_megabytes(self) -> float:
        """Its resident memory now."""
        return self._megabytes("VmRSS")

    def anonymous_megabytes(self) -> float:
        """Its resident memory now without pages of files, which the kernel takes and gives as it likes."""
        return self._megabytes("RssAnon")

    def _megabytes(self, name: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        matched = re.search(rf"{name}:\s+(\d+) kB", status)
        return int(matched[1]) / 1024 if matched else 0.0


def _is_setting(key: str) -> bool:
    """What a test's own environment must not lend to the programs."""
    return key.startswith("MARKETBUS_") or key == "KAFKA_BOOTSTRAP_SERVERS"


def http_request(method: str, url: str, body: Optional[Any] = None, timeout: float = 5) -> tuple[int, str]:
    """Status and body of an HTTP answer; status 0 where nobody answered."""
    data = None if body is None else json.dumps(body).encode("utf-8")
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode("utf-8", errors="replace")
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode("utf-8", errors="replace")
    except (urllib.error.URLError, OSError):
        return 0, ""


def listening_ports(pid: int) -> list[int]:
    """The TCP ports on which a process listens (Linux)."""
    inodes = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            matched = re.match(r"socket:\[(\d+)\]", os.readlink(entry))
            if matched:
                inodes.add(matched[1])
    except OSError:
        return []
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                ports.add(int(columns[1].rsplit(":", 1)[1], 16))
    return sorted(ports)
