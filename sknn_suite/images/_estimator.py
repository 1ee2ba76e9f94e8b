"""ImageEstimator: from images to a network, whatever is learnt from them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sknn_suite.checks import (
    CheckedImages,
    check_images,
    check_images_and_target,
)
from sknn_suite.data import BundleBatches, ImageFiles, TensorBundle, as_tensor
from sknn_suite.device import BFLOAT16_WIDTH, Place
from sknn_suite.doors import warn_user
from sknn_suite.encoding import ImageEncoder
from sknn_suite.estimator import BoundModule, NeuralEstimator, Rows, Run
from sknn_suite.exceptions import SuiteWarning
from sknn_suite.images._augment import (
    POLICIES,
    Augmentation,
    make_views,
    settle_augment,
)
from sknn_suite.images._configuration import configure, user_module
from sknn_suite.images._features import FeaturesHalf
from sknn_suite.images._mirror import mirror_images_help
from sknn_suite.images._networks import (
    build_network,
    copy_values,
    draw_user_network,
    draw_weights,
    fixed_buffers,
)
from sknn_suite.images._parameters import ImageParameters
from sknn_suite.images._recipes import CYCLES, RECIPES, Recipe, head_epochs
from sknn_suite.images._weights import load_body
from sknn_suite.modules import AirbenchNet, ImageNetwork
from sknn_suite.parameters import TrainingParameters, parameters, refuse_for_arrays
from sknn_suite.training import Muon, plain_row

# Mean and deviation of ImageNet's channels, in [0, 1], to which published weights are
# used.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# Sides from which images are taken for photographs, whose subject may be anywhere and
# in any light, and what augment="auto" does to them.
PHOTO_SIDE = 48
PHOTOS = {"crop": 0.55, "brightness": 0.2, "contrast": 0.2, "cutout": 0.25}

# Numbers in a layer's output for all images that are predicted together.
LARGEST_OUTPUT = 1 << 23

# What "airbench" does not train: whitening, and scales that the next layer can do.
AIRBENCH_FIXED = ("network.whiten.weight", "*.norm1.weight", "*.norm2.weight")


@parameters
class ImageEstimator(FeaturesHalf, ImageParameters, NeuralEstimator):
    """A network for images: arrays, flat rows or files."""

    _encodes_by_chunks = False

    # -- rows ------------------------------------------------------------------------

    def _check_rows_and_target(
        self, X: Any, y: Any, *, reset: bool
    ) -> tuple[Any, np.ndarray]:
        return check_images_and_target(self, X, y, reset=reset)

    def _check_rows(self, X: Any) -> Any:
        return check_images(self, X, reset=False)

    def _check_training_rows(
        self, X: Any, y: Any, sample_weight: Any, *, resume: bool, partial: bool
    ) -> Rows:
        rows = super()._check_training_rows(
            X, y, sample_weight, resume=resume, partial=partial
        )
        self.n_skipped_ = 0
        if not isinstance(rows.X, ImageFiles):
            refuse_for_arrays(self)
        if self.on_bad_image == "skip" and isinstance(rows.X, ImageFiles):
            rows = self._leave_out_bad_files(rows)
        return rows

    def _leave_out_bad_files(self, rows: Rows) -> Rows:
        bad = rows.X.store.find_bad()
        self._kept = None
        if not bad:
            return rows
        first = next(iter(bad.values()))
        if len(bad) == rows.n:
            raise first
        self.n_skipped_ = len(bad)
        warn_user(
            f"{len(bad)} of {rows.n} images cannot be read and are left out, the first "
            f"since: {first} Repair or remove them to be rid of this warning.",
            SuiteWarning,
        )
        self._kept = np.setdiff1d(np.arange(rows.n), list(bad))
        return rows.take(self._kept)

    def _split(self, rows: Rows, groups: Any, *, split: bool) -> Any:
        kept = self.__dict__.pop("_kept", None)
        if groups is not None and kept is not None:
            groups = np.asarray(groups)[kept]
        return super()._split(rows, groups, split=split)

    # -- network ---------------------------------------------------------------------

    def _make_encoder(self) -> ImageEncoder:
        return ImageEncoder(learns_patches=self.architecture == "airbench")

    def _configure_module(self) -> dict:
        return configure(self)

    def _build_module(self, config: dict) -> ImageNetwork:
        module: Any = build_network(config, user_module(self))
        module.fixed = {
            name: buffer.clone() for name, buffer in fixed_buffers(module).items()
        }
        return module

    @torch.no_grad()
    def _restore_fixed(self, module: Any) -> None:
        """Give buffers that are in no state their values, after they got memory."""
        buffers = dict(module.named_buffers())
        for name, value in module.fixed.items():
            buffers[name].copy_(value)

    def _place_module(self, rows: Rows, resume: bool) -> tuple[nn.Module, Place]:
        if rows.X.dtype == np.uint8:
            self._input_dtype = "float32"
        if not resume:
            self._augment = self._settle_augment(rows)
        module: Any
        module, place = super()._place_module(rows, resume)
        module.freeze_body(self._phase() == "head")
        return module, place

    def _init_module(self, module: Any) -> None:
        network, user = module.network, user_module(self)
        if user is None:
            activation = self._config["options"].get("activation", "relu")
            draw_weights(network, self.weight_init, activation, self._random_state)
        else:
            self._restore_fixed(module)
            if not isinstance(user, nn.Module):
                seed = int(self._random_state.randint(2**31))
                user = draw_user_network(user, self._config, seed)
            new_head = self._config["new_head"]
            if new_head is not None:
                draw_weights(module.head, "auto", "relu", self._random_state)
            replaced = module.head_name if new_head == "replace" else None
            body = network if new_head in (None, "replace") else network.body
            copy_values(user, body, replaced)
        if self.weights is not None:
            load_body(network, self.weights, module.head_name)
        center, scale = self._scaling()
        module.set_scaling(as_tensor(center), as_tensor(scale))
        if isinstance(network, AirbenchNet):
            network.whiten_with(as_tensor(self._encoder.patches_))

    def _scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Choose what is subtracted from each channel, and by what is divided."""
        kind = self.normalization
        if kind == "auto":
            is_rgb = self.image_shape_[2] in (1, 3) and self._pixel_unit is not None
            kind = "imagenet" if self.backbone is not None and is_rgb else "learnt"
        unit = self._pixel_unit or 1.0
        if kind == "learnt":
            return self._encoder.center_, self._encoder.scale_
        if kind is None:
            n_channels = self.image_shape_[2]
            return np.zeros(n_channels), np.full(n_channels, unit)
        center, scale = np.array(IMAGENET) * unit
        if self.image_shape_[2] == 1:
            return center.mean(keepdims=True), scale.mean(keepdims=True)
        if self.image_shape_[2] != 3:
            raise ValueError(
                "normalization='imagenet' does not go with images of "
                f"{self.image_shape_[2]} channels. Expected grey or RGB. Set "
                "normalization='learnt'."
            )
        return center, scale

    def _load_fitted_weights(self, module: Any) -> None:
        super()._load_fitted_weights(module)
        self._restore_fixed(module)

    def _bind_module(self, n_rows: int) -> BoundModule:
        before = self._live.bound
        bound = super()._bind_module(n_rows)
        module: Any = bound.module
        if bound is not before:
            self._restore_fixed(module)
        n_views: Any = self.n_tta
        if n_views == "auto":
            n_views = 2 if "flip" in self._augment else 1
        module.views = make_views(self._augment, n_views, self.image_shape_)
        return bound

    # -- training --------------------------------------------------------------------

    def _phase(self) -> str | None:
        """Say what of a backbone is trained now: "head", "gradual", "full" or None."""
        if self.backbone is None:
            return None
        return self.__dict__.get("_first_phase") or self.finetune

    def _recipe(self) -> Recipe:
        name = self._phase() or self._config["architecture"]
        return RECIPES.get(name, RECIPES["convolutions"])

    @property
    def _smoothing(self) -> float:
        if self.label_smoothing is not None:
            return self.label_smoothing
        return 0.0 if self.loss == "focal" else self._recipe().label_smoothing

    def _training_parameters(self) -> TrainingParameters:
        recipe, phase = self._recipe(), self._phase()
        settled = copy.copy(self)
        rate: Any = self.learning_rate_init
        solver = recipe.solver if self.solver == "auto" else self.solver
        settled.solver = Muon if solver == "muon" else solver
        if rate is None:
            rate = recipe.rate(solver)
        if phase is not None:
            settled.freeze = 2 if phase == "head" else self.freeze
            if phase == "head":
                rate = rate if isinstance(rate, str) else float(np.ravel(rate)[-1])
            elif isinstance(rate, int | float):
                rate = (rate * self.body_rate**2, rate * self.body_rate, rate)
        elif self._config["architecture"] == "airbench" and self.freeze is None:
            settled.freeze = AIRBENCH_FIXED
        settled.learning_rate_init = rate
        settled.alpha = self.alpha
        if self.alpha is None:
            settled.alpha = 0.0 if solver == "muon" else recipe.alpha
        if self.learning_rate == "auto" and self.schedule_params is None:
            settled.schedule_params = dict(recipe.schedule_params)
            if phase == "gradual" and self.max_iter == "auto":
                settled.schedule_params["cycle_length"] = self._n_planned // CYCLES
        if self._schedule(partial=False) == "constant":
            settled.schedule_params = None
        return settled

    def _schedule(self, *, partial: bool) -> Any:
        kind = self.learning_rate
        if kind == "auto":
            kind = self._recipe().schedule
        planned = kind in ("one_cycle", "cosine", "warm_restarts")
        first = self.__dict__.get("_first_phase") is not None
        return "constant" if (partial or first) and planned else kind

    def _suited_epochs(self, n_rows: int, updates_per_epoch: int) -> int:
        if self.solver == "lbfgs":
            return 200
        self._n_planned = self._recipe().n_epochs(n_rows)
        return self._n_planned

    def _warn_unless_converged(self, net: Any, n_epochs: int) -> None:
        planned = self.learning_rate == "auto" and (
            self.max_iter == "auto" or self._phase() == "gradual"
        )
        if planned and self.solver != "lbfgs" and not net.interrupted_:
            return  # the recipe is complete
        super()._warn_unless_converged(net, n_epochs)

    def _clip_batch_size(self, n_rows: int, place: Place | None) -> int:
        if self.batch_size != "auto":
            return super()._clip_batch_size(n_rows, place)
        suited = self._recipe().batch_size(n_rows)
        if place is not None and place.device.type != "cpu" and self.backbone is None:
            suited = max(suited, min(1024, n_rows // 100))  # a GPU is busy with many
        return min(suited, n_rows)

    def _settle_augment(self, rows: Rows) -> dict[str, float]:
        """Settle what is done to training images, by name."""
        augment = self.augment
        if augment == "auto":
            flat = (
                self._config["architecture"] == "mlp" or min(self.image_shape_[:2]) < 4
            )
            if flat or self._phase() == "head":
                return {}
            photo = min(self.image_shape_[:2]) >= PHOTO_SIDE
            strengths = dict(PHOTOS if photo else {"shift": 0.125})
            if mirror_images_help(rows.X, rows.y, self._random_state):
                strengths["flip"] = 0.5
            return strengths
        if augment is None:
            return {}
        if isinstance(augment, str):
            return dict(POLICIES[augment])
        return settle_augment(augment)

    def _make_mixup(
        self, module: nn.Module, random_state: np.random.RandomState
    ) -> Callable | None:
        strengths = dict(self._augment)
        if self.mixup:
            strengths["mixup"] = self.mixup
        if not strengths or self.solver == "lbfgs":
            return None
        return Augmentation(module, strengths, random_state)  # type: ignore[arg-type]

    def _train(self, run: Run, *, resume: bool, partial: bool) -> None:
        if self._phase() == "head" and not self._augment and not self.mixup:
            valid = run.valid and self._compute_features(run, run.valid)
            run = run._replace(
                train=self._compute_features(run, run.train), valid=valid
            )
        elif self._phase() == "gradual" and not resume:
            going_on = self.checkpoint is not None and Path(self.checkpoint).exists()
            if partial or not going_on:  # the checkpoint comes after this phase
                self._train_head(run)
        super()._train(run, resume=resume, partial=partial)

    def _train_head(self, run: Run) -> None:
        """Train the last layer alone, on features that are computed once."""
        module: Any = run.module
        self._first_phase = "head"
        try:
            train = self._compute_features(run, run.train)
            rate: Any = self._training_parameters().learning_rate_init
            rate = RECIPES["head"].rate("sgd") if isinstance(rate, str) else rate
            net = run.build(module, self._random_state, rate)
            net.recipe.mixup = None
            net.callbacks = []
            net.initialize()
            net.prepare(train)
            n_epochs = self.head_iter
            if isinstance(n_epochs, str):
                n_epochs = head_epochs(len(train))
            net.run_epochs(train, None, n_epochs)
        finally:
            del self._first_phase
        run.progress.earlier = [plain_row(row) for row in net.history]
        for p in module.parameters():
            p.requires_grad_(True)

    def _compute_features(self, run: Run, bundle: TensorBundle) -> TensorBundle:
        """Put what the last layer takes in place of images."""
        module: Any = run.module
        module.eval()
        n_rows = self._rows_at_once(1024)
        with torch.no_grad():
            parts = [
                module.features(batch.inputs["x"])
                for batch in BundleBatches(bundle, n_rows)
            ]
        return TensorBundle(
            {"features": torch.cat(parts)},
            bundle.targets,
            None if bundle.weight is None else bundle.weights,
        )

    def _score_validation(self, net: Any, run: Run) -> float:
        held_out = run.held_out
        if isinstance(held_out.X, np.ndarray):
            checked = held_out._replace(X=held_out.X.view(CheckedImages))
            run = run._replace(held_out=checked)
        return super()._score_validation(net, run)

    # -- cost ------------------------------------------------------------------------

    def _work(self, n_rows: int, n_parameters: int) -> float:
        return float(n_rows) * max(self._config["macs"], n_parameters)

    def _product_width(self, module: nn.Module, n_rows: int) -> int:
        if self._config["architecture"] == "mlp":
            return super()._product_width(module, n_rows)
        return BFLOAT16_WIDTH  # convolutions gain from it at any width

    def _rows_at_once(self, n_rows: int) -> int:
        return min(n_rows, max(LARGEST_OUTPUT // self._config["largest"], 8))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
