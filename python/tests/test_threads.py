# SPDX-License-Identifier: MIT
"""One Detector for many threads, for processes that fork, and under the garbage collector."""
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

import fovea
from conftest import same
from fovea import _owned


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_threads_find_the_same(rgb, threads):
    pictures = [rgb, rgb[::-1], rgb[50:400, 60:460], rgb[::2, ::2]]
    with fovea.Detector(threads=threads) as detector:
        expected = [detector.detect(p, score=0.02) for p in pictures]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda i: detector.detect(pictures[i % 4], score=0.02), range(80)))
    assert all(same(faces, expected[i % 4]) for i, faces in enumerate(found))


def test_no_more_calls_at_once_than_processors(rgb):
    with fovea.Detector() as detector:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: detector.detect(rgb), range(40)))
        idle = detector._pool.idle
        assert detector._pool.used == 0
        assert len(idle[True]) == 1 and len(idle[False]) <= detector._pool.limit


def test_calls_that_wait_take_turns(rgb, monkeypatch):
    """A thread that calls again at once must not keep the place of others."""
    with fovea.Detector(threads=1) as detector:
        pool, turns = detector._pool, []
        pool.limit = 1
        worker, leave = pool.take(), pool.leave

        def note_and_leave(*worker):
            turns.append((threading.get_ident(), len(pool.waiting)))
            leave(*worker)

        monkeypatch.setattr(pool, "leave", note_and_leave)
        with ThreadPoolExecutor(3) as threads:
            work = [threads.submit(lambda: [detector.detect(rgb[::4, ::4]) for _ in range(20)]) for _ in range(3)]
            while len(pool.waiting) < 3:
                time.sleep(0.001)
            leave(worker)
        assert all(len(w.result()) == 20 for w in work)
    assert len(turns) == 60 and turns[0][1] == 2
    for i, (_, waiting) in enumerate(turns):  # those who wait are next, all of them
        assert len({thread for thread, _ in turns[i : i + 1 + waiting]}) == 1 + waiting


def test_ctrl_c_while_waiting(rgb):
    with fovea.Detector(threads=1) as detector:
        detector._pool.limit = 1
        worker = detector._pool.take()
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            detector.detect(rgb)
        timer.join()
        detector._pool.leave(worker)
        assert detector._pool.used == 0 and not detector._pool.waiting and len(detector.detect(rgb)) == 1


def test_failures_give_their_place_back(rgb):
    with fovea.Detector() as detector:
        for _ in range(3 * detector._pool.limit):
            with pytest.raises(fovea.ArgumentError):
                detector.detect(rgb, score=2)
        assert detector._pool.used == 0 and len(detector.detect(rgb)) == 1


def test_python_goes_on_meanwhile():
    """A second of the network; a thread that needs the interpreter every millisecond must get it."""
    large = numpy.zeros((2500, 2500, 3), numpy.uint8)
    ticks = []
    with fovea.Detector(threads=1, precision="fp32") as detector:
        worker = threading.Thread(target=lambda: detector.detect(large, size="native"))
        worker.start()
        start = time.monotonic()
        while worker.is_alive():
            ticks.append(time.monotonic())
            time.sleep(0.001)
        seconds = time.monotonic() - start
    assert seconds > 0.1 and len(ticks) > 20 * seconds


def test_closed_by_another_thread(rgb):
    for _ in range(5):
        detector = fovea.Detector(threads=1)
        answers = []

        def work():
            try:
                while True:
                    answers.append(detector.detect(rgb))
            except fovea.ArgumentError as e:
                answers.append(str(e))

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        time.sleep(0.05)
        detector.close()
        for worker in workers:
            worker.join()
        assert sum(answer == "this detector is closed" for answer in answers) == 4
        assert all(len(answer) == 1 for answer in answers if not isinstance(answer, str))


def test_collector_during_calls(rgb):
    """Detectors come, go and lie in cycles while others are at work."""
    stop = threading.Event()

    def litter():
        while not stop.is_set():
            detector = fovea.Detector(threads=1)
            detector.itself = detector
            detector.detect(rgb[::4, ::4].copy())
            del detector
            gc.collect()

    with fovea.Detector(threads=1) as detector:
        expected = detector.detect(rgb)
        litterer = threading.Thread(target=litter)
        litterer.start()
        try:
            for _ in range(20):
                assert same(detector.detect(rgb.copy()), expected)
        finally:
            stop.set()
            litterer.join()


@pytest.fixture
def freed(monkeypatch):
    """The functions that freed objects of the library, in order."""
    names = []
    real = _owned.free_here
    monkeypatch.setattr(_owned, "free_here", lambda free, *rest: (names.append(str(free)), real(free, *rest)))
    return names


def test_close_frees_the_engine_when_its_last_call_has_ended(freed, rgb):
    detector = fovea.Detector()
    assert len(detector.detect(rgb)) == 1
    worker = detector._pool.take()
    detector.close()
    assert freed == []
    detector._pool.leave(worker)
    del worker
    assert ["detector" in free for free in freed] == [True, False] and "engine" in freed[1]
    assert detector.precision and detector.backend == "cpu" and detector.certificate is not None


def test_engine_goes_after_its_detectors(freed, rgb):
    """Also where the collector finds all of them in one cycle."""
    detector = fovea.Detector(threads=1)
    detector.detect(rgb)
    detector.itself = detector
    gone = weakref.ref(detector)
    del detector
    gc.collect()
    assert gone() is None
    assert ["detector" in free for free in freed] == [True, False] and "engine" in freed[1]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process(rgb):
    """The library's threads are not in the child: it makes its own, and leaves its parent's alone."""
    with fovea.Detector(threads=2) as detector:
        expected = detector.detect(rgb)
        child = os.fork()
        if not child:
            signal.alarm(60)  # ends a child that hangs
            good = same(detector.detect(rgb), expected)
            detector.close()
            del detector
            gc.collect()
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert same(detector.detect(rgb), expected)


def test_exit_with_a_thread_at_work():
    code = ("import fovea, numpy, threading, time\n"
            "detector = fovea.Detector()\n"
            "picture = numpy.zeros((600, 600, 3), numpy.uint8)\n"
            "def work():\n"
            "    while True: detector.detect(picture)\n"
            "for _ in range(3): threading.Thread(target=work, daemon=True).start()\n"
            "time.sleep(0.3)\n")
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
