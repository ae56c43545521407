"""The commands, from `new` to `check`: thin, each calls one function of segcore, shows its progress and prints its report."""
from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcore.cli_output import as_json, complain, figure_rows, follow, lists, say, table
from segcore.errors import ProjectError, PromptError, SegcoreError
from segcore.params import describe, set_param

if TYPE_CHECKING:
    from segcore.formats import Report
    from segcore.project import Project
    from segcore.registry import Registry

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help="SegDesk: pixel-exact labels. Without a command, or with a folder, the window opens.")

ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="Folder of the project")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines")]
Options = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option; may be given several times")]
Glob = Annotated[str, typer.Option(metavar="GLOB", help="Only images with such names, as in “night_*.jpg”")]
FormatName = Annotated[str, typer.Option(help="See `formats`")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]

USAGE_ERROR: Any = typer.BadParameter.__base__
COMMAND_ERROR: Any = USAGE_ERROR.__base__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 when it failed (one sentence on stderr, no traceback), 2 when it was misspelt."""
    try:
        code = app(args=list(sys.argv[1:] if argv is None else argv), prog_name="segdesk", standalone_mode=False)
        if code == 130:
            raise KeyboardInterrupt
        return int(code or 0)
    except USAGE_ERROR as error:
        message = error.format_message().replace("No such command", "There is no file, folder or command")
        if message:
            complain(f"{message} Try: segdesk --help")
        return 2
    except (COMMAND_ERROR, SegcoreError) as error:
        complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        complain("Stopped.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        complain("There is not enough memory for this.")
    except Exception as error:
        if os.environ.get("SEGDESK_DEBUG"):
            raise
        complain(f"Something unexpected happened ({type(error).__name__}: {error}). Set SEGDESK_DEBUG=1 to see where.")
    return 1


@app.command()
def new(project: ProjectFolder,
        images: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos, searched with its sub-folders")],
        classes: Annotated[str, typer.Option(help="voc, cityscapes, camvid, empty, or a text or JSON file")] = "voc",
        copy: Annotated[bool, typer.Option("--copy", help="Copy the photos into the project")] = False,
        json: Json = False) -> None:
    """Make a project of a folder of photos."""
    from segcore.project import Project
    with closing(Project.create(project, images=images, classes=classes, copy=copy)) as made:
        if json:
            as_json({"folder": str(made.folder), "images": len(made.images), "classes": [c.name for c in made.classes]})
        else:
            say(f"Made a project of {len(made.images)} images and {len(made.classes)} classes in {made.folder}.")


@app.command(name="import")
def import_(project: ProjectFolder, source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Folder of the data set")],
            format: FormatName = "voc", set: Options = None, json: Json = False) -> None:
    """Bring a data set into a project: images are matched by name, and those that it lacks are added."""
    from segcore.formats import FORMATS
    plugin = _configured(FORMATS, format, set)
    with closing(_open(project, write=True)) as opened:
        _report("Imported", follow(plugin.load(source, opened), "Importing"), json)


@app.command()
def export(project: ProjectFolder, to: Annotated[Path, typer.Option(metavar="DIR", help="New folder for the data set")],
           format: FormatName = "voc", set: Options = None, json: Json = False) -> None:
    """Write the labelled images as a data set, whole or not at all, and compare what was written."""
    from segcore.formats import FORMATS
    plugin = _configured(FORMATS, format, set)
    with closing(_open(project, read_only=True)) as opened:
        _report("Exported", follow(plugin.export(opened, to), "Exporting"), json)


@app.command()
def predict(project: ProjectFolder, model: Annotated[str, typer.Option(help="Name of a network, see `models`, or a file")],
            images: Glob = "", device: Device = "auto",
            refine: Annotated[str, typer.Option(help="Refiner to run on the answer, such as dense_crf")] = "",
            threshold: Annotated[float, typer.Option(min=0, max=1, help="Leave less probable pixels unlabelled")] = 0.0,
            add_classes: Annotated[bool, typer.Option("--add-classes", help="Add those that the project lacks")] = False,
            again: Annotated[bool, typer.Option("--again", help="Also images that this network has labelled")] = False,
            set: Options = None, json: Json = False) -> None:
    """Label images with a network. Hand-made regions and images marked as done are never touched; a stopped run goes on."""
    from segcore import batch
    from segcore.inference import load_model
    from segcore.refiners import REFINERS
    refiner = _configured(REFINERS, refine, set) if refine else None
    with closing(_open(project, write=True)) as opened:
        entries = batch.entries_matching(opened, images)
        network = load_model(model, device, opened.folder)
        if add_classes:
            batch.add_classes(opened, network.classes)
        steps = batch.prelabel(opened, entries, network, refiner=refiner, threshold=threshold, again=again)
        _batch_report("Labelled", follow(steps, "Predicting"), json)


@app.command()
def refine(project: ProjectFolder, refiner: Annotated[str, typer.Option(help="See `refiners`")], images: Glob = "",
           set: Options = None, json: Json = False) -> None:
    """Refine the stored annotations; locked regions stay, and the earlier state is kept as a version."""
    from segcore import batch
    from segcore.refiners import REFINERS
    plugin = _configured(REFINERS, refiner, set)
    with closing(_open(project, write=True)) as opened:
        steps = batch.refine_stored(opened, batch.entries_matching(opened, images), plugin)
        _batch_report("Refined", follow(steps, "Refining"), json)


@app.command()
def train(project: ProjectFolder, model: Annotated[str, typer.Option(help="Architecture to train, see `models`")],
          name: Annotated[str, typer.Option(help="Name of the result; the architecture's when left out")] = "",
          set: Options = None, json: Json = False) -> None:
    """Train a network on the labelled images; writes models/NAME in the project. A stopped run goes on where it was."""
    from segcore.dataset import split_project
    from segcore.training import TrainingParams
    from segcore.training import train as run
    params = TrainingParams(model=model)
    _set(params, set)
    with closing(_open(project)) as opened:
        data, validation = split_project(opened, params.seed)
        folder = opened.folder / "models" / (name or model.partition("(")[0])
        card = follow(run(params, data, validation, folder), "Training")
    if json:
        as_json({"name": card.name, "folder": str(folder), "seconds": card.seconds, "figures": card.figures})
    else:
        figures = ", ".join(f"{key} {value:.3f}" for key, value in card.figures.items() if isinstance(value, float))
        say(f"Trained “{card.name}” in {card.seconds:.0f} s: {figures}. It is in {folder}.")


@app.command()
def evaluate(predicted: Annotated[Path, typer.Argument(metavar="PREDICTED", help="Folder of index masks")],
             reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="Folder of index masks of the same names")],
             metrics: Annotated[list[str] | None, typer.Option(help="As in mean_iou,trimap_iou(width=3)")] = None,
             json: Json = False) -> None:
    """Compare two folders of index masks."""
    from segcore import evaluation
    from segcore.metrics import METRICS
    from segcore.recipe import from_text
    wanted = [name for text in metrics or [] for name in _split_names(text)] or list(evaluation.DEFAULT_METRICS)
    for text in wanted:
        _usage(from_text, METRICS, text)
    report = follow(evaluation.evaluate(predicted, reference, wanted), "Comparing")
    if json:
        as_json(report.as_dict())
    else:
        table(("figure", "percent"), figure_rows(report.figures))
        say(f"{report.images} images compared.")
        lists([], report.problems)


@app.command("evaluate-clicks")
def evaluate_clicks(segmenter: Annotated[str, typer.Option(help="See `segmenters`")],
                    data: Annotated[Path, typer.Option(metavar="FOLDER", help="With images/ and masks/ of the same names")],
                    jitter: Annotated[bool, typer.Option("--jitter", help="A robot with a shaking hand")] = False,
                    set: Options = None, json: Json = False) -> None:
    """Let a robot click until the mask is good: clicks to 85 and 90 % IoU, boundary IoU, seconds per click."""
    from segcore import robot
    from segcore.segmenters import SEGMENTERS
    plugin = _configured(SEGMENTERS, segmenter, set)
    summary = follow(robot.evaluate_clicks(lambda: type(plugin)(**asdict(plugin.params)), data, jitter=jitter), "Clicking")
    if json:
        as_json(summary)
    else:
        table(("figure", "value"), [(name, f"{value:.3f}" if isinstance(value, float) else str(value))
                                    for name, value in summary.items()])


@app.command()
def models(project: Annotated[Path | None, typer.Argument(metavar="[PROJECT]", help="Also networks trained in it")] = None,
           json: Json = False) -> None:
    """Networks that are ready to use, and architectures that can be trained."""
    from segcore.model_zoo import list_models
    from segcore.models import MODELS
    ready = list_models(project)
    if json:
        as_json({"ready": [{"name": c.name, "title": c.title, "model": c.model, "classes": c.class_names, "origin": c.origin,
                            "bytes": c.bytes, "figures": c.figures} for c in ready], "architectures": _described(MODELS)})
    else:
        table(("ready to use", "classes", "from"), [(c.name, ", ".join(c.class_names), c.origin) for c in ready])
        say("")
        _plugins(MODELS, "can be trained", json)


@app.command()
def formats(json: Json = False) -> None:
    """Formats of data sets that can be exported and imported."""
    from segcore.formats import FORMATS
    _plugins(FORMATS, "format", json)


@app.command()
def segmenters(json: Json = False) -> None:
    """Interactive segmenters, as the window's tools use them."""
    from segcore.segmenters import SEGMENTERS
    _plugins(SEGMENTERS, "segmenter", json)


