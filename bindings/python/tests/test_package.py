# SPDX-License-Identifier: Apache-2.0
"""The package as a whole: it declares all of the C API, has an exception for each status, and says types and purposes."""
import inspect
import pathlib
import re
import typing

import umbra
from conftest import ROOT
from umbra import errors
from umbra._library import ffi, lib

PACKAGE = pathlib.Path(umbra.__file__).parent


def test_every_function_of_the_library_is_declared():
    lines = (ROOT / "tests/exported_symbols.txt").read_text().split()
    functions = [name for name in lines if name.startswith("umbra_")]
    assert len(functions) > 300
    missing = [name for name in functions if not hasattr(lib, name)]
    assert not missing


def test_every_status_has_its_exception():
    statuses = {number for name, number in ffi.typeof("umbra_status").relements.items() if number}
    of_the_library = [error for error in errors.Error.__subclasses__() if error is not umbra.RemoteError]
    assert {error.status for error in of_the_library} == statuses
    assert all(getattr(umbra, error.__name__) is error for error in errors.Error.__subclasses__())


def test_version_is_that_of_the_headers():
    header = (ROOT / "include/umbra/version.h").read_text()
    assert umbra.__version__ == re.search(r'VERSION_STRING "(.*)"', header)[1]


def public():
    """Classes and functions of the package, and methods of the classes."""
    for name, thing in vars(umbra).items():
        if not name.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)):
            yield name, thing
            if inspect.isclass(thing):
                yield from ((f"{name}.{n}", getattr(m, "fget", m)) for n, m in vars(thing).items()
                            if not n.startswith("_") and (inspect.isfunction(m) or isinstance(m, property)))


def test_hints_can_be_read():
    assert (PACKAGE / "py.typed").exists()
    for name, thing in public():
        if inspect.isfunction(thing):
            assert "return" in typing.get_type_hints(thing), f"{name} does not say what it returns"


def test_everything_public_is_documented():
    trivial = {"close", "closed", "to_bytes", "load", "save", "digest", "needs", "params", "shape", "public_key", "range",
               "conjugation", "slots", "level", "options"}
    bare = [name for name, thing in public() if not inspect.getdoc(thing) and name.rpartition(".")[2] not in trivial]
    assert not bare
