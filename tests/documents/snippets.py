# SPDX-License-Identifier: Apache-2.0
"""Every snippet of a page of the documentation, in the order of the page, in a folder of the page's own:

    c, cpp   compile without warnings, C also as C++; programs, those with a main, are run. Statements in C++ are one
             program of the whole page, which is run at its end: check(names) finds as names["program"] what it printed
    sh       is run by bash, with the program umbra in PATH
    python   is run, all of a page in one namespace
    text     is compared with what the snippet before it printed, if <!-- prints --> stands above it; ... is anything

Above a snippet that no test can run (an hour, a GPU, root) stands <!-- not run: WHY -->: its syntax is checked, and that
the commands and scripts which it calls have its options. What a page needs beside its text is in pages/NAME.py (README.py, start.py of docs/start.md):

    prepare()           makes files, and returns names for Python
    EDITS               pairs of texts and what replaces them: smaller sizes, for a test that takes seconds
    MAINS               names of functions in C, and what makes a program of the snippet that has one
    PROGRAMS            a function for each program in C, called with run(*arguments), which returns what it printed
    check(names)        after all of it

    snippets.py FOLDER BUILD_FOLDER C_COMPILER CXX_COMPILER PAGE...
"""
import ast
import contextlib
import functools
import importlib.util
import io
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/models")]
import markdown  # noqa: E402

STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{ROOT / 'include'}"]
CPP = {"c": ("c++11", "c++14", "c++17", "c++20"), "cpp": ("c++17", "c++20")}


class Wrong(Exception):
    """A snippet does not do what it should."""


