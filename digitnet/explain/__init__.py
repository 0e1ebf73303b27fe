"""Explanations: attributions, counterfactuals, adversarial perturbations and distortions."""