@app.command()
def refiners(json: Json = False) -> None:
    """Refiners of masks and probabilities."""
    from segcore.refiners import REFINERS
    _plugins(REFINERS, "refiner", json)


@app.command()
def check(json: Json = False) -> None:
    """Versions, devices, and a short self-test of each part; fails when one is broken."""
    from segcore import selfcheck
    results = follow(selfcheck.run(), "Checking")
    broken = [r for r in results if not r.ok]
    if json:
        as_json({"versions": selfcheck.versions(), "devices": selfcheck.devices(), "parts": [asdict(r) for r in results]})
    else:
        table(("package", "version"), selfcheck.versions().items())
        say(f"\ndevices: {', '.join(selfcheck.devices())}\n")
        table(("part", "state", "seconds"), [(r.name, "ok" if r.ok else r.message, f"{r.seconds:.2f}") for r in results])
    if broken:
        raise SegcoreError(f"{len(broken)} of {len(results)} parts are broken: {broken[0].name}: {broken[0].message}")


def _open(folder: Path, *, read_only: bool = False, write: bool = False) -> Project:
    """The project; with `write` one that cannot be written is refused before any work is done for nothing."""
    from segcore.project import Project
    project = Project.open(folder, read_only=read_only)
    if write and project.read_only:
        project.close()
        raise ProjectError(" ".join(project.notices), "Nothing has been changed.")
    for notice in project.notices:
        complain(notice)
    return project


