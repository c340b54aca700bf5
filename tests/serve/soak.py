#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many requests of all kinds, one after the other and beside each other: photos of many sizes and formats, models of several
precisions, every way to ask, bad input (bad_requests.py), models that come and go, connections that come, go and break off. Every
answer is checked: each kind was asked alone, and compared with what the program says. Between rounds nobody is connected, and it is
counted what the server's processes hold. After the first tenth, which warms up, memory may grow by 1 % from the first half to the second,
and by what is chance, for it depends on what each detector saw last and on how blocks happen to lie; nothing else may grow. Below 20000
requests, as when all tests run, memory is not judged.
TAP on stdout, with a line for each round.

usage: soak.py SOURCE_DIR FOVEA [--requests N] [--rounds N] [--clients N]      the whole of it: --requests 200000
"""
import argparse
import collections
import math
import multiprocessing
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import soak_client
import soak_requests
from serving import Server, run, wait_until

PATIENT = ("--queue-time", "600", "--drain-time", "600", "--request-time", "600", "--idle-time", "600")
GROWTH = 1.01
SAMPLES = 3
FEW_REQUESTS = 20000  # are all warming up

Held = collections.namedtuple("Held", "rss pss descriptors threads processes")


# ---------------------------------------------------------------- what the server holds

def number_in(path, name):
    return int(re.search(rf"^{name}:\s+(\d+)", path.read_text(), re.MULTILINE)[1])


def held_by(server):
    folders = server.processes()
    return Held(sum(number_in(f / "smaps_rollup", "Rss") for f in folders), sum(number_in(f / "smaps_rollup", "Pss") for f in folders),
                sum(len(list((f / "fd").iterdir())) for f in folders), sum(number_in(f / "status", "Threads") for f in folders), len(folders))


def held_when_settled(server):
    """What has done its work may take a moment to end."""
    samples = [held_by(server)]
    while len(samples) < SAMPLES:
        time.sleep(0.2)
        samples.append(held_by(server))
    return Held(*(min(values) for values in zip(*samples)))


def held_at_rest(server, last):
    """With all connections closed, all models loaded, and after the same last requests: a detector keeps what these needed."""
    server_is_left(server)
    assert server.post(f"/v2/repository/models/{soak_requests.SPARE}/load").status == 200
    for method, path, body, headers in last:
        assert server.ask(method, path, body, headers=headers).status == 200
    server_is_left(server)
    return held_when_settled(server)


def server_is_left(server):
    wait_until(lambda: server.metric("fovea_connections") == server.metric("fovea_requests") == 1, "connections are closed")
    assert server.metric("fovea_body_bytes") == server.metric("fovea_queue_photos") == 0


# ---------------------------------------------------------------- rounds

class Clients:
    """Processes that ask, so that the one that measures is not in their way."""

    def __init__(self, count, server, kinds, rows):
        fork = multiprocessing.get_context("fork")
        self.pipes, self.processes = [], []
        for seed in range(count):
            ours, theirs = fork.Pipe()
            process = fork.Process(target=soak_client.main, args=(theirs, (server.host, server.port), kinds, rows, seed), daemon=True)
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)

    def ask(self, requests):
        """@return what each client has to tell, once all have closed their connections"""
        share, rest = divmod(requests, len(self.pipes))
        for i, pipe in enumerate(self.pipes):
            pipe.send(share + (i < rest))
        return [pipe.recv() for pipe in self.pipes]

    def end(self):
        for pipe, process in zip(self.pipes, self.processes):
            pipe.send(0)
            process.join()


class Soak:
    """All rounds, and what came of them."""

    def __init__(self):
        self.held, self.failures, self.seconds = [], [], collections.defaultdict(list)

    def round(self, number, clients, server, requests, last):
        start = time.monotonic()
        told = clients.ask(requests)
        took = time.monotonic() - start
        seconds = sorted(s for seconds, _ in told for all_ in seconds.values() for s in all_)
        for of_kinds, failures in told:
            self.failures += failures
            for failure in failures[:5]:
                print(f"# wrong: {failure[:1000]}")
            for kind, values in of_kinds.items():
                self.seconds[kind] += values
        self.held.append(held_at_rest(server, last))
        print(f"# round {number}: {len(seconds)} requests, {len(seconds) / took:.0f}/s, p50 {1e3 * at(seconds, 0.5):.2f} ms, p99 {1e3 * at(seconds, 0.99):.1f} ms; "
              + ", ".join(f"{name} {value}" for name, value in self.held[-1]._asdict().items()) + f"; {len(self.failures)} failures", flush=True)

    def print_kinds(self):
        for kind, seconds in sorted(self.seconds.items()):
            seconds.sort()
            print(f"# {kind}: {len(seconds)} requests, p50 {1e3 * at(seconds, 0.5):.2f} ms, p99 {1e3 * at(seconds, 0.99):.1f} ms, longest {1e3 * seconds[-1]:.0f} ms")

    def steady(self):
        """(at the end of the warming up, all later) states."""
        warm = max(1, len(self.held) // 10)
        return self.held[warm - 1], self.held[warm:]


def at(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# ---------------------------------------------------------------- verdicts

def verdicts(soak, requests):
    def every_answer_is_right():
        count = sum(map(len, soak.seconds.values()))
        assert count == requests and not soak.failures, f"{count} of {requests} requests, {len(soak.failures)} failures: {soak.failures[:5]}"

    def descriptors_threads_and_processes_are_as_many():
        warm, later = soak.steady()
        assert all(state[2:] == warm[2:] for state in later), f"{warm}, then {later}"

    def memory_is_flat():
        _, later = soak.steady()
        halves = later[:len(later) // 2], later[len(later) // 2:]
        for what in ("rss", "pss"):
            first, second = ([getattr(state, what) for state in half] for half in halves)
            before, after = statistics.mean(first), statistics.mean(second)
            chance = math.sqrt(statistics.variance(first) / len(first) + statistics.variance(second) / len(second))
            print(f"# {what}: {before:.0f} KiB on average, then {after:.0f}, {100 * (after / before - 1):+.2f} %; chance is {100 * chance / before:.2f} %")
            assert after - 2 * chance <= GROWTH * before, f"{what} grows: {halves}"

    always = [every_answer_is_right, descriptors_threads_and_processes_are_as_many]
    return [*always, memory_is_flat] if requests >= FEW_REQUESTS else always


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2])
    parser.add_argument("source", type=lambda text: Path(text).resolve())
    parser.add_argument("fovea", type=lambda text: Path(text).resolve())
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    whole = options.requests >= FEW_REQUESTS
    rounds = options.rounds or (20 if whole else 3)
    precisions = soak_requests.PRECISIONS if whole else soak_requests.QUICKLY_BUILT
    soak = Soak()
    with tempfile.TemporaryDirectory() as folder:
        models, photos = soak_requests.make_models(Path(folder), options.source, options.fovea, precisions), Path(folder) / "photos"
        with Server(options.fovea, *PATIENT, "--models", models, "--default-model", "default", "--allow-control") as server:
            kinds = soak_requests.learn(server, photos, models, options.source, options.fovea, precisions)
            last = soak_requests.last_requests(options.source, precisions) if whole else []
            clients = Clients(options.clients, server, kinds, soak_requests.bad_rows(options.source))
            for number in range(1, rounds + 1):
                soak.round(number, clients, server, options.requests // rounds, last)
            clients.end()
    soak.print_kinds()
    return run(verdicts(soak, rounds * (options.requests // rounds)))


if __name__ == "__main__":
    sys.exit(main())
