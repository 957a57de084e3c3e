# SPDX-License-Identifier: Apache-2.0
"""What came of a network on encrypted records: its row beside the network in the clear, and whether bars are met."""
import statistics

from reference import data
from reference.program import is_met

MANY, ALL = 1000, 10000      # records, from which on shares of near ties and accuracies say something
SLOWER = {15: 2.6, 16: 2.1}  # what bars allow without AVX-512, by the ring's logarithm


def label(row):
    return max(range(len(row)), key=row.__getitem__)


def is_near_tie(row, error):
    """The two largest are nearer to each other than what the stated error may do to them, twice."""
    first, second = sorted(row)[:-3:-1]
    return first - second < 4 * error


def share(hits):
    hits = list(hits)
    return sum(hits) / len(hits) if hits else None


def largest_difference(rows, others):
    return max(abs(a - b) for row, other in zip(rows, others) for a, b in zip(row, other))


def accuracy(rows, truth):
    """None where nobody knows the labels."""
    return share(label(row) == t for row, t in zip(rows, truth)) if truth else None


def judge(owner, parts, count, truth, error):
    found = sum((data.read_rows(owner / f"y{part}.npy", count // len(parts)) for part in parts), [])
    polynomial, exact = (data.read_rows(owner / f"{name}.npy", count) for name in ("polynomial", "exact"))
    clear = [not is_near_tie(row, error) for row in polynomial]
    return {"labels_equal": share(label(a) == label(b) for a, b, c in zip(found, polynomial, clear) if c),
            "near_ties": clear.count(False),
            "labels_equal_exact": share(label(a) == label(b) for a, b in zip(found, exact)),
            "accuracy_plain": accuracy(exact, truth), "accuracy_polynomial": accuracy(polynomial, truth),
            "accuracy_encrypted": accuracy(found, truth),
            "logit_error": largest_difference(found, polynomial), "logit_error_exact": largest_difference(found, exact)}


def seconds_of(reports, step):
    return sum(s["seconds"] for report in reports for s in report["steps"] if s["name"] == step)


def times_of(answers):
    """Of each round; of several parts, of all of them together."""
    rounds = [item["seconds"] for item in answers[0].get("rounds", [])]
    return rounds if len(answers) == 1 and rounds else [seconds_of(answers, "compute")]


def row_of(steps, plan, answers, judged):
    facts, times, last = plan["plan"], times_of(answers), answers[-1]
    images, together = sum(int(answer["records"]) for answer in answers), int(facts["records"])
    return {"images": images, "planned_together": together,
           "seconds": statistics.median(times[1:] or times), "seconds_least": min(times), "seconds_first": times[0],
           "seconds_predicted": plan["predictions"][-1]["seconds"] * -(-images // together),
           "machine_predicted": plan["predictions"][-1]["machine"],
           "encode_seconds": seconds_of(answers, "encode weights"),
           "load_seconds": seconds_of(answers, "load records") + seconds_of(answers, "load evaluation keys"),
           "plan_seconds": seconds_of([plan], "plan"), "backend": last["backend"]} | judged | {
        "stated_error": facts["error"], "peak_bytes": max(answer["peak_bytes"] for answer in answers),
        "peak_bytes_predicted": plan["process_bytes"], "key_bytes": facts["key_bytes"],
        "batch_bytes": facts["batch_bytes"], "log_n": facts["log_n"], "depth": facts["depth"],
        "stride": facts["stride"], "slots": facts["slots"], "layers": last["layers"], "steps": steps}


def bars_of(network, row, device):
    bars = {"labels_equal": (">=", 0.999), "logit_error": ("<=", row["stated_error"])}
    known = row["accuracy_plain"] is not None
    if known:
        bars |= network.bars
    if "digests_equal" in row:
        bars["digests_equal"] = (">=", 1)
    if known and row["images"] >= MANY:
        bars["near_ties"] = ("<=", row["images"] / 100)
    if known and row["images"] >= ALL:
        bars["accuracy_encrypted"] = (">=", row["accuracy_plain"] - 0.005)
    together = row["planned_together"] == row["images"]
    if device == "cpu" and together and row["images"] in network.seconds:
        slower = 1 if row["backend"] == "avx512" else SLOWER.get(max(15, row["log_n"]), 1)
        bars["seconds"] = ("<=", network.seconds[row["images"]] * slower)
        bars["peak_bytes"] = ("<=", network.memory)
    return {name: {"bar": f"{kind} {limit:.6g}", "met": row[name] is None or is_met(row[name], (kind, limit))}
            for name, (kind, limit) in bars.items()}


# ---- the report ----

def print_row(row):
    print(f"\n{row['images']} records, {row['planned_together']} planned together: {row['seconds']:.4f} s "
          f"({row['seconds_predicted']:.4f} s predicted on {row['machine_predicted']}), "
          f"{row['peak_bytes'] / 2**30:.2f} GiB, "
          f"keys {row['key_bytes'] / 2**20:.1f} MiB, N = 2^{row['log_n']:.0f}")
    if row["accuracy_plain"] is not None:
        print(f"accuracy {row['accuracy_encrypted']:.4f} encrypted, {row['accuracy_polynomial']:.4f} polynomial, "
              f"{row['accuracy_plain']:.4f} plain")
    equal = "none but near ties" if row["labels_equal"] is None else f"{row['labels_equal']:.4%} of the others equal"
    print(f"labels: {row['near_ties']} near ties, {equal}; largest error of an output {row['logit_error']:.3g} "
          f"({row['logit_error_exact']:.3g} from the exact network)")
    for layer in row["layers"]:
        print(f"  layer {layer['layer']:<3.0f} {layer['what']:<12} level {layer['level']:<3.0f} "
              f"{layer['seconds']:.4f} s")
    for name, bar in row["bars"].items():
        print(f"{'met' if bar['met'] else 'MISSED':<8}{name} = {row[name]} {bar['bar']}")
