"""All that a file may name."""

from sknn_suite.persistence._automatic import AUTOMATIC
from sknn_suite.persistence._categories import CATEGORIES
from sknn_suite.persistence._composites import COMPOSITES
from sknn_suite.persistence._kinds import Kind
from sknn_suite.persistence._out_of_fold import OUT_OF_FOLD
from sknn_suite.persistence._samplers import SAMPLERS
from sknn_suite.persistence._scikit import IMPUTERS, LINEAR, SCALERS
from sknn_suite.persistence._stacks import STACKS
from sknn_suite.persistence._suite import SUITE

KINDS: tuple[Kind, ...] = (
    *SUITE,
    *LINEAR,
    *SCALERS,
    *IMPUTERS,
    *CATEGORIES,
    *COMPOSITES,
    *STACKS,
    *AUTOMATIC,
    *OUT_OF_FOLD,
    *SAMPLERS,
)
BY_TYPE: dict[type, Kind] = {kind.cls: kind for kind in KINDS}
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}
