"""Sources of weights: the package's own, a folder, or a repository on the Hugging Face Hub.

Downloads are left to huggingface_hub. Only safetensors and JSON files are downloaded, and
`digitnet.weights` checks them before they are used.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub

from digitnet.metrics import METRICS_FILE
from digitnet.models import available_models
from digitnet.weights import SINGLE_FILE, WEIGHTS_FOLDER

CONFIG_FILE = "config.json"  # by its downloads, the Hub counts those of a repository
LIBRARY = "digitnet"  # what a config.json of this package has as library_name

# huggingface_hub imports its submodules, which takes a third of a second, on first use. Imports
# inside the functions below keep it that way.


class HubError(ValueError):
    """The Hub cannot be reached, refuses, or lacks the files; the message says what to do."""


def is_repo_id(text: str) -> bool:
    """Whether `text` is of the form of a repository id on the Hub, ``USER/NAME``."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return "/" in text and not text.endswith(".safetensors")


def find_weights(
    source: str | Path | None = None, revision: str | None = None, **download: Any
) -> Path:
    """The local path of the weights of `source`, which are downloaded if necessary.

    Parameters
    ----------
    source : a path; or, if no such path exists, a repository id on the Hub, ``USER/NAME``. None is
        the package's own weights
    revision : of the repository: a branch, a tag or a commit; None is its main branch
    download : further arguments of `pull`, which apply to a repository only

    Raises
    ------
    HubError : if the repository can neither be downloaded nor found in the cache.
    ValueError : if `source` is none of these, or `revision` is given without a repository.
    """
    # Path("") would be the current folder.
    if source == "" or not isinstance(source, str | Path | None):
        raise ValueError(
            "source is the path of a folder or file, USER/NAME for a repository on the Hub, or "
            f"None, not {source!r}."
        )
    path = WEIGHTS_FOLDER if source is None else Path(source)
    try:
        path.exists()
    except (OSError, ValueError):  # the name is too long or not allowed on this system
        raise ValueError(f"source is not a valid path: {str(path)[:60]!r}.") from None
    if isinstance(source, str) and not path.exists() and is_repo_id(source):
        return pull(source, revision, **download)
    if revision is not None:
        raise ValueError(
            f"{path} is not a repository on the Hub, so it has no revision {revision!r}."
        )
    return path


def single_file(source: Path) -> Path | None:
    """The weights file of a local source with one model alone; None for a folder of several."""
    path = source if source.suffix == ".safetensors" else source / SINGLE_FILE
    return path if path == source or path.is_file() else None


def pull(repo_id: str, revision: str | None = None, **download: Any) -> Path:
    """Download the weights, metrics and config.json of a repository; returns their cached folder.

    Files in the cache are not downloaded again. Without network, or with HF_HUB_OFFLINE set, the
    cached copy is used.

    Parameters
    ----------
    repo_id, revision : of the repository
    download : ``token``, ``cache_dir``, ``force_download`` and ``local_files_only``, as
        `huggingface_hub.snapshot_download` takes them

    Raises
    ------
    HubError : if neither the Hub nor the cache has them.
    """
    wanted = [f"*/{model}.safetensors" for model in available_models()]
    wanted += [CONFIG_FILE, METRICS_FILE, f"*/{METRICS_FILE}"]
    with hub_errors(repo_id, revision):
        folder = Path(
            huggingface_hub.snapshot_download(
                repo_id, revision=revision, allow_patterns=wanted, **download
            )
        )
        # Many repositories have a file of this name, often a large one that is not ours.
        if _names_single_file(folder / CONFIG_FILE):
            commit = folder.name
            huggingface_hub.snapshot_download(
                repo_id, revision=commit, allow_patterns=SINGLE_FILE, **download
            )
    if not (single_file(folder) or any(folder.glob("*/*.safetensors"))):
        raise HubError(f"{repo_id} on the Hub holds no weights of digitnet; name another.")
    return folder


def _names_single_file(config: Path) -> bool:
    """Whether `config` is the config.json that this package pushed with one model alone."""
    try:
        content = json.loads(config.read_bytes())
        return content["library_name"] == LIBRARY and content["models"][0]["file"] == SINGLE_FILE
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return False


@contextlib.contextmanager
def hub_errors(repo_id: str, revision: str | None = None) -> Iterator[None]:
    """Convert exceptions of huggingface_hub to a HubError that says in one sentence what to do."""
    from huggingface_hub import errors

    try:
        yield
    # HTTPError is the base class of the errors of its HTTP library, whichever that is.
    except (errors.HTTPError, OSError, RuntimeError, ValueError) as error:
        raise HubError(_message(error, repo_id, revision)) from error


def _message(error: Exception, repo_id: str, revision: str | None) -> str:
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
            f"{repo_id} is not in the cache, and the Hub is out of reach (no network, "
            "HF_HUB_OFFLINE is set, or local_files_only); connect once to download it."
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
