"""Publishing weights on the Hugging Face Hub, by huggingface_hub."""

from collections.abc import Mapping
from pathlib import Path

import huggingface_hub

from digitnet.metrics import CHART_FILE, METRICS_FILE, read_metrics_by_recipe
from digitnet.sources import CONFIG_FILE, HubError, hub_errors, is_repo_id
from digitnet.weights import WEIGHTS_FOLDER, WeightsError, load_weights


def push(
    repo_id: str,
    folder: str | Path = WEIGHTS_FOLDER,
    *,
    private: bool | None = None,
    token: str | None = None,
    branch: str | None = None,
    create_pr: bool = False,
    onnx: bool = False,
) -> str:
    """Upload the weights of all recipes, with metrics, charts and model card, in one commit.

    The repository is created if it does not exist. Where nothing has changed, no commit is made.
    `Classifier.push_to_hub` uploads one model alone.

    Parameters
    ----------
    repo_id : ``USER/NAME``
    folder : holds a folder for each recipe
    private : whether a new repository is private; None is the default of the user's account
    token : for the Hub; None is that of ``hf auth login`` or ``HF_TOKEN``
    branch : to push to, created if it does not exist; None is main
    create_pr : open a pull request instead of committing
    onnx : also upload each network as ``<recipe>/<model>.onnx``

    Returns
    -------
    The address of the commit or of the pull request.

    Raises
    ------
    HubError : if the Hub cannot be reached, or refuses.
    WeightsError : if `folder` does not hold weights with the metrics measured on them.
    ValueError : if `onnx`, and the package onnx is missing.
    """
    return upload(
        repo_id,
        files_to_push(repo_id, folder, onnx),
        private=private,
        token=token,
        branch=branch,
        create_pr=create_pr,
    )


def upload(
    repo_id: str,
    files: Mapping[str, Path | bytes],
    *,
    commit_message: str = "Upload the weights of digitnet",
    private: bool | None = None,
    token: str | None = None,
    branch: str | None = None,
    create_pr: bool = False,
) -> str:
    """Upload files, by their names in the repository, in one commit; returns its address.

    The other parameters are those of `Classifier.push_to_hub`.

    Raises
    ------
    HubError : if `repo_id` is not of the form ``USER/NAME``, or the Hub cannot be reached, or
        refuses.
    """
    check_repo_id(repo_id)
    check_access(repo_id, token)
    with hub_errors(repo_id, branch):
        api = huggingface_hub.HfApi(token=token)
        api.create_repo(repo_id, private=private, exist_ok=True)
        if branch and not create_pr and not branch.startswith("refs/"):
            api.create_branch(repo_id, branch=branch, exist_ok=True)
        commit = api.create_commit(
            repo_id,
            [huggingface_hub.CommitOperationAdd(name, file) for name, file in files.items()],
            commit_message=commit_message,
            revision=branch,
            create_pr=create_pr,
        )
    return commit.pr_url or commit.commit_url


def check_repo_id(repo_id: str) -> None:
    """Raise a HubError if `repo_id` is not of the form ``USER/NAME``."""
    if not is_repo_id(repo_id):
        raise HubError(f"{repo_id!r} is not a repository id; write it as USER/NAME.")


def check_access(repo_id: str, token: str | None = None) -> None:
    """Raise a HubError if there is no valid token or no network, so that `push` would fail."""
    with hub_errors(repo_id):
        huggingface_hub.whoami(token)


def files_to_push(
    repo_id: str, folder: str | Path = WEIGHTS_FOLDER, onnx: bool = False
) -> dict[str, Path | bytes]:
    """The files that `push` uploads: each file's path or content, by its name in the repository.

    The model card is generated with `repo_id` in its snippets.

    Raises
    ------
    HubError : if `repo_id` is not of the form ``USER/NAME``.
    WeightsError : if `folder` does not hold weights with the metrics measured on them.
    ValueError : if `onnx`, and the package onnx is missing.
    """
    from digitnet.hub.config import config
    from digitnet.hub.model_card import CARD_FILE, model_card
    from digitnet.hub.onnx_file import to_onnx

    check_repo_id(repo_id)
    folder = Path(folder)
    files: dict[str, Path | bytes] = {CARD_FILE: str(model_card(folder, repo_id)).encode()}
    loaded = {}
    for recipe, metrics in read_metrics_by_recipe(folder).items():
        for name in (METRICS_FILE, CHART_FILE):
            if (folder / recipe / name).is_file():
                files[f"{recipe}/{name}"] = folder / recipe / name
        for model, entry in metrics.models.items():
            path = folder / recipe / f"{model}.safetensors"
            network, metadata = load_weights(path)
            if (metadata.model, metadata.test_accuracy) != (model, entry.test_accuracy):
                raise WeightsError(
                    f"{path} does not match the {METRICS_FILE} beside it; "
                    "run python train.py to make both again."
                )
            files[f"{recipe}/{path.name}"] = path
            loaded[f"{recipe}/{path.name}"] = network, metadata
            if onnx:
                files[f"{recipe}/{model}.onnx"] = to_onnx(network, metadata)
    files[CONFIG_FILE] = config(loaded)
    return dict(sorted(files.items()))
