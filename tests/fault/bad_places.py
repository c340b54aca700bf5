# SPDX-License-Identifier: MIT
"""What is no plain file: (what it is, how it comes to be, what each command says)."""
import os
import signal
import socket

from running import PATIENCE_S

INSPECT, DETECT, LIST = ("inspect", "FILE"), ("detect", "FILE"), ("detect", "--list", "FILE")
MODEL, FAILED = 3, 1


def folder(path):
    path.mkdir()


def pipe_of_zeros(path):
    """Closed by whoever reads it: a writer that never ends."""
    os.mkfifo(path)
    if not os.fork():
        signal.alarm(10 * PATIENCE_S)  # for a reader that never comes
        with open(path, "wb", buffering=0) as pipe:
            try:
                while True:
                    pipe.write(bytes(1 << 16))
            except BrokenPipeError:
                os._exit(0)


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def circle(path):
    path.symlink_to(path)


def dangling(path):
    path.symlink_to("nowhere")


def device(name):
    return lambda path: path.symlink_to(name)


def sparse(path):
    with path.open("wb") as file:
        file.truncate(3 << 30)


def nothing(path):
    del path


ZEROS = "it starts with the bytes 00 00 00 00"
CASES = [
    ("a folder", folder, (INSPECT, MODEL, "is a folder"), (DETECT, FAILED, "no pictures in this folder")),
    ("a socket", unix_socket, (INSPECT, MODEL, "cannot open"), (DETECT, FAILED, "cannot open")),
    ("a symbolic link to itself", circle, (INSPECT, MODEL, "symbolic links"), (DETECT, FAILED, "symbolic links")),
    ("a symbolic link to nothing", dangling, (INSPECT, MODEL, "No such file"), (DETECT, FAILED, "No such file")),
    ("nothing", nothing, (INSPECT, MODEL, "No such file"), (DETECT, FAILED, "No such file"), (LIST, FAILED, "No such file")),
    ("/dev/null", device("/dev/null"), (INSPECT, MODEL, "it is empty"), (DETECT, FAILED, "an empty file")),
    ("/dev/zero", device("/dev/zero"), (INSPECT, MODEL, ZEROS), (DETECT, FAILED, "a file of zeros (1048576 bytes or more)"),
     (LIST, FAILED, "it is no text")),
    ("a pipe that never ends", pipe_of_zeros, (INSPECT, MODEL, ZEROS)),
    ("a file of 3 GiB without a block", sparse, (INSPECT, MODEL, ZEROS), (DETECT, FAILED, "the limit is 1073741824")),
    ("/proc/self/mem", device("/proc/self/mem"), (INSPECT, MODEL, "cannot read"), (DETECT, FAILED, "cannot read")),
]
