#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""The program's tables of options against what is made of them: --help, manual pages, and completion by shells."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.path.join(os.environ["UMBRA_BUILD_DIR"], "umbra")
RANGE = re.compile(r"; (0 or more|above 0( and below 1)?|\S+ to \S+|bytes, or with K, M, G or T)( \(required\))?$")
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def said(*words, **options):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, **options).stdout


def table(*page):
    """Name, argument or "-", help and kind of each option; without a page: names and summaries of pages."""
    return [line.split("\t") for line in said(PROGRAM, "help", "--options", *page).splitlines()]


def check_option(page, name, argument, text, kind):
    """Numbers have a range, and say what holds without them."""
    expect(f"{page} {name}: flags, and only flags, have no argument", (kind == "flag") == (argument == "-"))
    if kind in ("flag", "text"):
        return
    expect(f"{page} {name}: a range in '{text}'", RANGE.search(text))
    expect(f"{page} {name}: a default in '{text}'", "default" in text or "(required)" in text)


def unwrapped(text):
    """Lines that begin where the help of options stands go on the line before."""
    return re.sub(r"\n {28}(?=\S)", " ", text)


def check_help(page, options):
    text = unwrapped(said(PROGRAM, "help", page))
    lines = text[text.index("\nOptions:\n"):].splitlines()
    for name, argument, meaning, _ in options:
        usage = name if argument == "-" else f"{name} {argument}"
        if name != "--help":
            expect(f"{page} {name}: its line in --help",
                   any(line.startswith(f"  {usage} ") and line.endswith(f" {meaning}") for line in lines))


# ---- manual pages ----

def plain(page):
    """What a manual page says, without its macros and escapes."""
    text = page.read_text()
    for escape, meaning in ((r"\-", "-"), (r"\(aq", "'"), (r"\(ha", "^"), (r"\(ti", "~"), (r"\e", "\\")):
        text = text.replace(escape, meaning)
    return re.sub(r"\\f[BIR]|\\&", "", text)


def renders(page):
    run = subprocess.run(["groff", "-Tutf8", "-man", "-ww", str(page)], capture_output=True, text=True, check=False)
    expect(f"{page.name} renders without a warning: {run.stderr.strip()}", run.returncode == 0 and not run.stderr)


def check_page(page, options):
    lines = plain(page).splitlines()
    for name, argument, meaning, _ in options:
        if name == "--help":
            continue
        usage = name if argument == "-" else f"{name} {argument}"
        expect(f"{page.name} has {usage}", usage in lines and lines[lines.index(usage) + 1] == meaning)


# ---- completion ----

COMPLETE = """source bash/umbra
while read -ra words; do
  COMP_WORDS=(umbra "${words[@]}") COMP_CWORD=${#words[@]}
  _umbra umbra "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
  echo "${COMPREPLY[*]}"
done"""


def completed(folder, lines):
    """What bash makes of the last word of each line."""
    return [set(line.split()) for line in said("bash", "-c", COMPLETE, cwd=folder, input="\n".join(lines) + "\n").split("\n")]


def check_completion(folder, command, options):
    names = {name for name, *_ in options}
    valued = [(name, argument) for name, argument, *_ in options if argument != "-"]
    found = completed(folder, [command[:2], f"{command} --"] +
                      [f"{command} {name} {'zs' if argument == 'DIR' else 'ba'}" for name, argument in valued])
    expect(f"bash completes {command}", command in found[0])
    expect(f"bash completes the options of {command}", found[1] == names)
    wanted = {"FILE": {"bash", "base.csv"}, "PATH": {"base.csv", "bash"}, "DIR": {"zsh"}}
    for (name, argument), files in zip(valued, found[2:]):
        expect(f"bash completes what can follow {command} {name}: {files}", files == wanted.get(argument, set()))
    zsh, fish = (folder / "zsh" / "_umbra").read_text(), (folder / "fish" / "umbra.fish").read_text()
    for name in names:
        expect(f"zsh has {command} {name}", f"'{name}[" in zsh)
        expect(f"fish has {command} {name}", f"_from {command}' -l {name[2:]} " in fish)


def check_shells(folder):
    """Those that are here can read what is theirs."""
    for shell, script in (("zsh", "zsh/_umbra"), ("fish", "fish/umbra.fish")):
        if shutil.which(shell):
            said(shell, "-n", folder / script)


def check(folder):
    said("bash", ROOT / "scripts" / "make_manual", PROGRAM, folder)
    (folder / "base.csv").write_text("1\n")
    pages = [page for page, _ in table()]
    expect("pages of all commands", {"plan", "plan-network", "keygen", "train"} < set(pages))
    overview = said(PROGRAM, "help")
    of_command = {}
    for page in pages:
        options, command = table(page), page.split("-")[0]
        of_command.setdefault(command, []).extend(o for o in options if o not in of_command.get(command, []))
        expect(f"{command} in the overview", re.search(rf"^  {command} ", overview, re.M))
        for option in options:
            check_option(page, *option)
        check_help(page, options)
        check_page(folder / "man1" / f"umbra-{page}.1", options)
        expect(f"umbra.1 names {page}", f"umbra-{page} (1)" in plain(folder / "man1" / "umbra.1"))
    for command, options in of_command.items():
        check_completion(folder, command, {o[0]: o for o in reversed(options)}.values())
    check_shells(folder)
    for page in sorted((folder / "man1").iterdir()) if shutil.which("groff") else []:
        renders(page)


with tempfile.TemporaryDirectory() as scratch:
    check(pathlib.Path(scratch))
if faults:
    sys.exit("\n".join(faults))
