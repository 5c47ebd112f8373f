"""Pictures from weights of your own, on your own machine, by diffusers."""
