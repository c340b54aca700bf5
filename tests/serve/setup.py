#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a server is set up: its token, TLS, the address it listens on, and command lines that cannot be. TAP on stdout.

usage: setup.py SOURCE_DIR FOVEA
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bad_requests import HELLO
from serving import Server, Skip, longest_stop_s, read_all, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
TOKEN = "correct-horse-battery-staple"


def refused(code, part, *options, env=None):
    """The server does not start, and says why."""
    done = subprocess.run([FOVEA, "serve", "--port", "0", *options], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **(env or {})})
    assert done.returncode == code and part in done.stderr, f"{options}: {done.returncode} {done.stderr}"


def check_token(server):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/v2", "/models", "/metrics", "/v2/models/default"):
        answer = server.get(path)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer" and answer.error, path
        assert server.get(path, headers=bearer).status == 200, path
    for path in ("/", "/openapi.json", "/v2/health/live", "/v2/health/ready"):
        assert server.get(path).status == 200, path
    for wrong in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}", f"Basic {TOKEN}", TOKEN):
        assert server.post("/detect", PHOTO, headers={"Authorization": wrong}).status == 401, wrong
    assert server.post("/detect", PHOTO, headers=bearer).status == 200
    assert server.post("/detect", PHOTO, headers={"authorization": f"bearer {TOKEN}"}).status == 200
    assert TOKEN not in server.log.read_text() + server.errors.read_text()
    assert TOKEN.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()


def a_token_of_a_file_or_the_environment():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "token"
        file.write_text(TOKEN + "\n")
        with Server(FOVEA, "--token-file", file) as server:
            check_token(server)
        with Server(FOVEA, env={"FOVEA_TOKEN": TOKEN}) as server:
            check_token(server)
        for text in ("", "\n", "two words\n", "umlaut ü"):
            file.write_text(text)
            refused(2, "token", "--token-file", file)
        refused(2, "missing", "--token-file", Path(folder) / "missing")
        refused(2, "FOVEA_TOKEN", env={"FOVEA_TOKEN": " "})


@contextlib.contextmanager
def certificate():
    if not shutil.which("openssl"):
        raise Skip("openssl, which makes a certificate for the test, is not here")
    with tempfile.TemporaryDirectory() as folder:
        cert, key = Path(folder) / "cert.pem", Path(folder) / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
        yield cert, key


def https():
    with certificate() as (cert, key):
        with Server(FOVEA, "--tls-cert", cert, "--tls-key", key, "--request-time", "1") as server:
            assert server.scheme == "https"
            connection = server.connect()
            for _ in range(3):
                answer = server.post("/detect", PHOTO, connection=connection)
                assert answer.status == 200 and len(answer.json["faces"]) == 1
            assert connection.sock.version() in ("TLSv1.2", "TLSv1.3")
            connection.close()
            assert b"HTTP/1.1 200" not in server.raw(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 20)
            assert server.get("/v2/health/live").status == 200
        refused(2, "go together", "--tls-cert", cert)
        refused(2, "PEM", "--tls-cert", key, "--tls-key", cert)
        refused(2, "missing", "--tls-cert", cert, "--tls-key", "missing.pem")


def ends(s):
    """Seconds until the server closes; whatever it says before."""
    start = time.monotonic()
    read_all(s)
    return time.monotonic() - start


def trickle(s, text):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for i in range(len(text)):  # a byte now and then starts no limit anew
            s.sendall(text[i:i + 1])
            time.sleep(0.1)


