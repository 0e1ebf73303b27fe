"""Publishing on the Hugging Face Hub: push, and the model card."""
