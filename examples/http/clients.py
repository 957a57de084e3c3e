# SPDX-License-Identifier: Apache-2.0
"""Many clients of server.c: each has keys of its own, and sends them again whenever the server has them no more.

    clients.py PARAMS.umbra PORT CLIENTS
"""
import http.client
import sys

import numpy as np
import umbra


class Client:
    """An owner of encrypted vectors who has them squared elsewhere."""

    def __init__(self, params, port):
        self.owner, self.port, self.sent = umbra.Owner(params), port, 0

    def ask(self, method, path, what):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, bytes(what))
        answer = connection.getresponse()
        return answer.status, answer.read()

    def square(self, values):
        status, answer = self.ask("POST", "/square", x := self.owner.encrypt(values))
        if status == http.client.NOT_FOUND:
            self.ask("PUT", "/keys", self.owner.eval_keys)
            self.sent += 1
            status, answer = self.ask("POST", "/square", x)
        if status != http.client.OK:
            raise RuntimeError(f"the server says {status}")
        return self.owner.decrypt(umbra.Ciphertext.from_bytes(self.owner.context, answer), len(values))


def main(path, port, count):
    params = umbra.Params.load(path)
    clients = [Client(params, int(port)) for _ in range(int(count))]
    values = np.linspace(-1, 1, 10)
    for turn in (clients, clients, clients[-1:]):
        error = max(np.abs(client.square(values) - values ** 2).max() for client in turn)
        print(f"{len(turn)} squares, right to {error:.0e}; keys sent so far: {sum(each.sent for each in clients)}")


main(*sys.argv[1:])
