"""The Python code that a model card shows."""

from digitnet.metrics import ModelMetrics
from digitnet.models import build

DRAWING = "[[(0, 0), (10, 0), (4, 20)]]"

PLAIN = """\
import torch
{imports}from safetensors.torch import load_file
from torch import nn

network = nn.Sequential(
{layers}
)
tensors = load_file({path})
network.load_state_dict({{name.removeprefix("layers."): tensors[name] for name in tensors}})

image = torch.zeros(28, 28)
image[4:24, 13:16] = 1  # a vertical stroke: a 1
with torch.no_grad():
    logits = network(image[None, None])
probabilities = (logits / {temperature}).softmax(1)
is_digit = logits.logsumexp(1).sigmoid() >= {threshold}
print(probabilities.argmax().item(), is_digit.item())"""


def with_package(load: str) -> str:
    """Code that predicts with the package, where the expression `load` makes the classifier."""
    return (
        "import digitnet\n\n"
        f"classifier = digitnet.{load}\n"
        f"print(classifier.predict({DRAWING}))  # one stroke: a 7"
    )


def with_torch(model: str, entry: ModelMetrics, file: str, repo_id: str | None) -> str:
    """Code that predicts with nothing but PyTorch and safetensors.

    Parameters
    ----------
    model, entry : which model, and its metrics
    file : its weights file: a path; or, with `repo_id`, its name in that repository
    """
    layers = build(model, entry.hidden_units).layers
    return PLAIN.format(
        imports="from huggingface_hub import hf_hub_download\n" if repo_id else "",
        path=f'hf_hub_download("{repo_id}", "{file}")' if repo_id else f'"{file}"',
        layers="\n".join(f"    nn.{layer}," for layer in layers),
        temperature=f"{entry.temperature:.6g}",
        threshold=f"{entry.threshold:.6g}",
    )
