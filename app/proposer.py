"""Has networks propose labels for the open image, refines and accepts what they propose. The model panel shows it."""
from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.class_map import ClassMap, reference
from app.proposal import Picture, Piece, Proposal, accept_pieces, drain
from app.worker_wire import Kept
from segcore.errors import ModelError, SegcoreError
from segcore.model_zoo import ModelCard, find_model, list_models
from segcore.types import Progress

if TYPE_CHECKING:
    from app.document import Document
    from app.jobs import Job
    from app.workspace import Workspace

FIRST_MODEL = "streets"
REFINE_PIXELS = 400_000
"""Refining works on a copy of the photo of about this many pixels: a second or two, whatever the photo's size."""
QUICK_PIXELS = 2_000_000
"""Up to this size accepting takes a blink and is done at once; above it is a job."""


class Proposer(QObject):
    """The chosen network and the job that runs for the open image, if one does. `classes` is the network's class map."""

    changed = Signal()              # the list of networks, the choice or the class map
    job_changed = Signal()          # a job started, moved on or ended

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.workspace = workspace
        self.cards: list[ModelCard] = []
        self.classes = ClassMap(workspace)
        self.job: Job | None = None
        self._opened: dict[str, ModelCard] = {}
        workspace.project_changed.connect(self.read_cards)
        workspace.networks_changed.connect(self.read_cards)
        workspace.document_changed.connect(self.cancel)
        self.read_cards()

    # the network

    def read_cards(self) -> None:
        """Look again which networks there are."""
        project = self.workspace.project
        self.cards = [*list_models(project.folder if project else None), *self._opened.values()]
        self.changed.emit()

    @property
    def card(self) -> ModelCard | None:
        """The chosen network; the one that comes with the program at first."""
        wanted = self.workspace.settings.get("model/name", FIRST_MODEL)
        return next((c for c in self.cards if reference(c) == wanted), self.cards[0] if self.cards else None)

    def choose(self, card: ModelCard) -> None:
        """Use this network from now on."""
        self.workspace.settings.set("model/name", reference(card))
        self.changed.emit()

    def open_file(self, path: str) -> None:
        """Add a network from its file of weights, and choose it; raises ModelError when there is no usable card beside it."""
        card = find_model(path)
        self._opened[path] = card
        self.read_cards()
        self.choose(card)

    def remap(self) -> None:
        """Apply the class map, which has changed, to the proposal on show."""
        proposal = self.workspace.proposal
        if proposal is not None:
            card = next((c for c in self.cards if c.name == proposal.model), None)
            proposal.mapping = self.classes.mapping(card) if card is not None else proposal.mapping
        self.changed.emit()
        self.workspace.proposal_changed.emit()

    # what it does

    def predict(self) -> None:
        """Start a prediction for the open image."""
        document, card = self._document(), self.card
        if card is None:
            raise ModelError("There is no network to predict with.", "Open a file of weights, or install the program again.")
        mapping = self.classes.mapping(card)

        def steps() -> Generator[Any, None, tuple[Proposal, str]]:
            planes, message = yield from predict_planes(self.workspace, card, photo_of(document), document.entry.name)
            proposal = new_proposal(card, planes, document.shape, mapping, self._setting("threshold", 0.5))
            yield from proposal.prepare()
            return proposal, message
        self._start("Predict", steps, lambda answer: self._on_predicted(document, *answer))

    def refine(self, params: dict[str, Any]) -> None:
        """Start refining the network's answer with the dense CRF."""
        document, proposal = self._document(), self._proposal()

        def steps() -> Generator[Any, None, Picture]:
            planes = yield from self.workspace.worker.run(
                "refine", image=photo_of(document), prob=proposal.original.planes, refiner="dense_crf", params=params,
                pixels=max(REFINE_PIXELS, proposal.original.planes[0].size))
            picture = Picture(planes, proposal.shape)
            yield from picture.prepare()
            return picture
        self._start("Refine", steps, lambda picture: self._on_refined(proposal, picture))

    def accept(self, planes: Collection[int] | None = None) -> None:
        """Make regions of the proposal, or of some of its planes, as one undo step."""
        document, proposal = self._document(), self._proposal()
        if document.read_only_reason:
            raise SegcoreError(document.read_only_reason)
        chosen = proposal.accepted_planes(planes)
        if not chosen:
            raise ModelError("None of these classes has a class in the project.", "Choose one for it in the table, or add it.")
        only_unlabelled, area = self._setting("only_unlabelled", True), self._setting("min_area", 0) or None
        plan = proposal.plan(document.annotation, document.classes, chosen, only_unlabelled, area)
        if document.shape[0] * document.shape[1] <= QUICK_PIXELS:
            self._on_planned(document, proposal, planes, drain(plan))
        else:
            self._start("Accept", lambda: plan, lambda pieces: self._on_planned(document, proposal, planes, pieces))

    def discard(self) -> None:
        """Take the proposal away, and stop what is being computed."""
        self.cancel()
        self.workspace.set_proposal(None)

    def cancel(self) -> None:
        """Stop what is being computed for the open image."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
            self.job_changed.emit()

    # within

    def _start(self, title: str, steps: Callable[[], Generator[Any, None, Any]], on_done: Callable[[Any], None]) -> None:
        self.cancel()

        def done(value: Any) -> None:
            self._end(job)
            try:
                on_done(value)
            except SegcoreError as error:
                self.workspace.report(error)

        def failed(error: Exception) -> None:
            self._end(job)
            self.workspace.report(error)
        # Not in the list of jobs: the panel shows it, and the list would come and go for a second's work.
        job = self.workspace.jobs.start(title, steps, quiet=True, on_progress=self._on_progress, on_done=done, on_error=failed,
                                        on_cancelled=lambda _: self._end(job))
        self.job = job
        self.job_changed.emit()

    def _end(self, job: Job) -> None:
        if self.job is job:
            self.job = None
            self.job_changed.emit()

    def _on_progress(self, value: object) -> None:
        self.job_changed.emit()

    def _on_predicted(self, document: Document, proposal: Proposal, message: str) -> None:
        if self.workspace.document is document:
            self.workspace.set_proposal(proposal)
            if message:
                self.workspace.say(message, "warning")

    def _on_refined(self, proposal: Proposal, picture: Picture) -> None:
        if self.workspace.proposal is proposal:
            proposal.refinement, proposal.refined = picture, True
            self.workspace.proposal_changed.emit()

    def _on_planned(self, document: Document, proposal: Proposal, planes: Collection[int] | None, pieces: list[Piece]) -> None:
        if self.workspace.document is not document or self.workspace.proposal is not proposal:
            return
        if not pieces:
            raise ModelError("There is nothing to accept: pixels are labelled or locked already, or the network is not sure.",
                             "Lower the threshold, or allow it to replace labels.")
        title = "Accept prediction" if planes is None else f"Accept {', '.join(proposal.names[p] for p in planes)}"
        accept_pieces(document, pieces, proposal.source, self._setting("only_unlabelled", True), title)
        if planes is None:
            self.workspace.set_proposal(None)
        else:
            proposal.hidden |= set(planes)
            self.workspace.proposal_changed.emit()

    def _document(self) -> Document:
        if self.workspace.document is None:
            raise SegcoreError("No image is open.", "Open one first.")
        return self.workspace.document

    def _proposal(self) -> Proposal:
        if self.workspace.proposal is None:
            raise ModelError("There is no proposal.", "Let a network predict first.")
        return self.workspace.proposal

    def _setting(self, name: str, default: Any) -> Any:
        return self.workspace.settings.get(f"model/{name}", default)


def photo_of(document: Document) -> Kept:
    """The photo of a document for the worker, which keeps it."""
    return Kept(document.image.sha256 or document.entry.name, document.image.pixels)


def predict_planes(workspace: Workspace, card: ModelCard, photo: Kept, name: str) -> Generator[Progress, None, tuple[Any, str]]:
    """The network's probabilities (C, h, w) for a photo, and a sentence when it had to make do with less."""
    folder = str(workspace.project.folder) if workspace.project else None
    return (yield from workspace.worker.run("predict", doing=f"predicting “{name}”", image=photo, model=reference(card),
                                            folder=folder, device=workspace.settings.get("model/device", "auto")))


def new_proposal(card: ModelCard, planes: Any, shape: tuple[int, int], mapping: dict[int, int | None],
                 threshold: float) -> Proposal:
    """A proposal of this network; raises ModelError when the answer does not have its card's classes."""
    if len(planes) != len(card.classes):
        raise ModelError(f"“{card.name}” answers with {len(planes)} classes, its card lists {len(card.classes)}.")
    proposal = Proposal(planes, shape, card.class_names, [c.color for c in card.classes], card.name, mapping)
    proposal.threshold = threshold
    return proposal
