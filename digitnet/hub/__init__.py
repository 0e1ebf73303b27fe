"""Publishing on the Hugging Face Hub: push, model card, config.json, ONNX files."""
