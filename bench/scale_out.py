#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Photos a second of the program, of Ray Data and of Spark, with one worker and with two, and the memory of a worker.

Each worker has one processor, and all read the same folder of copies of the photos. A run with few photos is taken from one with many:
what remains is the rate, without what starting takes, which is told apart. Rounds take turns; figures are medians.

PYTHONPATH=build/python FOVEA_LIBRARY=build/libfovea.so bench/scale_out.py PHOTOS
"""
import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import common

WORKERS = {"program": b"/fovea", "ray": b"ray::MapWorker", "spark": b"pyspark.daemon"}  # how the process of a worker is named


def copy_photos(photos, folder, count):
    files = sorted(Path(photos).glob("*.jpg"))
    if not files:
        sys.exit(f"{photos}: no .jpg in this folder")
    folder.mkdir()
    for i in range(count):
        (folder / f"{i:06}.jpg").write_bytes(files[i % len(files)].read_bytes())


class Memory(threading.Thread):
    """Watches what workers hold alone, in MB, until it is told to end."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name_of_process = name
        self.most = 0
        self.ended = threading.Event()

    def look(self):
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.name_of_process in (process / "cmdline").read_bytes():
                    status = (process / "status").read_text()
                    self.most = max(self.most, int(status.partition("RssAnon:")[2].split()[0]) / 1024)
            except (OSError, IndexError):  # it ended
                pass

    def run(self):
        while not self.ended.wait(0.2):
            self.look()


class Program:
    def __init__(self, workers):
        self.threads = str(workers)

    def run(self, folder):
        done = subprocess.run([common.FOVEA, "detect", "--ndjson", "--mode", "throughput", "--threads", self.threads, folder],
                              check=True, stdout=subprocess.PIPE, env=common.environment())
        return sum(len(json.loads(line)["faces"]) for line in done.stdout.splitlines())

    def end(self):
        pass


class Ray:
    """A node for each worker, and a processor of each for what Ray does beside."""

    def __init__(self, workers):
        import ray
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 2, "object_store_memory": 400 << 20}
        self.ray, self.workers = ray, workers
        self.cluster = Cluster(initialize_head=True, head_node_args=node)
        for _ in range(workers - 1):
            self.cluster.add_node(**node)
        ray.init(address=self.cluster.address, log_to_driver=False)

    def run(self, folder):
        import fovea.ray

        photos = self.ray.data.read_binary_files(str(folder), include_paths=True)
        rows = fovea.ray.detect_faces(photos, actors=self.workers).take_all()
        return sum(len(row["faces"]) for row in rows)

    def end(self):
        self.ray.shutdown()
        self.cluster.shutdown()


class Spark:
    def __init__(self, workers):
        from pyspark.sql import SparkSession

        settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        self.session = SparkSession.builder.master(f"local-cluster[{workers},1,1024]").config(map=settings).getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")

    def run(self, folder):
        import fovea.spark

        photos = self.session.read.format("binaryFile").load(str(folder))
        return sum(len(row.faces) for row in fovea.spark.detect_faces(photos).select("faces").collect())

    def end(self):
        self.session.stop()


HOSTS = {"program": Program, "ray": Ray, "spark": Spark}


def seconds(host, folder):
    start = time.perf_counter()
    faces = host.run(folder)
    return time.perf_counter() - start, faces


def measure(name, workers, few, many):
    """One host, in a process of its own: a round, as JSON."""
    host = HOSTS[name](workers)
    memory = Memory(WORKERS[name])
    memory.start()
    short, _ = seconds(host, few)
    long, faces = seconds(host, many)
    memory.ended.set()
    host.end()
    print("result", json.dumps({"short": short, "long": long, "faces": faces, "MB": memory.most}))


def round_of(name, workers, few, many):
    done = subprocess.run([sys.executable, __file__, "--one", name, str(workers), few, many], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.decode().rpartition("result ")[2])


def show(name, workers, rounds, few, many):
    rate = statistics.median((many - few) / (r["long"] - r["short"]) for r in rounds)
    start = statistics.median(r["short"] - few / rate for r in rounds)
    memory = max(r["MB"] for r in rounds)
    print(f"| {name} | {workers} | {rate:.1f} | {max(0, start):.1f} | {memory:.0f} | {rounds[0]['faces']} |")


def main():
    if sys.argv[1:2] == ["--one"]:
        name, workers, few, many = sys.argv[2:]
        return measure(name, int(workers), few, many)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", metavar="PHOTOS", help="a folder with .jpg")
    parser.add_argument("--hosts", default="program,ray,spark")
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--many", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    cases = list(itertools.product(given.hosts.split(","), (1, 2)))
    rounds = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        copy_photos(given.photos, few, given.few)
        copy_photos(given.photos, many, given.many)
        for _, case in itertools.product(range(given.rounds), cases):
            rounds[case].append(round_of(*case, few, many))
    print(f"{common.machine(())}\n\n| host | workers | photos/s | start s | MB of a worker | faces |\n|---|---|---|---|---|---|")
    for case in cases:
        show(*case, rounds[case], given.few, given.many)
    return None


if __name__ == "__main__":
    sys.exit(main())
