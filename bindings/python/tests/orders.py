# SPDX-License-Identifier: Apache-2.0
"""10,000 random orders of making, using, closing and collecting objects, in threads and after forks: no crash, right
answers, flat memory. Run by tests/run, label slow, and as python.orders.some; UMBRA_ORDERS says another number."""
import ctypes
import gc
import os
import pickle
import random
import threading

import numpy as np

import umbra
from conftest import RING
from umbra.context import _opened

ORDERS = int(os.environ.get("UMBRA_ORDERS", "10000"))
THREADS = 3
EVERY_FORK = 100
STEPS = 12
CLOSE = 1e-4
# Of the process, on average of the last quarter: heaps of threads come and go. Fewer orders say nothing of it.
MORE_MEMORY, ENOUGH = 1.1, 10000

PARAMS = umbra.Params(depth=2, **RING)


class World:
    """A random set of objects; vectors are kept with the value that each of their slots has."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.context = umbra.Context(PARAMS, device="cpu", threads=1)
        self.secret = umbra.SecretKey(self.context)
        self.public, self.keys = self.secret.public_key(), self.secret.eval_keys(rotations=[1])
        self.evaluator = umbra.Evaluator(self.context, self.keys)
        self.vectors, self.garbage = [], []

    def encrypt(self):
        value = self.random.uniform(-1, 1)
        vector = self.public.encrypt(np.full(PARAMS.slots, value))
        self.vectors.append((self.evaluator.bind(vector), value))

    def compute(self):
        if not self.vectors:
            return
        (x, a), (y, b) = self.random.choice(self.vectors), self.random.choice(self.vectors)
        results = [lambda: (x + y, a + b), lambda: (x - 1, a - 1), lambda: (x << 1, a), lambda: (-x, -a)]
        if min(x.level, y.level):
            results.append(lambda: (x * y, a * b))
        self.vectors.append(self.random.choice(results)())

    def check(self):
        if self.vectors:
            x, a = self.random.choice(self.vectors)
            assert np.allclose(self.secret.decrypt(x, 8), a, atol=CLOSE)

    def travel(self):
        if self.vectors:
            x, a = self.vectors.pop()
            self.vectors.append((self.evaluator.bind(pickle.loads(pickle.dumps(x))), a))

    def forget(self):
        if self.vectors:
            x, _ = self.vectors.pop(self.random.randrange(len(self.vectors)))
            cycle = [x]
            cycle.append(cycle)  # only the collector finds it
            if self.random.random() < 0.5:
                x.close()

    def end(self):
        """Everything, in a random order, by name, by close() or by nothing."""
        names = ["context", "secret", "public", "keys", "evaluator", "vectors"]
        self.random.shuffle(names)
        for name in names:
            thing = getattr(self, name)
            if name != "vectors" and self.random.random() < 0.5:
                thing.close()
            setattr(self, name, None)
            if name != "vectors" and self.random.random() < 0.2:
                cycle = [thing]
                cycle.append(cycle)


def order(seed):
    world = World(seed)
    world.encrypt()
    for _ in range(world.random.randrange(STEPS)):
        world.random.choice([world.encrypt, world.compute, world.compute, world.check, world.travel, world.forget])()
    world.check()
    world.end()


def forked(seed):
    """An order in a child that inherits a world, uses it and leaves it to its end."""
    world = World(seed)
    world.encrypt()
    child = os.fork()
    if child == 0:
        try:
            world.compute(), world.check(), world.end(), order(seed + 1), gc.collect()
            os._exit(0)
        except BaseException:
            os._exit(1)
    world.compute(), world.check()
    assert os.waitpid(child, 0)[1] == 0
    world.end()


def resident():
    """KiB of the process, without what is free in its heap."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def in_threads(seeds):
    faults, rest, lock = [], iter(seeds), threading.Lock()

    def work():
        while not faults:
            with lock:
                seed = next(rest, None)
            if seed is None:
                return
            try:
                order(seed)
            except BaseException as error:
                faults.append((seed, error))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_orders():
    memory = []
    for first in range(0, ORDERS, EVERY_FORK):
        in_threads(range(first, first + EVERY_FORK - 1))
        forked(first + EVERY_FORK - 1)
        memory.append(resident())
        print(f"after {first + EVERY_FORK} orders {memory[-1]} KiB", flush=True)
        assert not _opened, "a context outlives all that was made from it"
    settled = memory[len(memory) // 5:]
    quarter = max(1, len(settled) // 4)
    assert ORDERS < ENOUGH or np.mean(settled[-quarter:]) <= MORE_MEMORY * np.mean(settled[:quarter])
