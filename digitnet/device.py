"""The choice of a device: the accelerator if there is one, else the CPU."""

import torch


def pick_device(name: str | None = None) -> torch.device:
    """The device called `name`; by default the accelerator (CUDA, MPS, XPU ...), else the CPU.

    Raises
    ------
    ValueError : if `name` is not a device of this machine.
    """
    if name is None:
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, TypeError, ImportError):
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        known = ["cpu"] if accelerator is None else ["cpu", str(accelerator)]
        raise ValueError(
            f"There is no device {name!r} here; choose one of {', '.join(known)}."
        ) from None
    return device


def describe_device(device: torch.device) -> str:
    """The name of the hardware, such as that of the GPU, for metrics.json."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"cpu, {torch.get_num_threads()} threads"
    return str(device)