def handshakes_that_do_not_end():
    """Silence, half of the first message, all of it and no more, and a byte at a time: each is given up, and keeps nobody out."""
    with certificate() as (cert, key):
        options = ("--tls-cert", cert, "--tls-key", key)
        with Server(FOVEA, *options, "--idle-time", "1.5") as server, contextlib.ExitStack() as stack:
            silent, half, whole, slow = (stack.enter_context(socket.create_connection((server.host, server.port), 20)) for _ in range(4))
            half.sendall(HELLO[:len(HELLO) // 2])
            whole.sendall(HELLO)
            trickle(slow, HELLO)
            assert all(ends(s) < 10 for s in (silent, half, whole, slow))
            wait_until(lambda: server.metric("fovea_connections") == 1, "they are closed")
            assert server.metric("fovea_connections_timed_out_total") >= 3  # TLS itself may refuse what is whole
        with Server(FOVEA, *options, "--max-connections", "4") as server, contextlib.ExitStack() as stack:
            for start in (b"", HELLO[:1], HELLO[:-1]) * 8:
                stack.enter_context(socket.create_connection((server.host, server.port), 20)).sendall(start)
            for _ in range(5):
                assert server.ask("GET", "/v2", connection=server.connect(5)).status == 200


def addresses_to_listen_on():
    with Server(FOVEA) as server:
        assert server.host == "127.0.0.1"
        refused(2, "another --port", "--port", str(server.port))
    refused(2, "--host", "--host", "no such host")
    with Server(FOVEA, "--host", "localhost") as server:
        assert server.get("/v2").status == 200
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists() or not Path("/proc/net/if_inet6").read_text():
        raise Skip("IPv6 is not here")
    with Server(FOVEA, "--host", "::1") as server:
        server.host = server.host.strip("[]")
        assert server.get("/v2").status == 200


def command_lines_that_cannot_be():
    for part, *options in (("1 to", "--workers", "0"), ("65535", "--port", "70000"), ("options only", "model.fov"), ("--queu", "--queu", "5"),
                           ("--max-body", "--max-body", "x"), ("--score 2", "--score", "2"), ("--size", "--size", "0"),
                           ("--device", "--device", "0"), ("--batch", "--batch", "65"), ("no model of that name", "--default-model", "x"),
                           ("--precision", "--precision", "fp8"), ("cannot be a model's name", "-m", "a b=default")):
        code = 3 if "model" in part else 2
        refused(code, part, *options)
    refused(2, "--max-memory", "--max-body", "600")
    refused(3, "nothing.fov", "-m", "nothing.fov")
    refused(3, "already", "-m", "a=default", "-m", "a=default")
    engine = SOURCE / "models/fovea_mnet025.fov"
    for option in (("--precision", "fp32"), ("--mean", "1,2,3")):
        refused(3, "is an engine", "-m", engine, *option)
    refused(3, "No such file", "--models", "/no/such/folder")
    with tempfile.TemporaryDirectory() as folder:
        refused(3, "has no model", "--models", folder)
        (Path(folder) / "broken.fov").write_bytes(b"\x89FOV\r\n\x1a\n" + bytes(100))
        refused(3, "broken.fov", "--models", folder)
    refused(4, "--access-log", "--access-log", "/no/such/folder/log")
    refused(4, "--ready-file", "--ready-file", "/no/such/folder/ready")


def planted_links_are_not_followed():
    """The file of --ready-file has another name while it is written; there may be a link of that name, or what an earlier start left."""
    for leads_to in ("victim", "nothing"):
        server = Server(FOVEA)
        folder = Path(server.folder.name)
        (folder / "victim").write_text("mine")
        (folder / "ready.new").symlink_to(folder / leads_to)
        with server:
            assert (folder / "victim").read_text() == "mine" and not (folder / "nothing").exists()
            assert not (folder / "ready").is_symlink() and not (folder / "ready.new").is_symlink()


def names_that_clients_may_use():
    with Server(FOVEA, "--allow-host", "faces.example", "--allow-host", "other.example") as server:
        for host, status in (("faces.example", 200), ("Other.Example:443", 200), ("third.example", 403), ("localhost", 200)):
            assert server.get("/v2", headers={"Host": host}).status == status, host
    with Server(FOVEA, "--host", "0.0.0.0") as server:
        assert server.get("/v2", headers={"Host": "any.example"}).status == 200


def models_by_name():
    with Server(FOVEA, "-m", "fast=default", "-m", SOURCE / "models/fovea_mnet025.safetensors", "--precision", "fp32") as server:
        models = server.get("/models").json
        assert models["default"] == "fast" and [m["name"] for m in models["models"]] == ["fast", "fovea_mnet025"]
        assert server.post("/detect?model=fovea_mnet025", PHOTO).json["precision"] == "fp32"


def family_of(pid):
    return [pid, *(child for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split() for child in family_of(int(c)))]


def is_alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def open_end(pipe):
    """The end that writes, once somebody wants to read; None: nobody does."""
    with contextlib.suppress(OSError):
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    return None


def ended_while_it_starts(number, *options):
    """It reads a pipe that nobody writes to."""
    with tempfile.TemporaryDirectory() as name:
        folder, ends = Path(name), []
        os.mkfifo(folder / "pipe")
        options = [option.replace("PIPE", str(folder / "pipe")) for option in options]
        process = subprocess.Popen([FOVEA, "serve", "--port", "0", "--ready-file", folder / "ready", *options], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: ends.append(open_end(folder / "pipe")) or ends[-1] is not None, "it reads")
        family = family_of(process.pid)
        process.send_signal(number)
        try:
            assert process.wait(10) == 128 + number and "stopped before it listened" in process.stderr.read()
        finally:
            os.close(ends[-1])  # or it would wait for ever
            process.kill()
            process.stderr.close()
        wait_until(lambda: not any(is_alive(pid) for pid in family), "nobody is left")
        assert [p.name for p in folder.iterdir()] == ["pipe"], "no file is left"


def a_start_can_be_ended():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        ended_while_it_starts(number, "-m", "a=PIPE")
    ended_while_it_starts(signal.SIGTERM, "-m", "a=PIPE", "--isolation", "off")
    ended_while_it_starts(signal.SIGTERM, "--tls-cert", "PIPE", "--tls-key", "PIPE")


def systemd_is_told():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(Path(folder) / "notify"))
        notify.settimeout(60)
        with Server(FOVEA, env={"NOTIFY_SOCKET": str(Path(folder) / "notify")}):
            assert notify.recv(100) == b"READY=1"
        assert notify.recv(100) == b"STOPPING=1"


def systemd_waits_for_what_was_begun():
    unit = (SOURCE / "deploy/fovea.service").read_text()
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1]) > longest_stop_s(FOVEA)


TESTS = [a_token_of_a_file_or_the_environment, https, handshakes_that_do_not_end, addresses_to_listen_on, command_lines_that_cannot_be, planted_links_are_not_followed,
         names_that_clients_may_use, models_by_name, a_start_can_be_ended, systemd_is_told,
         systemd_waits_for_what_was_begun]

if __name__ == "__main__":
    sys.exit(run(TESTS))
