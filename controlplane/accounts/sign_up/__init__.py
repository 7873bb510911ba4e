"""Signing up and in by django-allauth: what of it is ours."""
