"""Benchmark of the penalty on repeated passages (DRY): loops, distinct 4-grams and known words of texts with and without it.

    python -m benchmarks.repetition [--checkpoint ferry] [--samples 200] [--length 2000] [--temperature 0.3 ...] [--json]

A loop is a passage that a text repeats to its end (:mod:`charlstm.evaluation.repetition`). A known word occurs in the corpus,
which must be in ``data/`` or the current folder. Standard errors are of the mean over the texts.
"""

import argparse
import json
import re

import numpy as np

import charlstm
from charlstm.evaluation.corpus_search import find_corpus
from charlstm.evaluation.repetition import distinct_substrings, find_loop

SETTINGS: dict[str, charlstm.GenerationOptions] = {
    "without": {},
    "--dry-multiplier 0.8": {"dry_multiplier": 0.8},
    "--repetition-penalty 1.2": {"repetition_penalty": 1.2},
}


def main() -> None:
    """Print the figures of each setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="ferry")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--length", type=int, default=2_000)
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.3])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    model = charlstm.load(arguments.checkpoint)
    corpus = find_corpus(model.path, model.checkpoint)
    known = frozenset(words(corpus.vocabulary.decode(corpus.ids)))
    found: dict[str, dict[str, dict[str, float]]] = {}
    for temperature in arguments.temperature:
        found[f"{temperature:g}"] = {}
        for name, options in SETTINGS.items():
            common: charlstm.GenerationOptions = {"length": arguments.length, "temperature": temperature, "mode": "stateful"}
            together: charlstm.GenerationOptions = {**common, "random_seed": 0, "with_seed": False, **options}
            texts = model.generate_batch(samples=arguments.samples, **together)
            found[f"{temperature:g}"][name] = figures(texts, known)
    if arguments.json:
        print(json.dumps(found))
        return
    for temperature, settings in found.items():
        print(f"temperature {temperature}: {arguments.samples} texts of {arguments.length:,} characters")
        for name, each in settings.items():
            print(
                f"  {name:26} loops {100 * each['loops']:5.1f} %   distinct 4-grams {each['distinct']:.4f} ± "
                f"{each['distinct_error']:.4f}   known words {each['known']:.4f} ± {each['known_error']:.4f}"
            )


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[^\W\d_]+", text.lower())


def figures(texts: list[str], known: frozenset[str]) -> dict[str, float]:
    """Return the fraction of texts with a loop, and the means of the other two measures with their standard errors."""
    distinct = np.array([distinct_substrings(text, 4) for text in texts])
    share = np.array([np.mean([word in known for word in words(text)] or [True]) for text in texts])
    return {
        "loops": float(np.mean([find_loop(text) is not None for text in texts])),
        "distinct": float(distinct.mean()),
        "distinct_error": float(distinct.std() / len(texts) ** 0.5),
        "known": float(share.mean()),
        "known_error": float(share.std() / len(texts) ** 0.5),
    }


if __name__ == "__main__":
    main()
