"""The service as a process, the way its users run it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.machine import free_port

PATIENCE = 30  # seconds, to become ready and to stop


class Server:
    """`persons serve` on a free port; it is ready when it has been made."""

    key = f"phx_{'k' * 43}"
    token = f"phc_{'t' * 43}"

    def __init__(self, folder: Path, database_url: str, *options: str, **environment: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / f"serve-{port}.log"
        self._command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
        self._command += ["--database-url", database_url, *options]
        secrets = {"PERSONS_API_KEY": self.key, "PERSONS_PROJECT_TOKEN": self.token}
        self._environment = os.environ | secrets | environment
        self._start()

    def stop(self) -> int:
        """Ask it to stop, wait, and return its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it and its workers at once, by SIGKILL."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        """Start it again, at the same address; stop it before, if it runs."""
        if self.process.poll() is None:
            self.stop()
        self._start()

    def workers(self) -> set[int]:
        """Return the processes that it has for answering, where it has several."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        # Python has a child that looks after shared memory, too.
        return {int(each) for each in children if b"spawn_main" in _command_of(each)}

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self.log.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        end = monotonic() + PATIENCE
        with httpx.Client(trust_env=False) as client:
            while monotonic() < end and self.process.poll() is None:
                with suppress(httpx.TransportError):
                    if client.get(f"{self.url}/_readyz").is_success:
                        return
                sleep(0.02)
        status = self.process.poll()
        self.kill()
        raise RuntimeError(f"not ready, exit status {status}:\n{self.log.read_text()}")


def _command_of(pid: str) -> bytes:
    return Path("/proc", pid, "cmdline").read_bytes()
