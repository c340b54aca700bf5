#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Photos a second of the program, of Ray Data and of Spark, with one worker and with two; their processor time; the memory of a worker.

Each worker has one processor, and all read the same folder of copies of the photos. Starting does not count: with Ray the clock runs from
the first batch of faces on, with Spark in a second run, whose workers are there. Rounds take turns; figures are medians. Photos a second on a
busy machine say little, which is why the share of the program's is that of the same round; processor time says what the work takes: that of
the workers, and that of all that the host runs beside them.

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


def processes():
    """Of all that run: number, number of the parent, seconds of processors' time."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it ended
            continue
        yield int(folder.name), int(stat[1]), (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


class Watch(threading.Thread):
    """Watches this process and those it started until it is told to end: the time of workers and of all others, in seconds of processors
    from begin() on, and what a worker holds alone at most, in MB."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name_of_worker = name
        self.workers, self.seconds = {}, {}  # by the number of the process: whether it is a worker, and its time
        self.own = 0  # what to watch takes
        self.before = (0, 0)
        self.most = 0
        self.lock, self.ended = threading.Lock(), threading.Event()

    def look(self):
        start = time.thread_time()
        parents, seconds = {}, {}
        for process, parents[process], seconds[process] in processes():
            pass
        with self.lock:
            for process in filter(lambda p: self.is_ours(p, parents), seconds):
                self.seconds[process] = seconds[process]
                self.look_at(process)
            self.own += time.thread_time() - start

    @staticmethod
    def is_ours(process, parents):
        while process in parents and process != os.getpid():
            process = parents[process]
        return process == os.getpid()

    def look_at(self, process):
        try:
            if self.name_of_worker in Path(f"/proc/{process}/cmdline").read_bytes():
                self.workers[process] = True
                status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
                self.most = max(self.most, int(status.partition("RssAnon:")[2].split()[0]) / 1024)
        except (OSError, IndexError):  # it ended
            pass

    def spent(self):
        self.look()
        of_workers = sum(seconds for process, seconds in self.seconds.items() if process in self.workers)
        return of_workers, sum(self.seconds.values()) - of_workers - self.own

    def begin(self):
        self.before = self.spent()

    def since(self):
        return [now - before for now, before in zip(self.spent(), self.before)]

    def run(self):
        while not self.ended.wait(0.5):
            self.look()


class Program:
    def __init__(self, workers, *_):
        self.threads = str(workers)

    def run(self, folder, watch):
        watch.begin()
        start = time.perf_counter()
        command = [common.FOVEA, "detect", "--ndjson", "--mode", "throughput", "--threads", self.threads, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=common.environment()) as process:
            records = [json.loads(line) for line in process.stdout]
            seconds = time.perf_counter() - start
            watch.look()  # at what it took, before it is gone
        return len(records), seconds, sum(len(record["faces"]) for record in records)

    def end(self):
        pass


class Ray:
    """A node for each worker, and a processor of each for what Ray does beside."""

    def __init__(self, workers, *_):
        import ray
        from ray.cluster_utils import Cluster

        os.environ["RAY_worker_niceness"] = "0"  # as the others have; Ray's is 15
        node = {"num_cpus": 2, "object_store_memory": 400 << 20}
        self.ray, self.workers = ray, workers
        self.cluster = Cluster(initialize_head=True, head_node_args=node)
        for _ in range(workers - 1):
            self.cluster.add_node(**node)
        ray.init(address=self.cluster.address, log_to_driver=False)

    def run(self, folder, watch):
        import fovea.ray

        photos = self.ray.data.read_binary_files(str(folder), include_paths=True, override_num_blocks=20)
        batches = iter(fovea.ray.detect_faces(photos, actors=self.workers).iter_batches(batch_format="pyarrow", batch_size=None))
        faces = self.faces_of(next(batches))
        watch.begin()
        start, after = time.perf_counter(), [batch for batch in batches]
        return sum(batch.num_rows for batch in after), time.perf_counter() - start, faces + sum(map(self.faces_of, after))

    @staticmethod
    def faces_of(batch):
        return sum(map(len, batch["faces"].to_pylist()))

    def end(self):
        self.ray.shutdown()
        self.cluster.shutdown()


class Spark:
    def __init__(self, workers, warm, watch):
        from pyspark.sql import SparkSession

        settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        self.session = SparkSession.builder.master(f"local-cluster[{workers},1,1024]").config(map=settings).getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")
        self.run(warm, watch)

    def run(self, folder, watch):
        import fovea.spark

        watch.begin()
        start = time.perf_counter()
        photos = self.session.read.format("binaryFile").load(str(folder))
        count, faces = fovea.spark.detect_faces(photos).selectExpr("count(*)", "sum(size(faces))").first()
        return count, time.perf_counter() - start, faces

    def end(self):
        self.session.stop()


HOSTS = {"program": Program, "ray": Ray, "spark": Spark}


def measure(name, workers, few, many):
    """One host, in a process of its own: a round, as JSON."""
    watch = Watch(WORKERS[name])
    watch.start()
    host = HOSTS[name](workers, few, watch)
    count, seconds, faces = host.run(many, watch)
    of_workers, beside = watch.since()
    watch.ended.set()
    host.end()
    print("result", json.dumps({"rate": count / seconds, "faces": faces, "MB": watch.most, "ms": 1000 * of_workers / count,
                                "ms_beside": 1000 * beside / count}))


def round_of(name, workers, few, many):
    done = subprocess.run([sys.executable, __file__, "--one", name, str(workers), few, many], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.decode().rpartition("result ")[2])


def median_of(numbers, digits):
    numbers = sorted(numbers)
    return f"{statistics.median(numbers):.{digits}f} ({numbers[0]:.{digits}f} to {numbers[-1]:.{digits}f})"


def show(name, workers, rounds, beside):
    """A row; `beside` are the program's rounds with as many workers."""
    shares = [r["rate"] / b["rate"] for r, b in zip(rounds, beside)]
    memory, faces = max(r["MB"] for r in rounds), {r["faces"] for r in rounds}
    print(f"| {name} | {workers} | {median_of([r['rate'] for r in rounds], 1)} | {median_of(shares, 2)} | "
          f"{median_of([r['ms'] for r in rounds], 1)} | {median_of([r['ms_beside'] for r in rounds], 1)} | {memory:.0f} | {faces} |")


def main():
    if sys.argv[1:2] == ["--one"]:
        name, workers, few, many = sys.argv[2:]
        return measure(name, int(workers), few, many)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", metavar="PHOTOS", help="a folder with .jpg")
    parser.add_argument("--hosts", default="ray,spark", help="beside the program")
    parser.add_argument("--few", type=int, default=60, help="photos of a run that is not timed")
    parser.add_argument("--many", type=int, default=600, help="photos of the run that is")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    cases = list(itertools.product(["program", *given.hosts.split(",")], (1, 2)))
    rounds = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        copy_photos(given.photos, few, given.few)
        copy_photos(given.photos, many, given.many)
        for _, case in itertools.product(range(given.rounds), cases):
            rounds[case].append(round_of(*case, few, many))
            print(*case, rounds[case][-1], file=sys.stderr)
    print(f"{common.machine(())}\n\n| host | workers | photos/s | of the program's | ms of workers | ms beside | MB of a worker | faces |\n"
          "|---|---|---|---|---|---|---|---|")
    for name, workers in cases:
        show(name, workers, rounds[name, workers], rounds["program", workers])
    return None


if __name__ == "__main__":
    sys.exit(main())
