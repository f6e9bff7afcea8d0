"""Benchmark of the browser engine in Node: characters per second of a model, with and without SIMD.

python -m benchmarks.browser_engine [--checkpoint ferry] [--seconds 5] [--json]
"""

import argparse
import base64
import json
import subprocess
from pathlib import Path

import charlstm
from charlstm.export.web_model import web_model

ENGINE = Path(charlstm.__file__).parent / "export" / "web" / "engine"
SETTINGS = {
    "stateful": {"mode": "stateful"},
    "stateful, top-p 0.9": {"mode": "stateful", "topP": 0.9},
    "stateless": {"mode": "stateless"},
}


def main() -> None:
    """Print the speeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="ferry")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    model = charlstm.load(arguments.checkpoint)
    manifest, weights = web_model(model.checkpoint, model.weights, model.name)
    given = {"manifest": manifest, "weights": base64.b64encode(weights).decode(), "settings": list(SETTINGS.values())}
    command = ["node", str(Path(__file__).with_suffix(".mjs")), ENGINE.as_uri(), str(arguments.seconds)]
    found = json.loads(subprocess.run(command, input=json.dumps(given), capture_output=True, check=True, text=True).stdout)
    if arguments.json:
        print(json.dumps(found))
        return
    for kind, measured in found.items():
        print(f"{kind}: loads in {measured['load_milliseconds']:.0f} ms")
        for name, speed in zip(SETTINGS, measured["characters_per_second"], strict=True):
            print(f"  {name}: {speed:.0f} characters/s")


if __name__ == "__main__":
    main()
