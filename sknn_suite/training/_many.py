"""train_many: many plans at once, as few programs."""

from collections.abc import Sequence

from sknn_suite.training._job import Job
from sknn_suite.training._observers import Trajectory
from sknn_suite.training._pack import Pack
from sknn_suite.training._train import Trained, train

def train_many(
    jobs: Sequence[Job], *, max_networks: int | None = None
) -> list[Trained | BaseException]:
    results = [None]*len(jobs)
    trajectories = [Trajectory({i: job}) for i, job in enumerate(jobs)]
    Pack(trajectories).train()
    for t in trajectories:
        for i, r in t.results.items(): results[i] = r
    return results
