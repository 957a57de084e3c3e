# SPDX-License-Identifier: Apache-2.0
"""What a run leaves: its JSON, replaced whole after every step, the archive of its logs, and the tables it prints."""
import io
import json
import tarfile

MOST_BYTES = 12 * 2**20  # of one file
LOG_BYTES = 2**20  # kept of one log: its end


def write_json(path, report):
    """For people once it is complete, or as complete as it will be."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(report, indent=1 if report["ended"] else None) + "\n", encoding="utf-8")
    draft.replace(path)


def pack(logs, most):
    """Bytes of an archive of all files of a folder, each cut to its last bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(logs.iterdir()):
            data = path.read_bytes()[-most:]
            entry = tarfile.TarInfo(f"logs/{path.name}")
            entry.size = len(data)
            entry.mtime = int(path.stat().st_mtime)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def write_archive(path, logs):
    most = LOG_BYTES
    packed = pack(logs, most)
    while len(packed) > MOST_BYTES:
        most //= 2
        packed = pack(logs, most)
    draft = path.with_suffix(".part")
    draft.write_bytes(packed)
    draft.replace(path)


# ---- what is printed ----

def show(value, form):
    return "-" if value is None else format(value, form)


def label(row):
    return " ".join(filter(None, (row["name"], row.get("params"), row.get("primes"))))


def print_rows(rows):
    print(f"\n{'':<44}{'us':>10}{'bytes us':>10}{'ops us':>10}{'fraction':>10}{'joules':>10}")
    for row in rows:
        if "error" in row:
            print(f"{label(row):<44}{row['error']}")
            continue
        values = (row["microseconds"], row.get("floor_bytes_microseconds"), row.get("floor_operations_microseconds"))
        print(f"{label(row):<44}" + "".join(f"{show(value, '.1f'):>10}" for value in values)
              + f"{show(row.get('fraction'), '.2f'):>10}{show(row.get('joules'), '.4g'):>10}")


def print_rates(rates):
    for name, value in rates.get("lanes_per_clock", {}).items():
        print(f"{name:<24}{value:>8.1f} in a clock on each multiprocessor")
    print(f"copy {rates.get('copy_bytes_per_second', 0) / 1e12:.2f} TB/s; a kernel of a graph, by its blocks: "
          + ", ".join(f"{blocks}: {us:.2f} us" for blocks, us in rates.get("graph_kernel_microseconds", {}).items()))


def print_network(row):
    digests = {True: ", the CPU's bits", False: ", OTHER BITS THAN THE CPU'S"}.get(row.get("digests_equal"), "")
    print(f"{row['name']}{' (drawn)' if row['drawn'] else ''}: {row['microseconds'] / 1e3:.2f} ms, by its plan "
          f"{row['planned_microseconds'] / 1e3:.2f} ms; labels equal {show(row['labels_equal'], '.2%')} but for "
          f"{row['near_ties']} near ties, error of logits {row['logit_error']:.2g}{digests}")


def verdict(line):
    if line["measured"] is None:
        return "not measured"
    words = []
    if "bar_microseconds" in line:
        words.append("bar met" if line["measured"] <= line["bar_microseconds"] else "BAR MISSED")
    said = line.get("predicted", {})
    if "least" in said and "most" in said:
        within = said["least"] <= line["measured"] <= said["most"]
        words.append("as predicted" if within else f"not in {said['least']:.0f} to {said['most']:.0f}")
    return ", ".join(words)


def print_comparison(table):
    """The last table: measured, bars, the model's predictions."""
    print(f"\n{'':<44}{'measured us':>12}{'bar us':>10}{'model us':>10}")
    for line in table:
        values = (line["measured"], line.get("bar_microseconds"), line.get("predicted", {}).get("microseconds"))
        print(f"{label(line):<44}" + f"{show(values[0], '.1f'):>12}"
              + "".join(f"{show(value, '.1f'):>10}" for value in values[1:]) + f"  {verdict(line)}")


def print_report(report):
    device = report["device"]
    print(f"\n{device['name']}, driver {device['driver_version']}, nvcc {report['nvcc']}, Umbra {report['umbra']}")
    print(f"cuFFT: {report['cufft'] or 'not found, so bulk encoding was tested without it'}")
    if "rates" in report:
        print_rates(report["rates"])
    print_rows(report["benchmarks"])
    for row in report.get("networks", []):
        print_network(row)
    for tool, found in report.get("sanitizers", {}).items():
        print(f"{tool}: {found['result']}{'; ' + found['summary'] if found.get('summary') else ''}")
    print()
    for step in report["steps"]:
        print(f"{step['name']:<12}{show(step.get('seconds'), '.1f'):>7} s of {step['expected']:>3} expected, "
              f"{step['limit']:>3} at most  {step['result']}")
    if report["later"]:
        print(f"for another call: {', '.join(report['later'])}")
    print_comparison(report["comparison"])
    print("failed:  " + ("; ".join(report["failed"]) or "nothing"))
    print("missing: " + ("; ".join(report["missing"]) or "nothing"))
