"""Benchmark of constrained texts: speed, agreement with the exact distribution, surprisal, and the share of texts that obey.

The demo model is timed with and without constraints, in turns. The exact distribution comes from a model whose texts can be
enumerated. Surprisal is measured on texts without the letter e, by the model that wrote them. A word at a line end counts as
cut off if the training text lacks it.

    python -m benchmarks.constraints [--rounds 7] [--texts 1000] [--draws 100000] [--json]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np

import charlstm
from benchmarks.interleave import Work, serve, time_interleaved
from charlstm.choices import Mode
from charlstm.inference.constrained_generation import constrained_pieces, continued_pieces
from charlstm.inference.constraints import free_attempts
from charlstm.inference.constraints.text_constraint import Constraints, compile_constraints
from charlstm.inference.constraints.words import find_words
from charlstm.inference.generation import generate_texts
from charlstm.inference.sampling import Sampling
from charlstm.model import Model
from tests.inference.constraints import enumeration
from tests.inference.constraints.obeying import obeys

CORPUS = Path(__file__).parent.parent / "data" / "ferry-year.txt"
SEED = "The ferry\n"
PARTICLES = (1, 32)
_BATCH = 2048  # particles at a time


def demo_constraints() -> dict[str, Constraints]:
    """Return the constraints whose texts by the demo model are counted, alone and combined."""
    words = find_words(CORPUS.read_text(encoding="utf-8"))
    return {
        "avoid": Constraints(avoid="eE"),
        "only": Constraints(only="a-z ,.\n"),
        "words": Constraints(words=words),
        "pattern": Constraints(pattern=r"[A-Z][a-z ,\n]{15,50}\."),
        "line length": Constraints(line_length=30),
        "acrostic": Constraints(acrostic="FERRY", line_length=40),
        "avoid, words, line length": Constraints(avoid="eE", words=words, line_length=30),
        "words, line length, acrostic": Constraints(words=words, line_length=30, acrostic="NAN"),
        "only, pattern": Constraints(only="a-z .\n", pattern=r"[^.]{20,60}\."),
        "avoid, only, line length, acrostic": Constraints(avoid="e", only="a-zA-Z .\n", line_length=30, acrostic="TWO"),
    }


def writing(mode: Mode, name: str, particles: int) -> Work:
    """Return the generation of 100 characters by the demo model on one thread; an empty name is for no constraints.

    No free texts are tried, so that each particle writes.
    """
    from threadpoolctl import ThreadpoolController

    free_attempts.ATTEMPTS = 0
    ThreadpoolController().limit(limits=1)
    model, length = charlstm.load("ferry"), 100_000
    constraint = compile_constraints(demo_constraints()[name], model.vocabulary, SEED, length) if name else None

    def endless() -> Iterator[list[str]]:
        for random_seed in range(1_000_000):
            yield from continued_pieces(
                model.decoder(mode),
                model.vocabulary,
                SEED,
                constraint,
                particles=particles,
                random_seeds=[random_seed],
                length=length,
                sampling=Sampling(),
            )

    pieces = endless()
    next(pieces)  # reads the seed text, so that only generation is timed

    def work() -> None:
        for _ in range(100):
            next(pieces)

    return work


CANDIDATES: dict[str, Callable[..., Work]] = {"writing": writing}


def speeds(rounds: int) -> dict[str, float]:
    """Return the characters per second as fractions of those without constraints, in both modes."""
    names = ("avoid", "words", "line length")
    result: dict[str, float] = {}
    for mode in ("stateful", "stateless"):
        candidates: dict[str, tuple[str, dict[str, Any]]] = {
            f"{mode}, no constraint": ("writing", {"mode": mode, "name": "", "particles": 1})
        }
        for particles in PARTICLES:
            for name in names:
                label = f"{mode}, {name}, {particles} particle{'s' * (particles > 1)}"
                candidates[label] = ("writing", {"mode": mode, "name": name, "particles": particles})
        seconds = time_interleaved("benchmarks.constraints", candidates, rounds)
        medians = {label: statistics.median(times) for label, times in seconds.items()}
        free = medians[f"{mode}, no constraint"]
        result |= {label: (100 / median if median == free else free / median) for label, median in medians.items()}
    return result


def whole_texts(model: Model, texts: int) -> dict[str, float]:
    """Return the speed of whole texts of 500 characters with words of a list, as a fraction of that of free ones, in turns."""
    result = {}
    for mode in get_args(Mode):
        constraint, seconds = compile_constraints(demo_constraints()["words"], model.vocabulary, SEED, 500), [0.0, 0.0]
        for random_seed in range(texts):
            for turn, each in enumerate((None, constraint)):
                began = time.perf_counter()
                pieces = continued_pieces(
                    model.decoder(mode),
                    model.vocabulary,
                    SEED,
                    each,
                    particles=32,
                    random_seeds=[random_seed],
                    length=500,
                    sampling=Sampling(),
                )
                generate_texts(pieces)
                seconds[turn] += time.perf_counter() - began
        result[f"{mode}, words, whole texts"] = seconds[0] / seconds[1]
    return result


def distances(draws: int) -> dict[str, dict[str, float]]:
    """Return the total variation of drawn texts from the exact distribution, and that of as many exact draws."""
    result: dict[str, dict[str, float]] = {}
    for name in enumeration.SMALL_CONSTRAINTS:
        result[name] = {}
        for particles in PARTICLES:
            texts, exact = enumeration.drawn(name, particles, draws)
            result[name][f"particles {particles}"] = enumeration.total_variation(texts, exact)
        result[name] |= {"texts": float(len(exact)), "sampling error": enumeration.sampling_error(draws, exact)}
    return result


def written(model: Model, constraints: Constraints, particles: int, texts: int, length: int, temperature: float) -> list[str]:
    """Return texts of the demo model that obey constraints."""
    constraint, batch = compile_constraints(constraints, model.vocabulary, SEED, length), max(1, _BATCH // particles)
    result: list[str] = []
    for start in range(0, texts, batch):
        pieces = constrained_pieces(
            model.decoder("stateful"),
            model.vocabulary,
            SEED,
            constraint,
            particles=particles,
            random_seeds=range(start, min(start + batch, texts)),
            length=length,
            sampling=Sampling(temperature),
        )
        result += [sample.text for sample in generate_texts(pieces)]
    return result


def surprisals(model: Model, texts: int) -> dict[str, float]:
    """Return the mean surprisal, in nats per character, of texts of 200 characters without e by the model that wrote them."""
    result = {}
    for temperature in (0.6, 1.0):
        for particles in PARTICLES:
            found = written(model, Constraints(avoid="eE"), particles, texts, 200, temperature)
            nats = [model.surprisal(SEED + text)[len(SEED) - 1 :].mean() for text in found]
            result[f"temperature {temperature}, particles {particles}"] = float(np.mean(nats))
    return result


def cut_off(texts: list[str], words: frozenset[str]) -> float:
    """Return the fraction of line ends after a word that the training text lacks."""
    lines = [line for text in texts for line in text.split("\n")[:-1] if line[-1:].isalpha()]
    return float(np.mean([max(find_words(line), key=line.rfind) not in words for line in lines]))


def obedience(model: Model, texts: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the fraction of texts that obey, and the fraction of line ends that cut off a word."""
    obeying, cut, words = {}, {}, demo_constraints()["words"].words or frozenset()
    for name, constraints in demo_constraints().items():
        for particles in PARTICLES:
            found = written(model, constraints, particles, texts, 40 if constraints.acrostic is None else 220, 0.6)
            label = f"{name}, particles {particles}"
            obeying[label] = float(np.mean([obeys(constraints, text, SEED) for text in found]))
            if name == "line length":
                cut[label] = cut_off(found, words)
    free = written(model, Constraints(pattern="(?s:.*)"), 1, texts, 200, 0.6)
    cut["no constraint"] = cut_off(free, words)
    return obeying, cut


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--turns", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turns:
        serve(CANDIDATES, *arguments.turns)
        return
    model = charlstm.load("ferry")
    obeying, cut = obedience(model, arguments.texts)
    results: dict[str, Any] = {
        "obeying": obeying,
        "cut_off": cut,
        "nats_per_char": surprisals(model, max(2, arguments.texts // 10)),
        "total_variation": distances(arguments.draws),
        "speed": whole_texts(model, max(2, arguments.texts // 50)) | speeds(arguments.rounds),
    }
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    for section, values in results.items():
        print(section)
        for label, value in values.items():
            shown = (
                "  ".join(f"{key} {number:.4f}" for key, number in value.items()) if isinstance(value, dict) else f"{value:.4f}"
            )
            print(f"  {label:50} {shown}")


if __name__ == "__main__":
    main()
