"""The main job on a sample case: a real chest CT, or a phantom where that cannot be had."""
