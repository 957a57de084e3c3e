#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# labels: quick
"""The order of arguments in all public calls that can fail, as include/umbra/umbra.h states it."""
import os
import re
import subprocess
import sys

INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include")
MOST_ARGUMENTS = 6  # beside options and progress

# Receiver, outputs, inputs, options, progress.
ORDER = re.compile("r?o*i*p?w?")

ALLOWED = {
    # Keys are added to the receiver from an object that is used up, so it is input and output.
    "umbra_eval_keys_add": "ri",
}


def declarations():
    text = subprocess.run([os.environ.get("CC", "cc"), "-E", "-P", "-I", INCLUDE, "-include", "umbra/umbra.h", "-x", "c",
                           os.devnull], check=True, capture_output=True, text=True).stdout
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)", " ", text)
    for name, arguments in re.findall(r"\bumbra_status\s+(umbra_\w+)\s*\(((?:[^()]|\([^()]*\))*)\)\s*;", text):
        yield name, [" ".join(a.split()) for a in re.split(r",(?![^(]*\))", arguments)]


def is_receiver(call, argument):
    handle = re.fullmatch(r"(?:const )?(umbra_\w+) \*\w+", argument)
    return handle and (handle[1] == "umbra_evaluator" or call.startswith(handle[1] + "_"))


def makes_its_type(call, argument):
    output = re.fullmatch(r"(umbra_\w+) \*\*\w+", argument)
    return output and call.startswith(output[1] + "_")


def kind_of(argument):
    """o: output, i: input, p: options, w: progress."""
    if re.match(r"const umbra_progress \*", argument):
        return "w"
    if re.match(r"const umbra_\w+_(options|layout) \*", argument):
        return "p"
    pointer = re.match(r"(const )?(\w+) (\*+)(const \*)?\w+(\[\w*\])?$", argument)
    if not pointer or pointer[1] or "const *" in argument or argument == "void *user":
        return "i"
    return "o"


def kinds_of(call, arguments):
    first = "r" if is_receiver(call, arguments[0]) else kind_of(arguments[0])
    return first + "".join(map(kind_of, arguments[1:]))


def faults(call, arguments):
    kinds = kinds_of(call, arguments)
    if not ORDER.fullmatch(kinds) and ALLOWED.get(call) != kinds:
        yield "not in the order receiver, outputs, inputs, options, progress (%s)" % kinds
    if kinds[0] != "r" and any(is_receiver(call, a) for a in arguments) and not makes_its_type(call, arguments[0]):
        yield "a receiver that is not the first"
    if len(kinds.rstrip("pw")) > MOST_ARGUMENTS:
        yield "%d arguments: take a struct of options" % len(arguments)


def main():
    calls = list(declarations())
    found = ["%s(%s): %s" % (call, ", ".join(a), fault) for call, a in calls for fault in faults(call, a)]
    print("\n".join(found) or "%d calls keep the order of arguments" % len(calls))
    return 1 if found or len(calls) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
