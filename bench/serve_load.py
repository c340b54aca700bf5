#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`fovea serve` under load, beside FastAPI, uvicorn and ONNX Runtime (serve_peer.py) with the same network and photos on the same machine:
answers a second, and how long they take, at 1 and at 64 connections. Servers live through the whole run and take turns, `--rounds` each;
the client is one process with a selector, whose share of the processor is told. Every answer is compared with what the program (of the
peer: the server itself, asked alone) says of that photo. With --overload, instead: more clients than the queue holds, and after them.
With --isolation, instead: the server beside itself without isolation, for a small photo, where that costs most, and one of 512x512.

usage: serve_load.py [--photos FOLDER] [--rounds N] [--seconds S] [--overload | --isolation]
The first needs fastapi, uvicorn, onnxruntime, opencv; the last Pillow.
"""
import argparse
import collections
import io
import json
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import common

PEER = ["-m", "uvicorn", "--app-dir", Path(__file__).parent, "serve_peer:app", "--log-level", "error", "--host", "127.0.0.1"]
SIDE = 1280  # longer photos would be shrunk by the one and not by the other


class Served:
    """A running server, and what it says of each photo."""

    def __init__(self, name, port, command, env=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, env={**common.environment(), **(env or {})}, stdout=subprocess.DEVNULL)

    def wait(self):
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{self.name} did not start")

    def learn(self, photos):
        """Asked alone, every process of it a few times, so that all have memory and threads."""
        self.expected = [faces_of(ask(self.port, photo)) for photo in photos]
        self.requests = [request_of(photo) for photo in photos]
        return self

    def pids(self):
        """Of it and all that it started."""
        pids = [str(self.process.pid)]
        for pid in pids:  # grows on the way
            pids += Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return pids

    def used_s(self):
        """Of the processor, so far."""
        fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids())
        return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self):
        found = (re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in self.pids())
        return sum(int(f[1]) for f in found if f) // 1024

    def end(self):
        self.process.terminate()
        self.process.wait()


def request_of(photo):
    return b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(photo) + photo


def faces_of(answer):
    """What must be the same in every answer about the photo: all but the times."""
    record = json.loads(answer)
    return record["width"], record["height"], record["faces"]


def split(data):
    """(status, body) of the answer that is whole at the front, or None."""
    head, found, rest = data.partition(b"\r\n\r\n")
    size = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) if found else None
    return (int(head[9:12]), rest[:size]) if found and len(rest) >= size else None


def ask(port, photo):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(request_of(photo))
        data = b""
        while not (answer := split(data)):
            data += s.recv(1 << 16)
    assert answer[0] == 200, answer
    return answer[1]


class Client:
    """One connection that asks again as soon as it is answered."""

    def __init__(self, port, first):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.photo, self.out, self.data = first, b"", b""

    def begin(self, served, step):
        self.photo = (self.photo + step) % len(served.requests)
        self.out, self.data, self.start = memoryview(served.requests[self.photo]), b"", time.perf_counter()

    def send(self):
        try:
            self.out = self.out[self.socket.send(self.out):]
        except BlockingIOError:
            pass

    def read(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise SystemExit("a connection was closed in the middle")
        self.data += piece
        return split(self.data)


def load(served, connections, seconds, pause_s=0.0):
    """(times, statuses, wrong): of answers within the time; those under way at its end are waited for, and count as answered."""
    selector, times, statuses, wrong = selectors.DefaultSelector(), [], collections.Counter(), 0
    clients = [Client(served.port, i) for i in range(connections)]
    until, open_ = time.perf_counter() + seconds, connections
    for c in clients:
        c.begin(served, 0)
        selector.register(c.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, c)
    while open_:
        for key, events in selector.select():
            c = key.data
            if events & selectors.EVENT_WRITE and c.out:
                c.send()
                if not c.out:
                    selector.modify(c.socket, selectors.EVENT_READ, c)
            if not events & selectors.EVENT_READ or not (answer := c.read()):
                continue
            statuses[answer[0]] += 1
            if answer[0] == 200:
                times.append(time.perf_counter() - c.start)
                wrong += faces_of(answer[1]) != served.expected[c.photo]
            elif pause_s:
                time.sleep(pause_s)
            if time.perf_counter() > until:
                selector.unregister(c.socket)
                c.socket.close()
                open_ -= 1
            else:
                c.begin(served, 7)
                selector.modify(c.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, c)
    return times, statuses, wrong


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fovea(name, *options):
    port = free_port()
    return Served(name, port, [common.FOVEA, "serve", "-q", "--port", str(port), *options])


def peer(name, model, processes, threads):
    port = free_port()
    return Served(name, port, [sys.executable, *PEER, "--port", str(port), "--workers", str(processes)], {"MODEL": str(model), "THREADS": str(threads)})


def photos_of(folder):
    """Photos whose faces both find at their own size."""
    done = subprocess.run([common.FOVEA, "detect", "-q", "--json", folder], capture_output=True, check=False, env=common.environment())
    records = [r for r in json.loads(done.stdout) if "faces" in r and max(r["width"], r["height"]) <= SIDE]
    if not records:
        raise SystemExit(f"{folder}: no photos of at most {SIDE} pixels a side")
    return [Path(r["file"]).read_bytes() for r in records]


def used_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def compare(a, photos, work):
    cores, model = len(os.sched_getaffinity(0)), common.as_onnx("default", work)
    patient = ("--queue-time", "600")  # as the peer, which never refuses
    servers = [fovea("fovea serve", *patient), fovea("fovea serve, fp32", *patient, "--precision", "fp32"),
               peer(f"ONNX Runtime, 1 process x {cores} threads", model, 1, cores), peer(f"ONNX Runtime, {cores} processes x 1 thread", model, cores, 1)]
    try:
        for s in servers:
            s.wait().learn(photos)
            load(s, 64, 2)
        for connections in (1, 64):
            measure(servers, connections, a)
    finally:
        for s in servers:
            s.end()


def measure(servers, connections, a):
    rows = {s.name: ([], collections.Counter(), [], [], [], []) for s in servers}
    for _ in range(a.rounds):
        for s in servers:
            times, statuses, wrong, rates, shares, costs = rows[s.name]
            start, used, server_used = time.perf_counter(), used_s(), s.used_s()
            t, st, w = load(s, connections, a.seconds)
            took = time.perf_counter() - start
            times += t
            statuses.update(st)
            wrong.append(w)
            rates.append(len(t) / took)
            shares.append((used_s() - used) / took)
            costs.append((s.used_s() - server_used) / len(t))
    print(f"\n{connections} connection{'s' if connections > 1 else ''}, {a.rounds} rounds of {a.seconds:g} s; answers a second: median of rounds\n")
    print("| server | answers/s | p50 | p99 | processor an answer | answered | other | wrong | client's share of a core | peak memory |\n"
          "|---|---|---|---|---|---|---|---|---|---|")
    for s in servers:
        times, statuses, wrong, rates, shares, costs = rows[s.name]
        p50, p99 = np.percentile(times, [50, 99]) * 1e3
        print(f"| {s.name} | {np.median(rates):.1f} | {p50:.1f} ms | {p99:.1f} ms | {np.median(costs) * 1e3:.2f} ms | {statuses[200]} | {sum(statuses.values()) - statuses[200]} "
              f"| {sum(wrong)} | {np.mean(shares):.0%} | {s.peak_mb()} MB |")


def isolation(a):
    from PIL import Image
    for side in (160, 512):
        file = io.BytesIO()
        Image.open(common.ROOT / "photos/astronaut.png").convert("RGB").resize((side, side)).save(file, "JPEG", quality=90)
        servers = [fovea(name, "--queue-time", "600", "--isolation", name) for name in ("auto", "off")]
        print(f"\n{side} x {side}, {len(file.getvalue())} bytes")
        try:
            for s in servers:
                s.wait().learn([file.getvalue()])
                load(s, 64, 1)
            for connections in (1, 64):
                measure(servers, connections, a)
        finally:
            for s in servers:
                s.end()


def resident_mb(s):
    return int(Path(f"/proc/{s.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def overload(a, photos):
    s = fovea("fovea serve", "--queue", "32")
    try:
        s.wait().learn(photos)
        for connections in (1, 32, 256, 1):
            start = time.perf_counter()
            times, statuses, wrong = load(s, connections, a.seconds, 0.001)
            took = time.perf_counter() - start
            p50, p99 = np.percentile(times, [50, 99]) * 1e3
            print(f"{connections:4} connections: {len(times) / took:6.1f} answers/s, p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, {statuses[503]} refused "
                  f"with 503, {sum(statuses.values()) - statuses[200] - statuses[503]} other, {wrong} wrong, {resident_mb(s)} MB")
    finally:
        s.end()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--photos", default=common.ROOT / "photos")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=4)
    p.add_argument("--overload", action="store_true")
    p.add_argument("--isolation", action="store_true")
    a = p.parse_args()
    photos = photos_of(a.photos)
    print(f"{common.machine(('fovea', 'onnxruntime'))}; {len(photos)} photos")
    with tempfile.TemporaryDirectory() as work:
        overload(a, photos) if a.overload else isolation(a) if a.isolation else compare(a, photos, Path(work))


if __name__ == "__main__":
    main()
