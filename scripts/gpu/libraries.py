# SPDX-License-Identifier: Apache-2.0
"""Where programs and compilers find libraries: under a prefix of unpacked packages, beside nvcc, in a Python wheel."""
import glob
import os
import pathlib
import re
import sys

CUFFT = ["libcufft.so.12", "libcufft.so.11", "libcufft.so"]  # as in kernels/cuda/bulk_fft.cu
TOOLKIT = "/usr/local/cuda"


def folders_of(prefix):
    """Those with libraries."""
    return [folder for folder in (*sorted(prefix.glob("usr/lib/*-linux-gnu")), prefix / "usr/lib") if folder.is_dir()]


def add_folders(env, variable, folders, first=True):
    old = [env[variable]] if env.get(variable) else []
    new = [str(folder) for folder in folders]
    env[variable] = os.pathsep.join(new + old if first else old + new)


def describe(prefix, folder):
    """Writes the packages' .pc files, with their paths as they are now, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [*(path for libraries in folders_of(prefix) for path in (libraries / "pkgconfig").glob("*.pc")),
               *prefix.glob("usr/share/pkgconfig/*.pc")]
    for source in sources:
        text = re.sub(r"(^|=|\s|-[IL])/usr(?=/|\s|$)", rf"\1{prefix}/usr", source.read_text(encoding="utf-8"))
        (folder / source.name).write_text(text, encoding="utf-8")


def toolkit_folders(machine, nvcc):
    """Where a toolkit's libraries may be. nvcc can be a wrapper far from its toolkit, but knows where that is."""
    roots = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)]
    if nvcc:
        roots += re.findall(r"^#\$ TOP=(.*?)\s*$", machine.ask([nvcc, "--dryrun", "-x", "cu", "/dev/null"]), re.M)
        roots.append(pathlib.Path(nvcc).resolve().parent.parent)
    return [pathlib.Path(root) / part for root in (*roots, TOOLKIT) for part in ("lib64", "targets/x86_64-linux/lib")]


def wheel_folders():
    """Libraries of NVIDIA's wheels that this Python has."""
    return [pathlib.Path(folder) for path in sys.path for folder in sorted(glob.glob(f"{path}/nvidia/*/lib"))]


def cufft_folder(machine, nvcc):
    """The first that has it; None if none has."""
    folders = (*toolkit_folders(machine, nvcc), *wheel_folders())
    return next((folder for folder in folders if any((folder / name).exists() for name in CUFFT)), None)


def environment(machine, prefix, described, nvcc):
    """For whatever is started; .pc files of the prefix are rewritten into the folder `described`."""
    env = {**os.environ, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    cufft = cufft_folder(machine, nvcc)
    if cufft:
        add_folders(env, "LD_LIBRARY_PATH", [cufft], first=False)
    if prefix:
        describe(prefix, described)
        add_folders(env, "PKG_CONFIG_PATH", [described])
        add_folders(env, "LD_LIBRARY_PATH", folders_of(prefix), first=False)
        add_folders(env, "PATH", [prefix / "usr/bin"], first=False)
    return env


def find_cufft(machine, env):
    """The name under which programs find cuFFT; None: bulk encoding does without it."""
    return next((name for name in CUFFT if machine.loads(name, env)), None)
