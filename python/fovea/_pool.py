# SPDX-License-Identifier: MIT
"""The detectors behind a Detector: one for each call at a time, all of one engine.

A detector of C belongs to one thread at a time. Where the number of threads was left open, a call that is alone takes a wide detector,
with a thread for each processor; a call beside others takes a narrow one, with its own thread alone. So one caller has the
least latency, many have the most throughput, and both find the same, for results do not depend on the number of threads. Calls beyond
what the processors can do at once wait for their turn.
"""
from __future__ import annotations

import os
import weakref
from collections import deque
from threading import Lock
from typing import Any, NamedTuple

from .errors import ArgumentError, check, new_error
from ._library import ffi, lib, text
from ._owned import Owned

MOST_ON_GPU = 16  # detectors, which share a GPU's memory; as in fov_photos_detect()


class DetectorOptions(NamedTuple):
    threads: int | None  # of each detector; None: as above
    tune_seconds: float
    tf32: bool


class Worker:
    """A detector of C, and the structs that its calls write."""

    __slots__ = ("owned", "pointer", "image", "faces", "error", "wide")

    def __init__(self, engine: Owned, options: DetectorOptions, wide: bool) -> None:
        threads = options.threads if options.threads is not None else 0 if wide else 1
        detector, self.error = ffi.new("fov_detector **"), new_error()
        given = ffi.new("fov_detector_options *", (threads, options.tune_seconds, options.tf32))
        check(lib.fov_detector_new(engine.pointer, given, detector, self.error), self.error)
        self.owned = Owned(detector[0], lib.fov_detector_free, needs=engine)
        self.pointer = detector[0]
        self.image = ffi.new("fov_image *")
        self.faces = ffi.new("fov_faces *")
        self.wide = wide


def most_at_once(engine: Owned, threads: int | None) -> int:
    processors = lib.fov_cpu_threads()
    if text(lib.fov_engine_backend(engine.pointer)) == "cuda":
        return max(2, min(MOST_ON_GPU, processors))
    return max(1, processors // (threads or processors)) if threads is not None else processors


class Pool:
    def __init__(self, engine: Owned, options: DetectorOptions) -> None:
        self.engine: Owned | None = engine  # None: closed
        self.options = options
        self.limit = most_at_once(engine, options.threads)
        self.start()
        pools.add(self)

    def start(self) -> None:
        """No detector is there and none in use."""
        self.lock = Lock()
        self.used = 0
        self.idle: dict[bool, list[Worker]] = {False: [], True: []}
        self.waiting: deque[Any] = deque()  # a lock for each call that waits, released when its turn comes

    def open_engine(self) -> Owned:
        engine = self.engine
        if engine is None:
            raise ArgumentError("this detector is closed")
        return engine

    def enter(self) -> None:
        """Take a place; in order, or a thread that calls again at once would keep it for ever."""
        with self.lock:
            if self.used < self.limit:
                self.used += 1
                return
            turn = Lock()
            turn.acquire()
            self.waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # Ctrl-C
            self.give_up(turn)
            raise

    def give_up(self, turn: Any) -> None:
        with self.lock:
            if turn in self.waiting:
                self.waiting.remove(turn)
                return
        self.leave()  # its turn had come

    def take(self) -> Worker:
        self.enter()
        try:
            with self.lock:
                engine = self.open_engine()
                wide = self.options.threads is None and self.used == 1
                if self.idle[wide]:
                    return self.idle[wide].pop()  # the last one used: its memory is still in the cache
            return Worker(engine, self.options, wide)
        except BaseException:
            self.leave()
            raise

    def leave(self, worker: Worker | None = None) -> None:
        with self.lock:
            if worker is not None and self.engine:
                self.idle[worker.wide].append(worker)
            if self.waiting:
                self.waiting.popleft().release()
            else:
                self.used -= 1

    def close(self) -> None:
        """Free the detectors that are idle; those in use go when their calls end, and the engine after the last."""
        with self.lock:
            self.engine = None
            self.idle = {False: [], True: []}


def start_anew() -> None:
    """In a process that was forked off, nobody uses a detector, and the threads of those that are there stayed behind."""
    for pool in pools:
        pool.start()


pools: weakref.WeakSet[Pool] = weakref.WeakSet()
os.register_at_fork(after_in_child=start_anew)
