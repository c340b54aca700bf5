# SPDX-License-Identifier: MIT
"""What the tests of the server share: a real `fovea serve` on a free port, requests by http.client, and TAP."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

# Servers inherit it, and one that is told to live on without its terminal (nohup) does: whoever runs the tests may have said so.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

ANSWER_S = 60  # machines that run tests are busy


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]


def preloaded(library):
    """Environment of a program that a library is loaded in front of. By its name alone, for LD_PRELOAD divides paths at blanks."""
    folders = [str(library.parent), *os.environ.get("LD_LIBRARY_PATH", "").split(":")]
    return {"LD_PRELOAD": library.name, "LD_LIBRARY_PATH": ":".join(folder for folder in folders if folder)}


class Server:
    """A running server. Use it as a context: at the end it is told to stop, and must do so without a complaint."""

    def __init__(self, fovea, *options, env=None, expect_code=0, prefix=(), pass_fds=()):
        self.fovea, self.options, self.expect_code, self.prefix, self.pass_fds = fovea, options, expect_code, prefix, pass_fds
        self.env = {**os.environ, **(env or {})}
        # The address sanitizer keeps memory that was freed: less of it, so that what the server takes can be seen.
        self.env["ASAN_OPTIONS"] = f"{self.env.get('ASAN_OPTIONS', '')}:quarantine_size_mb=8"
        self.folder = tempfile.TemporaryDirectory()
        self.errors = Path(self.folder.name) / "stderr"
        self.log = Path(self.folder.name) / "access.json"

    def __enter__(self):
        ready = Path(self.folder.name) / "ready"
        command = [*self.prefix, self.fovea, "serve", "--port", "0", "--ready-file", ready, "--access-log", self.log, *self.options]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=self.env,
                                            pass_fds=self.pass_fds)
        until = time.monotonic() + ANSWER_S
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                self.process.kill()
                raise AssertionError(f"the server did not start: {self.errors.read_text()}")
            time.sleep(0.02)
        self.scheme, self.host, port = re.fullmatch(r"(https?)://(.*):(\d+)\n", ready.read_text()).groups()
        self.port = int(port)
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "none: it did not stop"
        said = self.errors.read_text(errors="replace")
        self.folder.cleanup()
        if kind is None:
            assert code == self.expect_code, f"exit status {code}; it said: {said}"
            assert "Sanitizer" not in said, said

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def connect(self, timeout=ANSWER_S):
        if self.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """One request; on a connection of its own, unless one is given."""
        c = connection or self.connect()
        c.request(method, path, body, headers or {})
        answer = Answer(c.getresponse())
        if not connection:
            c.close()
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=b"", **more):
        return self.ask("POST", path, body, **more)

    def raw(self, data, timeout=ANSWER_S):
        """Send bytes as they are; all that comes back until the server closes."""
        with socket.create_connection((self.host, self.port), timeout) as s:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(data)
            return read_all(s)

    def metric(self, name):
        """Sum of a metric over its labels."""
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{re.escape(name)}[{{ ]", line))

    def processes(self):
        """Folders of /proc of it and its children."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended
                parents[stat.parent] = stat.read_text().rpartition(")")[2].split()[1]
        family = {Path("/proc") / str(self.process.pid)}
        while more := {child for child, parent in parents.items() if Path("/proc") / parent in family} - family:
            family |= more
        return family

    def resident(self):
        """Bytes of memory that it has now."""
        return sum(int((folder / "statm").read_text().split()[1]) for folder in self.processes()) * os.sysconf("SC_PAGE_SIZE")

    def peak(self):
        """Most bytes of memory that its processes had, each at its own time."""
        return sum(int(re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text())[1]) << 10 for folder in self.processes())

    def processor_s(self):
        """Seconds of the processor that it took so far."""
        fields = [(folder / "stat").read_text().rpartition(")")[2].split() for folder in self.processes()]
        return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


def read_all(s):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := s.recv(65536):
            data += piece
    return data


def form(*files):
    """(headers, body) of multipart/form-data. A file is (field, name or None, bytes)."""
    boundary = b"--------boundary-7d1"
    body = b""
    for field, name, data in files:
        file = f'; filename="{name}"' if name is not None else ""
        body += b"--" + boundary + f'\r\nContent-Disposition: form-data; name="{field}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return {"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"}, body + b"--" + boundary + b"--\r\n"


def default_of(fovea, option):
    """A number that --help tells."""
    text = " ".join(subprocess.run([fovea, "serve", "--help"], check=True, capture_output=True, text=True).stdout.split())
    return float(re.search(rf"--{option}=.*?\(default: ([\d.]+)", text)[1])


def longest_stop_s(fovea, drain=None, work=None):
    """What docs/serve.md promises: photos that are being looked at have their time; a worker process may have to be started for one."""
    restart, last_answers = 10, 2
    told = [default_of(fovea, f"{name}-time") if given is None else given for name, given in (("drain", drain), ("work", work))]
    return sum(told) + restart + last_answers


def wait_until(true, what, limit=ANSWER_S):
    until = time.monotonic() + limit
    while not true():
        assert time.monotonic() < until, f"{what}: not within {limit} s"
        time.sleep(0.02)


class Skip(Exception):
    """A test that cannot be done here, and why."""


def run(tests):
    """Run functions as test cases, TAP on standard output. @return exit status"""
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        name = test.__name__
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"skipped: {why}\nok {number} - {name} # SKIP {why}", flush=True)
        except Exception:  # the other tests still have something to say
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            sys.stdout.write("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()))
    return 1 if failed else 0
