"""One writer, one decoder: outside segcore/safe_io.py nothing opens a file for writing, and no library gets a path."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "main.py", *sorted(p for folder in ("app", "segcore") for p in (ROOT / folder).rglob("*.py"))]

WRITERS = {"write_text", "write_bytes", "imwrite", "imwritemulti", "tofile", "savetxt", "savez", "savez_compressed", "memmap",
           "save_file", "copyfile", "copy2", "copytree", "mkstemp", "NamedTemporaryFile", "truncate", "QSaveFile", "QFile",
           "QTemporaryFile", "QSettings", "VideoWriter", "FileStorage", "FileHandler", "TimedRotatingFileHandler", "extractall",
           "fdopen"}
"""Write by themselves: in place, or without telling when the disk is full."""
DECODERS = {"imread", "imreadmulti", "QImageReader", "fromfile", "unpack_archive"}
"""Read from paths, each with its own idea of orientation and of names."""
FORBIDDEN = WRITERS | DECODERS
"""Names that may not be called, whatever they are attributes of."""
QUALIFIED = {"np.save", "numpy.save", "shutil.copy", "shutil.move", "json.dump", "pickle.dump", "yaml.dump",
             "sqlite3.connect", "os.rename", "os.replace", "os.link", "os.symlink"}
READERS = {"open", "ZipFile", "GzipFile", "TarFile"}
ALLOWED = {("segcore/lock.py", "os.rename"), ("segcore/journal.py", "os.replace"),     # move whole files of our own
           ("app/messages.py", "RotatingFileHandler")}                                  # the program's log


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def written_modes(call: ast.Call) -> bool:
    """Whether an open-like call asks to write, or does not say in plain text what it asks for."""
    values = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
    modes = [v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str) and 0 < len(v.value) <= 3]
    return any(set(mode) & set("wax+") and set(mode) <= set("rwaxbt+U") for mode in modes) or any(
        k.arg == "mode" and not isinstance(k.value, ast.Constant) for k in call.keywords)


def offence(call: ast.Call, name: str) -> str:
    """What is wrong with a call, or ""."""
    last = name.rpartition(".")[2]
    arguments = [ast.unparse(a) for a in call.args]
    if last in FORBIDDEN or name in QUALIFIED or last == "RotatingFileHandler":
        return name
    if name == "os.open":
        return "" if arguments[0] == "os.devnull" or "os.O_RDONLY" in arguments[1:2] else name
    if last in READERS and written_modes(call):
        return f"{name} for writing"
    # What saves to a path when given one must be given a buffer, and the buffer must be called so.
    if name.endswith(".save") and arguments and "buffer" not in arguments:
        return f"{name} to something that is no buffer"
    if last in ("QPixmap", "QImage") and any(isinstance(a, ast.Constant) and isinstance(a.value, str) for a in call.args):
        return f"{name} from a path"
    return ""


def offences(text: str, file: str = "") -> list[str]:
    found = []
    for call, name in calls(ast.parse(text)):
        wrong = offence(call, name)
        if wrong and (file, name.rpartition(".")[2]) not in ALLOWED and (file, name) not in ALLOWED:
            found.append(f"{file}:{call.lineno}: {wrong}")
    return found


@pytest.mark.parametrize("path", [p for p in SOURCES if p.exists()], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_safe_io_writes(path: Path) -> None:
    file = path.relative_to(ROOT).as_posix()
    if file != "segcore/safe_io.py":
        assert offences(path.read_text(encoding="utf-8"), file) == []


@pytest.mark.parametrize(
    "line",
    [
        "open(p, 'w')",
        "open(p, mode='ab')",
        "open(p, mode=m)",
        "p.open('x')",
        "io.open(p, 'r+b')",
        "os.open(p, os.O_WRONLY)",
        "np.save(p, a)",
        "p.write_text('x')",
        "p.write_bytes(b'')",
        "cv2.imwrite(p, a)",
        "cv2.imread(p)",
        "imread(p)",
        "QSaveFile(p)",
        "image.save(p)",
        "Image.fromarray(a).save(path, 'PNG')",
        "torch.save(state, path)",
        "pixmap.save(name)",
        "json.dump(x, f)",
        "a.tofile(p)",
        "shutil.copy(a, b)",
        "zipfile.ZipFile(p, 'w')",
        "os.replace(a, b)",
        "sqlite3.connect(p)",
        "QImage('a.png')",
        "logging.FileHandler(p)",
        "save_file(t, p)",
        "archive.extractall(p)",
    ],
)
def test_the_lint_catches(line: str) -> None:
    assert offences(line) != []


@pytest.mark.parametrize(
    "line",
    [
        "open(p, 'rb')",
        "open(p)",
        "p.open()",
        "project.save()",
        "painter.save()",
        "image.save(buffer, 'PNG')",
        "torch.save(state, buffer)",
        "os.open(p, os.O_RDONLY)",
        "'a'.replace('b', 'c')",
        "safe_io.put(p, b'')",
        "Project.open(folder, read_only=True)",
        "zipfile.ZipFile(p)",
        "QImage(data, w, h, stride, fmt)",
    ],
)
def test_the_lint_lets_pass(line: str) -> None:
    assert offences(line) == []