def run(arguments, **options):
    """What a process prints; Wrong if it fails."""
    done = subprocess.run([str(each) for each in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise Wrong(f"{arguments[-1]} fails\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout


def make_program(folder, build):
    """umbra for PATH, that asks for no passphrase, since there is no terminal, and does not measure the machine."""
    folder.mkdir()
    program = folder / "umbra"
    program.write_text('#!/bin/sh\ncase " $* " in\n  *" --help "*) ;;\n'
                       '  *" --signing "*) set -- "$@" --no-passphrase ;;\n'
                       '  " keygen "*) set -- "$@" --no-estimate --no-passphrase ;;\n'
                       '  " encrypt "* | " train "*) set -- "$@" --no-estimate ;;\n'
                       f'esac\nexec {shlex.quote(str(build / "umbra"))} "$@"\n')
    program.chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


@functools.lru_cache(maxsize=None)
def help_of(words):
    return run([*words, "--help"])


def check_command(words):
    """The program or the script is there, and has these options."""
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if not words:
        return
    options = [re.match(r"\[?(--[\w-]+)", word)[1] for word in words if re.match(r"\[?--\w", word)]
    if words[0] == "umbra":
        model = [word for word in words[2:3] if word.endswith(".onnx")]
        text = help_of(("umbra", words[1], *model))
    elif "/" in words[0] and not words[0].startswith(("/", "build/")) and (ROOT / words[0].split("/")[0]).is_dir():
        if not (ROOT / words[0]).is_file():
            raise Wrong(f"there is no {words[0]}")
        text = (ROOT / words[0]).read_text()
    else:
        return
    for option in options:
        name = option[2:]
        if not re.search(rf"--{name}\b|\b{name} \||\| {name}\b|\b{name}\)|[\"']{name}[\"']", text):
            raise Wrong(f"{words[0]} {words[1] if len(words) > 1 else ''} has no option {option}")


def check_shell(text):
    """Of a snippet that is not run."""
    run(["bash", "-n", "-c", text])
    for line in re.sub(r"\\\n", " ", text).splitlines():
        for command in re.split(r"&&|\|\||[;|]", line):
            with contextlib.suppress(ValueError):  # a quote that goes on
                check_command(shlex.split(command, comments=True))


class Page:
    def __init__(self, path, folder, build, cc, cxx):
        self.path, self.build = path, build
        self.cc, self.cxx = self.present(cc, "gcc", "clang"), self.present(cxx, "g++", "clang++")
        name = str(path.relative_to(ROOT)).removeprefix("docs/").removesuffix(".md").replace("/", "-")
        own = HERE / "pages" / f"{name}.py"
        self.module = None
        if own.exists():
            spec = importlib.util.spec_from_file_location("page", own)
            self.module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self.module)
        self.programs = list(self.own("PROGRAMS", ()))
        self.skipped = False
        self.names = {}
        self.statements = []
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        os.chdir(folder)

    def own(self, name, otherwise):
        return getattr(self.module, name, otherwise)

    @staticmethod
    def present(*compilers):
        """Those that there are, the first one first, and none by two names."""
        found = [path for each in reversed(compilers) if (path := shutil.which(each))]
        return list({pathlib.Path(path).resolve(): path for path in found}.values())[::-1]

    def c(self, text, language="c"):
        source = pathlib.Path(f"snippet.{language}")
        source.write_text(text)
        if language == "c":
            for compiler in self.cc:
                run([compiler, "-std=c17", *STRICT, "-fsyntax-only", source])
        for standard in CPP[language]:
            for compiler in self.cxx:
                run([compiler, f"-std={standard}", *STRICT, "-fsyntax-only", "-x", "c++", source])
        for name, main in self.own("MAINS", {}).items():
            if f" {name}(" in text:
                source.write_text(text := text + main)
        if not re.search(r"^int main\(", text, re.MULTILINE):
            return ""
        compiler, standard = (self.cc[0], "c17") if language == "c" else (self.cxx[0], "c++17")
        run([compiler, f"-std={standard}", *STRICT, source, "-o", "program", f"-L{self.build}", "-lumbra",
             f"-Wl,-rpath,{self.build}"])
        program = self.programs.pop(0) if self.programs else lambda run: run()
        return program(lambda *arguments: run(["./program", *arguments]))

    def cpp(self, text):
        self.statements.append(text)
        return ""

    def run_statements(self):
        if self.statements:
            text = "#include <cstdio>\n#include <umbra/umbra.hpp>\nint main() {\n" + "\n".join(self.statements) + "}\n"
            self.names["program"] = self.c(text, "cpp")

    def sh(self, text):
        return run(["bash", "-euo", "pipefail", "-c", text])

    def python(self, text):
        printed = io.StringIO()
        if importlib.util.find_spec("umbra"):
            with contextlib.redirect_stdout(printed):
                exec(compile(text, f"{self.path.name}, a snippet", "exec"), self.names)
        else:
            ast.parse(text)
            self.skipped = True
        return printed.getvalue()

    def compare(self, text, printed):
        if self.skipped and not printed:
            return
        pattern = ".*?".join(map(re.escape, text.strip().split("...")))
        if not re.fullmatch(pattern, printed.strip(), re.DOTALL):
            raise Wrong(f"it printed\n{printed}")

    def test(self):
        """Whether all snippets were run."""
        blocks = markdown.blocks(self.path.read_text())
        edits = dict(self.own("EDITS", ()))
        for old in edits:
            if not any(old in block.text for block in blocks):
                raise Wrong(f"pages/{self.path.stem}.py edits what is not there: {old}")
        self.names = self.own("prepare", dict)() or {}
        printed = ""
        for block in blocks:
            word, text = (block.comment or ("", ""))[0], block.text
            for old, new in edits.items():
                text = text.replace(old, new)
            try:
                if word == "prints":
                    self.compare(block.text, printed)
                elif word == "not run":
                    {"sh": check_shell, "python": ast.parse}[block.language](block.text)
                elif block.language in ("c", "cpp", "sh", "python"):
                    printed = getattr(self, block.language)(text)
            except Exception as error:
                raise Wrong(f"{self.path.relative_to(ROOT)}, line {block.line}: {error}") from error
        self.run_statements()
        if self.programs:
            raise Wrong(f"{self.path.name} has fewer programs than pages/{self.path.stem}.py says")
        if not self.skipped:
            self.own("check", lambda names: None)(self.names)
        return not self.skipped


def main():
    folder, build, cc, cxx, *pages = sys.argv[1:]
    folder, build = pathlib.Path(folder), pathlib.Path(build).resolve()
    make_program(folder / "bin", build)
    os.environ["UMBRA_CALIBRATE"] = "0"
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    complete = True
    for page in [pathlib.Path(page).resolve() for page in pages]:
        try:
            complete = Page(page, folder / "page", build, cc, cxx).test() and complete
        except (Wrong, ValueError, AssertionError) as error:
            raise SystemExit(f"{page.relative_to(ROOT)}: {error}") from error
    if not complete:
        print("skipped: snippets of Python, for which no interpreter has cffi and NumPy")
        sys.exit(77)


if __name__ == "__main__":
    main()
