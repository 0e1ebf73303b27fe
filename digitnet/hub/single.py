"""The files of a repository, or of a folder, with one model alone."""

from pathlib import Path

from digitnet.hub.config import config
from digitnet.hub.model_card import CARD_FILE, single_model_card
from digitnet.hub.onnx_file import to_onnx
from digitnet.metrics import METRICS_FILE, Metrics, ModelMetrics, metrics_content, read_metrics
from digitnet.models import Network, parameter_count
from digitnet.sources import CONFIG_FILE
from digitnet.weights import SINGLE_FILE, Metadata, to_bytes

ONNX_FILE = "onnx/model.onnx"  # where transformers.js looks for it


def files_of_model(
    network: Network,
    metadata: Metadata,
    file: Path | None = None,
    repo_id: str | None = None,
    onnx: bool = False,
) -> dict[str, bytes]:
    """The content of each file, by its name.

    Parameters
    ----------
    network, metadata : of the model
    file : the weights file that it was loaded from, if there is one: its figures are in the
        metrics.json beside it
    repo_id : the repository that the card's snippets load from; None is the folder itself
    onnx : whether to add the network as an ONNX file

    Raises
    ------
    WeightsError : if there is a metrics.json, and it is broken.
    ValueError : if an ONNX file is wanted, and the package onnx is missing.
    """
    metrics = _metrics_of(network, metadata, file)
    entry = metadata.recipe, metadata.model, metrics
    files = {
        SINGLE_FILE: to_bytes(network, metadata),
        CONFIG_FILE: config({SINGLE_FILE: (network, metadata)}),
        METRICS_FILE: metrics_content(Metrics(models={metadata.model: metrics})),
        CARD_FILE: str(single_model_card(entry, repo_id)).encode(),
    }
    if onnx:
        files[ONNX_FILE] = to_onnx(network, metadata)
    return dict(sorted(files.items()))


def _metrics_of(network: Network, metadata: Metadata, file: Path | None) -> ModelMetrics:
    """What was measured on the model; no more than its metadata where nothing else is known."""
    found = read_metrics(file.parent).models.get(metadata.model) if file else None
    # The file may have been replaced since.
    if found and found.test_accuracy == metadata.test_accuracy:
        return found
    return ModelMetrics(
        test_accuracy=metadata.test_accuracy,
        parameters=parameter_count(network),
        temperature=metadata.temperature,
        threshold=metadata.threshold,
        hidden_units=metadata.hidden_units,
        recipe={"name": metadata.recipe},
    )
