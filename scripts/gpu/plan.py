# SPDX-License-Identifier: Apache-2.0
"""What gpu_check runs: its steps with their seconds, what each measures, and the bars.

A call is one stretch of time on a GPU. Steps are given to calls by `assign`: each, the most important first, goes to
the first call in which the sum of limits has room for it. So a step that is added here and does not fit goes to a later
call by itself.
"""
import dataclasses

CALL_SECONDS = 360

SET = "n16-d23-s55"  # 46 limbs, log QP 1738, 4 digits: that of the bars
OTHER_SET = "n16-d24-s50"  # that of the peers in docs/performance.md
BOOT_SET = "boot-64k-40"
MATRIX_SET = "n14-d7-s40"  # of products of matrices: small rings and many kernels
GEMM_SET = "n12-d1-s30"  # of the largest product without keys

KERNELS = [
    r"^(ntt_(forward|inverse|close)|convert|convert_exact|extend_digits|inner_products?|plain_products)/"
    r".*primes:(64|level|key)/",
    r"^((residues_(copy|add|mul|mul_add|mul_const)|tensor|automorphism|divide_close|expand|from_i64)/"
    r".*primes:(level|key)|gemm/.*primes:one|i?fft)/",
]
OPERATIONS = (r"^((mul_relin_rescale|square|rotate|rotate_hoisted_8|conjugate|add|mul_plain)(_graph)?|"
              r"encode|decode|encrypt|decrypt_decode|dot_8|chebyshev_15|keygen_relin)/")
MATRICES = [
    (MATRIX_SET, r"^(product_plain_(vector|batch)|product_encrypted/layout:(owner|diagonals)|convolution)/"),
    (GEMM_SET, r"^product_plain_batch/.*batch:4096/"),
]
REFRESHES = [r"^bootstrap(_graph|_pair|_raise|_coeffs_to_slots|_slots_to_coeffs)?/", r"^bootstrap_stc_first/"]
REFRESH = r"^bootstrap/"
OVERLAPPED = [(SET, r"^(mul_relin_rescale|rotate)(_graph)?/"), (BOOT_SET, r"^bootstrap_graph/")]
ROTATION = r"^rotate/"
PROFILED_LAUNCHES = 12  # which one rotation consists of
STREAMED_MIB = 4096  # less than the keys of a refresh; under 8 GiB all of them, and the matrices, would stay
QUICK_RINGS = "10:6,13:3,16:2"  # of the conformance table, see tests/conformance/program.h
SMALL_RINGS = "10:2,13:1"
MACHINE = "h200"  # whose seconds plans of networks state
TRAINED_BATCHES = 3  # of a network: a refresh before each but the first
SANITIZERS = ["memcheck", "racecheck", "synccheck"]
SLOW_LAWS = "test_bulk_law"  # hardly of ours under a sanitizer: long vectors, and cuFFT's own kernels


@dataclasses.dataclass(frozen=True)
class Network:
    """One of scripts/reference_runs."""

    run: str
    options: tuple
    model: str  # a file of its data; without it the network is drawn
    shape: str  # what rows of the report have as parameters


NETWORKS = {
    "mlp_square": Network("mlp-square", ("--images", "1,1000", "--digests"), "square.onnx", "784-128-10"),
    "resnet20": Network("resnet20", ("--images", "1", "--repeat", "3"), "resnet20_cifar10_legacy17.onnx", "7-15-15"),
}


@dataclasses.dataclass(frozen=True)
class Training:
    """A network that scripts/reference_runs trains, on drawn records."""

    run: str
    shape: str


TRAININGS = {
    "mlp_train": Training("mlp-train", "784-128-10"),
    "mlp_train_small": Training("mlp-train-small", "196-64-10"),
}


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    priority: int  # 1: first to get a place
    expected: int  # seconds; `source` says how that was found
    limit: int  # seconds, after which it is ended
    what: str
    source: str


