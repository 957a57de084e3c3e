# SPDX-License-Identifier: Apache-2.0
"""Progress, interruption, threads and forks."""
import concurrent.futures
import multiprocessing
import os
import signal
import threading

import numpy as np
import pytest

import umbra
from conftest import SMALL

CLOSE = 1e-5


def make_keys(owner, progress):
    return owner.secret_key.eval_keys(rotations=range(1, 40), progress=progress)


def test_progress_rises_to_one(owner):
    seen = []
    assert len(make_keys(owner, seen.append)) == 40
    assert seen == sorted(seen) and 0 <= seen[0] and seen[-1] <= 1


class Bar:
    """What tqdm(total=1) is to the package."""

    def __init__(self):
        self.n, self.calls = 0.0, 0

    def update(self, more):
        self.n += more
        self.calls += 1


def test_bars_like_tqdm(owner):
    bar = Bar()
    make_keys(owner, bar)
    assert bar.calls and 0 <= bar.n <= 1


def test_evaluators_tell_of_their_calls(owner):
    seen = []
    evaluator = umbra.Evaluator(owner.context, owner.eval_keys, progress=seen.append)
    x = evaluator.bind(owner.public_key.encrypt([0.5]))
    x * x
    assert seen


def test_exceptions_of_a_progress_function_stop_the_work(owner):
    class Enough(Exception):
        pass

    def stop(fraction):
        raise Enough(str(fraction))

    for _ in range(3):
        with pytest.raises(Enough):
            make_keys(owner, stop)
    evaluator = umbra.Evaluator(owner.context, owner.eval_keys, progress=stop)
    x = evaluator.bind(owner.public_key.encrypt([0.5]))
    with pytest.raises(Enough):
        x * x
    assert np.allclose(owner.decrypt(owner.evaluator.bind(x) * x, 1), 0.25, atol=CLOSE)


def test_interrupt_stops_work_inside_of_a_call(owner):
    begun = threading.Event()

    def interrupt():
        begun.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        while True:  # until the signal, wherever it comes
            make_keys(owner, lambda fraction: begun.set())
    thread.join()
    assert len(owner.secret_key.eval_keys()) == 1


def test_signal_in_the_callback_itself(owner):
    with pytest.raises(KeyboardInterrupt):
        make_keys(owner, lambda fraction: signal.raise_signal(signal.SIGINT))


def test_threads_share_everything(owner, random):
    x = random.uniform(-1, 1, 50)
    encrypted = owner.encrypt(x)

    def work(i):
        return owner.decrypt(encrypted * encrypted * i << 1, 40)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for i, values in enumerate(pool.map(work, range(16))):
            assert np.allclose(values, (x * x * i)[1:41], atol=CLOSE)


def test_closing_while_others_compute(owner):
    """What is closed by one thread is kept by a call of another."""
    x, faults = owner.encrypt([0.5]), []

    def work():
        try:
            while True:
                x * x
        except ValueError as error:
            faults.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    x.close()
    for thread in threads:
        thread.join()
    assert faults == ["this Ciphertext is closed"] * 3



def child(connection, owner, x):
    connection.send(owner.decrypt(x * x << 1, 3).tolist())


def test_after_a_fork(owner):
    x = owner.encrypt([0.5, 1, 2])
    before = owner.decrypt(x * x << 1, 3)
    fork = multiprocessing.get_context("fork")
    for _ in range(4):
        here, there = fork.Pipe()
        process = fork.Process(target=child, args=(there, owner, x))
        process.start()
        assert np.allclose(owner.decrypt(x * x << 1, 3), before, atol=CLOSE)
        assert np.allclose(here.recv(), before, atol=CLOSE)
        process.join()
        assert process.exitcode == 0


def work_elsewhere(data):
    """In a process that was spawned: what it gets is pickled."""
    keys, x = data
    evaluator = umbra.Evaluator(keys.context, keys)
    return evaluator.bind(x) * x


def test_work_of_spawned_processes(owner):
    x = owner.encrypt([0.5, 3])
    keys = owner.secret_key.eval_keys()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (result,) = pool.map(work_elsewhere, [(keys, x)])
    assert np.allclose(owner.decrypt(result, 2), [0.25, 9], atol=CLOSE)


def test_threads_that_end_give_back_what_they_used():
    with umbra.Owner(depth=1, **SMALL) as owner:
        x = owner.encrypt([1.0])
        for _ in range(3):
            thread = threading.Thread(target=lambda: x * x)
            thread.start()
            thread.join()
        held = owner.context.memory
        for _ in range(20):
            thread = threading.Thread(target=lambda: x * x)
            thread.start()
            thread.join()
        assert owner.context.memory == held
