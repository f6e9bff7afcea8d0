"""ES modules joined to one script, for a page that loads no other file."""

import re
from pathlib import Path, PurePosixPath

_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_REEXPORT = re.compile(r'^export \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export \{([^}]*)\};\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const|let) ([\w$]+))", re.MULTILINE)


def bundle(folder: Path, entry: str) -> str:
    """Return a script that runs a module of a folder, with all that it imports.

    Each module becomes a function that runs once and returns what the module exports. The modules use named imports and exports
    only, and no module imports another one in a circle.

    Args:
        folder: The folder of the modules.
        entry: The module to run, as a path in the folder.

    Raises:
        ValueError: If a module has an import or export of another form.
    """
    done: dict[str, str] = {}
    _add(folder, PurePosixPath(entry), done)
    return f'"use strict";\n(() => {{\nconst modules = {{}};\n{"".join(done.values())}}})();\n'


def _add(folder: Path, module: PurePosixPath, done: dict[str, str]) -> None:
    """Add a module after those that it imports."""
    if str(module) in done:
        return
    source = (folder / module).read_text(encoding="utf-8")
    exported: list[str] = []

    def imported(path: str) -> str:
        other = _resolved(module.parent, path)
        _add(folder, other, done)
        return f'modules["{other}"]'

    def reexport(match: re.Match[str]) -> str:
        exported.extend(_names(match[1]))
        return f"const {{{match[1]}}} = {imported(match[2])};\n"

    def export_list(match: re.Match[str]) -> str:
        exported.extend(_names(match[1]))
        return ""

    def export(match: re.Match[str]) -> str:
        exported.append(match[1])
        return ""

    source = _IMPORT.sub(lambda match: f"const {{{match[1].replace(' as ', ': ')}}} = {imported(match[2])};\n", source)
    source = _EXPORT.sub(export, _EXPORT_LIST.sub(export_list, _REEXPORT.sub(reexport, source)))
    if wrong := re.search(r"^(?:import|export)\b.*", source, re.MULTILINE):
        raise ValueError(f"{module}: {wrong[0]!r} is not a named import or export")
    done[str(module)] = f'modules["{module}"] = (() => {{\n{source}return {{ {", ".join(exported)} }};\n}})();\n'


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _resolved(folder: PurePosixPath, path: str) -> PurePosixPath:
    """Return a relative path from a folder, without ``..``."""
    parts = list(folder.parts)
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)
