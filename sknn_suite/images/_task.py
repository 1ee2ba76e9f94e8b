"""ImageTask: arrays, flat rows or files, for convolutional networks."""

from typing import Any

import numpy as np
import torch
from torch import nn

from sknn_suite.checks import (
    CheckedImages,
    check_groups,
    check_images,
    check_images_and_target,
)
from sknn_suite.data import BundleBatches, ImageFiles, TensorBundle, as_tensor
from sknn_suite.device import BFLOAT16_WIDTH
from sknn_suite.doors import warn_user
from sknn_suite.encoding import ImageEncoder
from sknn_suite.estimator import Objective, Rows, SupervisedTask
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.images._augment import (
    POLICIES,
    Augmentation,
    make_views,
    settle_augment,
)
from sknn_suite.images._configuration import configure, name_of, user_module
from sknn_suite.images._mirror import mirror_images_help
from sknn_suite.images._recipes import CYCLES, RECIPES, Recipe, head_epochs
from sknn_suite.images._weights import load_body
from sknn_suite.modules import (
    Network,
    copy_values,
    draw_user_network,
    draw_weights,
)
from sknn_suite.parameters import refuse_for_arrays
from sknn_suite.training import (
    FitPlan,
    Muon,
    Progress,
    Start,
    find_checkpoint,
    load_weights,
    train_first,
)

# Mean and deviation of ImageNet's channels, in [0, 1], for which published weights were
# trained.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# Images with sides of at least this many pixels count as photographs. Their subject may
# be anywhere and in any light, so augment="auto" makes these changes.
PHOTO_SIDE = 48
PHOTOS = {"crop": 0.55, "brightness": 0.2, "contrast": 0.2, "cutout": 0.25}

# Numbers in a layer's output for all images that are predicted together.
LARGEST_OUTPUT = 1 << 23

# Schedules that are planned for a whole fit.
PLANNED = ("one_cycle", "cosine", "log_cosine", "warm_restarts")


