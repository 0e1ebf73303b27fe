"""Loading from and pushing to the Hugging Face Hub, with the methods that its users know.

Names and arguments are those of huggingface_hub's ModelHubMixin. Its code is not used: it would be
imported with this package, and it makes objects from whatever values a config.json has.
"""

from pathlib import Path
from typing import Self

from digitnet.models import Network
from digitnet.sources import find_weights
from digitnet.weights import Metadata, write_atomically


class PretrainedMixin:
    """The methods of a `Classifier` that load, save and push.

    Attributes
    ----------
    network, metadata : what is saved
    file : the weights file that they were loaded from; None where there is none
    """

    network: Network
    metadata: Metadata
    file: Path | None

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        model: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
    ) -> Self:
        """Load a model from the Hugging Face Hub, or from a folder with the same files.

        Parameters
        ----------
        pretrained_model_name_or_path : ``"USER/NAME"``, or the path of a folder
        model, recipe : which of the repository's models. None is the one that it has; of several
            recipes, "drawings", and of several models, the last of `available_models()`
        device : such as "cpu", "cuda" or "mps"; None is the GPU if there is one, else the CPU
        revision : a branch, a tag or a commit; None is the main branch
        token : for the Hub; None is that of ``hf auth login`` or ``HF_TOKEN``, and False none
        cache_dir : folder in which downloads are kept; None is the client's own
        force_download : download again what is in the cache
        local_files_only : use only what is in the cache

        Raises
        ------
        ValueError : if the repository cannot be downloaded, or does not hold such a model.
        """
        folder = find_weights(
            pretrained_model_name_or_path,
            revision,
            token=token,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
        )
        return cls._load(folder, model, recipe, device)

    @classmethod
    def _load(cls, folder: Path, model: str | None, recipe: str | None, device: str | None) -> Self:
        """Load one of the models at `folder`; None as in `from_pretrained`."""
        raise NotImplementedError

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write the files that `push_to_hub` uploads to a folder, which is created if necessary.

        `from_pretrained` and `load` read it.

        Raises
        ------
        OSError : if the folder cannot be written.
        """
        from digitnet.hub.single import files_of_model

        for name, content in files_of_model(self.network, self.metadata, self.file).items():
            write_atomically(Path(save_directory) / name, content)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload a model of digitnet",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool = False,
        onnx: bool = False,
    ) -> str:
        """Upload this model alone to the Hugging Face Hub, in one commit.

        The repository gets ``model.safetensors``, ``config.json``, ``metrics.json`` and a model
        card, and is created if it does not exist. Where nothing has changed, no commit is made.
        `digitnet.push` uploads several models to one repository.

        Parameters
        ----------
        repo_id : ``"USER/NAME"``
        commit_message : of the commit
        private : whether a new repository is private; None is the default of the account
        token : for the Hub; None is that of ``hf auth login`` or ``HF_TOKEN``
        branch : to push to, created if it does not exist; None is main
        create_pr : open a pull request instead of committing
        onnx : also upload the network as ``onnx/model.onnx``

        Returns
        -------
        The address of the commit or of the pull request.

        Raises
        ------
        ValueError : if the Hub cannot be reached, or refuses, or the package onnx is missing.
        """
        from digitnet.hub.push import upload
        from digitnet.hub.single import files_of_model

        return upload(
            repo_id,
            files_of_model(self.network, self.metadata, self.file, repo_id, onnx),
            commit_message=commit_message,
            private=private,
            token=token,
            branch=branch,
            create_pr=create_pr,
        )
