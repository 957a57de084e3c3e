# SPDX-License-Identifier: Apache-2.0
"""A server of `umbra serve`, by its protocol (docs/server.md): keys and encrypted records go there, jobs compute, and
encrypted results come back. It never gets a secret key."""
from __future__ import annotations

import http.client
import json
import os
import pathlib
import shutil
import socket
import time
import urllib.parse
import uuid
from typing import Any, Dict, List, Optional

from ._progress import Progress, reporter
from .errors import Error

_MAIN_STEPS = ("computing", "scoring", "training")  # of a job: those whose fraction is that of the job
_PAUSES = (0.02, 1.0)  # seconds between two questions: first, and at most


class RemoteError(Error):
    """The server refused, or a job failed: the text is the server's, http_status that of the answer (0: of a job)."""

    def __init__(self, http_status: int, text: str):
        super().__init__(text)
        self.http_status = http_status


class _UnixConnection(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, path: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _receive(answer: http.client.HTTPResponse, to) -> None:
    """All of an answer, into a file at its beginning. (Read in parts, one that breaks off ends as a whole one does.)"""
    shutil.copyfileobj(answer, to)
    length = answer.getheader("Content-Length")
    if length is not None and to.tell() != int(length):
        raise ConnectionError(f"the connection broke off: {to.tell()} of {length} bytes came")


class Remote:
    """A server and a client's token. Any number of threads may use it; each request has a connection of its own.

    place: "http://127.0.0.1:8080", "https://...", or "unix:/run/umbra.sock". timeout: seconds without a byte.
    """

    def __init__(self, place: str, token: str, *, timeout: float = 60):
        self._place, self._token, self._timeout = urllib.parse.urlsplit(place), token, timeout
        if self._place.scheme not in ("http", "https", "unix"):
            raise ValueError(f'"{place}": http://..., https://... or unix:... is expected')

    def _connection(self) -> http.client.HTTPConnection:
        if self._place.scheme == "unix":
            return _UnixConnection(self._place.path, self._timeout)
        kind = http.client.HTTPSConnection if self._place.scheme == "https" else http.client.HTTPConnection
        return kind(self._place.netloc, timeout=self._timeout)

    def _ask(self, method: str, path: str, body=None, length: int = 0, to=None):
        """What comes back: JSON as a dictionary, other bytes as they are, or into the file `to`."""
        headers = {"Authorization": f"Bearer {self._token}"}
        path = urllib.parse.quote(path)
        if body is not None:
            headers["Content-Length"] = str(length)
        prefix = "" if self._place.scheme == "unix" else self._place.path.rstrip("/")
        connection = self._connection()
        try:
            try:
                connection.request(method, prefix + path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all was sent: the answer says why
            answer = connection.getresponse()
            if answer.status < 300 and to is not None:
                return _receive(answer, to)
            data = answer.read()
            told = json.loads(data) if answer.getheader("Content-Type") == "application/json" else data
            if answer.status >= 300:
                raise RemoteError(answer.status, told["error"] if isinstance(told, dict) else answer.reason)
            return told
        finally:
            connection.close()

    def quota(self) -> Dict[str, Any]:
        """ "quota" and what of it is "left", in bytes."""
        return self._ask("GET", "/v1/client")

    def networks(self) -> List[str]:
        """The networks that the server offers."""
        return sorted(self._ask("GET", "/v1/networks")["networks"])

    def network(self, name: str) -> bytes:
        """The client's plan of one: NetworkPlan.from_bytes(...)."""
        return self._ask("GET", f"/v1/networks/{name}")

    # ---- objects ----

    def objects(self) -> Dict[str, Dict[str, Any]]:
        """This client's files: name -> kind and bytes."""
        return {each.pop("name"): each for each in self._ask("GET", "/v1/objects")["objects"]}

    def upload(self, name: str, what) -> None:
        """FOLDER/FILE from a path, bytes, or an object that has bytes; FOLDER from the path of a folder. Again the same
        is nothing new; another file under that name is a RemoteError, 409."""
        if not isinstance(what, (str, os.PathLike)):
            data = bytes(what)
            self._ask("PUT", f"/v1/objects/{name}", data, len(data))
        elif os.path.isdir(what):
            for path in sorted(pathlib.Path(what).iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    self.upload(f"{name}/{path.name}", path)
        else:
            with open(what, "rb") as file:
                self._ask("PUT", f"/v1/objects/{name}", file, os.stat(what).st_size)

    def remove(self, name: str) -> None:
        """FOLDER/FILE, or FOLDER with all that is in it."""
        self._ask("DELETE", f"/v1/objects/{name}")

    # ---- jobs ----

    def submit(self, command: str, *, name: Optional[str] = None, **request) -> "Job":
        """Starts a job: "infer", "score" or "train". request: what docs/server.md lists for it; since `in` is no name in
        Python, `in_`. The same request under the same name is the same job, so that it may be repeated."""
        job = Job(self, name or uuid.uuid4().hex)
        body = json.dumps({"command": command, **{key.rstrip("_"): value for key, value in request.items()}}).encode()
        self._ask("PUT", job._path, body, len(body))
        return job

    def job(self, name: str) -> "Job":
        """One that was submitted before."""
        return Job(self, name)

    def jobs(self) -> List["Job"]:
        """All of this client's that were not removed."""
        return [Job(self, each["name"]) for each in self._ask("GET", "/v1/jobs")["jobs"]]


class Job:
    """A job of a Remote, by its name. All that is known of it is on the server."""

    def __init__(self, remote: Remote, name: str):
        self._remote, self.name, self._path = remote, name, f"/v1/jobs/{name}"

    def __repr__(self) -> str:
        return f"<umbra.remote.Job {self.name}>"

    def info(self) -> Dict[str, Any]:
        """ "state" (queued, running, done, failed, cancelled, interrupted), "files", and what else there is to say."""
        return self._remote._ask("GET", self._path)

    def report(self) -> Dict[str, Any]:
        """What the program printed: steps with their seconds, or what was wrong."""
        return json.loads(self._remote._ask("GET", f"{self._path}/report"))

    def wait(self, *, progress: Optional[Progress] = None) -> "Job":
        """Until it is done. A job that failed or was stopped is a RemoteError; it can be resumed."""
        report, pause = reporter(progress), _PAUSES[0]
        while True:
            info = self.info()
            if info["state"] == "done":
                return self
            if info["state"] not in ("queued", "running"):
                raise RemoteError(0, f"job {self.name} {info['state']}: {info.get('message', 'it can be resumed')}")
            if report and info.get("step") in _MAIN_STEPS:
                report(info["progress"])
            time.sleep(pause)
            pause = min(2 * pause, _PAUSES[1])

    def read(self, file: str) -> bytes:
        """A result."""
        return self._remote._ask("GET", f"{self._path}/files/{file}")

    def save(self, file: str, path) -> None:
        """A result, into a file, which is as it was unless all has come."""
        path = pathlib.Path(path).resolve()
        part = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with open(part, "xb") as to:
                self._remote._ask("GET", f"{self._path}/files/{file}", to=to)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def cancel(self) -> None:
        """Stops it; what it has done so far stays."""
        self._remote._ask("POST", f"{self._path}/cancel")

    def resume(self) -> None:
        """Goes on: a training from its last checkpoint, another job from its beginning."""
        self._remote._ask("POST", f"{self._path}/resume")

    def remove(self) -> None:
        """With its results. It has to have ended."""
        self._remote._ask("DELETE", self._path)
