"""Publishing weights on the Hugging Face Hub, by huggingface_hub."""

from pathlib import Path

import huggingface_hub

from digitnet.metrics import CHART_FILE, METRICS_FILE, read_metrics_by_recipe
from digitnet.sources import HubError, hub_errors, is_repo_id
from digitnet.weights import WEIGHTS_FOLDER, WeightsError, load_weights


def push(
    repo_id: str,
    folder: str | Path = WEIGHTS_FOLDER,
    *,
    private: bool = False,
    revision: str | None = None,
    create_pr: bool = False,
) -> str:
    """Upload the weights of all recipes, with metrics, charts and model card, in one commit.

    The repository is created if it does not exist. Where nothing has changed, no commit is made.

    Parameters
    ----------
    repo_id : ``USER/NAME``
    folder : holds a folder for each recipe
    private : whether a new repository is private
    revision : the branch to push to, created if it does not exist; None is main
    create_pr : open a pull request instead of committing

    Returns
    -------
    The address of the commit or of the pull request.

    Raises
    ------
    HubError : if the Hub cannot be reached, or refuses.
    WeightsError : if `folder` does not hold weights with the metrics measured on them.
    """
    files = files_to_push(repo_id, folder)
    check_access(repo_id)
    with hub_errors(repo_id, revision):
        api = huggingface_hub.HfApi()
        # None applies the default of the user's account.
        api.create_repo(repo_id, private=private or None, exist_ok=True)
        if revision and not create_pr and not revision.startswith("refs/"):
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        commit = api.create_commit(
            repo_id,
            [huggingface_hub.CommitOperationAdd(name, file) for name, file in files.items()],
            commit_message="Upload the weights of digitnet",
            revision=revision,
            create_pr=create_pr,
        )
    return commit.pr_url or commit.commit_url


def check_access(repo_id: str) -> None:
    """Raise a HubError if there is no valid token or no network, so that `push` would fail."""
    with hub_errors(repo_id):
        huggingface_hub.whoami()


def files_to_push(repo_id: str, folder: str | Path = WEIGHTS_FOLDER) -> dict[str, Path | bytes]:
    """The files that `push` uploads: each file's path or content, by its name in the repository.

    The model card is generated with `repo_id` in its snippet.

    Raises
    ------
    HubError : if `repo_id` is not of the form ``USER/NAME``.
    WeightsError : if `folder` does not hold weights with the metrics measured on them.
    """
    from digitnet.hub.model_card import CARD_FILE, model_card

    if not is_repo_id(repo_id):
        raise HubError(f"{repo_id!r} is not a repository id; write it as USER/NAME.")
    folder = Path(folder)
    files: dict[str, Path | bytes] = {CARD_FILE: str(model_card(folder, repo_id)).encode()}
    for recipe, metrics in read_metrics_by_recipe(folder).items():
        for name in (METRICS_FILE, CHART_FILE):
            if (folder / recipe / name).is_file():
                files[f"{recipe}/{name}"] = folder / recipe / name
        for model, entry in metrics.models.items():
            path = folder / recipe / f"{model}.safetensors"
            _, metadata = load_weights(path)
            if (metadata.model, metadata.test_accuracy) != (model, entry.test_accuracy):
                raise WeightsError(
                    f"{path} does not match the {METRICS_FILE} beside it; "
                    "run python train.py to make both again."
                )
            files[f"{recipe}/{path.name}"] = path
    return dict(sorted(files.items()))
