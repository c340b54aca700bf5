# SPDX-License-Identifier: MIT
"""One client of the soak, a process: asks at random, keeps its connection for a while, and says what was wrong."""
import collections
import random
import re
import socket
import time

from bad_input import answers_in, carry_out
from serving import ANSWER_S
from soak_requests import SAMPLE, without_what_varies

HEAD = re.compile(rb"HTTP/1\.1 (\d+) [^\r]*\r\n(?:[^\r]+\r\n)*?content-length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n", re.IGNORECASE)
BAD, LEAVES, CONNECTS = 0.05, 0.01, 0.02  # how often input is bad, a request breaks off, a connection is another

Place = collections.namedtuple("Place", "host port")  # a server, as far as carry_out() looks at it


def read_answer(s):
    """(status, body); the connection may go on."""
    data = s.recv(1 << 16)
    while not (head := HEAD.match(data)):
        piece = s.recv(1 << 16)
        assert piece, f"the connection ended after {data[:100]}"
        data += piece
    end = head.end() + int(head[2])
    while len(data) < end:
        piece = s.recv(1 << 20)
        assert piece, "the connection ended in an answer"
        data += piece
    assert len(data) == end, "more came than the answer"
    return int(head[1]), data[head.end():]


def is_right(kind, status, body):
    if not kind.right:
        return status == 200 and all(map(SAMPLE.fullmatch, body.splitlines()))
    return (status, without_what_varies(body)) in kind.right


class Client:
    """Its connection, and what it has to tell."""

    def __init__(self, place, kinds, rows, seed):
        self.place, self.kinds, self.rows, self.random = place, kinds, rows, random.Random(seed)
        self.weights = [kind.often for kind in kinds]
        self.connection = None

    def connect(self):
        if not self.connection or self.random.random() < CONNECTS:
            self.leave()
            self.connection = socket.create_connection(self.place, ANSWER_S * 10)
        return self.connection

    def leave(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def break_off(self):
        whole = self.random.choice(self.kinds).request
        with socket.create_connection(self.place, ANSWER_S * 10) as s:
            s.sendall(whole[:self.random.randrange(len(whole))])

    def ask_well(self):
        kind = self.random.choices(self.kinds, self.weights)[0]
        s = self.connect()
        start = time.monotonic()
        s.sendall(kind.request)
        status, body = read_answer(s)
        took = time.monotonic() - start
        assert is_right(kind, status, body), f"{status} {body[:300]}"
        return kind.name, took

    def ask_badly(self):
        row = self.random.choice(self.rows)
        start = time.monotonic()
        statuses, message = answers_in(carry_out(self.place, row))
        took = time.monotonic() - start
        assert statuses == row.statuses and row.part in message, f"{row.name}: {statuses} {message[:300]}"
        return "bad input", took

    def ask(self, count):
        """@return ({kind: seconds of each}, failures)"""
        seconds, failures = collections.defaultdict(list), []
        for _ in range(count):
            if self.random.random() < LEAVES:
                self.break_off()
            try:
                name, took = self.ask_badly() if self.random.random() < BAD else self.ask_well()
                seconds[name].append(took)
            except (AssertionError, OSError) as failure:
                failures.append(repr(failure))
                self.leave()
        self.leave()
        return dict(seconds), failures


def main(pipe, place, kinds, rows, seed):
    """Ask as often as the pipe says, and tell; 0: end."""
    client = Client(Place(*place), kinds, rows, seed)
    while count := pipe.recv():
        pipe.send(client.ask(count))
