"""The mean of what several models predict, as raw scores."""

import torch
from torch import Tensor
from torch.nn import functional as F


def mean_of_models(raw: Tensor, share: Tensor, link: str) -> Tensor:
    """Raw scores whose predictions are the weighted mean of all models' predictions.

    Parameters
    ----------
    raw : Tensor of shape (n_models, n_samples, n_outputs)
        Raw scores of each model.
    share : Tensor of shape (n_models,) or (n_models, n_samples)
        Weight of each model, or in each row; the sum over models is one.
    link : str
        A name in `LINKS`.

    Returns
    -------
    Tensor of shape (n_samples, n_outputs)
        The scores.

    Examples
    --------
    >>> import torch
    >>> from sknn_suite.modules import mean_of_models
    >>> raw = torch.tensor([[[0.0]], [[4.0]]])
    >>> mean_of_models(raw, torch.tensor([0.5, 0.5]), "identity").item()
    2.0
    >>> p = torch.sigmoid(mean_of_models(raw, torch.tensor([0.5, 0.5]), "logistic"))
    >>> round(p.item(), 4) == round(torch.sigmoid(raw).mean().item(), 4)
    True
    """
    share = share.view(len(share), -1, 1)
    if link == "ascending":
        raw = raw.sort(dim=-1).values
    if link in ("identity", "ascending"):
        return (raw * share).sum(dim=0)
    if link == "softmax":
        return torch.logsumexp(torch.log_softmax(raw, dim=-1) + share.log(), dim=0)
    if link == "exp":
        return torch.logsumexp(raw + share.log(), dim=0)
    yes = torch.logsumexp(F.logsigmoid(raw) + share.log(), dim=0)
    return yes - torch.logsumexp(F.logsigmoid(-raw) + share.log(), dim=0)
