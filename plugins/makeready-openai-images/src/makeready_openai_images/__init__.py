"""Pictures from any server that speaks the images API of OpenAI."""
