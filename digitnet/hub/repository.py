"""Weights on the Hugging Face Hub: push what train.py saved, and pull what was pushed.

All that touches the network is huggingface_hub's. Nothing but safetensors and JSON is downloaded,
and `digitnet.weights` checks it before a value of it is used.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub

from digitnet.models import available_models
from digitnet.weights import (
    CHART_FILE,
    METRICS_FILE,
    WEIGHTS_FOLDER,
    WeightsError,
    load_weights,
    read_metrics_by_recipe,
)

# huggingface_hub loads its parts, which take a third of a second, when they are first used; the
# imports inside functions below keep it so.


class HubError(ValueError):
    """The Hub is out of reach, refuses, or lacks what is asked for; the message says what to do."""


def is_repo_id(text: str) -> bool:
    """Whether `text` has the form of a repository's id on the Hub, ``USER/NAME``."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return "/" in text and not text.endswith(".safetensors")


def find_weights(source: str | Path | None = None, revision: str | None = None) -> Path:
    """Where on this machine the weights of `source` are, downloaded first if need be.

    Parameters
    ----------
    source : a path, which wins where it exists; else, if it is a string of that form, a
        repository's id on the Hub, ``USER/NAME``; the project's own ``weights/`` where it is None
    revision : of the repository: a branch, a tag or a commit; its main branch where it is None

    Raises
    ------
    HubError : if the repository cannot be downloaded and the cache has no copy of it.
    ValueError : if there is a revision, but no repository.
    """
    path = WEIGHTS_FOLDER if source is None else Path(source)
    if isinstance(source, str) and not path.exists() and is_repo_id(source):
        return pull(source, revision)
    if revision is not None:
        raise ValueError(f"{path} is no repository on the Hub, so it has no revision {revision!r}.")
    return path


def pull(repo_id: str, revision: str | None = None) -> Path:
    """Download a repository's weights and metrics, and return the cache's folder of them.

    What the cache has is not downloaded again. Without network, or with HF_HUB_OFFLINE set, the
    cache's copy is what is returned.

    Raises
    ------
    HubError : if neither the Hub nor the cache has them.
    """
    wanted = [f"*/{model}.safetensors" for model in available_models()] + [f"*/{METRICS_FILE}"]
    with _one_sentence(repo_id, revision):
        folder = huggingface_hub.snapshot_download(
            repo_id, revision=revision, allow_patterns=wanted
        )
    if not any(Path(folder).glob("*/*.safetensors")):
        raise HubError(f"{repo_id} on the Hub holds no weights of digitnet; name another.")
    return Path(folder)


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
    private : whether a repository that is created is private
    revision : the branch to push to, created if it does not exist; main where it is None
    create_pr : propose the commit as a pull request instead

    Returns
    -------
    The address of the commit that holds the files, or of the pull request.

    Raises
    ------
    HubError : if the Hub is out of reach, or refuses.
    WeightsError : if `folder` does not hold weights with the metrics measured on them.
    """
    files = files_to_push(repo_id, folder)
    check_access(repo_id)
    with _one_sentence(repo_id, revision):
        api = huggingface_hub.HfApi()
        # None leaves it to the account's settings.
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
    """Fail where `push` is bound to: HubError without a valid token, or without network."""
    with _one_sentence(repo_id):
        huggingface_hub.whoami()


def files_to_push(repo_id: str, folder: str | Path = WEIGHTS_FOLDER) -> dict[str, Path | bytes]:
    """What `push` uploads: by its name in the repository, each file's path, or its content.

    The model card is made anew, with `repo_id` in its snippet.

    Raises
    ------
    HubError : if `repo_id` has not the form of one.
    WeightsError : if `folder` does not hold weights with the metrics measured on them.
    """
    from digitnet.hub.model_card import CARD_FILE, model_card

    if not is_repo_id(repo_id):
        raise HubError(f"{repo_id!r} is not a repository's id; write it as USER/NAME.")
    folder = Path(folder)
    files: dict[str, Path | bytes] = {CARD_FILE: str(model_card(folder, repo_id)).encode()}
    for recipe, metrics in read_metrics_by_recipe(folder).items():
        for name in (METRICS_FILE, CHART_FILE):
            if (folder / recipe / name).is_file():
                files[f"{recipe}/{name}"] = folder / recipe / name
        for model, entry in metrics["models"].items():
            path = folder / recipe / f"{model}.safetensors"
            _, metadata = load_weights(path)
            if (metadata.model, metadata.test_accuracy) != (model, entry["test_accuracy"]):
                raise WeightsError(
                    f"{path} is not what the {METRICS_FILE} beside it was measured on; "
                    "run python train.py to make both anew."
                )
            files[f"{recipe}/{path.name}"] = path
    return dict(sorted(files.items()))


@contextlib.contextmanager
def _one_sentence(repo_id: str, revision: str | None = None) -> Iterator[None]:
    """Turn what huggingface_hub raises into a HubError that says in one sentence what to do."""
    from huggingface_hub import errors

    try:
        yield
    # HTTPError is the base of what its HTTP library raises, whichever that is.
    except (errors.HTTPError, OSError, RuntimeError, ValueError) as error:
        raise HubError(_sentence(error, repo_id, revision)) from error


def _sentence(error: Exception, repo_id: str, revision: str | None) -> str:
    from huggingface_hub import errors

    details = " ".join(str(getattr(error, "server_message", None) or error).split()).rstrip(".")
    if isinstance(error, errors.LocalTokenNotFoundError):
        return "There is no Hugging Face token here; run hf auth login, or set HF_TOKEN."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repo_id} has no revision {revision!r} on the Hub."
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"There is no repository {repo_id} on the Hub, or none that your token, if you have "
            "one, may read; nor is there a folder of that name."
        )
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so nothing can be sent to the Hub; unset it."
    if isinstance(error, errors.LocalEntryNotFoundError):
        return (
            f"{repo_id} is not in the cache, and the Hub is out of reach (no network, or "
            "HF_HUB_OFFLINE is set); connect once to download it."
        )
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        if status == 401:
            return (
                "The Hub does not accept your token; run hf auth login --force, or mend HF_TOKEN."
            )
        if status == 403:
            return f"Your token may not write to {repo_id}; make one that may, or name another."
        return f"The Hub answered {status} ({details})."
    if isinstance(error, ValueError):
        return f"The Hub or its client refused this ({details})."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be written ({error.strerror}); choose HF_HOME elsewhere."
    return f"The Hub is out of reach, or the connection broke ({details}); try again."
