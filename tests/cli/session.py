"""An interactive session: its options and its prompt."""

SEED, LENGTH = "The ", 5

OPTIONS = (
    "generate",
    "--interactive",
    "--seed",
    SEED,
    "--length",
    str(LENGTH),
    "--random-seed",
    "3",
    "--mode",
    "stateful",
    "--end",
    "none",
)

PROMPT = "\n> "