class ImageTask(SupervisedTask):
    """Images of one size, or files of any size."""

    reading = "batches"

    def __init__(self, of: Any, objective: Objective) -> None:
        super().__init__(of, objective)
        # Rows that were kept, None for all, and the number of rows given.
        self.kept: np.ndarray | None = None
        self.n_given = 0
        # What is done to training images, by name.
        self.strengths: dict[str, float] = {}
        # The network that this call has chosen; its cost is measured once.
        self.config: dict[str, Any] = {}

    # -- rows ------------------------------------------------------------------------

    def check_both(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
        return check_images_and_target(self.of, X, y, reset=reset)

    def check_rows(self, X: Any) -> Any:
        return check_images(self.of, X, reset=False)

    def check(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        rows = super().check(X, y, sample_weight, resume=resume, partial=partial)
        self.n_given = rows.n
        self.of.n_skipped_ = 0
        if not isinstance(rows.X, ImageFiles):
            refuse_for_arrays(self.of.estimator)
        if self.of.on_bad_image == "skip" and isinstance(rows.X, ImageFiles):
            rows = self._leave_out_bad_files(rows)
        return rows

    def _leave_out_bad_files(self, rows: Rows) -> Rows:
        bad = rows.X.store.find_bad()
        if not bad:
            return rows
        first = next(iter(bad.values()))
        if len(bad) == rows.n:
            raise first
        self.of.n_skipped_ = len(bad)
        warn_user(
            f"{len(bad)} of {rows.n} images cannot be read and are left out, the first "
            f"since: {first} Repair or remove them to avoid this warning.",
            SuiteWarning,
        )
        self.kept = np.setdiff1d(np.arange(rows.n), list(bad))
        return rows.take(self.kept)

    def check_groups(self, groups: Any, rows: Rows) -> np.ndarray | None:
        groups = check_groups(groups, self.n_given)
        return groups if groups is None or self.kept is None else groups[self.kept]

    def held_out_for_scorers(self, rows: Rows) -> Rows:
        if isinstance(rows.X, np.ndarray):
            return rows._replace(X=rows.X.view(CheckedImages))
        return rows

    # -- encoder and network ---------------------------------------------------------

    def encoder(self) -> ImageEncoder:
        return ImageEncoder()

    def network(self, encoder: ImageEncoder) -> Network:
        self.config = configure(self.of, self.objective.n_outputs)
        frozen = self._phase() == "head"
        more = {"augment": self.strengths, "body_frozen": frozen}
        return Network("image", self.config | more)

    def draw(
        self, module: Any, encoder: ImageEncoder, random_state: np.random.RandomState
    ) -> None:
        of, network, user = self.of, module.network, user_module(self.of)
        config = self.config
        if user is None:
            activation = config["options"].get("activation", "relu")
            draw_weights(network, of.weight_init, activation, random_state)
        else:
            if not isinstance(user, nn.Module):
                seed = int(random_state.randint(2**31))
                user = draw_user_network(user, config, seed)
            new_head = config["new_head"]
            if new_head is not None:
                draw_weights(module.head, "auto", "relu", random_state)
            replaced = module.head_name if new_head == "replace" else None
            body = network if new_head in (None, "replace") else network.body
            copy_values(user, body, replaced)
        if of.weights is not None:
            load_body(network, of.weights, module.head_name)
        center, scale = self._scaling(encoder)
        module.set_scaling(as_tensor(center), as_tensor(scale))

    def _scaling(self, encoder: ImageEncoder) -> tuple[np.ndarray, np.ndarray]:
        """Choose the number to subtract from each channel, and the divisor."""
        of, kind = self.of, self._normalization()
        n_channels, unit = of.image_shape_[2], of._pixel_unit or 1.0
        if kind == "learnt":
            return encoder.center_, encoder.scale_
        if kind is None:
            return np.zeros(n_channels), np.full(n_channels, unit)
        center, scale = np.array(IMAGENET) * unit
        if n_channels == 1:
            return center.mean(keepdims=True), scale.mean(keepdims=True)
        if n_channels != 3:
            raise ValueError(
                "normalization='imagenet' does not go with images of "
                f"{n_channels} channels. Expected grey or RGB. Set "
                "normalization='learnt'."
            )
        return center, scale

    def _normalization(self) -> str | None:
        of = self.of
        if of.normalization != "auto":
            return of.normalization
        is_rgb = of.image_shape_[2] in (1, 3) and of._pixel_unit is not None
        return "imagenet" if of.backbone is not None and is_rgb else "learnt"

    def label_smoothing(self) -> float:
        if self.of.label_smoothing is not None:
            return self.of.label_smoothing
        return 0.0 if self.of.loss == "focal" else self._recipe().label_smoothing

    def adapt(self, module: Any, network: Network) -> None:  # type: ignore[override]
        """Set the views that predictions average over."""
        augment = network.config["augment"]
        n_views = self._n_views(augment)
        module.views = make_views(augment, n_views, self.of.image_shape_)

    def _n_views(self, augment: dict[str, float]) -> int:
        """Count the views of an image that predictions average over."""
        if self.of.n_tta == "auto":
            return 2 if "flip" in augment else 1
        return int(self.of.n_tta)

    # -- cost ------------------------------------------------------------------------

    def computes_float32(self, X: Any) -> bool:
        return X.dtype == np.uint8 or super().computes_float32(X)

    def work_per_row(self, encoder: Any, network: Network, n_parameters: int) -> float:
        return float(max(network.config["macs"], n_parameters))

    def product_width(self, module: Any, network: Network, batch_size: int) -> int:
        if network.config["architecture"] == "mlp":
            return super().product_width(module, network, batch_size)
        return BFLOAT16_WIDTH  # convolutions gain from it at any width

    def rows_at_once(self, network: Network) -> int:
        return min(1024, max(LARGEST_OUTPUT // network.config["largest"], 8))

    # -- recipe ----------------------------------------------------------------------

    def _phase(self) -> str | None:
        """Name the trained part of a backbone: "head", "gradual", "full" or None."""
        return None if self.of.backbone is None else self.of.finetune

    def _recipe(self) -> Recipe:
        return RECIPES.get(self._phase() or name_of(self.of), RECIPES["convolutions"])

    def recipe(self, n_rows: int, *, partial: bool) -> dict[str, Any]:
        of, recipe, phase = self.of, self._recipe(), self._phase()
        solver = recipe.solver if of.solver == "auto" else of.solver
        kind = recipe.schedule if of.learning_rate == "auto" else of.learning_rate
        if partial and kind in PLANNED:
            kind = "constant"
        alpha = of.alpha
        if alpha is None:
            alpha = 0.0 if solver == "muon" else recipe.alpha
        params = of.schedule_params
        if of.learning_rate == "auto" and params is None:
            params = dict(recipe.schedule_params)
            if phase == "gradual" and of.max_iter == "auto":
                params["cycle_length"] = recipe.n_epochs(n_rows) // CYCLES
        return {
            "solver": Muon if solver == "muon" else solver,
            "learning_rate": kind,
            "learning_rate_init": self._rate(solver),
            "schedule_params": None if kind == "constant" else params,
            "alpha": alpha,
            "freeze": 2 if phase == "head" else of.freeze,
        }

    def _rate(self, solver: Any) -> Any:
        """Learning rate, or those of a backbone's parts."""
        of, phase = self.of, self._phase()
        rate: Any = of.learning_rate_init
        if rate is None:
            rate = self._recipe().rate(solver)
        if phase == "head" and not isinstance(rate, str):
            return float(np.ravel(rate)[-1])
        if phase in ("gradual", "full") and isinstance(rate, int | float):
            return (rate * of.body_rate**2, rate * of.body_rate, rate)
        return rate

    def default_rate(self) -> float:
        recipe, solver = self._recipe(), self.of.solver
        return recipe.rate(recipe.solver if solver == "auto" else solver)

    def batch_size(self, n_rows: int, device: torch.device) -> int:
        suited = self._recipe().batch_size(n_rows)
        if device.type != "cpu" and self.of.backbone is None:
            suited = max(suited, min(1024, n_rows // 100))  # a GPU is busy with many
        return min(suited, n_rows)

    def n_epochs(self, encoder: Any, n_rows: int, updates_per_epoch: int) -> int:
        return 200 if self.of.solver == "lbfgs" else self._recipe().n_epochs(n_rows)

    @property
    def is_complete_recipe(self) -> bool:
        of = self.of
        planned = of.max_iter == "auto" or self._phase() == "gradual"
        return of.learning_rate == "auto" and planned

    def augment(
        self, rows: Rows, random_state: np.random.RandomState
    ) -> Augmentation | None:
        net = getattr(self.of, "_net", None)
        if net is not None:  # a call that continues
            self.strengths = net.network.config["augment"]
        else:
            self.strengths = self._settle_augment(rows, random_state)
        strengths = dict(self.strengths)
        if self.of.mixup:
            strengths["mixup"] = self.of.mixup
        if not strengths or self.of.solver == "lbfgs":
            return None
        return Augmentation(strengths)

    def _settle_augment(
        self, rows: Rows, random_state: np.random.RandomState
    ) -> dict[str, float]:
        """Choose what is done to training images, by name."""
        augment, side = self.of.augment, min(self.of.image_shape_[:2])
        if augment == "auto":
            flat = name_of(self.of) == "mlp" or side < 4
            if flat or self._phase() == "head":
                return {}
            strengths = dict(PHOTOS if side >= PHOTO_SIDE else {"shift": 0.125})
            if mirror_images_help(rows.X, rows.y, random_state):
                strengths["flip"] = 0.5
            return strengths
        if augment is None:
            return {}
        if isinstance(augment, str):
            return dict(POLICIES[augment])
        return settle_augment(augment)

    def settled(self, plan: FitPlan) -> dict[str, Any]:
        settings = plan.settings
        shown = {
            "architecture_": plan.network.config["architecture"],
            "normalization_": self._normalization(),
            "augment_": dict(self.strengths),
            "n_tta_": self._n_views(self.strengths),
            "alpha_": settings.alpha,
            "label_smoothing_": self.label_smoothing(),
        }
        if settings.solver is Muon:
            shown["solver_"] = "muon"
        if self._phase() == "gradual":
            shown["head_iter_"] = self._head_iter(len(plan.train))
        return shown

    # -- training of a backbone ------------------------------------------------------

    def prepare(
        self, plan: FitPlan, encoder: Any, *, resume: bool, partial: bool
    ) -> FitPlan:
        """Train the last layer first, or alone, on features computed once."""
        phase = self._phase()
        if phase == "head" and plan.augment is None and plan.settings.solver != "lbfgs":
            valid = plan.valid and compute_features(plan, plan.valid)
            return plan.change(train=compute_features(plan, plan.train), valid=valid)
        path = self.of.checkpoint
        going_on = path is not None and find_checkpoint(path) and not partial
        if phase == "gradual" and not resume and not going_on:
            return self._train_head(plan)  # a checkpoint comes after this phase
        return plan

    def _train_head(self, plan: FitPlan) -> FitPlan:
        """Train the last layer alone, then all layers from its weights."""
        rate = self.of.learning_rate_init
        recipe = RECIPES["head"]
        if rate is None or isinstance(rate, str):
            solver = recipe.solver if self.of.solver == "auto" else self.of.solver
            rate = recipe.rate("sgd" if isinstance(rate, str) else solver)
        frozen = {**plan.network.config, "body_frozen": True}
        head = train_first(
            plan.change(
                network=Network("image", frozen),
                train=compute_features(plan, plan.train),
                valid=None,
                n_epochs=self._head_iter(len(plan.train)),
                augment=None,
                learning_rate="constant",
                learning_rate_init=float(np.ravel(rate)[-1]),
                schedule_params=None,
                freeze=2,
                unfreeze_every=None,
                averaging=None,
                early_stopping=False,
                n_iter_no_change=np.inf,
            )
        )
        return plan.change(
            weights=head.weights,
            random_state=head.random_state,
            start=Start(Progress(earlier=head.history)),
        )

    def _head_iter(self, n_rows: int) -> int:
        n_epochs = self.of.head_iter
        return head_epochs(n_rows) if isinstance(n_epochs, str) else n_epochs


def compute_features(plan: FitPlan, bundle: TensorBundle) -> TensorBundle:
    """Replace images by the inputs of the last layer."""
    device = plan.place.device
    module: Any = plan.network.build(device, plan.place.dtype).eval()
    load_weights(module, plan.weights)
    with torch.no_grad():
        parts = [
            module.features(batch.to(device).inputs["x"]).cpu()
            for batch in BundleBatches(bundle, plan.valid_rows)
        ]
    return TensorBundle(
        {"features": torch.cat(parts)},
        bundle.targets,
        None if bundle.weight is None else bundle.weights,
    )