def _configured(registry: Registry[Any], name: str, options: Sequence[str] | None) -> Any:
    """The plug-in of that name with its options; unknown names are usage errors."""
    if name not in registry:
        raise typer.BadParameter(f"There is no “{name}”. There are: {', '.join(cls.name for cls in registry)}.")
    plugin = registry[name]()
    _set(plugin.params, options)
    return plugin


def _set(params: Any, options: Sequence[str] | None) -> None:
    for option in options or ():
        key, separator, value = option.partition("=")
        if not separator:
            raise typer.BadParameter(f"“{option}” is no option; write key=value.")
        _usage(set_param, params, key.strip(), value)


def _usage(call: Callable[..., Any], *arguments: Any) -> None:
    """Check something that the user wrote: what is wrong with it is a usage error."""
    try:
        call(*arguments)
    except PromptError as error:
        raise typer.BadParameter(str(error)) from None


def _split_names(text: str) -> list[str]:
    """Names separated by commas, but not by those within brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts if part.strip()]


def _described(registry: Registry[Any]) -> list[dict[str, Any]]:
    return [{"name": c.name, "title": c.title, "summary": c.summary(), "params": describe(c.Params)} for c in registry]


def _plugins(registry: Registry[Any], column: str, json: bool) -> None:
    if json:
        as_json(_described(registry))
    else:
        table((column, "what it does", "options"),
              [(c.name, c.summary(), ", ".join(f"{p['name']}={p['default']}" for p in describe(c.Params))) for c in registry])


def _report(verb: str, report: Report, json: bool) -> None:
    if json:
        as_json(report)
    else:
        lists(report.skipped, report.warnings)
        say(f"{verb} {report.converted} of {report.read} images with {report.regions} regions; {len(report.skipped)} skipped.")
        table(("class", "pixels"), [(name, f"{count:,}") for name, count in report.pixels_per_class.items()])


def _batch_report(verb: str, report: Any, json: bool) -> None:
    if json:
        as_json(report)
    else:
        lists(report.skipped, report.warnings)
        say(f"{verb} {report.changed} of {report.read} images ({report.pixels:,} pixels changed); "
            f"{report.unchanged} unchanged, {len(report.skipped)} skipped.")
