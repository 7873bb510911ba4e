"""An account's deletion: asked for, carried out step by step, looked through again."""