# In the order in which they run. "Here": on virtual cores of 2.3 GHz with AVX-512, in seconds of one core; machines with
# a GPU have more of them, 16 are counted on.
STEPS = [
    Step("rates", 1, 5, 10, "instruction rates, copy bandwidth, gaps in a graph; what nvidia-smi says",
         "guessed: a second of kernels, and the start of CUDA"),
    Step("conformance", 1, 20, 30, "kernels beside the reference backend on three rings, the scheme beside the CPU",
         "measured here: 25 beside three CPU backends, the scheme on four 22; transfers guessed"),
    Step("kernels", 1, 30, 40, "umbra_bench: each kernel, one repetition",
         "measured here: operands and reference 14; counted: 24 kernels of 0.5 s, uploads included"),
    Step("operations", 1, 30, 35, "umbra_bench: operations, and those recorded as graphs, in two sets",
         "measured here: 15 for one set with keys; counted: 34 operations of 0.5 s"),
    Step("matrices", 1, 15, 20, "umbra_bench: products of matrices, plain and encrypted, and convolutions",
         "measured here: keys, inputs and weights of 15 benchmarks 21, and 16 cores share them; counted: 0.1 s of each"),
    Step("refreshes", 1, 32, 50, "a refresh as a graph and called, its parts, and the joules that it takes",
         "measured here: keys and matrices 39, made twice, and 16 cores share them; counted: 7 benchmarks of 2.3 s"),
    Step("helr", 1, 25, 35, "HELR with the program, from files: 32 iterations, weights beside the reference",
         "measured on two cores (bench/results): plan, keys and data 10; guessed: copies of 2 GB, keys to the GPU 5"),
    Step("mlp_square", 1, 13, 18, "784-128-10 with squares on 1 and 1000 images, encrypted; bits of layers beside the CPU",
         "measured here: plans 6, records, weights, answers and the CPU's run 5; guessed: four starts of CUDA 1 each; "
         "16 cores share part of it"),
    Step("resnet20", 1, 40, 50, "ResNet-20 on an encrypted image, labels and logits beside the network in the clear",
         "measured here: plan 10, keys 29, loading them 15, the clear 5; 16 cores share most of it; guessed: 5 GB to a GPU "
         "5"),
    Step("main_job", 2, 20, 25, "the main job with the program, from files",
         "measured here: 120 with the training on the CPU, which is half of it"),
    Step("mlp_train", 2, 18, 25, "three batches of training 784-128-10 with the program, from files: weights beside the twin",
         "as the next one, and twice as long for plan, records and twins"),
    Step("mlp_train_small", 2, 14, 20, "the same of 196-64-10",
         "measured on two cores: plan and twins 6, keys 16 and loading them 10, which 16 cores share; predicted by the plan: "
         "batches 0.7; guessed: 5 GB to a GPU 2, starts of CUDA 1"),
    Step("overlap", 2, 8, 20, "products, rotations and a refresh with UMBRA_CUDA_OVERLAP, beside those without",
         "as operations and refreshes: keys and matrices once; counted: 5 benchmarks of 0.5 s"),
    Step("streaming", 2, 15, 20, "a refresh under a limit of memory that its keys exceed: they come as needed",
         "as refreshes, keys and matrices once; counted: 7.3 GB through PCI Express for each of 12 calls"),
    Step("profile", 2, 15, 20, "ncu: counters of each kernel of one rotation",
         "guessed: 12 launches, a few passes of each"),
    Step("sanitizers", 1, 40, 45, "memcheck, racecheck and synccheck at once, on small rings", "guessed: never tried"),
    Step("full_rings", 2, 20, 30, "kernels beside the reference backend on all rings",
         "measured here: 54 beside three CPU backends"),
]

# Only where no programs are brought along, or those do not start.
BUILD = Step("build", 0, 25, 90, "preset cuda, for this GPU", "90 s of one core for programs and kernels, on 16 of them")


@dataclasses.dataclass(frozen=True)
class Bar:
    """In how many milliseconds an H200 is to do what a step measures."""

    step: str
    name: str  # of a row of the report
    params: str
    milliseconds: float
    primes: str = None


BARS = [
    Bar("kernels", "ntt_forward", SET, 0.044, "64"),
    Bar("operations", "mul_relin_rescale_graph", SET, 0.4),
    Bar("operations", "rotate", SET, 0.5),
    Bar("operations", "rotate_graph", SET, 0.5),
    Bar("refreshes", "bootstrap_graph", BOOT_SET, 20),
    Bar("helr", "helr_iteration", BOOT_SET, 15),
    Bar("mlp_train", "mlp_train_iteration", TRAININGS["mlp_train"].shape, 517),  # 58 of them, an epoch, in 30 s
    Bar("mlp_square", "mlp_square_1", NETWORKS["mlp_square"].shape, 5),
    Bar("mlp_square", "mlp_square_1000", NETWORKS["mlp_square"].shape, 3),
    Bar("resnet20", "resnet20_1", NETWORKS["resnet20"].shape, 450),
]


def assign(steps, seconds=CALL_SECONDS):
    """Lists of steps, one for each call, in the order in which they run."""
    calls = []
    for step in sorted(steps, key=lambda step: step.priority):
        for call in calls:
            if sum(other.limit for other in call) + step.limit <= seconds:
                call.append(step)
                break
        else:
            calls.append([step])
    return [sorted(call, key=steps.index) for call in calls]
