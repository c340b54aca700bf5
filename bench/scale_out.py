#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Photos a second of the program, of Ray Data and of Spark, with one worker and with two, and the memory of a worker.

Each worker has one processor, and all read the same folder of copies of the photos. Starting does not count: with Ray the clock runs from
the first batch of faces on, with Spark in a second run, whose workers are there. Rounds take turns; figures are medians.

PYTHONPATH=build/python FOVEA_LIBRARY=build/libfovea.so bench/scale_out.py PHOTOS
"""
import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import common

WORKERS = {"program": b"/fovea\0detect", "ray": b"ray::MapWorker", "spark": b"pyspark.daemon"}  # how the process of a worker is named


def copy_photos(photos, folder, count):
    files = sorted(Path(photos).glob("*.jpg"))
    if not files:
        sys.exit(f"{photos}: no .jpg in this folder")
    folder.mkdir()
    for i in range(count):
        (folder / f"{i:06}.jpg").write_bytes(files[i % len(files)].read_bytes())


def is_below(process, ancestor):
    while process > 1 and process != ancestor:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        process = int(stat.rpartition(")")[2].split()[1])
    return process == ancestor


class Memory(threading.Thread):
    """Watches what workers of this process hold alone, in MB, until it is told to end."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name_of_process = name
        self.most = 0
        self.ended = threading.Event()

    def look(self):
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.name_of_process in (process / "cmdline").read_bytes() and is_below(int(process.name), os.getpid()):
                    status = (process / "status").read_text()
                    self.most = max(self.most, int(status.partition("RssAnon:")[2].split()[0]) / 1024)
            except (OSError, IndexError):  # it ended
                pass

    def run(self):
        while not self.ended.wait(0.2):
            self.look()


class Program:
    def __init__(self, workers, _):
        self.threads = str(workers)

    def run(self, folder):
        start = time.perf_counter()
        done = subprocess.run([common.FOVEA, "detect", "--ndjson", "--mode", "throughput", "--threads", self.threads, folder],
                              check=True, stdout=subprocess.PIPE, env=common.environment())
        records = [json.loads(line) for line in done.stdout.splitlines()]
        return len(records) / (time.perf_counter() - start), sum(len(record["faces"]) for record in records)

    def end(self):
        pass


class Ray:
    """A node for each worker, and a processor of each for what Ray does beside."""

    def __init__(self, workers, _):
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

        photos = self.ray.data.read_binary_files(str(folder), include_paths=True, override_num_blocks=20)
        batches = iter(fovea.ray.detect_faces(photos, actors=self.workers).iter_batches(batch_format="pyarrow", batch_size=None))
        faces = self.faces_of(next(batches))
        start, after = time.perf_counter(), [batch for batch in batches]
        rate = sum(batch.num_rows for batch in after) / (time.perf_counter() - start)
        return rate, faces + sum(map(self.faces_of, after))

    @staticmethod
    def faces_of(batch):
        return sum(map(len, batch["faces"].to_pylist()))

    def end(self):
        self.ray.shutdown()
        self.cluster.shutdown()


class Spark:
    def __init__(self, workers, warm):
        from pyspark.sql import SparkSession

        settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        self.session = SparkSession.builder.master(f"local-cluster[{workers},1,1024]").config(map=settings).getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")
        self.run(warm)

    def run(self, folder):
        import fovea.spark

        start = time.perf_counter()
        photos = self.session.read.format("binaryFile").load(str(folder))
        count, faces = fovea.spark.detect_faces(photos).selectExpr("count(*)", "sum(size(faces))").first()
        return count / (time.perf_counter() - start), faces

    def end(self):
        self.session.stop()


HOSTS = {"program": Program, "ray": Ray, "spark": Spark}


def measure(name, workers, few, many):
    """One host, in a process of its own: a round, as JSON."""
    memory = Memory(WORKERS[name])
    memory.start()
    host = HOSTS[name](workers, few)
    rate, faces = host.run(many)
    memory.ended.set()
    host.end()
    print("result", json.dumps({"rate": rate, "faces": faces, "MB": memory.most}))


def round_of(name, workers, few, many):
    done = subprocess.run([sys.executable, __file__, "--one", name, str(workers), few, many], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.decode().rpartition("result ")[2])


def show(name, workers, rounds):
    rates = sorted(r["rate"] for r in rounds)
    memory = max(r["MB"] for r in rounds)
    print(f"| {name} | {workers} | {statistics.median(rates):.1f} | {rates[0]:.1f} to {rates[-1]:.1f} | {memory:.0f} | {rounds[0]['faces']} |")


def main():
    if sys.argv[1:2] == ["--one"]:
        name, workers, few, many = sys.argv[2:]
        return measure(name, int(workers), few, many)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", metavar="PHOTOS", help="a folder with .jpg")
    parser.add_argument("--hosts", default="program,ray,spark")
    parser.add_argument("--few", type=int, default=60, help="photos of a run that is not timed")
    parser.add_argument("--many", type=int, default=600, help="photos of the run that is")
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
    print(f"{common.machine(())}\n\n| host | workers | photos/s | rounds | MB of a worker | faces |\n|---|---|---|---|---|---|")
    for case in cases:
        show(*case, rounds[case])
    return None


if __name__ == "__main__":
    sys.exit(main())
